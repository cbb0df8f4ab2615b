"""`Coupling`: a transport plan kept as potentials, with what one asks of a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Generic

import numpy as np
import torch
from torch import Tensor

from distmatch.transport.kernel import log_sum_exp, soft_assign
from distmatch.transport.tensors import Array, as_given, as_tensors


@dataclass(frozen=True, kw_only=True, repr=False)
class Coupling(Generic[Array]):
    """P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon) with C_ij = r_i + c_j - <q_i, k_j>.

    Nothing here is (n, m) unless `dense()` is called. All fields are tensors, or all are arrays; methods take either
    and return the kind of the fields.
    """

    queries: Array
    """(n, d): q."""
    keys: Array
    """(m, d): k."""
    row_cost: Array
    """(n,): r."""
    column_cost: Array
    """(m,): c."""
    a: Array
    """(n,) row masses asked for."""
    b: Array
    """(m,) column masses asked for."""
    f: Array
    """(n,) potentials, in units of the cost."""
    g: Array
    """(m,) potentials, in units of the cost."""
    epsilon: float
    error: float
    """L1 distance of the row sums from what they should be (column sums are exact), as a share of the mass asked for;
    where `converged`, the larger one of both sides, computed from this plan, see `violation`."""
    iterations: int
    converged: bool
    """Whether the error is below the tolerance that was asked for."""
    chunk: int = 512
    row_points: Array | None = None
    """(n, k) points that `transposed.barycentre` averages by default; None is q."""
    column_points: Array | None = None
    """(m, k) points that `barycentre` averages by default; None is k."""

    def __repr__(self) -> str:
        state = "converged" if self.converged else "not converged"
        return (
            f"Coupling({len(self.queries)} x {len(self.keys)}, epsilon {self.epsilon:.3g}: {state}, error {self.error:.1e} "
            f"after {self.iterations} iterations)"
        )

    @property
    def transposed(self) -> Coupling[Array]:
        """The plan seen from the other side, (m, n)."""
        return replace(
            self, queries=self.keys, keys=self.queries, row_cost=self.column_cost, column_cost=self.row_cost,
            a=self.b, b=self.a, f=self.g, g=self.f, row_points=self.column_points, column_points=self.row_points,
        )  # fmt: skip

    def to_numpy(self) -> Coupling[np.ndarray]:
        """The same plan in arrays."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays: dict[str, Any] = {
            name: value if value is None else as_given(value, None) for name, value in named.items()
        }
        return Coupling(**arrays)

    def marginals(self) -> tuple[Array, Array]:
        """Row sums (n,) and column sums (m,) of the plan as it is."""
        one = torch.ones(len(self.keys), 1)
        other = torch.ones(len(self.queries), 1)
        return self.apply(one)[:, 0], self.transposed.apply(other)[:, 0]

    def apply(self, v: Any) -> Array:
        """P @ v, for v (m, k); (n, k)."""
        mass, mean = self._rows(v)
        return as_given(mass[:, None] * mean, self.queries)

    def barycentre(self, v: Any = None) -> Array:
        """Row averages of v (m, k) under the plan, the points of the columns by default; (n, k)."""
        if v is None:
            v = self.keys if self.column_points is None else self.column_points
        return as_given(self._rows(v)[1], self.queries)

    def moment(self, u: Any, v: Any) -> Array:
        """u' P v, for u (n, k) and v (m, l); (k, l)."""
        mass, mean = self._rows(v)
        (u,) = as_tensors(u)
        return as_given(u.T.to(mean) @ (mass[:, None] * mean), self.queries)

    def violation(self, held: tuple[float | None, float | None] = (None, None)) -> float:
        """How far the plan is from optimal: L1 distance of its sums from those of its potentials, of the worse side.

        Balanced, the sums should be a and b. Held by rho KL(P1 | a) they should be a_i exp(-f_i / rho).

        Args:
            held: rho of the rows and of the columns; None is balanced.

        Returns:
            a share of the mass asked for; inf if the plan overflows.
        """
        worst = 0.0
        sides = zip(self.marginals(), (self.a, self.b), (self.f, self.g), held, strict=True)
        for sums, weights, potential, rho in sides:
            sums, weights, potential = as_tensors(sums, weights, potential)
            wanted = weights if rho is None else weights * (-potential / rho).exp()
            off = float((sums - wanted).abs().sum() / weights.sum())
            worst = max(worst, off if math.isfinite(off) else math.inf)
        return worst

    def potential(self, keys: Tensor, cost: Tensor, held: float | None = None) -> Tensor:
        """Potentials (k,) that further columns of small mass would have.

        Args:
            keys: (k, d) of those columns. cost: (k,) their separable costs.
            held: rho of the columns' marginal; None is balanced.
        """
        queries, f, rows, a = as_tensors(self.queries, self.f, self.row_cost, self.a)
        bias = (f - rows) / self.epsilon + a.log()
        logsumexp = log_sum_exp(keys / self.epsilon, queries, bias, chunk=self.chunk)
        damping = 1.0 if held is None else held / (held + self.epsilon)
        return cost - damping * self.epsilon * logsumexp

    def best(self) -> Array:
        """The column with the largest entry of each row, (n,)."""
        queries, keys, g, costs, b = as_tensors(
            self.queries, self.keys, self.g, self.column_cost, self.b
        )
        bias = (g - costs) / self.epsilon + b.log()
        found = [
            torch.addmm(bias, queries[i : i + self.chunk] / self.epsilon, keys.T).argmax(1)
            for i in range(0, len(queries), self.chunk)
        ]
        return as_given(torch.cat(found), self.queries)

    def dense(self) -> Array:
        """The plan itself, (n, m)."""
        queries, keys, f, g, rows, columns, a, b = as_tensors(
            self.queries, self.keys, self.f, self.g, self.row_cost, self.column_cost, self.a, self.b
        )
        scores = queries @ keys.T
        scores += (f - rows)[:, None] + (g - columns)
        # Masses go into the exponent: between two points of no mass any score is possible, and inf times zero is none.
        scores = scores / self.epsilon + a.log()[:, None] + b.log()
        return as_given(scores.exp(), self.queries)

    def _rows(self, v: Any) -> tuple[Tensor, Tensor]:
        """Mass of each row (n,) and its average of v (n, k)."""
        queries, keys, f, g, rows, columns, a, b = as_tensors(
            self.queries, self.keys, self.f, self.g, self.row_cost, self.column_cost, self.a, self.b
        )
        (v,) = as_tensors(v)
        bias = (g - columns) / self.epsilon + b.log()
        logsumexp, mean = soft_assign(
            queries / self.epsilon, keys, bias, values=v.to(keys), chunk=self.chunk
        )
        return a * ((f - rows) / self.epsilon + logsumexp).exp(), mean
