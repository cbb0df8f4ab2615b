"""`ProfileGromov`: spaces whose rows have no frequency, such as text embeddings of two encoders."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.device import generator
from distmatch.embeddings.embeddings import Embeddings
from distmatch.maps.linear import LinearMap
from distmatch.matching.alignment import Clock, Clouds, Trace, conclude
from distmatch.matching.checkpoint import NOWHERE, Checkpoint
from distmatch.matching.induction import mutual_neighbours
from distmatch.matching.match import Match
from distmatch.matching.selflearning import SelfLearning
from distmatch.progress import Progress, silent
from distmatch.transport.fusedgromov import fused_gromov
from distmatch.transport.procrustes import procrustes
from distmatch.transport.profiles import density_profiles, shared_components


@dataclass(frozen=True, kw_only=True)
class ProfileGromov:
    """Fused Gromov-Wasserstein on density profiles, several starts, then self-learning on fresh rows.

    The rows' order says nothing here, so what tells them apart at first is how crowded the cloud is
    around each, at all scales. Every start matches other random rows; the starts that self-learning
    leaves with the highest mean CSLS of mutual neighbours go on. Self-learning on other random rows at
    every step does not settle on one sample's accidents, and over-relaxation doubles its pace.
    """

    starts: int = 8
    """Independent fused Gromov-Wasserstein runs."""
    kept: int = 2
    """Starts that get a longer self-learning before the last choice."""
    profiled: int = 5_000
    """Rows whose density profile is computed."""
    matched: int = 1_500
    """Rows a side in a start."""
    components: int = 5
    """Principal components of the profiles."""
    stages: tuple[tuple[int, int], ...] = ((2_000, 10), (3_000, 15), (4_000, 25), (7_000, 15))
    """(rows a side, steps): of all starts, of the kept ones, then of the one chosen."""
    final_steps: int = 4
    """Steps on all rows at the end."""
    relaxation: float = 1.0
    """Share of the last move by which a step goes on beyond the fitted map."""
    memory: float = 0.5
    """Weight of the former moments in each step's fit."""
    reweighting: float = 0.25
    """Power of the moment's singular values in the similarity that finds neighbours."""
    rows: int = 20_000
    """Rows a side at most in the last steps."""
    normalization: tuple[str, ...] = ("unit", "center", "unit")
    """Steps applied to both sides first."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    def match(
        self,
        source: Embeddings,
        target: Embeddings,
        *,
        seed: int = 0,
        progress: Progress = silent,
        checkpoint: Checkpoint = NOWHERE,
    ) -> Match[LinearMap]:
        """Find a map from the source's space to the target's.

        Raises:
            InputError: fewer rows than dimensions.
        """
        clock = Clock()
        clouds = Clouds.of(source, target, steps=self.normalization, device=self.device)
        x, y = clouds.x, clouds.y
        noise = generator(seed, x.device)
        trace = Trace(progress=progress, checkpoint=checkpoint)
        found = [
            self._learn(x, y, first, self.stages[0], noise, trace)
            for first in self._first_maps(x, y, noise, trace)
        ]
        found.sort(key=lambda pair: -pair[1])
        again = [
            self._learn(x, y, one, self.stages[1], noise, trace) for one, _ in found[: self.kept]
        ]
        current = max(again, key=lambda pair: pair[1])[0]
        for stage in self.stages[2:]:
            current, _ = self._learn(x, y, current, stage, noise, trace)
        whole = (self.rows, self.final_steps)
        current, _ = self._learn(x, y, current, whole, noise, trace)
        a, b = SelfLearning(weighted=self.rows).finish(clouds, current, seed=seed)
        return conclude(
            clouds, a, b, method="profile-gromov", seed=seed, clock=clock, trace=trace,
            ranked=source.ranked and target.ranked,
            extra={"screen": [round(value, 4) for _, value in found]},
        )  # fmt: skip

    def _first_maps(
        self, x: Tensor, y: Tensor, noise: torch.Generator, trace: Trace
    ) -> list[Tensor]:
        """An isometry (d, d') from each start."""
        x, y = (_sample(z, self.profiled, noise) for z in (x, y))
        u, v = shared_components(density_profiles(x), density_profiles(y), self.components)
        maps = []
        for number in range(self.starts):
            i, j = (
                torch.randperm(len(z), generator=noise, device=z.device)[: self.matched]
                for z in (x, y)
            )
            result = fused_gromov(x[i], y[j], (u[i], v[j]))
            maps.append(procrustes(result.moment))
            trace.step({"start": number, "sharpness": result.history[-1]["sharpness"]})
        return maps

    def _learn(
        self,
        x: Tensor,
        y: Tensor,
        start: Tensor,
        stage: tuple[int, int],
        noise: torch.Generator,
        trace: Trace,
    ) -> tuple[Tensor, float]:
        """Self-learning on fresh random rows; the map and the mean CSLS of its last steps."""
        rows, steps = stage
        current, weights = start, torch.eye(y.shape[1], device=y.device)
        moment, fitted, scores = None, None, []
        for step in range(steps):
            some, other = _sample(x, rows, noise), _sample(y, rows, noise)
            pairs = mutual_neighbours(
                normalize(some @ current, dim=1), normalize(other @ weights, dim=1)
            )
            scores.append(float(pairs.score.mean()))
            new = some[pairs.source].T @ other[pairs.target] / len(pairs)
            moment = new if moment is None else self.memory * moment + (1 - self.memory) * new
            last, fitted = fitted, procrustes(moment)
            current = fitted
            if last is not None and step < steps - 1:
                current = procrustes(fitted + self.relaxation * (fitted - last))
            _, s, axes = torch.linalg.svd(moment, full_matrices=False)
            weights = (axes.T * (s / s[0]) ** self.reweighting) @ axes
            trace.step({"step": step, "words": rows, "pairs": len(pairs), "csls": scores[-1]})
        mean = sum(scores[-4:]) / len(scores[-4:])
        return (start if fitted is None else fitted), mean


def _sample(z: Tensor, n: int, noise: torch.Generator) -> Tensor:
    """n random rows, or all of them."""
    return z if len(z) <= n else z[torch.randperm(len(z), generator=noise, device=z.device)[:n]]
