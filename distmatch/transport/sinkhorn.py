"""Entropic optimal transport between two sets of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from distmatch.device import Group, gather_rows, shard
from distmatch.embeddings.arrays import is_tensor
from distmatch.errors import InputError
from distmatch.transport.coupling import Coupling
from distmatch.transport.parameters import counted, finite_points, fits_memory, masses, positive
from distmatch.transport.sweeps import Sweeps
from distmatch.transport.tensors import Array, as_tensors

RELATIVE_EPSILON = 0.025
"""Epsilon that is taken where none is given, as a share of the mean cost of centred points; 0.05 for unit rows."""
SCHEDULED = 0.02
"""Epsilon, as a share of that cost, below which larger ones come first."""
EPSILON_ROOM = 2.0**10
"""Epsilon over the rounding error of the largest cost, from which float32 resolves a plan; below, float64 is used."""
EPSILON_FLOOR = 2.0**23
"""The same for float64: an epsilon below is raised to it."""
STAGE, ROUGH = 60, 1e-2
"""Iterations at most, and marginal error, of each larger epsilon of a schedule."""
STOPPING_SHARES = (0.5, 0.05, 0.005)
"""Errors at which the iterations stop, as shares of the tolerance: where the plan's other side does not yet hold, they go on."""
Held = float | None
"""Weight of a marginal; None holds it exactly."""


class InnerCost(NamedTuple):
    """The cost r_i + c_j - <q_i, k_j>."""

    queries: Tensor
    """(n, d): q."""
    keys: Tensor
    """(m, d): k."""
    rows: Tensor
    """(n,): r."""
    columns: Tensor
    """(m,): c."""


class Solver(NamedTuple):
    """Settings of `sinkhorn`, under its names."""

    epsilon: float
    iterations: int
    tolerance: float
    unbalanced: tuple[Held, Held]
    schedule: Sequence[float]
    dense: bool
    chunk: int
    group: Group


def sinkhorn(
    x: Array,
    y: Any,
    a: Any = None,
    b: Any = None,
    epsilon: float | None = None,
    iterations: int = 1000,
    tolerance: float | None = None,
    *,
    unbalanced: float | tuple[Held, Held] | None = None,
    schedule: Sequence[float] | None = None,
    start: tuple[Any, Any] | None = None,
    dense: bool | None = None,
    chunk: int = 512,
    group: Group = None,
) -> Coupling[Array]:
    """Entropic transport for the squared Euclidean cost (Cuturi 2013), in the log domain.

    min over P of <C, P> + epsilon KL(P | a b'), with the row and column sums of P equal to a and b, or,
    unbalanced, held to them by rho KL(P1 | a) + rho' KL(P'1 | b) (Chizat et al. 2018). There is no gradient through
    the iterations; `sinkhorn_divergence` has one.

    Args:
        x: (n, d) points: a tensor, an array, or whatever `align` takes. The work is done in the widest type given, and
            in float64 where epsilon is too small for float32 to resolve the plan.
        y: (m, d) points.
        a: (n,) masses, None for uniform; points of mass zero are allowed. Balanced, they are divided by their sum;
            unbalanced, they are taken as they are.
        b: (m,) likewise.
        epsilon: entropy weight, in units of the cost |x_i - y_j|^2. None is relative: 2.5 % of the mean cost of the
            points with both means at zero, so points in other units have the same plan. An epsilon that float64 cannot
            resolve (2e-9 of the largest cost) is raised to what it can; the coupling's `epsilon` is the one used.
        iterations: maximum number, at the last epsilon.
        tolerance: L1 marginal error to stop at, as a share of the whole mass; None is 1e-3, or 1e-7 in float64.
        unbalanced: rho, or (rho, rho'), in units of the cost; None, for one side or both, holds marginals exactly.
        schedule: larger epsilons to pass through first, see `epsilon_schedule`; None chooses them where epsilon is
            small.
        start: potentials (f, g) to start from, in units of the cost.
        dense: keep the (n, m) kernel (faster) or stream it (memory chunk * m); None keeps it if a quarter of the free
            memory holds it.
        chunk: rows at a time.
        group: processes that share the work; every one passes the same arguments and gets the same answer.

    Returns:
        The coupling; of tensors if x is one, else of arrays. `converged` was checked on the plan itself: its marginals
        are within the tolerance or, unbalanced, satisfy the conditions of optimality.

    Raises:
        InputError: shapes that do not go together; NaN, infinite or negative numbers; a gradient asked for.
    """
    points, y, a, b, *potentials = as_tensors(x, y, a, b, *(start or ()))
    if points.ndim != 2 or y.ndim != 2 or points.shape[1] != y.shape[1]:
        raise InputError(
            f"points of shape {tuple(points.shape)} and {tuple(y.shape)}: need the same dimension. "
            "For spaces of different dimension use gromov_wasserstein"
        )
    held = _held(unbalanced)
    finite_points(points, "x")
    finite_points(y, "y")
    a, b = (masses(w, len(z), z, normalized=held == (None, None)) for w, z in ((a, points), (b, y)))
    mean, largest = _cost_scale(points, y, a, b)
    relative = RELATIVE_EPSILON * mean or largest or 1.0
    step = relative if epsilon is None else positive(epsilon, "epsilon")
    step, kind = _resolved(step, largest, points.dtype)
    if schedule is None:
        small = start is None and step < SCHEDULED * mean
        schedule = epsilon_schedule(mean, step) if small else ()
    if tolerance is None:
        tolerance = 1e-3 if kind == torch.float32 else 1e-7
    solver = Solver(
        step, counted(iterations, "iterations"), positive(tolerance, "tolerance", zero=True), held,
        [max(positive(larger, "schedule"), step) for larger in schedule],
        fits_memory(len(points) * len(y), points.to(kind), group) if dense is None else dense,
        counted(chunk, "chunk"), group,
    )  # fmt: skip
    points, y, a, b, *potentials = (t.to(kind) for t in (points, y, a, b, *potentials))
    coupling = _with_all_points(points, y, (a, b), solver, tuple(potentials))
    return cast(Coupling[Array], coupling if is_tensor(x) else coupling.to_numpy())


