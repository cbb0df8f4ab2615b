"""Gromov-Wasserstein with low-rank costs to a sharp plan: fixed points at falling epsilon, each with its marginals held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from distmatch.device import Group, gather_rows, shard, sum_over
from distmatch.transport.coupling import Coupling
from distmatch.transport.gromovstarts import SMALL, Factors
from distmatch.transport.kernel import Duals, sweep
from distmatch.transport.parameters import fits_memory
from distmatch.transport.sweeps import Sweeps

FIRST_EPSILON = 0.02
"""Epsilon that the descent begins with, in units of the largest interaction."""
SHARPER = 0.6
"""Factor from one epsilon to the next."""
SETTLED = 1e-4
"""Change of the cost, as a share of it, below which a lower epsilon no longer pays."""
ACCEPTED = 1e-3
"""The same where Sinkhorn cannot balance a sharper plan: above, the descent has not converged."""
MAX_SWEEPS = 400
"""Sinkhorn iterations that the marginals of one epsilon may take; five times as many for small problems."""
SHARPNESSES = (0.03125, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Scores of a plan that is balanced from the blunt, each twice the last, as shares of its own."""
ROUGH_ERROR = 1e-3
"""Marginal error of the blunt plans."""
RETRIES = 3
"""Times that the step between two epsilons is halved where the lower one cannot be balanced."""

Callback = Callable[[int, dict[str, float]], Any] | None


class Descent(NamedTuple):
    """Where it ended.

    Args:
        state: the matrix of the plan, see `plan_of`. moment: (d, d') in units of the problem.
        coupling: the plan at the last epsilon whose marginals hold.
        converged: whether the cost stopped falling. history: see `GromovResult`.
    """

    state: Tensor
    moment: Tensor
    coupling: Coupling[Tensor]
    converged: bool
    interrupted: bool
    history: list[dict[str, float]]


def descend(
    problem: Factors,
    moment: Tensor,
    *,
    epsilons: tuple[float, float] = (FIRST_EPSILON, 0.0),
    steps: int = 100,
    tolerance: float,
    chunk: int = 512,
    group: Group = None,
    callback: Callback = None,
) -> Descent:
    """Sharpen the plan that a moment leads to.

    Each step balances exp((4 <x_i M, y_j> + <u_i, v_j>) / epsilon), M = X'PY of the step before. The cost is concave in P
    where no sign is negative, so at one epsilon no step raises it by more than the entropy.

    Args:
        moment: (d, d') to begin with.
        epsilons: the first, in units of the largest interaction, and the last; 0 goes on while the cost falls.
        steps: at most.
        tolerance: L1 marginal error that every plan is held to.
    """
    x, y = problem[:2]
    dense = fits_memory(len(x) * len(y), x, group)
    epsilon, last = epsilons
    f, g, cost = None, y.new_zeros(len(y)), float("inf")
    kept: tuple[Tensor, Tensor, Tensor, float] | None = None
    failed, change_of_cost = 0, float("inf")
    limit = MAX_SWEEPS * (5 if len(x) * len(y) <= SMALL else 1)
    history: list[dict[str, float]] = []
    settled = interrupted = False
    for step in range(1, steps + 1):
        try:
            state, f, g, new, figures = balanced(
                problem, moment, (f, g), epsilon, (limit, tolerance / 2), dense, chunk, group
            )
            error, change, value = figures["error"], figures["change"], figures["sharpness"]
            history.append(figures)
            if callback is not None:
                callback(step, history[-1])
        except KeyboardInterrupt:
            if kept is None:
                raise
            interrupted = True
            break
        if not error <= tolerance:  # sharper than Sinkhorn can balance
            if kept is None:
                moment, kept = new, (state, f, g, epsilon)
                break
            if failed == RETRIES:
                settled = change_of_cost <= ACCEPTED
                break
            failed += 1
            # Back to the plan before, and half-way to this epsilon.
            _, f, g, before = kept
            epsilon = (before * epsilon) ** 0.5
            f, g = f * (before / epsilon), g * (before / epsilon)
            continue
        moment, kept = new, (state, f, g, epsilon)
        change_of_cost = abs(cost + 2 * value) / max(2 - 2 * value, 1e-12)
        cost = -2 * value
        if change < 1e-3 and change_of_cost <= SETTLED and epsilon <= max(last, FIRST_EPSILON / 4):
            settled = True
            break
        if change < 0.05:
            sharper = max(epsilon * SHARPER ** (0.5**failed), last)
            f, g, epsilon = f * (epsilon / sharper), g * (epsilon / sharper), sharper
    assert kept is not None
    state, f, g, _ = kept
    plan = plan_of(problem, state, f, g, chunk, group)
    return Descent(state, moment, plan, settled and not interrupted, interrupted, history)


