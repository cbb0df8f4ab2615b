"""Costs between rows of one side as low-rank factors with signs: Euclidean, cosine, k-nearest-neighbour graphs, given."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from distmatch.errors import InputError
from distmatch.retrieval.neighbours import nearest

Cost = Literal["graph", "cosine", "euclidean"]
MAX_NEIGHBOURS = 50
"""Neighbours in a graph, and no more than a fifth of the rows (Demetci et al. 2022 fix the same where nothing is known)."""


class RowCosts(NamedTuple):
    """C, (n, n), as X diag(s) X'.

    Args:
        factors: (n, r) float64. signs: (r,) 1 or -1: distances are not positive definite.
        lost: share of the squares of C (of its landmarks' rows, where there are such) that the rank leaves out.
    """

    factors: np.ndarray
    signs: np.ndarray
    lost: float


def row_costs(
    rows: np.ndarray,
    cost: Cost = "graph",
    *,
    neighbours: int | None = None,
    rank: int = 50,
    landmarks: int = 1000,
    seed: int = 0,
) -> RowCosts:
    """Costs of the rows of one side, scaled to a mean square of about 1.

    Args:
        rows: (n, d). Graphs and cosines look at directions with each row's own mean taken off (correlation).
        cost: "graph" counts the edges of shortest paths in the graph of nearest neighbours; parts that no path joins are
            as far from each other as the farthest rows that one does. "cosine" and "euclidean" are distances.
        neighbours: k of the graph; None is 50, or a fifth of the rows.
        rank: eigenvectors kept, of the largest absolute eigenvalues.
        landmarks: random rows whose columns of C are computed (Nyström); all rows if there are no more.
        seed: of the landmarks.

    Raises:
        InputError: an unknown cost, or a number of neighbours below 1.
    """
    n = len(rows)
    chosen = np.arange(n)
    if n > landmarks:
        chosen = np.sort(np.random.default_rng(seed).permutation(n)[:landmarks])
    if cost == "graph":
        k = max(1, min(MAX_NEIGHBOURS, n // 5)) if neighbours is None else neighbours
        if k < 1:
            raise InputError(f"{k} neighbours. A graph needs 1 or more per row")
        columns = _path_lengths(_directions(rows), chosen, min(k, n - 1))
    elif cost == "cosine":
        z = _directions(rows)
        columns = 1 - z @ z[chosen].T
    elif cost == "euclidean":
        z = rows - rows.mean(0)
        squares = (z * z).sum(1)
        inner = z @ z[chosen].T
        columns = np.sqrt(np.maximum(squares[:, None] + squares[chosen] - 2 * inner, 0))
    else:
        raise InputError(f"unknown cost {cost!r}. Costs: graph cosine euclidean")
    return given_costs(columns, chosen, rank=rank)


def given_costs(
    columns: np.ndarray, chosen: np.ndarray | None = None, *, rank: int = 50
) -> RowCosts:
    """Factors of a symmetric matrix, of which all columns or some are given (Williams and Seeger 2001).

    Args:
        columns: (n, l) the columns `chosen` of C; (n, n) if that is None.
        chosen: (l,) row numbers.
        rank: at most so many factors.

    Raises:
        InputError: columns that are not finite or, given whole, not symmetric.
    """
    columns = np.asarray(columns, np.float64)
    if chosen is None:
        if columns.ndim != 2 or columns.shape[0] != columns.shape[1] or not np.allclose(columns, columns.T):  # fmt: skip
            raise InputError(f"costs of shape {columns.shape} are not a symmetric matrix")
        chosen = np.arange(len(columns))
    if not np.isfinite(columns).all():
        raise InputError("costs with NaN or inf. Give finite distances")
    size = float(np.sqrt(np.square(columns).mean())) or 1.0
    inner = columns[chosen] / size
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    order = np.argsort(-np.abs(values))
    order = order[: max(1, min(rank, int((np.abs(values) > 1e-9 * np.abs(values).max()).sum())))]
    kept, axes = values[order], vectors[:, order]
    lost = 1 - float(np.square(kept).sum() / max(np.square(values).sum(), 1e-300))
    root = np.sqrt(np.maximum(np.abs(kept), 1e-300))
    return RowCosts((columns / size) @ (axes / root), np.where(kept < 0, -1.0, 1.0), lost)


def _directions(rows: np.ndarray) -> np.ndarray:
    """Unit rows after each row's own mean is taken off, which makes cosines correlations (of three dimensions or more)."""
    z = np.asarray(rows, np.float64)
    if z.shape[1] > 2:
        z = z - z.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(z, axis=1, keepdims=True)
    return z / np.where(norms > 0, norms, 1)


def _path_lengths(z: np.ndarray, chosen: np.ndarray, k: int) -> np.ndarray:
    """Edges on the shortest path from every row to each chosen one, (n, l)."""
    from scipy.sparse import csr_matrix

    n = len(z)
    found = nearest(z.astype(np.float32), z.astype(np.float32), k + 1)[1]
    ends = found.ravel()
    begins = np.repeat(np.arange(n), found.shape[1])
    graph = csr_matrix((np.ones(len(ends), np.float32), (begins, ends)), shape=(n, n))
    graph = graph.maximum(graph.T).tocsr()
    lengths = np.full((n, len(chosen)), np.inf, np.float32)
    lengths[chosen, np.arange(len(chosen))] = 0
    reached = (lengths == 0).astype(np.float32)
    step = 0
    while True:
        step += 1
        reached = ((graph @ reached + reached) > 0).astype(np.float32)
        fresh = (reached > 0) & np.isinf(lengths)
        if not fresh.any():
            break
        lengths[fresh] = step
    return np.where(np.isinf(lengths), max(step - 1, 1), lengths)
