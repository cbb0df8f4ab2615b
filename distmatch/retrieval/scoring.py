"""How well two rows go together: cosine, CSLS, inverted softmax; all as exact inner products.

CSLS and the inverted softmax subtract a number of the key from each score. One more coordinate holds it
(query 1, key minus the number), so one exact search serves every score.
"""

from __future__ import annotations

import numpy as np

from distmatch.errors import InputError
from distmatch.retrieval.neighbours import nearest

SCORINGS = ("csls", "cosine", "inverted-softmax")


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1, (n, d) float32; zero rows stay zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
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
    x: np.ndarray,
    y: np.ndarray,
    k: int = 10,
    *,
    neighbourhood: int = 10,
    queries: np.ndarray | None = None,
    device: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows of y with the highest CSLS for each query: 2 cos(x, y) - r_Y(x) - r_X(y).

    Conneau et al. 2018, section 2.3.

    Args:
        x: (n, d) all source rows in the common space; they define r_X(y).
        y: (m, d) all target rows.
        k: neighbours returned.
        neighbourhood: nearest rows in the mean similarities.
        queries: indices into x to look up; None is all.

    Returns:
        scores (q, k) float32 and indices into y (q, k) int64.
    """
    x, y = unit(x), unit(y)
    rows = x if queries is None else x[queries]
    crowd_y = nearest(y, x, neighbourhood, device=device)[0].mean(axis=1)
    crowd_x = nearest(rows, y, neighbourhood, device=device)[0].mean(axis=1)
    scores, indices = nearest(*_augmented(rows, 2 * y, -crowd_y), k, device=device)
    return scores - crowd_x[:, None], indices


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
    return nearest(*_augmented(rows, beta * y, -_log_mass(y, x, beta)), k, device=device)


def _log_mass(queries: np.ndarray, keys: np.ndarray, beta: float) -> np.ndarray:
    """log sum_j exp(beta <q_i, k_j>), (n,), a block of scores at a time."""
    out = np.empty(len(queries), np.float32)
    chunk = max(1, (1 << 23) // max(1, len(keys)))
    for start in range(0, len(queries), chunk):
        scores = beta * (queries[start : start + chunk] @ keys.T)
        top = scores.max(axis=1)
        out[start : start + chunk] = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return out


def _augmented(
    queries: np.ndarray, keys: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Queries and keys whose inner product is <q, k> + bias of the key."""
    ones = np.ones((len(queries), 1), np.float32)
    return np.hstack([queries, ones]), np.hstack([keys, bias[:, None].astype(np.float32)])


def best_targets(
    x: np.ndarray,
    y: np.ndarray,
    best: int,
    *,
    scoring: str = "csls",
    k: int = 10,
    queries: np.ndarray | None = None,
    device: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The `best` rows of y for each query under a scoring named in `SCORINGS`.

    Args:
        x: (n, d) source rows in the common space. y: (m, d) target rows.
        best: rows returned a query.
        k: neighbourhood of CSLS.
        queries: indices into x to look up; None is all.

    Returns:
        scores (q, best) float32 and indices into y (q, best) int64.

    Raises:
        InputError: an unknown scoring.
    """
    if scoring == "csls":
        return csls(x, y, best, neighbourhood=k, queries=queries, device=device)
    if scoring == "inverted-softmax":
        return inverted_softmax(x, y, best, queries=queries, device=device)
    if scoring == "cosine":
        rows = x if queries is None else x[queries]
        return nearest(unit(rows), unit(y), best, device=device)
    raise InputError(f"unknown scoring {scoring!r}. Known: {' '.join(SCORINGS)}")
