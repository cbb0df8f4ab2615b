"""Supervised ceilings by peers: scipy's Procrustes and scikit-learn's CCA, on pairs that the task gives away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.alignment import Anchored
from distmatch.benchmark.methods.answer import CENTRED, answer
from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import missing_package
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class Procrustes:
    """scipy's `orthogonal_procrustes` on the pairs."""

    def match(
        self, source: Anchored, target: Embeddings, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The rotation."""
        from scipy.linalg import orthogonal_procrustes

        x, y = _paired(source, target)
        return answer(
            LinearMap(orthogonal_procrustes(x, y)[0].astype(np.float32), None, CENTRED),
            method="scipy procrustes",
            seed=seed,
        )


@dataclass(frozen=True, kw_only=True)
class CanonicalCorrelation:
    """scikit-learn's `CCA` (Faruqui and Dyer 2014) on the pairs."""

    components: int = 40

    def match(
        self, source: Anchored, target: Embeddings, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """A matrix for each side."""
        try:
            from sklearn.cross_decomposition import CCA
        except ImportError as error:
            raise missing_package("scikit-learn", "peers") from error
        x, y = _paired(source, target)
        k = min(self.components, x.shape[1], y.shape[1], len(x) - 1)
        fit = CCA(n_components=k, scale=False, max_iter=2000).fit(x, y)
        left, right = (np.asarray(m, np.float32) for m in (fit.x_rotations_, fit.y_rotations_))
        return answer(LinearMap(left, right, CENTRED), method="scikit-learn cca", seed=seed)


def _paired(source: Anchored, target: Embeddings) -> tuple[np.ndarray, np.ndarray]:
    x = source.embeddings.normalized(CENTRED).vectors[source.pairs[:, 0]]
    return x, target.normalized(CENTRED).vectors[source.pairs[:, 1]]
