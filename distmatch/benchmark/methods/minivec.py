"""Peer: mini-vec2vec (PyPI, Python 3.12 or newer), anchors from clusters matched as graphs, then averaged neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.benchmark.methods.answer import CENTRED, answer
from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import missing_package
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class MiniVec:
    """Its `MiniVec2Vec().fit`; the narrower side is padded with zeros, as it takes two spaces of one dimension."""

    clusters: int = 20
    runs: int = 30
    neighbours: int = 50

    def match(
        self, source: Embeddings, target: Embeddings, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The matrix that it ends with."""
        try:
            from mini_vec2vec import MiniVec2Vec  # pyright: ignore[reportMissingImports] from Python 3.12 on
        except ImportError as error:
            raise missing_package("mini-vec2vec", "peers") from error
        x, y = (side.normalized(CENTRED).vectors for side in (source, target))
        width = max(x.shape[1], y.shape[1])
        padded = [np.pad(rows, ((0, 0), (0, width - rows.shape[1]))) for rows in (x, y)]
        found = MiniVec2Vec().fit(
            *padded, n_clusters=self.clusters, n_runs=self.runs, top_k=self.neighbours, random_seed=seed, verbose=False
        )  # fmt: skip
        matrix = np.asarray(found.W, np.float32)[: x.shape[1], : y.shape[1]]
        return answer(LinearMap(matrix, None, CENTRED), method="mini-vec2vec", seed=seed)