def relative_epsilon(x: Tensor, y: Tensor) -> float:
    """The epsilon that `sinkhorn` takes for points of equal mass where none is given."""
    a, b = (z.new_ones(len(z)) for z in (x, y))
    mean, largest = _cost_scale(x, y, a, b)
    return RELATIVE_EPSILON * mean or largest or 1.0


def _cost_scale(x: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[float, float]:
    """Mean squared distance of the points with both means at zero, and a bound of all squared distances."""
    square = 0.0
    for points, weights in ((x, a), (y, b)):
        share = (weights / weights.sum()).double()
        centred = points.double() - share @ points.double()
        square += float(share @ centred.square().sum(1))
    middle = _middle(x, y)
    radii = [float((z - middle).square().sum(1).max().sqrt()) for z in (x, y)]
    if not sum(radii) ** 2 < torch.finfo(x.dtype).max:
        raise InputError("points so far apart that their squared distances overflow. Rescale them")
    return square, sum(radii) ** 2


def _middle(x: Tensor, y: Tensor) -> Tensor:
    return (x.mean(0) + y.mean(0)) / 2


def _resolved(epsilon: float, largest: float, kind: torch.dtype) -> tuple[float, torch.dtype]:
    """Epsilon and the type that resolves the plan at it."""
    if epsilon < EPSILON_ROOM * torch.finfo(kind).eps * largest:
        kind = torch.float64
    return max(epsilon, EPSILON_FLOOR * torch.finfo(torch.float64).eps * largest), kind


def _held(unbalanced: float | tuple[Held, Held] | None) -> tuple[Held, Held]:
    both = unbalanced if isinstance(unbalanced, (tuple, list)) else (unbalanced, unbalanced)
    if len(both) != 2:
        raise InputError(f"unbalanced is {unbalanced!r}, need a number or two")
    remedy = "None holds the marginals exactly"
    one, other = (None if rho is None else positive(rho, "unbalanced", remedy) for rho in both)
    return one, other


def _with_all_points(
    x: Tensor,
    y: Tensor,
    weights: tuple[Tensor, Tensor],
    solver: Solver,
    start: tuple[Tensor, ...],
) -> Coupling[Tensor]:
    """The coupling: solved without the points of no mass, which then get their potentials."""
    middle = _middle(x, y)
    u, v = (
        x - middle,
        y - middle,
    )  # inner products of points far from zero round their distances away
    cost = InnerCost(2 * u, v, u.square().sum(1), v.square().sum(1))
    if solver.unbalanced != (None, None):
        # Damping acts on whole potentials, so the separable costs have to be part of the scores.
        queries, keys, r, c = cost
        queries = torch.cat([queries, -r[:, None], torch.ones_like(r)[:, None]], 1)
        keys = torch.cat([keys, torch.ones_like(c)[:, None], -c[:, None]], 1)
        cost = InnerCost(queries, keys, torch.zeros_like(r), torch.zeros_like(c))
    a, b = weights
    rows, columns = (w.nonzero()[:, 0] for w in weights)
    if len(rows) == len(x) and len(columns) == len(y):
        plan = _solve(cost, a, b, solver, start)
        return replace(plan, row_points=x, column_points=y)
    queries, keys, r, c = cost
    some = (start[0][rows], start[1][columns]) if start else ()
    inner = InnerCost(queries[rows], keys[columns], r[rows], c[columns])
    plan = _solve(inner, a[rows], b[columns], solver, some)
    f = plan.transposed.potential(queries, r, solver.unbalanced[0])
    g = plan.potential(keys, c, solver.unbalanced[1])
    f[rows], g[columns] = plan.f, plan.g
    return replace(
        plan, queries=queries, keys=keys, row_cost=r, column_cost=c, a=a, b=b, f=f, g=g, row_points=x, column_points=y
    )  # fmt: skip


def _solve(
    cost: InnerCost,
    a: Tensor,
    b: Tensor,
    solver: Solver,
    start: tuple[Tensor, ...],
) -> Coupling[Tensor]:
    """The coupling of positive masses a (n,) and b (m,) under the cost."""
    mine = shard(len(cost.queries), solver.group)
    f: Tensor | None = None
    g = -cost.columns  # a column's own cost weighs as much as its potential
    if start:
        f, g = (start[0] - cost.rows)[mine], start[1] - cost.columns
    iterations = solver.iterations

    def sweeps(step: float) -> Sweeps:
        return Sweeps(
            cost.queries[mine] / step, cost.keys, a[mine], b, _damping(solver.unbalanced, step), solver.dense, solver.chunk,
            solver.group,
        )  # fmt: skip

    for step in solver.schedule:  # warm starts: rough answers are enough
        effort = min(STAGE, iterations), max(solver.tolerance, ROUGH)
        f, g, _, _ = sweeps(step).run(None if f is None else f / step, g / step, *effort)
        f, g = f * step, g * step
    step, last, done = solver.epsilon, sweeps(solver.epsilon), 0
    f, g = None if f is None else f / step, g / step
    for share in STOPPING_SHARES:
        f, g, error, more = last.run(f, g, iterations - done, share * solver.tolerance)
        done += more
        plan = _plan(cost, (a, b), (f * step, g * step), solver)
        if error <= solver.tolerance:
            # What the iterations say of themselves is checked on the plan that is returned, which costs two sweeps.
            error = plan.violation(solver.unbalanced)
        plan = replace(plan, error=error, converged=error <= solver.tolerance, iterations=done)
        if plan.converged or done >= iterations or solver.tolerance == 0:
            break
    return plan  # pyright: ignore[reportPossiblyUnbound]


def _plan(
    cost: InnerCost,
    weights: tuple[Tensor, Tensor],
    potentials: tuple[Tensor, Tensor],
    solver: Solver,
) -> Coupling[Tensor]:
    """The coupling of potentials (of the rows of this process, and of all columns), not checked."""
    queries, keys, row_cost, column_cost = cost
    (a, b), (f, g) = weights, potentials
    f = gather_rows(f, len(queries), solver.group)
    if solver.unbalanced == (None, None):
        # Balanced potentials are free up to a constant: half of the dual value each, however they were found.
        excess = (a @ (f + row_cost) - b @ (g + column_cost)) / 2
        f, g = f - excess, g + excess
    return Coupling(
        queries=queries, keys=keys, row_cost=row_cost, column_cost=column_cost, a=a, b=b, f=f + row_cost, g=g + column_cost,
        epsilon=solver.epsilon, error=float("nan"), iterations=0, converged=False, chunk=solver.chunk,
    )  # fmt: skip


def epsilon_schedule(largest: float, smallest: float, factor: float = 0.5) -> tuple[float, ...]:
    """Epsilons from the largest down to, and without, the smallest, each `factor` times the last.

    Raises:
        InputError: one that is not positive and finite, or a factor that is not between 0 and 1.
    """
    positive(largest, "largest epsilon")
    positive(smallest, "smallest epsilon")
    if not 0 < factor < 1:
        raise InputError(f"factor is {factor!r}, need a number between 0 and 1")
    steps = []
    while largest > smallest * 1.0001:
        steps.append(largest)
        largest *= factor
    return tuple(steps)


def _damping(unbalanced: tuple[Held, Held], epsilon: float) -> tuple[float, float]:
    one, other = (1.0 if rho is None else rho / (rho + epsilon) for rho in unbalanced)
    return one, other