def balanced(
    problem: Factors,
    moment: Tensor,
    potentials: tuple[Tensor | None, Tensor],
    epsilon: float,
    effort: tuple[int, float],
    dense: bool,
    chunk: int,
    group: Group,
) -> tuple[Tensor, Tensor, Tensor, Tensor, dict[str, float]]:
    """State, potentials and moment of the plan that a moment asks for, and its figures.

    Args:
        effort: Sinkhorn iterations at most, and the marginal error to stop at.
    """
    x, y, a, b = problem[:4]
    u, v = problem.linear
    mine = shard(len(x), group)
    rows, columns = torch.cat([x, u], 1), torch.cat([y, v], 1)
    state = block(4 * problem.signed(moment), u.shape[1]) / epsilon
    queries = rows[mine] @ state
    sweeps = Sweeps(queries, columns, a[mine], b, (1.0, 1.0), dense, chunk, group)
    f, g, error, _ = sweeps.run(*potentials, *effort)
    if not error <= 2 * effort[1]:
        # Where a sharp plan falls into parts, mass moves between them only while it is blunt.
        f, g = None, torch.zeros_like(g)
        for sharpness in SHARPNESSES:
            sweeps = Sweeps(
                sharpness * queries, columns, a[mine], b, (1.0, 1.0), dense, chunk, group
            )
            f, g, error, _ = sweeps.run(
                f, g, effort[0], effort[1] if sharpness == 1 else ROUGH_ERROR
            )
            if sharpness < 1:
                f, g = f * 2, g * 2
        assert f is not None
    duals = Duals(f, g, a[mine], b)
    averages = sweep(sweeps.queries, columns, duals, values=y, chunk=chunk, group=group)[3]
    assert averages is not None
    new = sum_over((x[mine] * a[mine, None]).T @ averages, group)
    change = float((new - moment).norm() / new.norm().clamp(min=1e-30))
    value = float(problem.interaction(new))
    figures = {"cost": -2 * value, "sharpness": value, "change": change, "error": error}
    return state, f, g, new, {**figures, "epsilon": epsilon}


def plan_of(
    problem: Factors, state: Tensor, f: Tensor, g: Tensor, chunk: int, group: Group = None
) -> Coupling[Tensor]:
    """a_i b_j exp(f_i + g_j + <(x_i u_i) S, (y_j v_j)>), its error not measured."""
    x, y, a, b = problem[:4]
    rows, columns = (torch.cat(pair, 1) for pair in zip((x, y), problem.linear, strict=True))
    return Coupling(
        queries=rows @ state, keys=columns, row_cost=x.new_zeros(len(x)), column_cost=y.new_zeros(len(y)), a=a, b=b,
        f=gather_rows(f, len(x), group), g=g, epsilon=1.0, error=float("nan"), iterations=0, converged=False, chunk=chunk,
    )  # fmt: skip


def block(moment: Tensor, k: int) -> Tensor:
    """The (d + k, d' + k) matrix with the moment above and the identity of the linear features below."""
    return torch.block_diag(moment, torch.eye(k, dtype=moment.dtype, device=moment.device))
