"""Gromov-Wasserstein on inner products by proximal points: the plan is remembered as one (d, d') matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, cast

import numpy as np
import torch
from torch import Tensor

from distmatch.device import Group, gather_rows, shard, sum_over
from distmatch.embeddings.arrays import is_tensor
from distmatch.errors import InputError
from distmatch.transport.coupling import Coupling
from distmatch.transport.kernel import Duals, sweep
from distmatch.transport.parameters import masses
from distmatch.transport.tensors import Array, as_given, as_tensors


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
    """Whether the plan stopped changing and its marginals hold."""
    interrupted: bool = False
    """Whether an interrupt ended the steps."""
    history: list[dict[str, float]] = field(default_factory=list)
    """Per step: `cost`, the squared-loss GW cost of the plan without its constant, and `sharpness`,
    the sum of squared singular values of the moment over its maximum (1 for a matched rotation)."""

    def to_numpy(self) -> GromovResult[np.ndarray]:
        """The same result in arrays."""
        moment, coupling = as_given(self.moment, None), self.coupling.to_numpy()
        return cast(GromovResult[np.ndarray], replace(self, moment=moment, coupling=coupling))


def gromov_wasserstein(
    x: Array,
    y: Any,
    epsilon: float = 5e-2,
    frequency: float | None = None,
    *,
    a: Any = None,
    b: Any = None,
    steps: int = 100,
    inner: int = 3,
    tolerance: float = 1e-3,
    moment: Any = None,
    log_frequency: tuple[Any, Any] | None = None,
    chunk: int = 512,
    group: Group = None,
    callback: Callable[[int, dict[str, float]], Any] | None = None,
) -> GromovResult[Array]:
    """Proximal-point Gromov-Wasserstein with the costs <x_i, x_k> and <y_j, y_l>, squared loss.

    With fixed marginals the square loss is a constant minus 2 |M|^2, M = X'PY, so its gradient is the
    cost -4 <x_i M, y_j>. A proximal step (Peyré et al. 2016; Xu et al. 2019)

        P_t = argmin <-4 X M Y', P> + epsilon KL(P | P_{t-1})

    multiplies the plan by exp((4 / epsilon) <x_i M, y_j>) and balances it again; hence
    P_t = a_i b_j exp(f_i + g_j + <x_i S, y_j>) with S the running sum of (4 / epsilon) M. The history of
    the plan is one (d, d') matrix, and memory is that of the points.

    The start is the product plan, so the points' means break the symmetry; give a moment if they are zero.

    Args:
        x: (n, d) points, unit rows for cosines: a tensor, an array, or whatever `align` takes. The work is done in
            the widest type given.
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

    Returns:
        the plan and its moment; of tensors if x is one, else of arrays. There is no gradient.

    Raises:
        InputError: masses that are not positive, an epsilon that is not, fewer than two points.
    """
    points, y, a, b, moment, *logs = as_tensors(x, y, a, b, moment, *(log_frequency or ()))
    n, m = len(points), len(y)
    if n < 2 or m < 2 or not epsilon > 0:
        raise InputError(
            f"need two points per side and a positive epsilon, got {n}, {m}, {epsilon}"
        )
    proximal = _Proximal(
        points, y, masses(a, n, points), masses(b, m, y), epsilon, frequency or 0.0, logs
    )
    if moment is not None:
        proximal.moment = moment
    proximal.inner, proximal.chunk, proximal.group = inner, chunk, group
    history: list[dict[str, float]] = []
    interrupted = settled = False
    for step in range(1, steps + 1):
        try:
            history.append(proximal.step())
            if callback is not None:
                callback(step, history[-1])
        except KeyboardInterrupt:
            if not history:
                raise
            interrupted = True
            break
        settled = history[-1]["change"] < tolerance
        if settled and history[-1]["error"] < tolerance:
            break
    coupling = proximal.coupling(tolerance)
    result = GromovResult(
        moment=proximal.moment, coupling=coupling, steps=len(history),
        converged=settled and coupling.error < 10 * tolerance and not interrupted,
        interrupted=interrupted, history=history,
    )  # fmt: skip
    return cast(GromovResult[Array], result if is_tensor(x) else result.to_numpy())


class _Proximal:
    """Proximal steps on the plan a_i b_j exp(f_i + g_j + <x_i S, y_j>), whose history is S."""

    inner, chunk = 3, 512
    group: Group = None

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        a: Tensor,
        b: Tensor,
        epsilon: float,
        weight: float,
        logs: list[Tensor],
    ) -> None:
        self.x, self.y, self.a, self.b = x, y, a, b
        self.epsilon, self.weight = epsilon, weight
        self.rows, self.columns = x, y
        if weight:
            u, v = logs or (_log_ranks(len(x), x), _log_ranks(len(y), y))
            # -w (u - v)^2 = 2 w u v + separable terms, which the potentials absorb.
            self.rows = torch.cat([x, (u - u.mean())[:, None]], 1)
            self.columns = torch.cat([y, (v - v.mean())[:, None]], 1)
        self.state = x.new_zeros(self.rows.shape[1], self.columns.shape[1])
        self.moment = torch.outer(a @ x, b @ y)
        self.largest = spread(x, a) * spread(y, b)
        self.f: Tensor | None = None
        self.g = y.new_zeros(len(y))
        self.sweeps = 0

    def step(self) -> dict[str, float]:
        """One proximal step, and its figures."""
        d, k = self.x.shape[1], self.y.shape[1]
        mine = shard(len(self.x), self.group)
        self.state[:d, :k] += (4 / self.epsilon) * self.moment
        if self.weight:
            self.state[d, k] += 2 * self.weight / self.epsilon
        queries = self.rows[mine] @ self.state
        averages, error = None, float("nan")
        for i in range(self.inner):
            self.f, self.g, error, averages = sweep(
                queries, self.columns, Duals(self.f, self.g, self.a[mine], self.b),
                values=self.y if i == self.inner - 1 else None, chunk=self.chunk, group=self.group,
            )  # fmt: skip
        assert averages is not None
        self.sweeps += self.inner
        new = sum_over((self.x[mine] * self.a[mine, None]).T @ averages, self.group)
        change = float((new - self.moment).norm() / new.norm().clamp(min=1e-30))
        self.moment = new
        return _figures(new, self.largest, change, error)

    def coupling(self, tolerance: float) -> Coupling[Tensor]:
        """The plan, with its marginal error, which takes one more sweep to measure."""
        assert self.f is not None
        x, y, n = self.x, self.y, len(self.x)
        mine = shard(n, self.group)
        duals = Duals(self.f, self.g, self.a[mine], self.b)
        error = sweep(
            self.rows[mine] @ self.state, self.columns, duals, chunk=self.chunk, group=self.group
        )[2]
        return Coupling(
            queries=self.rows @ self.state, keys=self.columns, row_cost=x.new_zeros(n),
            column_cost=y.new_zeros(len(y)), a=self.a, b=self.b, f=gather_rows(self.f, n, self.group),
            g=self.g, epsilon=1.0, error=error, iterations=self.sweeps, converged=error < tolerance,
            chunk=self.chunk,
        )  # fmt: skip


def _figures(moment: Tensor, largest: float, change: float, error: float) -> dict[str, float]:
    power = float(moment.square().sum())
    return {"cost": -2 * power, "sharpness": power / largest, "change": change, "error": error}


def _log_ranks(n: int, like: Tensor) -> Tensor:
    return torch.arange(1, n + 1, device=like.device, dtype=like.dtype).log()


def spread(x: Tensor, a: Tensor) -> float:
    """Norm of the second moment: |X'PY|^2 is at most the product of both sides' (Cauchy-Schwarz)."""
    return float(((x * a[:, None]).T @ x).norm())
