"""`Coupling`: a transport plan kept as potentials, with what one asks of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from distmatch.transport.kernel import soft_assign


@dataclass(frozen=True, kw_only=True)
class Coupling:
    """P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon) with C_ij = r_i + c_j - <q_i, k_j>.

    Nothing here is (n, m) unless `dense()` is called.
    """

    queries: Tensor
    """(n, d): q."""
    keys: Tensor
    """(m, d): k."""
    row_cost: Tensor
    """(n,): r."""
    column_cost: Tensor
    """(m,): c."""
    a: Tensor
    """(n,) row masses asked for; they sum to 1."""
    b: Tensor
    """(m,) column masses asked for."""
    f: Tensor
    """(n,) potentials, in units of the cost."""
    g: Tensor
    """(m,) potentials, in units of the cost."""
    epsilon: float
    error: float
    """L1 distance of the row sums from a (column sums are exact), or, unbalanced, the last change of the row sums."""
    iterations: int
    converged: bool
    """Whether the error is below the tolerance that was asked for."""
    chunk: int = field(default=512, repr=False)

    @property
    def transposed(self) -> Coupling:
        """The plan seen from the other side, (m, n)."""
        return Coupling(
            queries=self.keys, keys=self.queries, row_cost=self.column_cost, column_cost=self.row_cost,
            a=self.b, b=self.a, f=self.g, g=self.f, epsilon=self.epsilon, error=self.error,
            iterations=self.iterations, converged=self.converged, chunk=self.chunk,
        )  # fmt: skip

    def marginals(self) -> tuple[Tensor, Tensor]:
        """Row sums (n,) and column sums (m,) of the plan as it is."""
        one = self.keys.new_ones(len(self.keys), 1)
        other = self.queries.new_ones(len(self.queries), 1)
        return self.apply(one)[:, 0], self.transposed.apply(other)[:, 0]

    def apply(self, v: Tensor) -> Tensor:
        """P @ v, for v (m, k); (n, k)."""
        mass, mean = self._rows(v)
        return mass[:, None] * mean

    def barycentre(self, v: Tensor | None = None) -> Tensor:
        """Row averages of v (m, k) under the plan, the keys by default; (n, k)."""
        return self._rows(self.keys if v is None else v)[1]

    def moment(self, u: Tensor, v: Tensor) -> Tensor:
        """u' P v, for u (n, k) and v (m, l); (k, l)."""
        return u.T @ self.apply(v)

    def best(self) -> Tensor:
        """The column with the largest entry of each row, (n,)."""
        bias = (self.g - self.column_cost) / self.epsilon + self.b.log()
        found = [
            torch.addmm(bias, self.queries[i : i + self.chunk] / self.epsilon, self.keys.T).argmax(
                1
            )
            for i in range(0, len(self.queries), self.chunk)
        ]
        return torch.cat(found)

    def dense(self) -> Tensor:
        """The plan itself, (n, m)."""
        scores = self.queries @ self.keys.T
        scores += (self.f - self.row_cost)[:, None] + (self.g - self.column_cost)
        return (scores / self.epsilon).exp() * self.a[:, None] * self.b

    def _rows(self, v: Tensor) -> tuple[Tensor, Tensor]:
        bias = (self.g - self.column_cost) / self.epsilon + self.b.log()
        logsumexp, mean = soft_assign(
            self.queries / self.epsilon, self.keys, bias, values=v, chunk=self.chunk
        )
        return self.a * ((self.f - self.row_cost) / self.epsilon + logsumexp).exp(), mean
