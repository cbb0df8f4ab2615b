"""The streaming kernel: log-sum-exp, barycentres and Sinkhorn sweeps without an (n, m) matrix.

Scores are inner products, `queries @ keys.T`, so any cost of the form r_i + c_j - <q_i, k_j> (squared
Euclidean, cosine, linearised Gromov-Wasserstein) streams through the same code. Blocks of rows are
the only large temporaries: `chunk * m` numbers.

Exponentials are base two: torch's CPU `exp` is about twenty times slower where it underflows, and
most entries of a sharp plan do; `exp2` is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from distmatch.device import Group, max_over, sum_over

LOG2_E = 1 / math.log(2)
BLOCK_SCORES, MIN_ROWS = 1 << 21, 64
"""Scores held at a time at most, and rows all the same: allocators leave holes of a block's size between two sweeps."""
MIN_MASS = 1e-30
"""Column mass below which a float32 sweep recomputes the column in the log domain."""


class Duals(NamedTuple):
    """Log potentials of both sides and the masses that they are to give them."""

    f: Tensor | None
    """(n,), or None at the start."""
    g: Tensor
    """(m,)."""
    a: Tensor
    """(n,) row masses."""
    b: Tensor
    """(m,) column masses."""


def soft_assign(
    queries: Tensor, keys: Tensor, bias: Tensor, *, values: Tensor | None = None, chunk: int = 512
) -> tuple[Tensor, Tensor]:
    """Row-wise log-sum-exp and softmax-weighted mean of the values, without the (n, m) scores.

    One half-step of Sinkhorn is the first output; the barycentric map is the second.

    Args:
        queries: (n, d), already divided by epsilon.
        keys: (m, d).
        bias: (m,) added to each row of scores: the potential of the other side.
        values: (m, k) to average; the keys themselves by default.
        chunk: rows at a time.

    Returns:
        logsumexp (n,) and barycentre (n, k), accumulated in float32 at least.
    """
    queries, keys, bias = _at_least_float32(queries, keys, bias)
    values = keys if values is None else values.to(keys.dtype)
    logsumexp = queries.new_empty(len(queries))
    barycentre = queries.new_empty(len(queries), values.shape[1])
    for rows, block in _blocks(queries, keys, bias, chunk):
        top, mass = _exponentiate(block)
        logsumexp[rows] = (top + mass.log2()) / LOG2_E
        torch.mm(block, values, out=barycentre[rows])
        barycentre[rows] /= mass[:, None]
    return logsumexp, barycentre


def log_sum_exp(queries: Tensor, keys: Tensor, bias: Tensor, *, chunk: int = 512) -> Tensor:
    """The first output of `soft_assign`, (n,), at half its cost."""
    queries, keys, bias = _at_least_float32(queries, keys, bias)
    logsumexp = queries.new_empty(len(queries))
    for rows, block in _blocks(queries, keys, bias, chunk):
        top, mass = _exponentiate(block)
        logsumexp[rows] = (top + mass.log2()) / LOG2_E
    return logsumexp


def sweep(
    queries: Tensor,
    keys: Tensor,
    duals: Duals,
    *,
    damping: tuple[float, float] = (1.0, 1.0),
    values: Tensor | None = None,
    plan: Tensor | None = None,
    chunk: int = 512,
    group: Group = None,
) -> tuple[Tensor, Tensor, float, Tensor | None]:
    """One Sinkhorn iteration (f, then g) in one pass over the scores.

    As soon as a block of rows has its new f, its plan has the right row sums and its share of the
    column sums is added up, so g follows without computing the scores again: half the cost of two
    half-steps. The plan is P_ij = a_i b_j exp(f_i + g_j + <q_i, k_j>).

    Args:
        queries: (n, d), divided by epsilon; under a process group only the rows of this process.
        keys: (m, d).
        duals: potentials and masses; the marginal error is measured with the f given.
        damping: rho / (rho + epsilon) of rows and columns; 1 is balanced.
        values: (m, k) to average.
        plan: (n, m) to write the plan into, under the new f and the old g.
        chunk: rows at a time.
        group: processes that share the rows.

    Returns:
        new f (n,); new g (m,); error: sum over i of a_i |exp(f_i - new f_i) - 1|, which for balanced
        rows is the L1 marginal error of the plan *before* the sweep (nan if f is None); and, where
        values are given, their row averages (n, k) under the new f and old g.
    """
    f, g, a, b = duals
    bias = g + b.log()
    new_f = queries.new_empty(len(queries))
    averages = None if values is None else queries.new_empty(len(queries), values.shape[1])
    column = torch.zeros_like(g)
    error = queries.new_zeros(())
    for rows, block in _blocks(queries, keys, bias, chunk):
        top, mass = _exponentiate(block)
        logsumexp = (top + mass.log2()) / LOG2_E
        new_f[rows] = -damping[0] * logsumexp
        if f is not None:
            error += (a[rows] * ((f[rows] - new_f[rows]).exp() - 1).abs()).sum()
        weight = a[rows] * ((1 - damping[0]) * logsumexp).exp() / mass
        column += weight @ block
        if plan is not None:
            torch.mul(block, weight[:, None], out=plan[rows])
        if averages is not None and values is not None:
            torch.mm(block, values, out=averages[rows])
            averages[rows] /= mass[:, None]
    column = sum_over(column, group) / b
    new_g = damping[1] * (g - column.clamp(min=MIN_MASS).log())
    lost = (column < MIN_MASS).nonzero()[:, 0]
    if len(lost):
        exact = log_sum_exp(keys[lost], queries, new_f + a.log(), chunk=chunk)
        new_g[lost] = -damping[1] * _log_sum_over(exact, group)
    error = float("nan") if f is None else float(sum_over(error, group))
    return new_f, new_g, error, averages


def _blocks(
    queries: Tensor, keys: Tensor, bias: Tensor, chunk: int
) -> Iterator[tuple[slice, Tensor]]:
    """Row slices with their scores in units of log 2, in one reused buffer."""
    chunk = min(chunk, max(MIN_ROWS, BLOCK_SCORES // len(keys)))
    buffer = queries.new_empty(min(chunk, len(queries)), len(keys))
    bias = bias * LOG2_E
    for start in range(0, len(queries), chunk):
        rows = slice(start, min(start + chunk, len(queries)))
        block = buffer[: rows.stop - start]
        yield rows, torch.addmm(bias, queries[rows], keys.T, alpha=LOG2_E, out=block)


def _exponentiate(block: Tensor) -> tuple[Tensor, Tensor]:
    """Turn scores into 2^(score - row maximum) in place; return the maxima and the row sums."""
    top = block.amax(dim=1)
    block.sub_(top[:, None]).exp2_()
    return top, block.sum(dim=1)


def _log_sum_over(values: Tensor, group: Group) -> Tensor:
    if group is None:
        return values
    top = max_over(values.clone(), group)
    return top + sum_over((values - top).exp(), group).log()


def _at_least_float32(*tensors: Tensor) -> list[Tensor]:
    wide = torch.float64 if any(t.dtype == torch.float64 for t in tensors) else torch.float32
    return [t.to(wide) for t in tensors]
