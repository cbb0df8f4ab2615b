"""Reliability of the evidence: does Δ agree with accuracy, and is confidence calibrated?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from distmatch.benchmark.metrics import area_under_curve, calibration_error, rank_correlation
from distmatch.benchmark.tables import Cell, TaskTable
from distmatch.drawing import number

ValuedRun = tuple[Cell, dict[str, Any], float, float]
"""A cell, the record of one of its runs, its Δ in bits per letter or row, and its primary metric."""


def valued_runs(table: TaskTable) -> list[ValuedRun]:
    """The runs of a task that have both a Δ and a primary metric."""
    return [
        (cell, r, float(r["bits"]["saved"]) / size, value)
        for cell in table.cells.values()
        for r in cell.done
        if r["bits"]
        and r["bits"].get("saved") is not None
        and (value := _primary(r)) is not None
        and (size := _size(r))
    ]


def concordance(table: TaskTable) -> tuple[float, int, int, int]:
    """Spearman of Δ and the primary metric over runs, pairs that agree, pairs, and runs."""
    runs = valued_runs(table)
    rho = rank_correlation([saved for *_, saved, _ in runs], [value for *_, value in runs])
    return rho, *agreement(runs), len(runs)


def agreement(runs: list[ValuedRun]) -> tuple[int, int]:
    """Pairs of different answers to the same instance whose Δ and accuracy are ordered alike, and all pairs."""
    groups: dict[str, list[tuple[float, float]]] = {}
    for _, record, saved, value in runs:
        key = json.dumps([record["axes"], record["data_sha256"]], sort_keys=True)
        up = next(iter(record["metrics"].values()))["higher_is_better"]
        groups.setdefault(key, []).append((saved, value * (1 if up else -1)))
    agree = pairs = 0
    for own in groups.values():
        for a, b in combinations(own[:60], 2):
            if abs(a[0] - b[0]) > 1e-9 and a[1] != b[1]:
                pairs += 1
                agree += (a[0] > b[0]) == (a[1] > b[1])
    return agree, pairs


def confidences(table: TaskTable) -> dict[str, list[tuple[float, bool]]]:
    """Method to confidences and whether the answers were right, where there are enough to say anything."""
    given: dict[str, list[tuple[float, bool]]] = {}
    for cell in table.cells.values():
        for r in cell.done:
            if r["confidence"] is not None and r.get("right") is not None:
                given.setdefault(cell.method, []).append((r["confidence"], r["right"]))
    return {m: pairs for m, pairs in given.items() if len(pairs) >= 4}


def calibrated(table: TaskTable) -> dict[str, str]:
    """Method to how well its confidence predicts that it is right."""
    notes = {}
    for method, pairs in confidences(table).items():
        p, right = [a for a, _ in pairs], [b for _, b in pairs]
        auc, error = area_under_curve(p, right), calibration_error(p, right)
        notes[method] = f"AUC {number(auc)}, ECE {number(error)}, n {len(p)}"
    return notes


def _primary(record: Mapping[str, Any]) -> float | None:
    metrics = record["metrics"]
    return next(iter(metrics.values()))["value"] if metrics else None


def _size(record: Mapping[str, Any]) -> int:
    context = record.get("context") or {}
    return int(context.get("letters") or context.get("rows") or 0)
