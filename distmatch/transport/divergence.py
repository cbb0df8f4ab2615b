"""How far apart two clouds of points are, by several notions; each a pure function of tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from distmatch.device import generator
from distmatch.errors import InputError
from distmatch.transport.coupling import Coupling
from distmatch.transport.sinkhorn import sinkhorn


@dataclass(frozen=True)
class SinkhornDivergence:
    """Value and evidence.

    Args:
        value: in units of the squared distance; 0 for equal clouds.
        error: largest L1 marginal error of the three problems.
        converged: whether all three are below the tolerance.
    """

    value: float
    error: float
    converged: bool


def sinkhorn_divergence(
    x: Tensor, y: Tensor, epsilon: float = 0.05, iterations: int = 200, tolerance: float = 1e-3
) -> SinkhornDivergence:
    """OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2, entropic, squared distance (Feydy et al. 2019).

    Args:
        x: (n, d). y: (m, d).
        epsilon: as in `sinkhorn`, whose error and tolerance are meant too.
    """
    plans = [
        sinkhorn(one, other, epsilon=epsilon, iterations=iterations, tolerance=tolerance)
        for one, other in ((x, y), (x, x), (y, y))
    ]
    across, within, beyond = (dual_value(plan) for plan in plans)
    return SinkhornDivergence(
        across - (within + beyond) / 2,
        max(plan.error for plan in plans),
        all(plan.converged for plan in plans),
    )


def dual_value(plan: Coupling) -> float:
    """<a, f> + <b, g>: the entropic cost of the plan at convergence, a lower bound before."""
    return float((plan.a.double() @ plan.f.double()) + (plan.b.double() @ plan.g.double()))


def sliced_wasserstein(x: Tensor, y: Tensor, *, projections: int = 256, seed: int = 0) -> float:
    """Root mean squared 2-Wasserstein distance of random one-dimensional projections (Rabin et al. 2011).

    Args:
        x: (n, d). y: (m, d); n need not be m: quantile functions are compared at max(n, m) levels.
        projections: directions, uniform on the sphere.
        seed: of the directions.

    Returns:
        in units of the points' coordinates; 0 for equal clouds.
    """
    _check(x, y)
    directions = torch.randn(
        x.shape[1], projections, generator=generator(seed), dtype=torch.float64
    )
    directions = (directions / directions.norm(dim=0)).to(x)
    one, other = (x @ directions).sort(dim=0).values, (y @ directions).sort(dim=0).values
    if len(x) != len(y):
        levels = (torch.arange(max(len(x), len(y)), device=x.device) + 0.5) / max(len(x), len(y))
        one, other = (s[(levels * len(s)).long().clamp(max=len(s) - 1)] for s in (one, other))
    return float((one - other).square().mean().sqrt())


def maximum_mean_discrepancy(
    x: Tensor, y: Tensor, *, bandwidth: float | None = None, chunk: int = 1024
) -> float:
    """Unbiased squared MMD with the kernel exp(-|x - y|^2 / (2 bandwidth^2)) (Gretton et al. 2012, lemma 6).

    Args:
        x: (n, d). y: (m, d); two rows each at least.
        bandwidth: in units of the points; None takes the root mean squared distance over sqrt(2), of all points.
        chunk: rows at a time.

    Returns:
        0 in the mean for equal distributions, so it may be slightly negative.
    """
    _check(x, y)
    if bandwidth is None:
        both = torch.cat([x, y])
        bandwidth = float((both - both.mean(0)).square().sum(1).mean().sqrt())
    n, m = len(x), len(y)
    within = (_kernel_sum(x, x, bandwidth, chunk) - n) / (n * (n - 1))
    beyond = (_kernel_sum(y, y, bandwidth, chunk) - m) / (m * (m - 1))
    return within + beyond - 2 * _kernel_sum(x, y, bandwidth, chunk) / (n * m)


def _kernel_sum(x: Tensor, y: Tensor, bandwidth: float, chunk: int) -> float:
    total, norms = 0.0, y.square().sum(1)
    for i in range(0, len(x), chunk):
        part = x[i : i + chunk]
        squared = part.square().sum(1)[:, None] + norms - 2 * part @ y.T
        total += float((squared / (-2 * bandwidth**2)).exp().sum(dtype=torch.float64))
    return total


def _check(x: Tensor, y: Tensor) -> None:
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise InputError(
            f"clouds of shape {tuple(x.shape)} and {tuple(y.shape)}: need two rows each, of the same dimension"
        )
