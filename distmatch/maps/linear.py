"""`LinearMap`: the map of one set of vectors into the space of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.embeddings.embeddings import Embeddings


@dataclass(frozen=True)
class LinearMap:
    """x -> normalized(x) @ source, with a map of the target beside it where a method re-weights both sides.

    Args:
        source: (d, k) float32, applied to source rows.
        target: (d', k) float32, applied to target rows; None if the common space is the target's own (k = d').
        normalization: steps applied to either side before its matrix, see `embeddings.normalization`.
    """

    source: np.ndarray
    target: np.ndarray | None = None
    normalization: tuple[str, ...] = ()

    def __call__(self, embeddings: Embeddings) -> Embeddings:
        """Source embeddings in the common space."""
        normal = embeddings.normalized(self.normalization)
        return normal.with_vectors(normal.vectors @ self.source)

    def map_target(self, embeddings: Embeddings) -> Embeddings:
        """Target embeddings in the common space."""
        normal = embeddings.normalized(self.normalization)
        return normal if self.target is None else normal.with_vectors(normal.vectors @ self.target)
