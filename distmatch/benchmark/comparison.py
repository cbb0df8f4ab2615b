"""Two sets of records: which cells changed beyond noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.benchmark.tables import Cell, TaskTable

LEVEL = 0.05
"""Family-wise error rate: probability that anything is marked when nothing changed (Holm 1979)."""
SLOWER = 1.2
"""Ratio of CPU seconds below which a change is not marked."""


@dataclass
class Change:
    """A quantity of a cell, now and before."""

    task: str
    point: str
    method: str
    quantity: str
    now: float
    before: float
    runs: int
    probability: float
    """p-value of the difference."""
    better: bool
    marked: bool = False
    cell: int = 0


def compare(now: Sequence[TaskTable], before: Sequence[TaskTable]) -> list[Change]:
    """Changes of every metric and of CPU seconds in cells that both have, the marked ones first.

    Runs with the same seed and the same data are compared in pairs, others as two samples.
    """
    old = {(t.name, label_of(c), c.method): c for t in before for c in t.cells.values()}
    found: list[Change] = []
    for table in now:
        for cell in table.cells.values():
            other = old.get((table.name, label_of(cell), cell.method))
            if other is not None:
                found += _changes(cell, other)
    ordered = sorted(found, key=lambda c: c.probability)
    for i, change in enumerate(ordered):
        if change.probability > LEVEL / (len(ordered) - i):
            break
        large = (
            change.quantity != "CPU seconds" or not 1 / SLOWER < change.now / change.before < SLOWER
        )
        change.marked = change.now != change.before and large
    return sorted(found, key=lambda c: (not c.marked, c.task, c.quantity, c.point, c.method))


def label_of(cell: Cell) -> str:
    """All axes of a cell: points are named by what varies, which may differ between two folders."""
    return repr(sorted(cell.axes.items(), key=lambda p: p[0]))


def _changes(now: Cell, before: Cell) -> list[Change]:
    out = []
    for name in [n for n in now.metric_names if n in before.metric_names]:
        a, b = _metric(now, name), _metric(before, name)
        up = next(r["metrics"][name]["higher_is_better"] for r in now.done if name in r["metrics"])
        out += _change(now, name, a, b, up, _spread(now, before, name))
    seconds = [
        {
            _pairing(r): math.log(r["cpu_seconds"])
            for r in c.done
            if r["cpu_seconds"] and r.get("warm")
        }
        for c in (now, before)
    ]
    for change in _change(now, "CPU seconds", seconds[0], seconds[1], False, None):
        change.now, change.before = math.exp(change.now), math.exp(change.before)
        out.append(change)
    rates = [(c.statuses["done"], sum(c.statuses.values())) for c in (now, before)]
    if rates[0][0] != rates[1][0] and rates[0][1] == rates[1][1]:
        p = _fisher(rates)
        shares = [done / total for done, total in rates]
        out.append(
            Change(
                now.task, now.point, now.method, "runs done", shares[0], shares[1], rates[0][1], p,
                shares[0] > shares[1], cell=now.number,
            )
        )  # fmt: skip
    return out


def _change(
    cell: Cell, name: str, a: dict[str, float], b: dict[str, float], up: bool, spread: float | None
) -> list[Change]:
    if not a or not b:
        return []
    shared = sorted(set(a) & set(b))
    if len(shared) >= 2:
        x, y = np.array([a[s] for s in shared]), np.array([b[s] for s in shared])
        p = _paired(x - y)
    else:
        x, y = np.array(list(a.values())), np.array(list(b.values()))
        p = _two_samples(x, y, spread)
    now, before = float(x.mean()), float(y.mean())
    better = now > before if up else now < before
    return [
        Change(
            cell.task,
            cell.point,
            cell.method,
            name,
            now,
            before,
            min(len(x), len(y)),
            p,
            better,
            cell=cell.number,
        )
    ]


def _paired(difference: np.ndarray) -> float:
    """Student's t on differences; the sign test where they do not vary."""
    if np.ptp(difference) < 1e-12:
        return 1.0 if abs(difference[0]) < 1e-12 else 2.0 * 0.5 ** len(difference)
    from scipy import stats

    return float(np.asarray(stats.ttest_1samp(difference, 0.0))[1])


def _two_samples(x: np.ndarray, y: np.ndarray, spread: float | None) -> float:
    """Welch's t, or for single runs the normal test with the intervals that the runs themselves gave."""
    from scipy import stats

    if len(x) < 2 or len(y) < 2:
        if not spread:
            return 1.0
        return float(2 * stats.norm.sf(abs(x.mean() - y.mean()) / spread))
    if np.ptp(x) < 1e-12 and np.ptp(y) < 1e-12:
        return 1.0 if abs(x[0] - y[0]) < 1e-12 else 1.0 / math.comb(len(x) + len(y), len(x))
    return float(np.asarray(stats.ttest_ind(x, y, equal_var=False))[1])


def _fisher(rates: list[tuple[int, int]]) -> float:
    from scipy import stats

    table = [[done, total - done] for done, total in rates]
    return float(np.asarray(stats.fisher_exact(table))[1])


def _metric(cell: Cell, name: str) -> dict[str, float]:
    given = {_pairing(r): r["metrics"][name]["value"] for r in cell.done if name in r["metrics"]}
    return {k: v for k, v in given.items() if v is not None}


def _spread(now: Cell, before: Cell, name: str) -> float | None:
    """Standard error of the difference of two single runs, by their own intervals."""
    halves = []
    for cell in (now, before):
        metric = next((r["metrics"][name] for r in cell.done if name in r["metrics"]), None)
        if metric is None or metric["low"] is None:
            return None
        halves.append((metric["high"] - metric["low"]) / 2 / 1.96)
    return math.hypot(*halves)


def _pairing(record: dict[str, Any]) -> str:
    return f"{record['seed']} {sorted(record['data_sha256'].items())}"
