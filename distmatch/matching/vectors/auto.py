"""`Auto`: many starts, short self-learning of each, the mean of those that agree with the best, refinement."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.device import generator
from distmatch.embeddings.arrays import Vectors
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import BELIEF, Match
from distmatch.matching.vectors.clouds import Clouds, Trace, conclude
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.evidence import (
    Evidence,
    Reference,
    confidence,
    looked_at,
    measure,
)
from distmatch.matching.vectors.induction import translations
from distmatch.matching.vectors.pairweight import FEW, told_by_pairs, weigh
from distmatch.matching.vectors.selflearning import LONG_STAGES, SHORT, SelfLearning, Stage
from distmatch.matching.vectors.starts import Start
from distmatch.progress import Progress, silent
from distmatch.retrieval.dictionary import Dictionary
from distmatch.transport.procrustes import procrustes

STARTS = (
    Start(words=500, frequency=0.2),
    Start(words=1_000, frequency=0.2),
    Start(words=500, frequency=0.05),
    Start(kind="sorted", words=2_000),
    Start(words=300, frequency=0.1),
    Start(words=500, frequency=1.0),
    Start(words=700, frequency=0.1),
    Start(words=500, frequency=0.1, jitter=0.5),
    Start(words=1_000, frequency=0.5),
    Start(words=300, frequency=0.05, jitter=0.5),
    Start(words=500, frequency=0.5, jitter=0.5),
    Start(words=1_000, frequency=1.0),
    Start(kind="sorted", words=4_000),
)
REFINEMENT = SelfLearning(stages=LONG_STAGES)
AGREE = 0.8
"""Share of equal translations from which two starts count as the same answer."""
MIN_AGREEMENT = 0.1
"""Share of equal translations below which two starts have nothing in common."""
ENOUGH = 3
"""Starts that agree and end the search for more."""
CONSISTENT = 0.8
"""Share of mutual neighbours found again by the others from which rarer words, whose pairs are worse, improve a map."""
TRIED = 7
"""Starts after which a believed answer ends it too."""


@dataclass(frozen=True)
class Candidate:
    """A start after its short self-learning.

    Args:
        map: (d, d').
        words: (w,) the best target of each of the first source words.
        told: what known pairs say of the map, see `pairweight.told_by_pairs`; None without them.
    """

    start: Start
    map: Tensor
    evidence: Evidence
    words: Tensor
    told: float | None = None


@dataclass(frozen=True, kw_only=True)
class Auto(Estimator):
    """The default of `align`: no single start works on every pair, several, chosen by evidence, do.

    Starts run until `ENOUGH` of them agree, or `TRIED` have run and the best is believed, so easy pairs are fast and
    hard ones get all of them.
    """

    starts: tuple[Start, ...] = STARTS
    """Tried in this order."""
    short: Stage = SHORT
    """Self-learning of each start."""
    refinement: SelfLearning = REFINEMENT
    """The long one of the best; its start is not used."""
    pairs: Dictionary | None = None
    """Known pairs, a linear term of every start and fit; words, or numbers of rows."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

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
        steps = self.refinement.normalization
        clouds = Clouds.of(source, target, steps=steps, device=self.device, pairs=self.pairs)
        reference = Reference.of(clouds.x, clouds.y, seed=seed, ranked=clouds.ranked)
        found = self.screen(clouds, reference, trace)
        best, agreement = choose(found)
        if clouds.anchors is not None and not trace.interrupted:
            clouds, found = self._without_pairs(clouds, reference, trace, found)
            best, agreement = choose(found)
        current = consensus(found, best)
        if not trace.interrupted and best.evidence.fit.split >= CONSISTENT:
            current = self.refinement.learn(clouds, current, seed=seed, trace=trace)
        try:
            current, weighed = weigh(clouds, current, seed=seed)
            a, b = self.refinement.finish(clouds, current, seed=seed, weight=weighed.get("weight"))
        except KeyboardInterrupt:
            trace.interrupted = True
            a, b, weighed = current, None, {}
        return conclude(
            clouds, a, b, method="auto", trace=trace, reference=reference, isometry=current,
            extra={"start": best.start.name, "starts": len(found), "agreement": round(agreement, 4), **weighed},
        )  # fmt: skip

    def _without_pairs(
        self, clouds: Clouds, reference: Reference, trace: Trace, found: list[Candidate]
    ) -> tuple[Clouds, list[Candidate]]:
        """Where the starts with known pairs convince nobody, those without: pairs may be wrong, and then they mislead."""
        sure = confidence(choose(found)[0].evidence)
        if sure >= BELIEF:
            return clouds, found
        alone = replace(clouds, anchors=None)
        others = self.screen(alone, reference, trace)
        if confidence(choose(others)[0].evidence) <= sure:
            return clouds, found
        return (alone if len(clouds.anchors or ()) < FEW else clouds), others

    def screen(self, clouds: Clouds, reference: Reference, trace: Trace) -> list[Candidate]:
        """Short runs of the starts, until enough agree or the run is interrupted."""
        short = replace(self.refinement, stages=(self.short,))
        found: list[Candidate] = []
        shorter = min(len(clouds.x), len(clouds.y))
        done: set[Start] = set()
        starts, kind = self.starts, "start"
        if clouds.anchors is not None:
            starts, kind = (Start(kind="pairs"), *starts), "start with pairs"
        for number, start in enumerate(starts):
            # Starts that see the same words are one: their agreement would prove nothing.
            seen = replace(start, words=min(start.words, shorter))
            if seen in done:
                continue
            done.add(seen)
            own = trace.seed * len(self.starts) + number
            inner, current = Trace(checkpoint=trace.checkpoint), None
            try:
                noise = generator(own, clouds.x.device)
                first = start.map(clouds.x, clouds.y, noise, clouds.anchors)
                current = short.learn(clouds, first, seed=own, trace=inner, name=f"{kind} {number}")
                found.append(judge(clouds, start, current, reference, seed=trace.seed))
                figures = {"start": start.name, **found[-1].evidence.to_json()}
                trace.step({**figures, "agreement": choose(found)[1]}, len(self.starts))
                trace.interrupted = inner.interrupted
            except KeyboardInterrupt:
                trace.interrupted = True
                if (
                    current is not None and not found
                ):  # the only map so far, interrupted while its evidence was made
                    found.append(judge(clouds, start, current, reference, seed=trace.seed))
            if trace.interrupted or _alike(found) >= ENOUGH or settled(found):
                break
        if not found:
            raise KeyboardInterrupt
        return found


def judge(
    clouds: Clouds, start: Start, current: Tensor, reference: Reference, *, seed: int
) -> Candidate:
    """Evidence and translations of a map."""
    evidence, pairs = measure(
        clouds.x, clouds.y, current, reference, seed=seed, ranked=clouds.ranked
    )
    x, y = (looked_at(side, clouds.ranked) for side in (clouds.x, clouds.y))
    words = translations(normalize(x @ current, dim=1), y, pairs.crowd)
    return Candidate(start, current, evidence, words, told_by_pairs(clouds, current, seed=seed))


def _agreement(one: Candidate, other: Candidate) -> float:
    return float((one.words == other.words).float().mean())


def _alike(found: list[Candidate]) -> int:
    """The most candidates that agree with one of them, itself included."""
    return max(sum(_agreement(one, other) >= AGREE for other in found) for one in found)


def nearest_agreement(found: list[Candidate]) -> list[float]:
    """Largest agreement of each candidate with another; 0.5, unknown, if it is alone."""
    return [
        max((_agreement(one, other) for other in found if other is not one), default=0.5)
        for one in found
    ]


def settled(found: list[Candidate]) -> bool:
    """Whether enough starts were tried and the best is believed."""
    if len(found) < TRIED:
        return False
    return confidence(choose(found)[0].evidence) >= BELIEF


def choose(found: list[Candidate]) -> tuple[Candidate, float]:
    """The best candidate, and its agreement with the one nearest to it (0.5, unknown, if it is alone).

    Independent starts agree only where they are right, and neighbours are closest where the optimum is best: of the
    candidates with at least half of the best agreement, the one with the closest mutual neighbours. Known pairs, if there are
    enough, say it better.
    """
    nearest = nearest_agreement(found)
    told = [-math.inf if one.told is None else one.told for one in found]
    if max(told) > -math.inf:
        best = told.index(max(told))
        return found[best], nearest[best]
    fit = [i for i, share in enumerate(nearest) if share >= max(nearest) / 2]
    best = max(fit, key=lambda i: found[i].evidence.held_out)
    return found[best], nearest[best]


def consensus(found: list[Candidate], best: Candidate) -> Tensor:
    """The isometry nearest to the mean of the candidates that agree with the best one (d, d').

    Self-learning on noisy vectors ends somewhere around the right map, elsewhere from each start; the mean is nearer
    to it than any of them.
    """
    shares = [0.0 if one is best else _agreement(one, best) for one in found]
    bar = max(max(shares) / 2, MIN_AGREEMENT)
    others = [one.map for one, share in zip(found, shares, strict=True) if share >= bar]
    return procrustes(torch.stack([best.map, *others]).mean(dim=0))
