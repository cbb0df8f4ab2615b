"""`LinearMap`: the map of one set of vectors into the space of another."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.embeddings.arrays import Vectors, as_embeddings, like
from distmatch.embeddings.normalization import normalize
from distmatch.errors import InputError
from distmatch.maps.arrayfile import Arrays, load_arrays, save_arrays
from distmatch.maps.centring import normalized_alike

MEANS = ("source_means", "target_means")
"""Names of both sides' means in a file."""


@dataclass(frozen=True)
class LinearMap:
    """x -> normalized(x) @ source, with a map of the target beside it where a method re-weights both sides.

    Args:
        source: (d, k) float32, applied to source rows.
        target: (d', k) float32, applied to target rows; None if the common space is the target's own (k = d').
        normalization: steps applied to either side before its matrix, see `embeddings.normalization`.
        bits: code length of the nearest isometry, as the matcher that found the map charges it; NaN if nobody coded it.
        means: (c, d) of the source and (c, d') of the target, which the "center" steps take off; None centres whatever
            vectors are mapped by their own mean.
    """

    source: np.ndarray
    target: np.ndarray | None = None
    normalization: tuple[str, ...] = ()
    bits: float = math.nan
    means: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def name(self) -> str:
        """ "linear"."""
        return "linear"

    def __call__(self, embeddings: Vectors) -> Any:
        """Source vectors in the common space, in the kind that came in, see `embeddings.arrays.Vectors`."""
        return self._mapped(embeddings, 0)

    def map_target(self, embeddings: Vectors) -> Any:
        """Target vectors in the common space, in the kind that came in."""
        return self._mapped(embeddings, 1)

    def _mapped(self, given: Vectors, side: int) -> Any:
        rows = as_embeddings(given)
        return like(rows.with_vectors(self.mapped_rows(rows.vectors, side)), given)

    def mapped_rows(self, vectors: np.ndarray, side: int = 0) -> np.ndarray:
        """Rows in the common space, (n, k) float32.

        Args:
            vectors: (n, d) float32.
            side: 0 of the source, 1 of the target.

        Raises:
            InputError: another dimension than the map's.
        """
        matrix = (self.source, self.target)[side]
        wanted = len(matrix) if matrix is not None else self.source.shape[1]
        if vectors.shape[1] != wanted:
            raise InputError(
                f"vectors of dimension {vectors.shape[1]} for a map from dimension {wanted}. "
                "Give the vectors that it was found with, or others of the same model"
            )
        if self.means is None:
            normal = normalize(vectors, self.normalization)
        else:
            normal = normalized_alike(vectors, self.normalization, self.means[side])
        return normal if matrix is None else normal @ matrix

    def to_json(self) -> dict[str, Any]:
        """Both matrices as lists of rows, and the normalisation."""
        return {
            "source": self.source.tolist(),
            "target": None if self.target is None else self.target.tolist(),
            "normalization": list(self.normalization),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file: `source`, maybe `target` and both sides' means; the normalisation as metadata."""
        arrays = {"source": self.source}
        if self.target is not None:
            arrays["target"] = self.target
        if self.means is not None:
            arrays |= zip(MEANS, self.means, strict=True)
        save_arrays(path, arrays, {"normalization": json.dumps(self.normalization)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LinearMap:
        """Read what `save` wrote.

        Raises:
            InputError: not such a file.
        """

        def made(arrays: Arrays, metadata: dict[str, str]) -> LinearMap:
            steps = tuple(json.loads(metadata["normalization"]))
            means = (arrays[MEANS[0]], arrays[MEANS[1]]) if set(MEANS) <= set(arrays) else None
            return cls(arrays["source"], arrays.get("target"), steps, means=means)

        return load_arrays(path, made, kind="map", command="distmatch align")
