"""`SortedSimilarity`: the start of Artetxe et al. 2018 alone, without refinement."""

from __future__ import annotations

from dataclasses import dataclass

from distmatch.embeddings.arrays import Vectors
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.matching.vectors.clouds import ITERATIVE, Clouds, Trace, conclude
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.starts import sorted_similarity
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class SortedSimilarity(Estimator):
    """An orthogonal map from words whose sorted lists of similarities look alike.

    A weak map, meant as a start for `SelfLearning`.
    """

    vocabulary: int = 4_000
    """Most frequent words used on each side."""
    power: float = 0.5
    """Exponent of the singular values of the vectors before similarities are taken."""
    normalization: tuple[str, ...] = ITERATIVE
    """Steps applied to both sides first."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    def match(
        self, source: Vectors, target: Vectors, *, seed: int = 0, progress: Progress = silent
    ) -> Match[LinearMap]:
        """Find a map; there is nothing random in it.

        Raises:
            InputError: fewer words than dimensions.
        """
        trace = Trace(seed=seed, progress=progress)
        clouds = Clouds.of(source, target, steps=self.normalization, device=self.device)
        n = self.vocabulary
        current = sorted_similarity(clouds.x[:n], clouds.y[:n], power=self.power)
        return conclude(
            clouds,
            current,
            method="sorted",
            trace=trace,
        )
