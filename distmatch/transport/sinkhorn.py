"""Entropic optimal transport between two sets of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from distmatch.device import Group, gather_rows, max_over, shard, sum_over
from distmatch.embeddings.arrays import is_tensor
from distmatch.errors import InputError
from distmatch.transport.coupling import Coupling
from distmatch.transport.kernel import MIN_MASS, Duals, sweep
from distmatch.transport.tensors import Array, as_tensors

DENSE_LIMIT = 4096 * 4096
"""Plans with at most so many entries are kept in memory unless the caller says otherwise."""
DRIFT = 40.0
"""Change of a log potential after which a cached float32 kernel no longer covers the plan."""


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
    unbalanced: float | tuple[float, float] | None
    schedule: Sequence[float]
    dense: bool | None
    chunk: int
    group: Group


def sinkhorn(
    x: Array,
    y: Any,
    a: Any = None,
    b: Any = None,
    epsilon: float = 0.05,
    iterations: int = 1000,
    tolerance: float = 1e-3,
    *,
    unbalanced: float | tuple[float, float] | None = None,
    schedule: Sequence[float] = (),
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
        x: (n, d) points: a tensor, an array, or whatever `align` takes. The work is done in the widest type given.
        y: (m, d) points.
        a: (n,) positive masses, None for uniform; divided by their sum.
        b: (m,) likewise.
        epsilon: entropy weight, in units of the cost |x_i - y_j|^2.
        iterations: maximum number, at the last epsilon.
        tolerance: L1 marginal error to stop at, as a share of the whole mass.
        unbalanced: rho, or (rho, rho'), in units of the cost; None is balanced.
        schedule: larger epsilons to pass through first, see `epsilon_schedule`.
        start: potentials (f, g) to start from, in units of the cost.
        dense: keep the (n, m) kernel (faster) or stream it (memory chunk * m); by size if None.
        chunk: rows at a time.
        group: processes that share the work; every one passes the same arguments and gets the same answer.

    Returns:
        The coupling, with its marginal error and whether it converged; of tensors if x is one, else of arrays.

    Raises:
        InputError: shapes that do not go together, masses or epsilon that are not positive, a gradient asked for.
    """
    points, y, a, b, *potentials = as_tensors(x, y, a, b, *(start or ()))
    if points.ndim != 2 or y.ndim != 2 or points.shape[1] != y.shape[1]:
        raise InputError(
            f"points of shape {tuple(points.shape)} and {tuple(y.shape)}: need the same dimension. "
            "For spaces of different dimension use gromov_wasserstein"
        )
    if not len(points) or not len(y):
        raise InputError("no points to couple")
    cost = InnerCost(2 * points, y, points.square().sum(1), y.square().sum(1))
    coupling = _solve(
        cost, masses(a, len(points), points), masses(b, len(y), y),
        Solver(epsilon, iterations, tolerance, unbalanced, schedule, dense, chunk, group),
        None if start is None else (potentials[0], potentials[1]),
    )  # fmt: skip
    return cast(Coupling[Array], coupling if is_tensor(x) else coupling.to_numpy())


def _solve(
    cost: InnerCost,
    a: Tensor,
    b: Tensor,
    solver: Solver,
    start: tuple[Tensor, Tensor] | None,
) -> Coupling[Tensor]:
    """The coupling of masses a (n,) and b (m,) under the cost."""
    queries, keys, row_cost, column_cost = cost
    n, m = len(queries), len(keys)
    mine = shard(n, solver.group)
    if solver.unbalanced is not None:
        # Damping acts on whole potentials, so the separable costs have to be part of the scores.
        queries = torch.cat([queries, -row_cost[:, None], queries.new_ones(n, 1)], 1)
        keys = torch.cat([keys, keys.new_ones(m, 1), -column_cost[:, None]], 1)
        row_cost, column_cost = torch.zeros_like(row_cost), torch.zeros_like(column_cost)
    f: Tensor | None = None
    g = -column_cost  # a column's own cost weighs as much as its potential
    if start is not None:
        f, g = (start[0] - row_cost)[mine], start[1] - column_cost
    dense = n * m <= DENSE_LIMIT if solver.dense is None else solver.dense
    error, done, converged = float("nan"), 0, False
    for step in (*solver.schedule, solver.epsilon):
        if not step > 0:
            raise InputError(f"epsilon {step} is not positive")
        weights = _damping(solver.unbalanced, step)
        sweeps = _Sweeps(
            queries[mine] / step, keys, a[mine], b, weights, dense, solver.chunk, solver.group
        )
        # A stage of the schedule is a warm start: ten iterations are enough.
        limit = solver.iterations if step == solver.epsilon else 10
        log_f, log_g, error, done = sweeps.run(
            None if f is None else f / step, g / step, limit, solver.tolerance
        )
        f, g = log_f * step, log_g * step
        converged = error <= solver.tolerance
    assert f is not None
    return Coupling(
        queries=queries, keys=keys, row_cost=row_cost, column_cost=column_cost, a=a, b=b,
        f=gather_rows(f, n, solver.group) + row_cost, g=g + column_cost, epsilon=solver.epsilon, error=error,
        iterations=done, converged=converged, chunk=solver.chunk,
    )  # fmt: skip


