"""How far apart two clouds of points are, by several notions.

Each takes tensors, arrays or whatever `align` takes. Of tensors that require a gradient the value is a tensor that has
it; else it is a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from distmatch.device import generator
from distmatch.errors import InputError
from distmatch.transport.coupling import Coupling
from distmatch.transport.sinkhorn import relative_epsilon, sinkhorn
from distmatch.transport.tensors import as_tensors


@dataclass(frozen=True)
class SinkhornDivergence:
    """Value and evidence.

    Args:
        value: in units of the squared distance; 0 for equal clouds. A tensor if a gradient was asked for.
        error: largest L1 marginal error of the three problems.
        converged: whether all three are below the tolerance.
    """

    value: Any
    error: float
    converged: bool


def sinkhorn_divergence(
    x: Any, y: Any, epsilon: float | None = None, iterations: int = 200, tolerance: float = 1e-3
) -> SinkhornDivergence:
    """OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2, entropic, squared distance (Feydy et al. 2019).

    Args:
        x: (n, d). y: (m, d).
        epsilon: as in `sinkhorn`, whose error and tolerance are meant too; None is what it takes for x and y.

    The gradient is that of the plans at hand (envelope theorem), so it is exact where they converged.
    """
    x, y = as_tensors(x, y, gradient=True)
    sides = (x, y), (x, x), (y, y)
    with torch.no_grad():
        if epsilon is None:  # one for all three problems
            epsilon = relative_epsilon(x, y)
        plans = [
            sinkhorn(one, other, epsilon=epsilon, iterations=iterations, tolerance=tolerance)
            for one, other in sides
        ]
    across, within, beyond = (dual_value(plan) for plan in plans)
    value: Any = across - (within + beyond) / 2
    if _has_gradient(x, y):
        costs = [_linear_cost(plan, *pair) for plan, pair in zip(plans, sides, strict=True)]
        slope = costs[0] - (costs[1] + costs[2]) / 2
        value = value + slope - slope.detach()
    return SinkhornDivergence(
        value,
        max(plan.error for plan in plans),
        all(plan.converged for plan in plans),
    )


def _has_gradient(*points: Tensor) -> bool:
    return torch.is_grad_enabled() and any(p.requires_grad for p in points)


def _linear_cost(plan: Coupling[Tensor], x: Tensor, y: Tensor) -> Tensor:
    """<P, C> up to a constant, with the gradient in x and y that it has where P is held."""
    with torch.no_grad():
        a, b = plan.marginals()
        toward, back = plan.apply(y), plan.transposed.apply(x)
    squares = a @ x.square().sum(1) + b @ y.square().sum(1)
    return squares - 2 * (x * toward).sum() - 2 * (y * back).sum()


def dual_value(plan: Coupling[Tensor]) -> float:
    """<a, f> + <b, g>: the entropic cost of the plan at convergence, a lower bound before."""
    return float((plan.a.double() @ plan.f.double()) + (plan.b.double() @ plan.g.double()))


def sliced_wasserstein(x: Any, y: Any, *, projections: int = 256, seed: int = 0) -> Any:
    """Root mean squared 2-Wasserstein distance of random one-dimensional projections (Rabin et al. 2011).

    Args:
        x: (n, d). y: (m, d); n need not be m: quantile functions are compared at max(n, m) levels.
        projections: directions, uniform on the sphere.
        seed: of the directions.

    Returns:
        in units of the points' coordinates; 0 for equal clouds.
    """
    x, y = as_tensors(x, y, gradient=True)
    _check(x, y)
    directions = torch.randn(
        x.shape[1], projections, generator=generator(seed), dtype=torch.float64
    )
    directions = (directions / directions.norm(dim=0)).to(x)
    one, other = (x @ directions).sort(dim=0).values, (y @ directions).sort(dim=0).values
    if len(x) != len(y):
        levels = (torch.arange(max(len(x), len(y)), device=x.device) + 0.5) / max(len(x), len(y))
        one, other = (s[(levels * len(s)).long().clamp(max=len(s) - 1)] for s in (one, other))
    distance = (one - other).square().mean().sqrt()
    return distance if _has_gradient(x, y) else float(distance)


def maximum_mean_discrepancy(
    x: Any, y: Any, *, bandwidth: float | None = None, chunk: int = 1024
) -> Any:
    """Unbiased squared MMD with the kernel exp(-|x - y|^2 / (2 bandwidth^2)) (Gretton et al. 2012, lemma 6).

    Args:
        x: (n, d). y: (m, d); two rows each at least.
        bandwidth: in units of the points; None takes the root mean squared distance over sqrt(2), of all points; a
            gradient holds it constant.
        chunk: rows at a time.

    Returns:
        0 in the mean for equal distributions, so it may be slightly negative.
    """
    x, y = as_tensors(x, y, gradient=True)
    _check(x, y)
    if bandwidth is None:
        both = torch.cat([x, y])
        bandwidth = float((both - both.mean(0)).square().sum(1).mean().sqrt())
    n, m = len(x), len(y)
    within = (_kernel_sum(x, x, bandwidth, chunk) - n) / (n * (n - 1))
    beyond = (_kernel_sum(y, y, bandwidth, chunk) - m) / (m * (m - 1))
    value = within + beyond - 2 * _kernel_sum(x, y, bandwidth, chunk) / (n * m)
    return value if _has_gradient(x, y) else float(value)


def _kernel_sum(x: Tensor, y: Tensor, bandwidth: float, chunk: int) -> Tensor:
    norms = y.square().sum(1)
    total = x.new_zeros((), dtype=torch.float64)
    for i in range(0, len(x), chunk):
        part = x[i : i + chunk]
        squared = part.square().sum(1)[:, None] + norms - 2 * part @ y.T
        total = total + (squared / (-2 * bandwidth**2)).exp().sum(dtype=torch.float64)
    return total


def _check(x: Tensor, y: Tensor) -> None:
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise InputError(
            f"clouds of shape {tuple(x.shape)} and {tuple(y.shape)}: need two rows each, of the same dimension"
        )
