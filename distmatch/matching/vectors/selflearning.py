"""`SelfLearning`: a map and a dictionary that improve each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.device import generator, process_group
from distmatch.embeddings.arrays import Vectors
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.matching.vectors.clouds import ITERATIVE, Clouds, Trace, conclude
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.fitting import (
    HardPairs,
    Report,
    SoftPairs,
    self_learn,
    soft_learn,
)
from distmatch.matching.vectors.induction import mutual_neighbours
from distmatch.matching.vectors.pairweight import weigh
from distmatch.matching.vectors.reweighting import contrast, symmetric_weights
from distmatch.matching.vectors.starts import DEFAULT_START, Start
from distmatch.progress import Progress, silent
from distmatch.retrieval.dictionary import Dictionary


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Steps of self-learning on so many words.

    Args:
        words: most frequent rows of each side.
        steps: at most; all of them if soft.
        temperatures: the first and last of soft mutual neighbours; None is hard pairs.
        keep: with hard pairs, the probability that a score takes part in the first step.
    """

    words: int
    steps: int
    temperatures: tuple[float, float] | None = None
    keep: float = 1.0


SHORT = Stage(words=2_000, steps=20, temperatures=(0.5, 0.03))
LONG_STAGES = (Stage(words=3_000, steps=6, temperatures=(0.06, 0.03)),)