def epsilon_schedule(largest: float, smallest: float, factor: float = 0.5) -> tuple[float, ...]:
    """Epsilons from the largest down to, and without, the smallest, each `factor` times the last."""
    steps = []
    while largest > smallest * 1.0001:
        steps.append(largest)
        largest *= factor
    return tuple(steps)


def masses(weights: Tensor | None, n: int, like: Tensor) -> Tensor:
    """(n,) masses that sum to 1, uniform if None.

    Raises:
        InputError: a wrong number of them, or one that is not positive and finite.
    """
    if weights is None:
        return like.new_full((n,), 1 / n)
    if weights.shape != (n,) or not bool(((weights > 0) & weights.isfinite()).all()):
        raise InputError(f"masses must be {n} positive numbers. Leave out points without mass")
    return (weights / weights.sum()).to(like.dtype)


def _damping(unbalanced: float | tuple[float, float] | None, epsilon: float) -> tuple[float, float]:
    if unbalanced is None:
        return 1.0, 1.0
    rho = unbalanced if isinstance(unbalanced, tuple) else (unbalanced, unbalanced)
    return rho[0] / (rho[0] + epsilon), rho[1] / (rho[1] + epsilon)


class _Sweeps:
    """Sinkhorn iterations at one epsilon, streaming or on a cached kernel.

    The cached kernel is the plan that a streaming iteration left, at potentials (f0, g0); further ones
    scale its rows and columns, until the scales leave float32 and an iteration streams again.
    """

    def __init__(
        self,
        queries: Tensor,
        keys: Tensor,
        a: Tensor,
        b: Tensor,
        damping: tuple[float, float],
        dense: bool,
        chunk: int,
        group: Group,
    ) -> None:
        self.queries, self.keys, self.a, self.b = queries, keys, a, b
        self.damping, self.dense, self.chunk, self.group = damping, dense, chunk, group
        self.kernel: Tensor | None = None
        self.f0 = self.g0 = torch.empty(0)

    def run(
        self, f: Tensor | None, g: Tensor, iterations: int, tolerance: float
    ) -> tuple[Tensor, Tensor, float, int]:
        """At most so many iterations; the error returned is that of the potentials returned."""
        if f is None:
            f, g, _ = self._exact(f, g)
        error, done = float("nan"), 0
        for done in range(iterations + 1):
            new_f, new_g, error = self._step(f, g)
            if error <= tolerance or done == iterations:
                break
            f, g = new_f, new_g
        return f, g, error, done

    def _step(self, f: Tensor, g: Tensor) -> tuple[Tensor, Tensor, float]:
        if self.kernel is None:
            return self._exact(f, g)
        # The same decision on all processes: they exchange different sums on the two ways.
        drift = max_over(
            torch.maximum((f - self.f0).abs().max(), (g - self.g0).abs().max()), self.group
        )
        return self._exact(f, g) if float(drift) > DRIFT else self._cached(f, g)

    def _exact(self, f: Tensor | None, g: Tensor) -> tuple[Tensor, Tensor, float]:
        """A streaming iteration, whose plan becomes the kernel where one is kept."""
        if self.dense and self.kernel is None:
            self.kernel = self.queries.new_empty(len(self.queries), len(self.keys))
        new_f, new_g, error, _ = sweep(
            self.queries, self.keys, Duals(f, g, self.a, self.b), damping=self.damping, plan=self.kernel,
            chunk=self.chunk, group=self.group,
        )  # fmt: skip
        self.f0, self.g0 = new_f, g
        return new_f, new_g, error

    def _cached(self, f: Tensor, g: Tensor) -> tuple[Tensor, Tensor, float]:
        assert self.kernel is not None
        v = (g - self.g0).exp()
        new_f = torch.empty_like(f)
        column = torch.zeros_like(g)
        # Blocks that fit the cache are read once for the row sums and once for the column sums.
        step = max(1, 2**19 // len(g))
        for i in range(0, len(f), step):
            block = self.kernel[i : i + step]
            mass = torch.mv(block, v).clamp_(min=MIN_MASS) / self.a[i : i + step]
            logsumexp = mass.log() - self.f0[i : i + step]
            new_f[i : i + step] = -self.damping[0] * logsumexp
            column += (new_f[i : i + step] - self.f0[i : i + step]).exp() @ block
        error = float(sum_over((self.a * ((f - new_f).exp() - 1).abs()).sum(), self.group))
        column = sum_over(column, self.group) * v / self.b
        return new_f, self.damping[1] * (g - column.clamp(min=MIN_MASS).log()), error
