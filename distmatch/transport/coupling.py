"""`Coupling`: a transport plan kept as potentials, with what one asks of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic

import numpy as np
import torch
from torch import Tensor

from distmatch.transport.kernel import soft_assign
from distmatch.transport.tensors import Array, as_given, as_tensors


@dataclass(frozen=True, kw_only=True)
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
    """(n,) row masses asked for; they sum to 1."""
    b: Array
    """(m,) column masses asked for."""
    f: Array
    """(n,) potentials, in units of the cost."""
    g: Array
    """(m,) potentials, in units of the cost."""
    epsilon: float
    error: float
    """L1 distance of the row sums from a (column sums are exact), or, unbalanced, the last change of the row sums."""
    iterations: int
    converged: bool
    """Whether the error is below the tolerance that was asked for."""
    chunk: int = field(default=512, repr=False)

    @property
    def transposed(self) -> Coupling[Array]:
        """The plan seen from the other side, (m, n)."""
        return replace(
            self, queries=self.keys, keys=self.queries, row_cost=self.column_cost, column_cost=self.row_cost,
            a=self.b, b=self.a, f=self.g, g=self.f,
        )  # fmt: skip

    def to_numpy(self) -> Coupling[np.ndarray]:
        """The same plan in arrays."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays: dict[str, Any] = {name: as_given(value, None) for name, value in named.items()}
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
        """Row averages of v (m, k) under the plan, the keys by default; (n, k)."""
        return as_given(self._rows(self.keys if v is None else v)[1], self.queries)

    def moment(self, u: Any, v: Any) -> Array:
        """u' P v, for u (n, k) and v (m, l); (k, l)."""
        mass, mean = self._rows(v)
        (u,) = as_tensors(u)
        return as_given(u.T.to(mean) @ (mass[:, None] * mean), self.queries)

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
        return as_given((scores / self.epsilon).exp() * a[:, None] * b, self.queries)

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
