"""Metrics: a value, what it is a mean over, and its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Z95 = 1.959964


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


def wilson(successes: float, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): sensible at 0, at 1 and for few trials.

    Args:
        successes: how many of `n`, may be fractional (a mean of shares).
    """
    if n == 0:
        return 0.0, 1.0
    p, z = successes / n, Z95
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(centre - half, 0.0), min(centre + half, 1.0)


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
    half = student95(len(given) - 1) * given.std(ddof=1) / math.sqrt(len(given))
    return float(given.mean()), float(given.mean() - half), float(given.mean() + half)


def student95(degrees: int) -> float:
    """The 97.5 % point of Student's t (Hill 1970's expansion, within 0.3 % from 3 degrees on)."""
    exact = {1: 12.706, 2: 4.303}
    if degrees in exact:
        return exact[degrees]
    z, v = Z95, float(degrees)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )


def ranks(values: Sequence[float]) -> np.ndarray:
    """Ranks from 1, ties sharing their mean rank, (n,) float64."""
    given = np.asarray(values, float)
    order = np.argsort(given, kind="stable")
    out = np.empty(len(given))
    out[order] = np.arange(1, len(given) + 1)
    for value in np.unique(given):
        out[given == value] = out[given == value].mean()
    return out


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's rho; NaN with fewer than three points or a constant side."""
    if len(x) < 3:
        return math.nan
    a, b = ranks(x), ranks(y)
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale else math.nan


def area_under_curve(scores: Sequence[float], right: Sequence[bool]) -> float:
    """Chance that a right answer scores above a wrong one, ties counting half; NaN if all are alike."""
    truth = np.asarray(right, bool)
    good, bad = int(truth.sum()), int((~truth).sum())
    if not good or not bad:
        return math.nan
    return float((ranks(scores)[truth].sum() - good * (good + 1) / 2) / (good * bad))


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
    confidences: Sequence[float], right: Sequence[bool], least: int = 12, most: int = 8
) -> list[tuple[float, float, int]]:
    """The same for groups of equal size along the confidence, of at least so many answers: a steadier picture."""
    p, y = np.asarray(confidences, float), np.asarray(right, bool)
    groups = np.array_split(np.argsort(p, kind="stable"), max(1, min(most, len(p) // least)))
    return [(float(p[g].mean()), float(y[g].mean()), len(g)) for g in groups if len(g)]


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over ten bins."""
    rows = calibration_bins(confidences, right)
    total = sum(n for _, _, n in rows)
    return sum(n * abs(p - y) for p, y, n in rows) / total if total else math.nan
