"""`ProfileGromov`: spaces whose rows have no frequency, such as text embeddings of two encoders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.device import generator, process_group
from distmatch.embeddings.arrays import Vectors
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.matching.vectors.clouds import Clouds, Trace, conclude
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.evidence import Reference, confidence, measure
from distmatch.matching.vectors.fitting import PACE, Pace, learn_on_samples, sample
from distmatch.matching.vectors.pairweight import weigh
from distmatch.matching.vectors.selflearning import SelfLearning
from distmatch.progress import Progress, silent
from distmatch.retrieval.dictionary import Dictionary
from distmatch.transport.fusedgromov import fused_gromov
from distmatch.transport.invariants import density_profiles, shared_components
from distmatch.transport.procrustes import procrustes
from distmatch.transport.thirdmoments import ThirdMoments

Learned = tuple[Tensor, float]
"""An isometry (d, d') and how good it looks: the mean best CSLS that it was learned with, or third moments' agreement."""
GAIN = 0.001
"""Rise of the third moments' agreement below which a search has found nothing but what was there."""
REST = 0.3
"""Weight of the former map where third moments have set the leading directions anew."""
LIKELY = 0.5
"""Confidence from which a map is worth its long self-learning, which a map right for one row in four leads to the end."""


@dataclass(frozen=True, kw_only=True)
class ProfileGromov(Estimator):
    """Fused Gromov-Wasserstein on density profiles, third moments, then soft self-learning on fresh rows.

    The rows' order says nothing here, so what tells them apart at first is how crowded the cloud is
    around each, at all scales. Every start profiles and matches other random rows; those that self-learning leaves
    closest go on, and so do averages of them, since the errors of independent starts cancel. What is still inverted in
    them, third moments set right: those of all rows in the leading directions agree best under the right map. If none
    is likely to be right, another round of starts is tried. Self-learning on other random rows at every step does not
    settle on one sample's accidents, average partners are better than nearest ones where no row has a true
    partner, and over-relaxation doubles the pace.
    """

    starts: int = 8
    """Independent fused Gromov-Wasserstein runs per round."""
    rounds: int = 3
    """Maximum number of rounds of starts; another begins only if the best so far is unlikely to be right."""
    kept: int = 2
    """Starts that get a longer self-learning before the choice."""
    averaged: tuple[int, ...] = (3, 8)
    """Averages of so many of the best starts that get one too."""
    profiled: int = 3_000
    """Rows of each side of which a start computes the density profiles."""
    matched: int = 1_500
    """Rows of each side used by a start."""
    components: int = 5
    """Principal components of the profiles."""
    skewness: tuple[tuple[int, int], ...] = ((24, 6_000), (32, 4_000))
    """(leading directions, proposals) of the searches for the rotation under which third moments agree best."""
    stages: tuple[tuple[int, int], ...] = ((2_000, 10), (3_000, 10), (4_000, 20), (6_000, 15), (8_000, 10))  # fmt: skip
    """(rows of each side, steps): of all starts, of the candidates, of the best candidate before and after third moments have
    been at them, then of the one chosen."""
    pace: Pace = PACE
    """Of the self-learning on random rows."""
    rows: int = 20_000
    """Maximum number of rows of each side in the last re-weighting."""
    normalization: tuple[str, ...] = ("unit", "center", "unit")
    """Steps applied to both sides first."""
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
            InputError: fewer rows than dimensions.
        """
        trace = Trace(seed=seed, progress=progress, checkpoint=checkpoint)
        clouds = Clouds.of(
            source, target, steps=self.normalization, device=self.device, pairs=self.pairs
        )
        reference = Reference.of(clouds.x, clouds.y, seed=seed, ranked=clouds.ranked)
        run = _Run(self, clouds, trace)

        def likely(current: Tensor) -> bool:
            given, _ = measure(
                clouds.x, clouds.y, current, reference, seed=seed, ranked=clouds.ranked
            )
            return confidence(given) >= LIKELY

        current = run.screen(likely)
        current = run.straighten("straight last", current, self.skewness[-1:])[0]
        for number, stage in enumerate(self.stages[3:], start=3):
            current = run.learn(f"stage {number}", current, stage)[0]
        current, weighed = weigh(clouds, current, seed=seed)
        last = SelfLearning(weighted=self.rows)
        a, b = last.finish(clouds, current, seed=seed, weight=weighed.get("weight"))
        return conclude(
            clouds, a, b, method="profile", trace=trace, reference=reference, isometry=current,
            extra={"screen": [round(value, 4) for value in run.values], **weighed},
        )  # fmt: skip


class _Run:
    """One run of a `ProfileGromov`: each piece of work has random numbers and a checkpoint of its own."""

    def __init__(self, settings: ProfileGromov, clouds: Clouds, trace: Trace) -> None:
        self.settings, self.x, self.y = settings, clouds.x, clouds.y
        self.anchors = clouds.anchors
        self.known = None if clouds.anchors is None else clouds.anchors.moment()
        self.trace, self.seed, self.pieces = trace, trace.seed, 0
        self.group = process_group(self.x.device)
        self.moments = {k: ThirdMoments.of(self.x, self.y, k) for k, _ in settings.skewness}
        self.values: list[float] = []
        """Mean best CSLS of every start, best first."""

    def noise(self) -> torch.Generator:
        """Random numbers of the next piece."""
        self.pieces += 1
        return generator(self.seed * 10_000 + self.pieces, self.x.device)

    def screen(self, likely: Callable[[Tensor], bool]) -> Tensor:
        """The best map after rounds of starts, until one is likely or the run is interrupted."""
        given = self.settings
        found: list[Learned] = []
        settled: list[Learned] = []
        best: Learned | None = None
        for number in range(given.rounds):
            if not number and self.anchors is not None:
                found.append(self.learn("pairs", self.anchors.map(), given.stages[0]))
            if number:
                self.known = None  # wrong pairs mislead every start; their weight at the end is what they say of each other
            for start in range(given.starts):
                name = f"start {number}.{start}"
                first = self._first(self.noise())
                found.append(self.learn(name, first, given.stages[0]))
                if self.trace.interrupted:
                    break
            found.sort(key=lambda pair: -pair[1])
            self.values = [value for _, value in found]
            again = [
                self.learn(f"again {number}.{k}", candidate, given.stages[1])
                for k, candidate in enumerate(self._candidates([one for one, _ in found]))
            ]
            straight = [
                self.straighten(f"straight {number}.{k}", one, given.skewness)
                for k, (one, _) in enumerate(again)
            ]
            for k, several in enumerate((again, straight)):
                chosen = max(several, key=lambda pair: pair[1])[0]
                settled.append(self.learn(f"settled {number}.{k}", chosen, given.stages[2]))
            best = max(settled, key=lambda pair: pair[1])
            if self.trace.interrupted or likely(best[0]):
                break
        assert best is not None
        return best[0]

    def straighten(
        self, name: str, current: Tensor, searches: tuple[tuple[int, int], ...]
    ) -> Learned:
        """The map with the inversions undone that third moments show, and the agreement of those; as it is after an interrupt."""
        seed = self.noise().initial_seed() % 2**32
        kept = self._kept(name, current)
        if kept is not None:
            return kept
        if self.trace.interrupted:
            return current, 0.0
        turned, value = current, 0.0
        try:
            for directions, proposals in searches:
                moments = self.moments[directions]
                inside = moments.inside(turned)
                _, before = moments.anneal(inside, proposals=0, seed=seed)
                rotation, value = moments.anneal(inside, proposals=proposals, seed=seed)
                if value > before + GAIN:
                    # The leading directions as found, the rest as near to what it was as it can be.
                    turned = procrustes(moments.outside(rotation, turned) + REST * turned)
        except KeyboardInterrupt:
            self.trace.interrupted = True
            return current, value
        self._keep(name, (turned, value))
        return turned, value

    def _candidates(self, maps: list[Tensor]) -> list[Tensor]:
        """The best maps, and averages of them."""
        given = self.settings
        sizes = sorted({min(size, len(maps)) for size in given.averaged})
        return maps[: given.kept] + [procrustes(sum(maps[:k], start=0 * maps[0])) for k in sizes]

    def _first(self, noise: torch.Generator) -> Tensor:
        """An isometry (d, d') from a match of random rows, whose profiles are taken among other random rows.

        Every start draws its own: among some draws of rows the profiles mislead, and all starts that share one fail together.
        """
        given = self.settings
        x, y = (sample(z, given.profiled, noise) for z in (self.x, self.y))
        u, v = shared_components(density_profiles(x), density_profiles(y), given.components)
        i, j = (
            torch.randperm(len(z), generator=noise, device=z.device)[: given.matched]
            for z in (x, y)
        )
        return procrustes(fused_gromov(x[i], y[j], (u[i], v[j]), known=self.known).moment)

    def learn(self, name: str, start: Tensor, stage: tuple[int, int]) -> Learned:
        """Soft self-learning on fresh random rows; the map, and the mean best CSLS of its last steps.

        After an interrupt it is the start.
        """
        noise = self.noise()
        kept = self._kept(name, start)
        if kept is not None:
            return kept
        learned = start, 0.0
        if self.trace.interrupted:
            return learned
        try:
            steps = learn_on_samples(
                self.x, self.y, start, rows=stage[0], steps=stage[1], generator=noise,
                pace=replace(self.settings.pace, known=self.known), group=self.group,
            )  # fmt: skip
            for step, learned in enumerate(steps):
                self.trace.step({"step": step, "words": stage[0], "csls": learned[1]})
        except KeyboardInterrupt:
            self.trace.interrupted = True
            return learned
        self._keep(name, learned)
        return learned

    def _kept(self, name: str, like: Tensor) -> Learned | None:
        kept = self.trace.checkpoint.get(name)
        if kept is None:
            return None
        *rows, last = torch.from_numpy(kept).to(like)
        return torch.stack(rows), float(last[0])

    def _keep(self, name: str, learned: Learned) -> None:
        value = learned[0].new_full((1, learned[0].shape[1]), learned[1])
        self.trace.checkpoint.put(name, torch.cat([learned[0], value]).cpu().numpy())
