"""`WassersteinProcrustes`: transport under the map and the map under the transport, in turns."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.device import Group, generator, process_group
from distmatch.embeddings.arrays import Vectors
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.matching.vectors.clouds import ITERATIVE, Clouds, Trace, conclude
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.starts import DEFAULT_START, Start
from distmatch.progress import Progress, silent
from distmatch.transport.coupling import Coupling
from distmatch.transport.procrustes import procrustes
from distmatch.transport.sinkhorn import sinkhorn


@dataclass(frozen=True, kw_only=True)
class WassersteinProcrustes(Estimator):
    """Alternate entropic transport of f(X) to Y and the orthogonal f that fits the plan (Grave et al. 2019).

    Epsilon falls from step to step, so the first plans are soft and forgive a bad map. Sinkhorn streams:
    memory is that of the points.
    """

    start: Start = DEFAULT_START
    """The first map."""
    vocabulary: int = 5_000
    """Most frequent rows used on each side."""
    batch: int | None = None
    """Random rows of them per step; None uses all in every step."""
    steps: int = 12
    """Number of turns."""
    first: float = 0.1
    """Epsilon of the first turn, in units of the squared distance."""
    last: float = 0.03
    """Epsilon of the last turn."""
    iterations: int = 5
    """Sinkhorn iterations per turn; the potentials carry over unless rows change."""
    unbalanced: float | None = None
    """Weight of the marginals, for sides that hold words the other lacks; None holds them exactly."""
    normalization: tuple[str, ...] = ITERATIVE
    """Steps applied to both sides first."""
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
        clouds = Clouds.of(source, target, steps=self.normalization, device=self.device)
        noise = generator(seed, clouds.x.device)
        current = self.start.map(clouds.x, clouds.y, noise)
        current, plan = self.learn(
            clouds.x, clouds.y, current, noise, trace, process_group(clouds.x.device)
        )
        return conclude(
            clouds, current, method="wasserstein", trace=trace,
            extra={"marginal_error": plan.error, "converged": plan.converged},
        )  # fmt: skip

    def learn(
        self,
        x: Tensor,
        y: Tensor,
        current: Tensor,
        noise: torch.Generator,
        trace: Trace | None = None,
        group: Group = None,
    ) -> tuple[Tensor, Coupling]:
        """The turns alone: the isometry (d, d') and the last plan.

        Args:
            x: (n, d) unit rows. y: (m, d').
            current: (d, d') to start from.
            noise: of the batches.
            trace: takes history and progress; an interrupt after the first turn keeps the map so far.
            group: processes that share the rows of x.
        """
        trace = trace or Trace()
        x, y = x[: self.vocabulary], y[: self.vocabulary]
        plan: Coupling | None = None
        for step in range(self.steps):
            epsilon = self.first * (self.last / self.first) ** (step / max(self.steps - 1, 1))
            some, other = (_batch(z, self.batch, noise) for z in (x, y))
            warm = None if plan is None or self.batch else (plan.f, plan.g)
            try:
                plan = sinkhorn(
                    normalize(some @ current, dim=1), other, epsilon=epsilon, iterations=self.iterations,
                    unbalanced=self.unbalanced, start=warm, group=group,
                )  # fmt: skip
                new = procrustes(plan.moment(some, other))
                moved = float((new - current).norm()) / len(new) ** 0.5
                current = new
                trace.step(
                    {"step": step, "epsilon": epsilon, "moved": moved, "error": plan.error},
                    self.steps,
                )
            except KeyboardInterrupt:
                if plan is None:
                    raise
                trace.interrupted = True
                break
        assert plan is not None
        return current, plan


def _batch(z: Tensor, n: int | None, noise: torch.Generator) -> Tensor:
    if n is None or n >= len(z):
        return z
    return z[torch.randperm(len(z), generator=noise, device=z.device)[:n]]
