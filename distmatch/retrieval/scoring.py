"""How well two rows go together: cosine, CSLS, inverted softmax; all as exact inner products.

CSLS and the inverted softmax subtract a number of the key from each score. One more coordinate holds it
(query 1, key minus the number), so one exact search serves every score.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from distmatch.embeddings.arrays import as_kind, as_matrix
from distmatch.errors import InputError
from distmatch.retrieval.neighbours import nearest

_CHUNK = 1 << 14
"""Queries searched at a time."""
_BLOCK = 1 << 16
"""Keys copied at a time."""
SCORINGS = ("csls", "cosine", "inverted-softmax")


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1, (n, d) float32; zero rows stay zero. Rows that are so already are not copied."""
    # Not linalg.norm, which holds the squares of all rows.
    norms = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
    if np.abs(norms - 1).max(initial=0) < 1e-6:
        return np.asarray(rows, np.float32)
    return np.asarray(rows / np.where(norms > 0, norms, 1), np.float32)


def mean_similarity(
    x: np.ndarray, y: np.ndarray, k: int = 10, *, device: str | None = None
) -> np.ndarray:
    """Mean cosine of each row of x with its k nearest rows of y: r_Y(x), how crowded its place is.

    Args:
        x: (n, d). y: (m, d). Any length.

    Returns:
        (n,) float32.
    """
    return nearest(unit(x), unit(y), k, device=device)[0].mean(axis=1)


def csls(
    x: Any,
    y: Any,
    k: int = 10,
    *,
    neighbourhood: int = 10,
    queries: Any = None,
    device: str | None = None,
    crowd: np.ndarray | None = None,
) -> tuple[Any, Any]:
    """The k rows of y with the highest CSLS for each query: 2 cos(x, y) - r_Y(x) - r_X(y).

    Conneau et al. 2018, section 2.3.

    Args:
        x: (n, d) all source rows in the common space; they define r_X(y). An array, a tensor, or whatever `align` takes.
        y: (m, d) all target rows.
        k: neighbours returned.
        neighbourhood: nearest rows in the mean similarities.
        queries: indices into x to look up; None is all.
        crowd: (m,) r_X(y) if it is known already, see `mean_similarity`.

    Returns:
        scores (q, k) float32 and indices into y (q, k) int64; tensors if x is one, else arrays. There is no gradient.
    """
    given = x
    x, y = unit(as_matrix(x, "x")), unit(as_matrix(y, "y"))
    rows = x if queries is None else x[np.asarray(queries)]
    if crowd is None:
        crowd = mean_similarity(y, x, neighbourhood, device=device)
    crowd_x = nearest(rows, y, neighbourhood, device=device)[0].mean(axis=1)
    scores, indices = _nearest_biased(rows, y, 2.0, -crowd, k, device)
    return as_kind(scores - crowd_x[:, None], given), as_kind(indices, given)


def inverted_softmax(
    x: np.ndarray,
    y: np.ndarray,
    k: int = 10,
    *,
    beta: float = 30.0,
    queries: np.ndarray | None = None,
    device: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows of y with the highest log p(x | y), the softmax over all x of beta cos(x, y).

    Smith et al. 2017, section 2.3, up to the constant of each row.

    Args:
        x: (n, d) all source rows. y: (m, d).
        beta: inverse temperature; MUSE's 30.
        queries: indices into x to look up; None is all.

    Returns:
        scores (q, k) float32 and indices into y (q, k) int64.
    """
    x, y = unit(x), unit(y)
    rows = x if queries is None else x[queries]
    return _nearest_biased(rows, y, beta, -_log_mass(y, x, beta), k, device)


def _log_mass(queries: np.ndarray, keys: np.ndarray, beta: float) -> np.ndarray:
    """log sum_j exp(beta <q_i, k_j>), (n,), a block of scores at a time."""
    out = np.empty(len(queries), np.float32)
    chunk = max(1, (1 << 23) // max(1, len(keys)))
    for start in range(0, len(queries), chunk):
        scores = beta * (queries[start : start + chunk] @ keys.T)
        top = scores.max(axis=1)
        out[start : start + chunk] = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return out


def _nearest_biased(
    queries: np.ndarray,
    keys: np.ndarray,
    scale: float,
    bias: np.ndarray,
    k: int,
    device: str | None,
) -> tuple[np.ndarray, np.ndarray]:
    """`nearest` for the scores scale <query, key> + bias of the key; a block of the keys is copied at a time."""
    d = keys.shape[1]
    scores, indices = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    for first in range(0, max(1, len(keys)), _BLOCK):
        block = keys[first : first + _BLOCK]
        wide = np.empty((len(block), d + 1), np.float32)
        np.multiply(block, scale, out=wide[:, :d])
        wide[:, d] = bias[first : first + _BLOCK]
        parts = [
            nearest(np.pad(queries[i : i + _CHUNK], ((0, 0), (0, 1)), constant_values=1), wide, k, device=device)
            for i in range(0, max(1, len(queries)), _CHUNK)
        ]  # fmt: skip
        scores = np.concatenate([scores, np.concatenate([s for s, _ in parts])], axis=1)
        indices = np.concatenate([indices, np.concatenate([i for _, i in parts]) + first], axis=1)
        # Earlier blocks come first, and a stable order keeps them first where scores are equal.
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        scores, indices = (np.take_along_axis(z, order, 1) for z in (scores, indices))
    return scores, indices


def best_targets(
    x: np.ndarray,
    y: np.ndarray,
    best: int,
    *,
    scoring: str = "csls",
    k: int = 10,
    queries: np.ndarray | None = None,
    device: str | None = None,
    crowd: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The `best` rows of y for each query under a scoring named in `SCORINGS`.

    Args:
        x: (n, d) source rows in the common space. y: (m, d) target rows.
        best: rows returned a query.
        k: neighbourhood of CSLS.
        queries: indices into x to look up; None is all.
        crowd: see `csls`.

    Returns:
        scores (q, best) float32 and indices into y (q, best) int64.

    Raises:
        InputError: an unknown scoring.
    """
    if scoring == "csls":
        return csls(x, y, best, neighbourhood=k, queries=queries, device=device, crowd=crowd)
    if scoring == "inverted-softmax":
        return inverted_softmax(x, y, best, queries=queries, device=device)
    if scoring == "cosine":
        rows = x if queries is None else x[queries]
        return nearest(unit(rows), unit(y), best, device=device)
    raise InputError(f"unknown scoring {scoring!r}. Known: {' '.join(SCORINGS)}")
