"""Annealed fused Gromov-Wasserstein of points: inner products, and features that both sides share."""

from __future__ import annotations

import torch
from torch import Tensor

from distmatch.transport.coupling import Coupling
from distmatch.transport.gromov import GromovResult, spread
from distmatch.transport.kernel import Duals, sweep


def fused_gromov(
    x: Tensor,
    y: Tensor,
    features: tuple[Tensor, Tensor],
    *,
    known: Tensor | None = None,
    weight: float = 0.025,
    epsilons: tuple[float, float] = (0.25, 0.025),
    steps: int = 12,
    inner: int = 3,
) -> GromovResult:
    """Fixed points of fused Gromov-Wasserstein (Vayer et al. 2019) at falling epsilon, memory (n + m) d.

    Each step balances exp((4 <x_i M, y_j> - w |u_i - v_j|^2) / epsilon), M = X'PY of the step before; the
    first knows the features and the known pairs alone. All weights are in units of |X'X| |Y'Y| / (n m), the
    most that |M|^2 can be, to the power 1/2.

    Args:
        x: (n, d) centred unit rows. y: (m, d').
        features: u (n, k) and v (m, k), comparable, of variance about 1.
        known: (d, d') moment of pairs that are known, in units of rows; they are part of M.
        weight: w.
        epsilons: of the first and the last step; geometric between.
        inner: Sinkhorn iterations per step.
    """
    n, m, d, k = len(x), len(y), x.shape[1], y.shape[1]
    a, b = x.new_full((n,), 1 / n), y.new_full((m,), 1 / m)
    unit = (spread(x, a) * spread(y, b)) ** 0.5
    u, v = features
    rows = torch.cat([x, u], 1)
    columns = torch.cat([y, v], 1)
    # |u - v|^2 without its separable parts, which the potentials absorb.
    state = x.new_zeros(rows.shape[1], columns.shape[1])
    fixed = x.new_zeros(d, k) if known is None else known / n
    first, last = epsilons
    f, g, error = None, -(weight / first) * v.square().sum(1), float("nan")
    moment, history = x.new_zeros(d, k), []
    for step in range(steps):
        epsilon = unit * first * (last / first) ** (step / max(steps - 1, 1))
        state[:d, :k] = (4 / epsilon) * (moment + fixed)
        state[d:, k:] = torch.eye(u.shape[1], dtype=x.dtype, device=x.device) * (
            2 * weight * unit / epsilon
        )
        averages = None
        for i in range(inner):
            f, g, error, averages = sweep(
                rows @ state, columns, Duals(f, g, a, b), values=y if i == inner - 1 else None
            )
        assert averages is not None
        new = x.T @ averages / n
        change = float((new - moment).norm() / new.norm().clamp(min=1e-30))
        moment = new
        power = float(moment.square().sum())
        history.append(
            {"cost": -2 * power, "sharpness": power / unit**2, "change": change, "error": error}
        )
    assert f is not None
    queries = rows @ state
    error = sweep(queries, columns, Duals(f, g, a, b))[2]
    coupling = Coupling(
        queries=queries, keys=columns, row_cost=x.new_zeros(n), column_cost=y.new_zeros(m), a=a, b=b,
        f=f, g=g, epsilon=1.0, error=error, iterations=steps * inner, converged=error < 1e-2,
    )  # fmt: skip
    return GromovResult(
        moment=moment + fixed,
        coupling=coupling,
        steps=steps,
        converged=error < 1e-2,
        history=history,
    )
