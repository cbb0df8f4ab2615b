"""`Procrustes`: the map of those who have a dictionary, or words written alike."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from distmatch.embeddings.arrays import Vectors, as_embeddings
from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.matching.vectors.anchors import pair_rows
from distmatch.matching.vectors.clouds import ITERATIVE, Clouds, Trace, conclude
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.reweighting import symmetric_weights
from distmatch.progress import Progress, silent
from distmatch.retrieval.dictionary import Dictionary
from distmatch.transport.procrustes import procrustes

MIN_PAIRS = 10
"""Known pairs below which a supervised map is refused."""


@dataclass(frozen=True, kw_only=True)
class Procrustes(Estimator):
    """The orthogonal map that fits known pairs best (Schönemann 1966): the supervised ceiling."""

    dictionary: Dictionary | None = None
    """Known pairs; None takes words written alike on both sides."""
    alike: str = "identical"
    """Without a dictionary: "identical" strings or "numerals" only."""
    weights: float = 0.0
    """Power of a symmetric re-weighting of both sides instead of an orthogonal map."""
    normalization: tuple[str, ...] = ITERATIVE
    """Steps applied to both sides first."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    def match(
        self, source: Vectors, target: Vectors, *, seed: int = 0, progress: Progress = silent
    ) -> Match[LinearMap]:
        """Fit a map on the pairs.

        Raises:
            InputError: different dimensions, fewer words than dimensions, or hardly any pair.
        """
        trace = Trace(seed=seed, progress=progress)
        source, target = as_embeddings(source, "source"), as_embeddings(target, "target")
        clouds = Clouds.of(source, target, steps=self.normalization, device=self.device)
        rows, columns = (index.to(clouds.x.device) for index in self.pairs(source, target))
        x, y = clouds.x[rows], clouds.y[columns]
        isometry = procrustes(x.T @ y)
        a: Tensor = isometry
        b: Tensor | None = None
        if self.weights:
            a, b = symmetric_weights(x, y, power=self.weights)
        return conclude(
            clouds, a, b, method="procrustes", trace=trace, isometry=isometry, extra={"pairs": len(rows)},
        )  # fmt: skip

    def pairs(self, source: Embeddings, target: Embeddings) -> tuple[Tensor, Tensor]:
        """Row indices of the known pairs.

        Raises:
            InputError: fewer than 10 pairs in both vocabularies.
        """
        if self.alike not in ("identical", "numerals"):
            raise InputError(
                f"unknown kind of words alike {self.alike!r}. Kinds: identical numerals"
            )
        if self.dictionary is not None:
            return pair_rows(self.dictionary, source, target, least=MIN_PAIRS)
        index = {word: j for j, word in enumerate(target.words)}
        pairs = [
            (i, index[word])
            for i, word in enumerate(source.words)
            if word in index and (self.alike == "identical" or word.isnumeric())
        ]
        if len(pairs) < MIN_PAIRS:
            raise InputError(
                f"{len(pairs)} words written alike are in both vocabularies, at least {MIN_PAIRS} are needed. "
                "Check languages and direction, or use --method auto, which needs none"
            )
        table = torch.tensor(pairs)
        return table[:, 0], table[:, 1]
