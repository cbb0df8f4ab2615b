"""`ProximalGromov`: a linear map from streaming proximal-point Gromov-Wasserstein."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.device import Group, generator, process_group
from distmatch.embeddings.arrays import Vectors
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.matching.vectors.clouds import ITERATIVE, Clouds, Trace, conclude
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.fitting import self_learn
from distmatch.matching.vectors.starts import DEFAULT_START, Start
from distmatch.progress import Progress, silent
from distmatch.transport.gromov import gromov_wasserstein
from distmatch.transport.procrustes import procrustes


@dataclass(frozen=True, kw_only=True)
class ProximalGromov(Estimator):
    """Proximal-point Gromov-Wasserstein on cosines (Peyré et al. 2016; Xu et al. 2019), then nearest neighbours.

    The transport problem finds the rotation roughly, on the first rows; a few steps of mutual neighbours on
    all rows make it exact. The defaults are for two languages; `ProximalGromov.uniform()` is for one
    cloud and its rotated, noisy copy, and starts from the product plan.
    """

    start: Start | None = DEFAULT_START
    """The first map; None is the product plan, whose moment is that of the means, so it needs uncentred rows."""
    rows: int = 3_000
    """First rows of each side used in the transport problem."""
    vocabulary: int = 10_000
    """First rows of each side used in the steps after it."""
    epsilon: float = 0.05
    """Proximal weight, in units of squared cosine differences."""
    frequency: float = 0.0
    """Weight of the fused term of log ranks."""
    steps: int = 20
    """Maximum number of proximal steps."""
    inner: int = 3
    """Sinkhorn iterations per step."""
    refinement: int = 6
    """Maximum number of self-learning steps; 0 for the transport problem alone."""
    normalization: tuple[str, ...] = ITERATIVE
    """Steps applied to both sides first."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    @classmethod
    def uniform(cls, **changes: object) -> ProximalGromov:
        """From the product plan, on uncentred unit rows."""
        return cls(**{"start": None, "normalization": ("unit",), **changes})  # type: ignore[arg-type]

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
        x, y = clouds.x[: self.rows], clouds.y[: self.rows]
        group = process_group(clouds.x.device)
        moment: Tensor | None = None
        if self.start is not None:
            first = self.start.map(clouds.x, clouds.y, noise)
            moment = (x.T @ x / len(x)) @ first
        result = gromov_wasserstein(
            x, y, self.epsilon, self.frequency, steps=self.steps, inner=self.inner, moment=moment,
            group=group,
            callback=lambda step, figures: trace.step({"step": step, **figures}, self.steps),
        )  # fmt: skip
        trace.interrupted = result.interrupted
        current = procrustes(result.moment)
        if self.refinement and not trace.interrupted:
            current = self._refined(clouds, current, trace, group)
        return conclude(
            clouds, current, method="gromov", trace=trace,
            extra={"marginal_error": result.coupling.error, "converged": result.converged},
        )  # fmt: skip

    def _refined(self, clouds: Clouds, start: Tensor, trace: Trace, group: Group) -> Tensor:
        """The map after steps of mutual neighbours on all rows, or as far as they went before an interrupt."""
        latest = start

        def report(figures: dict[str, Any], current: Tensor) -> None:
            nonlocal latest
            latest = current
            trace.step(figures)

        x, y = clouds.x[: self.vocabulary], clouds.y[: self.vocabulary]
        try:
            return self_learn(x, y, start, steps=self.refinement, report=report, group=group)[0]
        except KeyboardInterrupt:
            trace.interrupted = True
            return latest
