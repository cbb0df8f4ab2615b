"""Cells of a report: the records of one method at one point of one task, summed up and ranked."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.kind import TASK_KINDS, load_kind
from distmatch.benchmark.metrics import mean_interval
from distmatch.retrieval.precision import wilson

Entry = tuple[Path, dict[str, Any]]
MIN_RUNS = 5
"""Runs from which a mean gets an interval: Student's t on fewer says more of the t than of the method."""


@dataclass(frozen=True)
class Summary:
    """A mean over runs with its 95 % interval.

    Args:
        value: the mean, NaN if nothing was measured.
        low, high: the interval; infinite where one value gives none.
        n: runs.
        higher_is_better: which way is up.
        unit: of the value.
    """

    value: float
    low: float
    high: float
    n: int
    higher_is_better: bool
    unit: str = ""

    @property
    def bounded(self) -> bool:
        """Whether there is an interval to show."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True)
class Cell:
    """Records of one method at one point of one task."""

    task: str
    point: str
    """Values of the axes that vary in the task, as text."""
    axes: dict[str, Any]
    method: str
    entries: list[Entry] = field(repr=False)
    number: int = 0
    """Position in the report; anchor of its records."""

    @cached_property
    def done(self) -> list[dict[str, Any]]:
        """The records that have an answer."""
        return [r for _, r in self.entries if r["status"] == "done"]

    @cached_property
    def statuses(self) -> Counter[str]:
        """How many runs ended how."""
        return Counter(r["status"] for _, r in self.entries)

    @cached_property
    def metric_names(self) -> list[str]:
        """Metrics that any record has, the primary one first."""
        names: dict[str, None] = {}
        for record in self.done:
            names.update(dict.fromkeys(record["metrics"]))
        return list(names)

    def metric(self, name: str) -> Summary | None:
        """A metric over the runs. Fewer than `MIN_RUNS` have no interval, but a single run its own; that of 0 or 1 is Wilson's."""
        given = [r["metrics"][name] for r in self.done if name in r["metrics"]]
        given = [m for m in given if m["value"] is not None]
        if not given:
            return None
        values = [m["value"] for m in given]
        mean, low, high = _mean(values)
        share = all(m["unit"] == "" and 0 <= m["value"] <= 1 for m in given)
        if len(given) > 1 and not math.isfinite(low):
            pass
        elif share and set(values) <= {0.0, 1.0} and all(m["n"] == 1 for m in given):
            low, high = wilson(sum(values), len(values))
        elif len(given) == 1 and given[0]["low"] is not None:
            low, high = given[0]["low"], given[0]["high"]
        elif share and math.isfinite(low):
            low, high = max(low, 0.0), min(high, 1.0)
        return Summary(mean, low, high, len(given), given[0]["higher_is_better"], given[0]["unit"])

    @cached_property
    def primary(self) -> Summary | None:
        """The first metric."""
        return self.metric(self.metric_names[0]) if self.metric_names else None

    @cached_property
    def right(self) -> Summary | None:
        """Share of runs whose answer is right."""
        known = [r["right"] for r in self.done if r.get("right") is not None]
        if not known:
            return None
        low, high = -math.inf, math.inf
        if len(known) >= MIN_RUNS:
            low, high = wilson(sum(known), len(known))
        return Summary(sum(known) / len(known), low, high, len(known), True)

    @cached_property
    def cpu_seconds(self) -> float:
        """Median CPU seconds of warm runs (code loaded and compiled before), or of all if there are none: see `cold`."""
        every = [r["cpu_seconds"] for r in self._timed if self.cold or r.get("warm")]
        return float(np.median(every)) if every else math.nan

    @cached_property
    def cold(self) -> bool:
        """Whether no run was warm, so that the time holds what loading and compiling take."""
        return bool(self._timed) and not any(r.get("warm") for r in self._timed)

    @cached_property
    def _timed(self) -> list[dict[str, Any]]:
        return [r for r in self.done if r["cpu_seconds"] is not None]

    @cached_property
    def peak_memory(self) -> float:
        """Largest peak of resident memory, MiB."""
        return max(
            (r["peak_memory_mib"] for r in self.done if r["peak_memory_mib"]), default=math.nan
        )

    @cached_property
    def saved(self) -> Summary | None:
        """Δ in bits over the runs."""
        values = [
            r["bits"]["saved"]
            for r in self.done
            if r["bits"] and r["bits"].get("saved") is not None
        ]
        if not values:
            return None
        return Summary(*_mean(values), len(values), True, "bits")

    @cached_property
    def confidence(self) -> float:
        """Mean confidence."""
        values = [r["confidence"] for r in self.done if r["confidence"] is not None]
        return float(np.mean(values)) if values else math.nan

    def context(self, name: str) -> float:
        """Median of a fact about the task."""
        values = [r["context"][name] for _, r in self.entries if name in (r.get("context") or {})]
        return float(np.median(values)) if values else math.nan


