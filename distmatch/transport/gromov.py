"""Gromov-Wasserstein on inner products: the plan is remembered as one (d, d') matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from distmatch.device import Group, shard, sum_over
from distmatch.embeddings.arrays import is_tensor
from distmatch.transport.coupling import Coupling
from distmatch.transport.gromovdescent import Descent, block, descend, plan_of
from distmatch.transport.gromovstarts import Factors, searched_moments
from distmatch.transport.kernel import Duals, sweep
from distmatch.transport.parameters import counted, finite_points, fits_memory, masses, positive
from distmatch.transport.sweeps import Sweeps
from distmatch.transport.tensors import Array, as_given, as_tensors

BALANCING = 500
"""Sinkhorn iterations that the last plan may take to have its marginals."""
SADDLE = 1e-4
"""Part of the largest interaction below which a start is at a saddle, and the product plan tells it no direction."""


@dataclass(frozen=True, kw_only=True)
class GromovResult(Generic[Array]):
    """Where proximal Gromov-Wasserstein ended."""

    moment: Array
    """(d, d'): X' P Y, whose polar factor is the best orthogonal map."""
    coupling: Coupling[Array]
    """P, with its marginal error."""
    steps: int
    """Proximal steps done."""
    converged: bool
    """Whether the plan stopped changing, is no saddle, and its marginals, computed from it, are within the tolerance."""
    interrupted: bool = False
    """Whether an interrupt ended the steps."""
    history: list[dict[str, float]] = field(default_factory=list)
    """Per step: `cost`, the squared-loss GW cost of the plan without its constant, and `sharpness`,
    the sum of squared singular values of the moment over its maximum (1 for a matched rotation)."""
    cost: float = float("nan")
    """The squared-loss GW cost of the plan, in units of squared inner products."""

    def to_numpy(self) -> GromovResult[np.ndarray]:
        """The same result in arrays."""
        moment, coupling = as_given(self.moment, None), self.coupling.to_numpy()
        return cast(GromovResult[np.ndarray], replace(self, moment=moment, coupling=coupling))


def gromov_wasserstein(
    x: Array,
    y: Any,
    epsilon: float | None = None,
    frequency: float | None = None,
    *,
    a: Any = None,
    b: Any = None,
    steps: int = 100,
    inner: int = 3,
    tolerance: float | None = None,
    moment: Any = None,
    log_frequency: tuple[Any, Any] | None = None,
    starts: int | None = None,
    seed: int = 0,
    chunk: int = 512,
    group: Group = None,
    callback: Callable[[int, dict[str, float]], Any] | None = None,
) -> GromovResult[Array]:
    """Gromov-Wasserstein with the costs <x_i, x_k> and <y_j, y_l>, squared loss.

    With fixed marginals the square loss is a constant minus 2 |M|^2, M = X'PY, so its gradient is the
    cost -4 <x_i M, y_j>. Without an epsilon (the default) the scale of the points does not matter: several starts are
    annealed on a sample of the points, and from the best of them epsilon falls, in units of the largest |M|^2 that
    there can be, until the cost no longer does. With an epsilon these are proximal points (Peyré et al. 2016; Xu et al. 2019),

        P_t = argmin <-4 X M Y', P> + epsilon KL(P | P_{t-1}),

    which multiply the plan by exp((4 / epsilon) <x_i M, y_j>) and balance it again; hence
    P_t = a_i b_j exp(f_i + g_j + <x_i S, y_j>) with S the running sum of (4 / epsilon) M. Either way the history of
    the plan is one (d, d') matrix, and memory is that of the points.

    Args:
        x: (n, d) points, unit rows for cosines: a tensor, an array, or whatever `align` takes. The work is done in
            the widest type given.
        y: (m, d') points; d' need not be d.
        epsilon: weight of the proximal term, in units of products of inner products; None is relative and multi-start.
        frequency: weight of the fused term (log rank_i - log rank_j)^2, rows counted from 1 in order of
            frequency; None or 0 leaves it out. In units of epsilon; without one, of the largest |M|^2.
        a: (n,) masses, None for uniform; points of mass zero are allowed, and masses are divided by their sum.
        b: (m,) masses, None for uniform.
        steps: maximum number of steps.
        inner: Sinkhorn iterations per proximal step; a few suffice, since the potentials carry over.
        tolerance: stop when the moment changes by less than this share; and the L1 marginal error that `converged`
            allows. None is 1e-3, or 1e-6 in float64.
        moment: (d, d') to start from. Proximal points start from the product plan, unless that is a saddle (points
            with mean zero): then from the search.
        log_frequency: (n,) and (m,) to use in place of the logarithms of the ranks.
        starts: number of starts of the search; None is all, 13 or, of small problems, 41 at most.
        seed: of the search.
        chunk: rows at a time.
        group: processes that share the rows of x; same arguments and same answer on all.
        callback: called with the step and its figures. An interrupt after the first step keeps the plan so far.

    Returns:
        the plan and its moment; of tensors if x is one, else of arrays. There is no gradient.

    Raises:
        InputError: points or numbers that are NaN, infinite or negative; no points.
    """
    points, y, a, b, moment, *logs = as_tensors(x, y, a, b, moment, *(log_frequency or ()))
    finite_points(points, "x")
    finite_points(y, "y")
    a, b = (masses(w, len(z), z) for w, z in ((a, points), (b, y)))
    if epsilon is not None:
        epsilon = positive(epsilon, "epsilon")
    weight = 0.0 if frequency is None else positive(frequency, "frequency", zero=True)
    if tolerance is None:
        tolerance = 1e-6 if points.dtype == torch.float64 else 1e-3
    if moment is not None:
        finite_points(moment, "moment")
    run = _Run(
        epsilon, counted(steps, "steps"), counted(inner, "inner"), positive(tolerance, "tolerance", zero=True),
        None if starts is None else counted(starts, "starts"), seed, counted(chunk, "chunk"), group, callback,
    )  # fmt: skip
    result = _with_all_points(points, y, (a, b), (weight, logs), moment, run)
    return cast(GromovResult[Array], result if is_tensor(x) else result.to_numpy())


class _Run(NamedTuple):
    """Settings of `gromov_wasserstein`, under its names."""

    epsilon: float | None
    steps: int
    inner: int
    tolerance: float
    starts: int | None
    seed: int
    chunk: int
    group: Group
    callback: Callable[[int, dict[str, float]], Any] | None


def _with_all_points(
    x: Tensor,
    y: Tensor,
    weights: tuple[Tensor, Tensor],
    frequency: tuple[float, list[Tensor]],
    moment: Tensor | None,
    run: _Run,
) -> GromovResult[Tensor]:
    """The plan: found without the points of no mass, which then get their potentials."""
    weight, logs = frequency
    u, v = (z.new_zeros(len(z), 0) for z in (x, y))
    if weight:
        # -w (u - v)^2 = 2 w u v + separable terms, which the potentials absorb.
        u, v = (
            (log - log.mean())[:, None] for log in (logs or [_log_ranks(len(z), z) for z in (x, y)])
        )
    rows, columns = (w.nonzero()[:, 0] for w in weights)
    a, b = weights[0][rows], weights[1][columns]
    scales = [max(spread(z[k], w), 1e-300) ** 0.5 for z, k, w in ((x, rows, a), (y, columns, b))]
    scales = [scale if scale > 1e-30 else 1.0 for scale in scales]
    unit = scales[0] * scales[1]
    gain = 2 * weight if run.epsilon is None else 2 * weight / unit**2
    problem = Factors(
        x[rows] / scales[0], y[columns] / scales[1], a, b, x.new_ones(x.shape[1]), y.new_ones(y.shape[1]),
        (gain * u[rows], v[columns]),
    )  # fmt: skip
    start = None if moment is None else moment / unit
    found = (
        _relative(problem, start, run)
        if run.epsilon is None
        else _proximal(problem, start, unit, run)
    )
    keys = torch.cat([y / scales[1], v], 1)
    queries = torch.cat([x / scales[0], gain * u], 1) @ found.state
    plan = found.coupling
    f, g = plan.f, plan.g
    if len(rows) < len(x) or len(columns) < len(y):
        f = plan.transposed.potential(queries, queries.new_zeros(len(x)))
        g = plan.potential(keys, keys.new_zeros(len(y)))
        f[rows], g[columns] = plan.f, plan.g
    plan = replace(
        plan, queries=queries, keys=keys, row_cost=x.new_zeros(len(x)), column_cost=y.new_zeros(len(y)), a=weights[0],
        b=weights[1], f=f, g=g, row_points=x, column_points=y,
    )  # fmt: skip
    error = plan.violation()
    plan = replace(plan, error=error, converged=error <= run.tolerance)
    raw = float(unit) ** 2
    history = [{**entry, "cost": entry["cost"] * raw} for entry in found.history]
    constant = scales[0] ** 4 * problem.constant(0) + scales[1] ** 4 * problem.constant(1)
    return GromovResult(
        moment=found.moment * unit, coupling=plan, steps=len(history),
        converged=found.converged and plan.converged and not found.interrupted, interrupted=found.interrupted,
        history=history, cost=constant - 2 * raw * float(problem.interaction(found.moment)),
    )  # fmt: skip


def _relative(problem: Factors, moment: Tensor | None, run: _Run) -> Descent:
    first = [moment] if moment is not None else searched_moments(problem, run.seed, run.starts)
    found: list[Descent] = []
    for one in first:
        try:
            found.append(descend(
                problem, one, steps=run.steps, tolerance=run.tolerance, chunk=run.chunk, group=run.group,
                callback=run.callback,
            ))  # fmt: skip
        except KeyboardInterrupt:
            if not found:
                raise
            found.append(found[-1]._replace(interrupted=True))
        if found[-1].interrupted:
            return found[-1]
    return max(found, key=lambda one: float(problem.interaction(one.moment)))


def _proximal(problem: Factors, moment: Tensor | None, unit: float, run: _Run) -> Descent:
    """Proximal steps on the plan a_i b_j exp(f_i + g_j + <x_i S, y_j>), whose history is S."""
    assert run.epsilon is not None
    x, y, a, b = problem[:4]
    u, v = problem.linear
    mine, epsilon = shard(len(x), run.group), run.epsilon / unit**2
    rows, columns = torch.cat([x, u], 1), torch.cat([y, v], 1)
    if moment is None:
        moment = torch.outer(a @ x, b @ y)
        if not u.shape[1] and float(moment.square().sum()) < SADDLE:
            moment = searched_moments(problem, run.seed, run.starts)[0]
    state = x.new_zeros(rows.shape[1], columns.shape[1])
    f, g = None, y.new_zeros(len(y))
    history: list[dict[str, float]] = []
    interrupted = settled = False
    for step in range(1, run.steps + 1):
        new = state + block(4 * moment, u.shape[1]) / epsilon
        try:
            queries = rows[mine] @ new
            averages, error, p, q = None, float("nan"), f, g
            for i in range(run.inner):
                p, q, error, averages = sweep(
                    queries, columns, Duals(p, q, a[mine], b), values=y if i == run.inner - 1 else None,
                    chunk=run.chunk, group=run.group,
                )  # fmt: skip
            assert averages is not None
            found = sum_over((x[mine] * a[mine, None]).T @ averages, run.group)
            change = float((found - moment).norm() / found.norm().clamp(min=1e-30))
            state, f, g, moment = new, p, q, found
            power = float(found.square().sum())
            history.append(
                {"cost": -2 * power, "sharpness": power, "change": change, "error": error}
            )
            if run.callback is not None:
                run.callback(step, history[-1])
        except KeyboardInterrupt:
            if not history:
                raise
            interrupted = True
            break
        settled = change < run.tolerance
        if settled and error < run.tolerance:
            break
    assert f is not None
    if settled and not history[-1]["error"] < run.tolerance / 2:
        dense = fits_memory(len(x) * len(y), x, run.group)
        sweeps = Sweeps(
            rows[mine] @ state, columns, a[mine], b, (1.0, 1.0), dense, run.chunk, run.group
        )
        f, g, _, _ = sweeps.run(f, g, BALANCING, run.tolerance / 2)
    return Descent(
        state,
        moment,
        plan_of(problem, state, f, g, run.chunk, run.group),
        settled,
        interrupted,
        history,
    )


def _log_ranks(n: int, like: Tensor) -> Tensor:
    return torch.arange(1, n + 1, device=like.device, dtype=like.dtype).log()


def spread(x: Tensor, a: Tensor) -> float:
    """Norm of the second moment: |X'PY|^2 is at most the product of both sides' (Cauchy-Schwarz)."""
    return float(((x * a[:, None]).T @ x).norm())
