"""The length from which a method solves most ciphers, relative to the unicity distance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from distmatch.benchmark.tables import Cell
from distmatch.drawing import number, numeric


def thresholds(cells: Sequence[Cell]) -> dict[str, tuple[float, float]]:
    """Method to the length from which half of the ciphers are solved, and its ratio to the unicity distance.

    Between two lengths the share is taken as linear in the logarithm; infinite where it never reaches a half.
    """
    curves: dict[str, list[tuple[float, float, float]]] = {}
    for cell in cells:
        solved, unicity = cell.metric("solved"), cell.context("unicity")
        if solved is not None and math.isfinite(unicity) and numeric(cell.axes.get("length")):
            place = float(cell.axes["length"])
            curves.setdefault(cell.method, []).append((place, solved.value, unicity))
    out = {}
    for method, points in curves.items():
        points.sort()
        if len(points) < 2:
            continue
        length = _crossing([(n, share) for n, share, _ in points])
        unicity = float(np.median([u for *_, u in points]))
        out[method] = (length, length / unicity)
    return dict(sorted(out.items(), key=lambda item: item[1]))


def _crossing(points: list[tuple[float, float]]) -> float:
    """Where shares reach one half for good."""
    above = [share >= 0.5 for _, share in points]
    if not above[-1]:
        return math.inf
    first = len(above) - above[::-1].index(False) if False in above else 0
    if first == 0:
        return points[0][0]
    (a, low), (b, high) = points[first - 1], points[first]
    return a * (b / a) ** ((0.5 - low) / (high - low))


def determined(cells: Sequence[Cell]) -> str:
    """`thresholds` in words; nothing where there are none."""
    least = min((c.axes["length"] for c in cells if numeric(c.axes.get("length"))), default=0)
    found = [
        f"{method} {'≤ ' * (length == least)}{number(length)} ({number(ratio, 2)} times)"
        if math.isfinite(length)
        else f"{method} never"
        for method, (length, ratio) in thresholds(cells).items()
    ]
    return (
        f"Half are solved from so many letters, in unicity distances: {', '.join(found)}."
        if found
        else ""
    )
