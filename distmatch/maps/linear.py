"""`LinearMap`: the map of one set of vectors into the space of another."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.embeddings.arrays import Vectors, as_embeddings, like
from distmatch.errors import InputError, missing_package
from distmatch.files import atomic_write


@dataclass(frozen=True)
class LinearMap:
    """x -> normalized(x) @ source, with a map of the target beside it where a method re-weights both sides.

    Args:
        source: (d, k) float32, applied to source rows.
        target: (d', k) float32, applied to target rows; None if the common space is the target's own (k = d').
        normalization: steps applied to either side before its matrix, see `embeddings.normalization`.
        bits: code length of the nearest isometry, as the matcher that found the map charges it; NaN if nobody coded it.
    """

    source: np.ndarray
    target: np.ndarray | None = None
    normalization: tuple[str, ...] = ()
    bits: float = math.nan

    @property
    def name(self) -> str:
        """ "linear"."""
        return "linear"

    def __call__(self, embeddings: Vectors) -> Any:
        """Source vectors in the common space, in the kind that came in, see `embeddings.arrays.Vectors`."""
        return self._mapped(embeddings, self.source)

    def map_target(self, embeddings: Vectors) -> Any:
        """Target vectors in the common space, in the kind that came in."""
        return self._mapped(embeddings, self.target)

    def _mapped(self, given: Vectors, matrix: np.ndarray | None) -> Any:
        normal = as_embeddings(given).normalized(self.normalization)
        if matrix is None:
            return like(normal, given)
        if normal.dimension != len(matrix):
            raise InputError(
                f"vectors of dimension {normal.dimension} for a map from dimension {len(matrix)}. "
                "Give the vectors that it was found with, or others of the same model"
            )
        return like(normal.with_vectors(normal.vectors @ matrix), given)

    def to_json(self) -> dict[str, Any]:
        """Both matrices as lists of rows, and the normalisation."""
        return {
            "source": self.source.tolist(),
            "target": None if self.target is None else self.target.tolist(),
            "normalization": list(self.normalization),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file: `source`, maybe `target`, and the normalisation as metadata."""
        try:
            from safetensors.numpy import save
        except ModuleNotFoundError:
            raise missing_package("safetensors", "align") from None
        tensors = {"source": np.ascontiguousarray(self.source, np.float32)}
        if self.target is not None:
            tensors["target"] = np.ascontiguousarray(self.target, np.float32)
        with atomic_write(path, "wb") as file:
            file.write(save(tensors, {"normalization": json.dumps(self.normalization)}))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LinearMap:
        """Read what `save` wrote.

        Raises:
            InputError: not such a file.
        """
        try:
            from safetensors import SafetensorError, safe_open
        except ModuleNotFoundError:
            raise missing_package("safetensors", "align") from None
        try:
            with safe_open(path, framework="numpy") as file:
                names = set(file.keys())
                steps = json.loads((file.metadata() or {})["normalization"])
                target = file.get_tensor("target") if "target" in names else None
                return cls(file.get_tensor("source"), target, tuple(steps))
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise InputError(
                f"not a map ({error}). Write it again with `distmatch align`", path=path
            ) from error
