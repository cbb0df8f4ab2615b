"""`CouplingMap`: a transport plan as a map: rows go to the mean of their partners, either way."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.embeddings.arrays import Vectors, as_embeddings, like
from distmatch.errors import InputError
from distmatch.maps.arrayfile import Arrays, load_arrays, save_arrays

ROWS_AT_A_TIME = 512


@dataclass(frozen=True)
class CouplingMap:
    """P_ij = exp(u_i + v_j + <q_i, k_j>), and the rows that it couples.

    It says where the rows that were matched go; other rows have no place in it.

    Args:
        queries: (n, r) q. keys: (m, r) k.
        u: (n,) log of masses and potentials. v: (m,).
        source: (n, d) rows of X. target: (m, d') rows of Y.
        bits: code length of the plan; NaN if nobody coded it.
    """

    queries: np.ndarray
    keys: np.ndarray
    u: np.ndarray
    v: np.ndarray
    source: np.ndarray
    target: np.ndarray
    bits: float = math.nan

    @property
    def name(self) -> str:
        """ "coupling"."""
        return "coupling"

    def __call__(self, rows: Vectors) -> Any:
        """The source's rows at the weighted mean of their partners in Y (barycentric projection), in the kind that came in.

        Raises:
            InputError: another number of rows than were matched.
        """
        return self._moved(rows, self.source, self.partners(self.target))

    def back(self, rows: Vectors) -> Any:
        """The target's rows at the weighted mean of their partners in X."""
        return self._moved(rows, self.target, self.reversed.partners(self.source))

    def map_target(self, rows: Vectors) -> Any:
        """The target's rows as they are: they span the space that the source's rows are moved into."""
        return rows

    @property
    def reversed(self) -> CouplingMap:
        """The same plan from Y to X."""
        return CouplingMap(self.keys, self.queries, self.v, self.u, self.target, self.source, self.bits)  # fmt: skip

    def partners(self, values: np.ndarray) -> np.ndarray:
        """Mean of the values (m, k) of each source row's partners, (n, k)."""
        means = []
        for weights in self._blocks():
            means.append(weights @ values / weights.sum(axis=1, keepdims=True))
        return np.concatenate(means).astype(np.float32)

    def best(self) -> np.ndarray:
        """The partner of the largest weight of each source row, (n,) int64."""
        return np.concatenate([weights.argmax(axis=1) for weights in self._blocks()])

    def dense(self) -> np.ndarray:
        """The plan, (n, m)."""
        return np.concatenate([
            np.exp(self.queries[i : i + ROWS_AT_A_TIME] @ self.keys.T + self.u[i : i + ROWS_AT_A_TIME, None] + self.v)
            for i in range(0, len(self.queries), ROWS_AT_A_TIME)
        ])  # fmt: skip

    def _blocks(self) -> Any:
        """Rows of the plan, each over its largest entry."""
        for i in range(0, len(self.queries), ROWS_AT_A_TIME):
            scores = self.queries[i : i + ROWS_AT_A_TIME] @ self.keys.T + self.v
            yield np.exp(scores - scores.max(axis=1, keepdims=True))

    def _moved(self, rows: Vectors, own: np.ndarray, places: np.ndarray) -> Any:
        given = as_embeddings(rows)
        if given.vectors.shape != own.shape:
            raise InputError(
                f"vectors of shape {given.vectors.shape} for a coupling of {own.shape[0]} rows of {own.shape[1]} dimensions. "
                "A coupling moves the rows that were matched, and no others"
            )
        return like(given.with_vectors(places), rows)

    def to_json(self) -> dict[str, Any]:
        """All arrays as lists."""
        return {name: array.tolist() for name, array in self._arrays().items()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file with the arrays under their names."""
        save_arrays(path, self._arrays(), {"map": "coupling"})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CouplingMap:
        """Read what `save` wrote.

        Raises:
            InputError: not such a file.
        """

        def made(arrays: Arrays, _: dict[str, str]) -> CouplingMap:
            u, v = arrays["u"], arrays["v"]
            return cls(arrays["queries"], arrays["keys"], u, v, arrays["source"], arrays["target"])

        return load_arrays(path, made, kind="coupling", command="distmatch align --map coupling")

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "queries": self.queries, "keys": self.keys, "u": self.u, "v": self.v, "source": self.source, "target": self.target,
        }  # fmt: skip
