"""`SelfLearning`: a map and a dictionary that improve each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.device import generator
from distmatch.embeddings.embeddings import Embeddings
from distmatch.maps.linear import LinearMap
from distmatch.matching.alignment import ITERATIVE, Clock, Clouds, conclude
from distmatch.matching.induction import mutual_neighbours
from distmatch.matching.mapfitting import Report, contrast, self_learn, symmetric_weights
from distmatch.matching.match import Match
from distmatch.matching.starts import Start
from distmatch.progress import Progress, silent

FIRST = Start()


@dataclass(frozen=True, kw_only=True)
class SelfLearning:
    """Dictionary induction loop with CSLS on a growing vocabulary (Artetxe et al. 2018; Conneau et al. 2018).

    `SelfLearning.vecmap()` has the settings of Artetxe et al. 2018.
    """

    start: Start = FIRST
    """The first map."""
    vocabulary: tuple[int, ...] = (2_000, 4_000, 10_000)
    """Most frequent words used, one stage each."""
    steps: int = 15
    """Steps of a stage at most."""
    keep: float = 0.2
    """Probability that a score takes part in the first step of the first stage."""
    growth: float = 2.0
    """Factor of `keep`, a step or after `patience` steps without gain."""
    patience: int = 0
    """See `growth`; 0 lets it grow every step."""
    union: bool = False
    """Fit on the best of every row and column instead of mutual neighbours."""
    neighbourhood: int = 10
    """k of CSLS."""
    weights: float = 0.5
    """Power of the final symmetric re-weighting; 0 keeps an orthogonal map."""
    weighted: int = 10_000
    """Words whose mutual neighbours fit the re-weighting."""
    contrast: int = 50
    """Contrastive steps after the re-weighting."""
    normalization: tuple[str, ...] = ITERATIVE
    """Steps applied to both sides first."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    @classmethod
    def vecmap(cls, **changes: Any) -> SelfLearning:
        """The unsupervised settings of Artetxe et al. 2018: sorted start, dropout from 0.1 doubled after 50 steps
        without gain, 20,000 words, both directions' dictionary, re-weighting by 0.5 a side."""
        given = {
            "start": Start(kind="sorted", words=4_000), "vocabulary": (20_000,), "steps": 2_000, "keep": 0.1,
            "patience": 50, "union": True, "weighted": 20_000, "contrast": 0,
            "normalization": ("unit", "center", "unit"), **changes,
        }  # fmt: skip
        return cls(**given)

    def match(
        self, source: Embeddings, target: Embeddings, *, seed: int = 0, progress: Progress = silent
    ) -> Match[LinearMap]:
        """Find a map from the source's space to the target's.

        Raises:
            InputError: fewer words than dimensions.
        """
        clock = Clock()
        clouds = Clouds.of(source, target, steps=self.normalization, device=self.device)
        first = self.start.map(clouds.x, clouds.y, generator(seed, clouds.x.device))
        history: list[dict[str, Any]] = [{"start": self.start.name}]
        a, b = self.refine(clouds, first, seed=seed, progress=progress, history=history)
        return conclude(
            clouds, a, b, method="self-learning", seed=seed, clock=clock, history=history,
            ranked=source.ranked and target.ranked,
        )  # fmt: skip

    def refine(
        self,
        clouds: Clouds,
        first: Tensor,
        *,
        seed: int = 0,
        progress: Progress = silent,
        history: list[dict[str, Any]] | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """All stages from a first map (d, d'), then weights and contrast: the maps of the source and the target."""
        current = self.learn(clouds, first, seed=seed, progress=progress, history=history)
        return self.finish(clouds, current, seed=seed)

    def learn(
        self,
        clouds: Clouds,
        first: Tensor,
        *,
        seed: int = 0,
        progress: Progress = silent,
        history: list[dict[str, Any]] | None = None,
    ) -> Tensor:
        """The stages alone: an isometry (d, d')."""
        noise = generator(seed, clouds.x.device)
        done = 0
        total = self.steps * len(self.vocabulary)

        def report(figures: dict[str, Any]) -> None:
            if history is not None:
                history.append(figures)
            progress(
                done + figures["step"] + 1, total, csls=figures["csls"], pairs=figures["pairs"]
            )

        current = first
        for stage, words in enumerate(self.vocabulary):
            smaller = stage and min(len(clouds.x), len(clouds.y)) <= self.vocabulary[stage - 1]
            if smaller:
                break
            current = self._stage(clouds, current, words, stage == 0, noise, report)
            done += self.steps
        return current

    def _stage(
        self,
        clouds: Clouds,
        current: Tensor,
        words: int,
        dropout: bool,
        noise: torch.Generator,
        report: Report,
    ) -> Tensor:
        return self_learn(
            clouds.x[:words], clouds.y[:words], current, steps=self.steps,
            keep=self.keep if dropout else 1.0, growth=self.growth, neighbourhood=self.neighbourhood,
            patience=self.patience, union=self.union, generator=noise, report=report,
        )[0]  # fmt: skip

    def finish(
        self, clouds: Clouds, current: Tensor, *, seed: int = 0
    ) -> tuple[Tensor, Tensor | None]:
        """Re-weighting and contrastive steps on the mutual neighbours of `weighted` words."""
        if not self.weights and not self.contrast:
            return current, None
        x, y = clouds.x[: self.weighted], clouds.y[: self.weighted]
        pairs = mutual_neighbours(
            normalize(x @ current, dim=1), y, neighbourhood=self.neighbourhood, union=self.union
        )
        a, b = symmetric_weights(x[pairs.source], y[pairs.target], power=self.weights)
        if not self.contrast:
            return a, b
        pairs = mutual_neighbours(
            normalize(x @ a, dim=1), normalize(y @ b, dim=1), neighbourhood=self.neighbourhood
        )
        noise = generator(seed, x.device)
        return contrast(x, y, pairs, (a, b), steps=self.contrast, generator=noise)
