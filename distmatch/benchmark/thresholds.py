"""The length from which a method solves most ciphers, relative to the unicity distance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from distmatch.benchmark.tables import Cell
from distmatch.drawing import number, numeric


def thresholds(cells: Sequence[Cell], *, log: bool | None = None) -> dict[str, tuple[float, float]]:
    """Method to the length from which half of the ciphers are solved, and its ratio to the unicity distance.

    It is where the drawn line crosses one half for good, so between two lengths the share is linear in what the axis
    shows; infinite where it ends below.

    Args:
        cells: of one task.
        log: whether the axis is logarithmic; by `log_axis` of the cells' own lengths if None.
    """
    curves: dict[str, list[tuple[float, float, float]]] = {}
    for cell in cells:
        solved, unicity = cell.metric("solved"), cell.context("unicity")
        if solved is not None and math.isfinite(unicity) and numeric(cell.axes.get("length")):
            place = float(cell.axes["length"])
            curves.setdefault(cell.method, []).append((place, solved.value, unicity))
    if log is None:
        log = log_axis([n for points in curves.values() for n, *_ in points])
    out = {}
    for method, points in curves.items():
        points.sort()
        if len(points) < 2:
            continue
        length = _crossing([(n, share) for n, share, _ in points], log=log)
        unicity = float(np.median([u for *_, u in points]))
        out[method] = (length, length / unicity)
    return dict(sorted(out.items(), key=lambda item: item[1]))


def log_axis(values: Sequence[float]) -> bool:
    """Whether an axis with these values is drawn logarithmic."""
    return min(values, default=0) > 0 and max(values) / min(values) >= 8


def _crossing(points: list[tuple[float, float]], *, log: bool) -> float:
    """Where shares reach one half for good."""
    above = [share >= 0.5 for _, share in points]
    if not above[-1]:
        return math.inf
    first = len(above) - above[::-1].index(False) if False in above else 0
    if first == 0:
        return points[0][0]
    (a, low), (b, high) = points[first - 1], points[first]
    share = (0.5 - low) / (high - low)
    return a * (b / a) ** share if log else a + share * (b - a)


def determined(cells: Sequence[Cell], *, log: bool | None = None) -> str:
    """`thresholds` in words; nothing where there are none."""
    least = min((c.axes["length"] for c in cells if numeric(c.axes.get("length"))), default=0)
    found = [
        f"{method} {'≤ ' * (length == least)}{number(length)} ({number(ratio, 2)} times)"
        if math.isfinite(length)
        else f"{method} never"
        for method, (length, ratio) in thresholds(cells, log=log).items()
    ]
    return (
        f"Half are solved from so many letters, in unicity distances: {', '.join(found)}."
        if found
        else ""
    )