@dataclass(frozen=True, kw_only=True)
class SelfLearning(Estimator):
    """Dictionary induction loop with CSLS on a growing vocabulary (Artetxe et al. 2018; Conneau et al. 2018).

    `SelfLearning.vecmap()` has the settings of Artetxe et al. 2018.
    """

    start: Start = DEFAULT_START
    """The first map."""
    stages: tuple[Stage, ...] = (SHORT, *LONG_STAGES)
    """Done in this order; a stage of more words than there are ends them."""
    growth: float = 2.0
    """Factor of `keep` per step, or after `patience` steps without gain."""
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
    """Contrastive steps after the re-weighting, where there are pairs enough, see `pairs_needed`."""
    averaged: int = 3
    """Runs of contrastive steps, on different batches, whose maps are averaged."""
    pairs_needed: float = 0.5
    """Pairs per parameter of the map below which contrastive steps, which would fit the errors of the pairs, are left
    out and the re-weighting is half as strong."""
    normalization: tuple[str, ...] = ITERATIVE
    """Steps applied to both sides first."""
    pairs: Dictionary | None = None
    """Known pairs, a linear term of every fit; words, or numbers of rows."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    @classmethod
    def vecmap(cls, **changes: Any) -> SelfLearning:
        """The unsupervised settings of Artetxe et al. 2018: sorted start, dropout from 0.1 doubled after 50 steps
        without gain, 20,000 words (4,000 for the start), 2,000 steps at most, both directions' dictionary, re-weighting by
        0.5 on each side."""
        given = {
            "start": Start(kind="sorted", words=4_000), "stages": (Stage(words=20_000, steps=2_000, keep=0.1),),
            "patience": 50, "union": True, "weighted": 20_000, "contrast": 0, "pairs_needed": 0.0,
            "normalization": ("unit", "center", "unit"), **changes,
        }  # fmt: skip
        return cls(**given)

    def match(
        self,
        source: Vectors,
        target: Vectors,
        *,
        seed: int = 0,
        progress: Progress = silent,
        checkpoint: Checkpoint = NOWHERE,
    ) -> Match[LinearMap]:
        """Find a map from the source's space to the target's.

        Raises:
            InputError: fewer words than dimensions.
        """
        trace = Trace(seed=seed, progress=progress, checkpoint=checkpoint)
        clouds = Clouds.of(
            source, target, steps=self.normalization, device=self.device, pairs=self.pairs
        )
        noise = generator(seed, clouds.x.device)
        first = self.start.map(clouds.x, clouds.y, noise, clouds.anchors)
        trace.history.append({"start": self.start.name})
        current = self.learn(clouds, first, seed=seed, trace=trace)
        current, weighed = weigh(clouds, current, seed=seed)
        a, b = self.finish(clouds, current, seed=seed, weight=weighed.get("weight"))
        return conclude(
            clouds, a, b, method="self-learning", trace=trace, isometry=current, extra=weighed,
        )  # fmt: skip

    def learn(
        self,
        clouds: Clouds,
        first: Tensor,
        *,
        seed: int = 0,
        trace: Trace | None = None,
        name: str = "stage",
    ) -> Tensor:
        """The stages alone: an isometry (d, d').

        Args:
            first: (d, d') map to start from.
            trace: takes history, progress and finished stages (under `name`); interrupting it keeps the map so far.
        """
        trace = trace or Trace()
        noise = generator(seed, clouds.x.device)
        latest = first

        def report(figures: dict[str, Any], current: Tensor) -> None:
            nonlocal latest
            latest = current
            trace.step(figures)

        shorter = min(len(clouds.x), len(clouds.y))
        for number, stage in enumerate(self.stages):
            if number and shorter <= self.stages[number - 1].words:
                break
            kept = trace.checkpoint.get(f"{name} {number}")
            if kept is not None:
                latest = torch.from_numpy(kept).to(latest)
                continue
            try:
                latest = self._stage(clouds, latest, stage, noise, report)
            except KeyboardInterrupt:
                trace.interrupted = True
                break
            trace.checkpoint.put(f"{name} {number}", latest.cpu().numpy())
        return latest

    def _stage(
        self, clouds: Clouds, current: Tensor, stage: Stage, noise: torch.Generator, report: Report
    ) -> Tensor:
        n = min(stage.words, len(clouds.x), len(clouds.y))
        x, y = clouds.x[:n], clouds.y[:n]
        group = process_group(x.device)
        known = None if clouds.anchors is None else clouds.anchors.moment()
        if stage.temperatures is not None:
            return soft_learn(
                x, y, current, steps=stage.steps, report=report, group=group,
                soft=SoftPairs(temperatures=stage.temperatures, neighbourhood=self.neighbourhood, known=known),
            )  # fmt: skip
        hard = HardPairs(
            keep=stage.keep, growth=self.growth, patience=self.patience, union=self.union,
            neighbourhood=self.neighbourhood, known=known,
        )  # fmt: skip
        return self_learn(
            x, y, current, steps=stage.steps, hard=hard, generator=noise, report=report, group=group
        )[0]

    def finish(
        self, clouds: Clouds, current: Tensor, *, seed: int = 0, weight: float | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Re-weighting and contrastive steps on the mutual neighbours of `weighted` words.

        As many on either side: the rarer words of the longer side have no translation on the other, and only mislead.

        Args:
            weight: of a known pair, in pairs found; infinite where those that are found are of no use.
        """
        if (not self.weights and not self.contrast) or weight == math.inf:
            return current, None
        n = min(self.weighted, len(clouds.x), len(clouds.y))
        x, y = clouds.x[:n], clouds.y[:n]
        pairs = mutual_neighbours(
            normalize(x @ current, dim=1), y, neighbourhood=self.neighbourhood, union=self.union
        )
        enough = len(pairs) >= self.pairs_needed * clouds.x.shape[1] * clouds.y.shape[1]
        power = self.weights if enough else self.weights / 2
        anchors = clouds.anchors if weight else None
        left, right = x[pairs.source], y[pairs.target]
        shares = None
        if anchors is not None and weight:
            left, right = torch.cat([left, anchors.x]), torch.cat([right, anchors.y])
            shares = torch.cat([left.new_ones(len(pairs)), left.new_full((len(anchors),), weight)])
        a, b = symmetric_weights(left, right, power=power, weights=shares)
        if not self.contrast or not enough:
            return a, b
        pairs = mutual_neighbours(
            normalize(x @ a, dim=1), normalize(y @ b, dim=1), neighbourhood=self.neighbourhood
        )
        noise = generator(seed, x.device)
        left, right = x[pairs.source], y[pairs.target]
        if anchors is not None:
            left, right = torch.cat([left, anchors.x]), torch.cat([right, anchors.y])
        runs = [
            contrast(left, right, (a, b), steps=self.contrast, generator=noise)
            for _ in range(self.averaged)
        ]
        left, right = (torch.stack(side).mean(dim=0) for side in zip(*runs, strict=True))
        return left, right
