"""Precision@k and its interval: the one that `evaluate` and the benchmark state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MIN_STEM, STEM_SHARE = 4, 2 / 3
"""Letters, and share of the longer word, in which words of one stem agree."""


def hit_ranks(best: np.ndarray, gold: Sequence[np.ndarray]) -> np.ndarray:
    """Rank, from 1, of the first gold target of each query; inf where none is among those found.

    Args:
        best: (q, k) target rows of each query, the best first.
        gold: for each query, its right target rows.

    Returns:
        (q,) float64. Precision@k is the share of ranks of at most k.
    """
    hits = np.array([np.isin(row, right) for row, right in zip(best, gold, strict=True)])
    hits = hits.reshape(best.shape)
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)


def foscttm(mapped: np.ndarray, target: np.ndarray) -> float:
    """Fraction of samples closer than the true match (Liu et al. 2019): 0 is perfect, 0.5 is chance.

    For each row, the share of the other side's rows that are nearer to it than its own partner; the mean over the rows of
    both sides.

    Args:
        mapped: (n, d) rows of X in the space of Y. target: (n, d) rows of Y; row i belongs to row i.
    """
    x, y = (np.asarray(z, np.float64) for z in (mapped, target))
    n = len(x)
    if n < 2:
        return 0.0
    squares, closer = (y * y).sum(1), 0.0
    own = np.square(x - y).sum(1)
    for i in range(0, n, 1024):
        part = slice(i, i + 1024)
        distances = (x[part] ** 2).sum(1)[:, None] + squares - 2 * x[part] @ y.T
        distances[np.arange(len(distances)), np.arange(n)[part]] = np.inf
        closer += float((distances < own[part, None]).sum() + (distances < own).sum())
    return closer / (2 * n * (n - 1))


def same_stem(one: str, other: str) -> bool:
    """Whether two words agree in their first letters: four at least, and two thirds of the longer word.

    A rule for any language, in place of its morphology: inflected forms of most words pass, strong verbs do not, and a few
    strangers (contract, contrast) do.
    """
    a, b = one.casefold(), other.casefold()
    if a == b:
        return True
    shared = next(
        (i for i, (p, q) in enumerate(zip(a, b, strict=False)) if p != q), min(len(a), len(b))
    )
    return shared >= MIN_STEM and shared >= STEM_SHARE * max(len(a), len(b))


def wilson(successes: float, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): sensible at 0, at 1 and for few trials.

    Args:
        successes: how many of `n`.
    """
    if n == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest

    interval = binomtest(round(successes), n).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)