@dataclass(frozen=True)
class TaskTable:
    """All cells of a task."""

    name: str
    title: str
    kind: str
    version: int
    hidden: str
    varying: list[str]
    """Axes with more than one value."""
    points: list[str]
    methods: list[str]
    titles: dict[str, str]
    """Method to what its YAML says that it is."""
    cells: dict[tuple[str, str], Cell]
    """By point and method."""

    def rank(self, point: str) -> dict[str, tuple[int, bool]]:
        """Method to its rank by the primary metric, and whether its interval reaches the best mean."""
        measured = {
            m: s for m in self.methods if (c := self.cells.get((point, m))) and (s := c.primary)
        }
        if not measured:
            return {}
        up = next(iter(measured.values())).higher_is_better
        order = sorted(measured, key=lambda m: -measured[m].value if up else measured[m].value)
        best = measured[order[0]]
        out = {}
        for method in order:
            mine = measured[method]
            place = 1 + sum(
                (o.value > mine.value) if up else (o.value < mine.value) for o in measured.values()
            )
            near = mine.high >= best.low if up else mine.low <= best.high
            out[method] = (place, bool(near and mine.bounded and best.bounded) or place == 1)
        return out


def tabulate(entries: Sequence[Entry]) -> list[TaskTable]:
    """Group records by task, point and method, tasks and methods in alphabetical order."""
    by_task: dict[str, list[Entry]] = {}
    for path, record in entries:
        by_task.setdefault(record["task"], []).append((path, record))
    tables, number = [], 0
    for name, given in sorted(by_task.items()):
        own: list[Entry] = [(path, {**record, "axes": all_axes(record)}) for path, record in given]
        varying = _varying([record["axes"] for _, record in own])
        groups: dict[tuple[str, str], list[Entry]] = {}
        axes: dict[str, dict[str, Any]] = {}
        for path, record in own:
            point = label(record["axes"], varying)
            axes[point] = record["axes"]
            groups.setdefault((point, record["method"]), []).append((path, record))
        points = sorted(axes, key=lambda p: [_sortable(axes[p].get(a)) for a in varying])
        methods = sorted({m for _, m in groups})
        cells = {}
        for point in points:
            for method in methods:
                if (point, method) in groups:
                    found = sorted(
                        groups[point, method], key=lambda e: (e[1]["seed"] or 0, str(e[0]))
                    )
                    cells[point, method] = Cell(name, point, axes[point], method, found, number)
                    number += 1
        told = said(*own[0])[0]
        titles = {
            m: said(*next(e for e in own if e[1]["method"] == m))[1].get("title", "")
            for m in methods
        }
        record = own[0][1]
        tables.append(
            TaskTable(
                name, told.get("title", name), record["kind"], record["task_version"], told.get("hidden", ""), varying,
                points, methods, titles, cells,
            )
        )  # fmt: skip
    return tables


def all_axes(record: Mapping[str, Any]) -> dict[str, Any]:
    """The axes of a record, with those that its kind got after it was written, at their defaults."""
    if record["kind"] not in TASK_KINDS:
        return record["axes"]
    return {name: axis.default for name, axis in load_kind(record["kind"]).axes.items()} | record[
        "axes"
    ]


def label(axes: Mapping[str, Any], varying: Sequence[str]) -> str:
    """Text of a point: the axes that vary."""
    return ", ".join(f"{a} {axes.get(a)}" for a in varying) or "all"


def _varying(every: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for axes in every for name in axes))
    return [n for n in names if len({json.dumps(axes.get(n)) for axes in every}) > 1]


def _sortable(value: Any) -> tuple[int, float, str]:
    if isinstance(value, (int, float)):
        return (0, float(value), "")
    return (1, 0.0, str(value))


def said(path: Path, record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the YAML of a run said of task and method: with an exported record, or beside it (as JSON, which is YAML)."""
    try:
        config = record.get("config") or json.loads(
            (path.parent / "config.yaml").read_text("utf-8")
        )
        return config["tasks"][0], config.get("methods", [{}])[0]
    except (OSError, ValueError, LookupError, TypeError):
        return {}, {}


def _mean(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and interval; the interval of fewer than `MIN_RUNS` is unbounded."""
    mean, low, high = mean_interval(values)
    return (mean, low, high) if len(values) >= MIN_RUNS else (mean, -math.inf, math.inf)
