"""Gromov-Wasserstein on inner products by proximal points: the plan is remembered as one (d, d') matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from distmatch.device import Group, gather_rows, shard, sum_over
from distmatch.errors import InputError
from distmatch.transport.coupling import Coupling
from distmatch.transport.kernel import sweep
from distmatch.transport.sinkhorn import masses


@dataclass(frozen=True, kw_only=True)
class GromovResult:
    """Where proximal Gromov-Wasserstein ended."""

    moment: Tensor
    """(d, d'): X' P Y, whose polar factor is the best orthogonal map."""
    coupling: Coupling
    """P, with its marginal error."""
    steps: int
    """Proximal steps done."""
    converged: bool
    """Whether the plan stopped changing and its marginals hold."""
    interrupted: bool = False
    """Whether an interrupt ended the steps."""
    history: list[dict[str, float]] = field(default_factory=list)
    """Per step: `cost`, the squared-loss GW cost of the plan without its constant, and `sharpness`,
    the sum of squared singular values of the moment over its maximum (1 for a matched rotation)."""


def gromov_wasserstein(
    x: Tensor,
    y: Tensor,
    epsilon: float = 5e-2,
    frequency: float | None = None,
    *,
    a: Tensor | None = None,
    b: Tensor | None = None,
    steps: int = 100,
    inner: int = 3,
    tolerance: float = 1e-3,
    moment: Tensor | None = None,
    log_frequency: tuple[Tensor, Tensor] | None = None,
    chunk: int = 512,
    group: Group = None,
    callback: Callable[[int, dict[str, float]], Any] | None = None,
) -> GromovResult:
    """Proximal-point Gromov-Wasserstein with the costs <x_i, x_k> and <y_j, y_l>, squared loss.

    With fixed marginals the square loss is a constant minus 2 |M|^2, M = X'PY, so its gradient is the
    cost -4 <x_i M, y_j>. A proximal step (Peyré et al. 2016; Xu et al. 2019)

        P_t = argmin <-4 X M Y', P> + epsilon KL(P | P_{t-1})

    multiplies the plan by exp((4 / epsilon) <x_i M, y_j>) and balances it again; hence
    P_t = a_i b_j exp(f_i + g_j + <x_i S, y_j>) with S the running sum of (4 / epsilon) M. The history of
    the plan is one (d, d') matrix, and memory is that of the points.

    The start is the product plan, so the points' means break the symmetry; give a moment if they are zero.

    Args:
        x: (n, d) points, unit rows for cosines.
        y: (m, d') points; d' need not be d.
        epsilon: weight of the proximal term, in units of squared cosine differences.
        frequency: weight of the fused term (log rank_i - log rank_j)^2, rows counted from 1 in order of
            frequency; None or 0 leaves it out.
        a: (n,) masses, None for uniform.
        b: (m,) masses, None for uniform.
        steps: maximum number of proximal steps.
        inner: Sinkhorn iterations per step; a few suffice, since the potentials carry over.
        tolerance: stop when the moment changes by less than this share, with marginal error below it.
        moment: (d, d') to start from instead of that of the product plan.
        log_frequency: (n,) and (m,) to use in place of the logarithms of the ranks.
        chunk: rows at a time.
        group: processes that share the rows of x; same arguments and same answer on all.
        callback: called with the step and its figures. An interrupt after the first step keeps the plan so far.

    Raises:
        InputError: masses that are not positive, an epsilon that is not, fewer than two points.
    """
    n, m = len(x), len(y)
    if n < 2 or m < 2 or not epsilon > 0:
        raise InputError(
            f"need two points on each side and a positive epsilon, got {n}, {m}, {epsilon}"
        )
    a, b = masses(a, n, x), masses(b, m, y)
    mine = shard(n, group)
    rows, columns = x, y
    weight = frequency or 0.0
    if weight:
        u, v = _log_ranks(n, x), _log_ranks(m, y)
        if log_frequency is not None:
            u, v = log_frequency[0].to(x), log_frequency[1].to(y)
        # -w (u - v)^2 = 2 w u v + separable terms, which the potentials absorb.
        rows, columns = (
            torch.cat([x, (u - u.mean())[:, None]], 1),
            torch.cat([y, (v - v.mean())[:, None]], 1),
        )
    d, k = x.shape[1], y.shape[1]
    state = x.new_zeros(rows.shape[1], columns.shape[1])
    current = torch.outer(a @ x, b @ y) if moment is None else moment.to(x)
    largest = spread(x, a) * spread(y, b)
    f: Tensor | None = None
    g = y.new_zeros(m)
    history: list[dict[str, float]] = []
    error, change, step, interrupted = float("nan"), float("inf"), 0, False
    for step in range(1, steps + 1):
        try:
            state[:d, :k] += (4 / epsilon) * current
            if weight:
                state[d, k] += 2 * weight / epsilon
            queries = rows[mine] @ state
            averages = None
            for i in range(inner):
                values = y if i == inner - 1 else None
                f, g, error, averages = sweep(
                    queries, columns, f, g, a[mine], b, values=values, chunk=chunk, group=group
                )
            assert averages is not None
            new = sum_over((x[mine] * a[mine, None]).T @ averages, group)
            change = float((new - current).norm() / new.norm().clamp(min=1e-30))
            current = new
            history.append(_figures(current, largest, change, error))
            if callback is not None:
                callback(step, history[-1])
        except KeyboardInterrupt:
            if not history:
                raise
            interrupted = True
            break
        if change < tolerance and error < tolerance:
            break
    assert f is not None
    # One more sweep measures the marginal error of the plan that is returned.
    error = sweep(rows[mine] @ state, columns, f, g, a[mine], b, chunk=chunk, group=group)[2]
    converged = change < tolerance and error < 10 * tolerance
    coupling = Coupling(
        queries=rows @ state, keys=columns, row_cost=x.new_zeros(n), column_cost=y.new_zeros(m),
        a=a, b=b, f=gather_rows(f, n, group), g=g, epsilon=1.0, error=error, iterations=step * inner,
        converged=error < tolerance, chunk=chunk,
    )  # fmt: skip
    return GromovResult(
        moment=current, coupling=coupling, steps=step, converged=converged and not interrupted,
        interrupted=interrupted, history=history,
    )  # fmt: skip


def _figures(moment: Tensor, largest: float, change: float, error: float) -> dict[str, float]:
    power = float(moment.square().sum())
    return {"cost": -2 * power, "sharpness": power / largest, "change": change, "error": error}


def _log_ranks(n: int, like: Tensor) -> Tensor:
    return torch.arange(1, n + 1, device=like.device, dtype=like.dtype).log()


def spread(x: Tensor, a: Tensor) -> float:
    """Norm of the second moment: |X'PY|^2 is at most the product of both sides' (Cauchy-Schwarz)."""
    return float(((x * a[:, None]).T @ x).norm())
