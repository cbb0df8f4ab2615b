"""Metrics: a value, what it is a mean over, and its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from distmatch.retrieval.precision import wilson


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One measured number.

    Args:
        value: the number; NaN if it could not be measured.
        n: letters, words or rows that it is a mean over.
        low, high: 95 % interval, None where the value is exact.
        higher_is_better: which way is up.
        unit: "" for shares and ratios.
    """

    value: float
    n: int
    low: float | None = None
    high: float | None = None
    higher_is_better: bool
    unit: str = ""

    def to_json(self) -> dict[str, Any]:
        """The object of the record schema."""
        return asdict(self)


def share(successes: int, n: int, *, higher_is_better: bool = True) -> Metric:
    """A share of n trials with its Wilson interval."""
    low, high = wilson(successes, n)
    value = successes / n if n else math.nan
    return Metric(value=value, n=n, low=low, high=high, higher_is_better=higher_is_better)


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and its 95 % interval from Student's t; the interval of one value, or none, is unbounded.

    Returns:
        mean, low, high.
    """
    given = np.array([v for v in values if v is not None and math.isfinite(v)], float)
    if len(given) == 0:
        return math.nan, -math.inf, math.inf
    if len(given) == 1:
        return float(given[0]), -math.inf, math.inf
    from scipy.special import stdtrit

    half = stdtrit(len(given) - 1, 0.975) * given.std(ddof=1) / math.sqrt(len(given))
    return float(given.mean()), float(given.mean() - half), float(given.mean() + half)


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's rho; NaN with fewer than three points or a constant side."""
    from scipy.stats import spearmanr

    if len(x) < 3 or len(set(x)) == 1 or len(set(y)) == 1:
        return math.nan
    return float(np.asarray(spearmanr(x, y))[0])


def area_under_curve(scores: Sequence[float], right: Sequence[bool]) -> float:
    """Probability that a right answer scores above a wrong one, ties counting half; NaN without both."""
    from scipy.stats import rankdata

    truth = np.asarray(right, bool)
    good, bad = int(truth.sum()), int((~truth).sum())
    if not good or not bad:
        return math.nan
    return float((rankdata(scores)[truth].sum() - good * (good + 1) / 2) / (good * bad))


def calibration_bins(
    confidences: Sequence[float], right: Sequence[bool], bins: int = 10
) -> list[tuple[float, float, int]]:
    """Mean confidence, share right and number of answers of each bin that holds any."""
    p, y = np.asarray(confidences, float), np.asarray(right, bool)
    which = np.minimum((p * bins).astype(int), bins - 1)
    return [
        (float(p[which == b].mean()), float(y[which == b].mean()), int((which == b).sum()))
        for b in range(bins)
        if (which == b).any()
    ]


def calibration_groups(
    confidences: Sequence[float], right: Sequence[bool], min_size: int = 12, max_groups: int = 8
) -> list[tuple[float, float, int]]:
    """The same for groups of equal size along the confidence, of at least so many answers: a steadier picture."""
    p, y = np.asarray(confidences, float), np.asarray(right, bool)
    groups = np.array_split(
        np.argsort(p, kind="stable"), max(1, min(max_groups, len(p) // min_size))
    )
    return [(float(p[g].mean()), float(y[g].mean()), len(g)) for g in groups if len(g)]


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over ten bins."""
    rows = calibration_bins(confidences, right)
    total = sum(n for _, _, n in rows)
    return sum(n * abs(p - y) for p, y, n in rows) / total if total else math.nan
