"""Reports of records: HTML for people, Markdown for documents, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distmatch.benchmark.comparison import Change, compare
from distmatch.benchmark.page import Page, finite_or_none
from distmatch.benchmark.plaintables import latex
from distmatch.benchmark.records import (
    check_versions,
    exported,
    read_records,
    with_current_code,
)
from distmatch.benchmark.reliability import calibrated, concordance
from distmatch.benchmark.tables import Cell, Summary, TaskTable, tabulate
from distmatch.benchmark.thresholds import determined
from distmatch.drawing import number
from distmatch.errors import unknown

FORMATS = ("html", "md", "csv", "json", "tex", "jsonl")


def report(
    folders: Sequence[str | Path], *, format: str = "html", against: str | Path | None = None,
    home: Path | None = None, title: str = "distmatch benchmark",
) -> str:  # fmt: skip
    """The report of the records below the folders.

    Args:
        folders: of run directories, or files of exported records (`jsonl`).
        format: one of `FORMATS`.
        against: folder of earlier records to compare with.
        home: folder that the report will lie in, for links; the working folder by default.
        title: of the page.

    Raises:
        InputError: an unknown format, no records, records of another schema, clashing versions of a task.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    entries, old = with_current_code(read_records(*folders))
    tables = tabulate(entries)
    changes = None
    if against is not None:
        before = read_records(against)
        before, _ = with_current_code(before)
        check_versions([*entries, *before])
        changes = compare(tables, tabulate(before))
    if format == "html":
        page = Page(
            tables=tables,
            changes=changes,
            title=title,
            home=home or Path.cwd(),
            against=str(against or ""),
            left_out=old,
        )
        return page.html()
    if format == "md":
        told = f"{old} runs of earlier code of a method are left out.\n\n" if old else ""
        return told + markdown(tables, changes)
    if format == "csv":
        return comma_separated(tables)
    if format == "tex":
        return latex(tables)
    if format == "jsonl":
        return exported(entries)
    return json.dumps(as_json(tables, changes), ensure_ascii=False, indent=1) + "\n"


def markdown(tables: Sequence[TaskTable], changes: Sequence[Change] | None = None) -> str:
    """For each task a table of each metric and of CPU seconds, calibration, and how Δ goes with accuracy."""
    parts = []
    for t in tables:
        names = list(dict.fromkeys(n for c in t.cells.values() for n in c.metric_names))
        parts.append(f"### {t.name} (version {t.version})\n\n{t.title}.\n")
        if len(t.methods) == 1 < len(names):
            parts.append(_down(t, names))
        else:
            for name in names or ["answer"]:
                parts.append(_measured(t, name, ranked=name == (names or [""])[0]))
            rows = [["CPU seconds (median)", *t.points]]
            for method in t.methods:
                cells = [t.cells.get((p, method)) for p in t.points]
                rows.append([method, *(_seconds(c) if c else "not run" for c in cells)])
            parts.append(_pipes(rows))
        if t.varying == ["length"] and (said := determined(list(t.cells.values()))):
            parts.append(said + "\n")
        parts += [f"Confidence of {m}: {note}.\n" for m, note in calibrated(t).items()]
        rho, agree, pairs, runs = concordance(t)
        if pairs and math.isfinite(rho):
            parts.append(
                f"Δ and {names[0]}: Spearman {number(rho, 2)} over {runs} runs; on the same instance the answer with more "
                f"bits saved is the better one in {agree} of {pairs} pairs.\n"
            )
    if changes is not None:
        rows = [["change", "task", "point", "method", "quantity", "before", "now", "p"]]
        for c in changes:
            if c.marked:
                verdict = "better" if c.better else "worse"
                figures = [number(c.before), number(c.now), f"{c.probability:.2g}"]
                rows.append([verdict, c.task, c.point, c.method, c.quantity, *figures])
        told = f"### Changed beyond noise: {len(rows) - 1} of {len(changes)}\n\n"
        parts.append(told + _pipes(rows))
    return "\n".join(parts)


def _down(table: TaskTable, names: Sequence[str]) -> str:
    """Points down, metrics across: for one method."""
    rows = [[table.methods[0], *names, "CPU seconds", "runs"]]
    for cell in table.cells.values():
        values = [_text(cell, name, 0) for name in names]
        rows.append([cell.point, *values, _seconds(cell), str(sum(cell.statuses.values()))])
    return _pipes(rows)


def _measured(table: TaskTable, name: str, *, ranked: bool) -> str:
    rows = [[name, *table.points]]
    for method in table.methods:
        cells = [table.cells.get((p, method)) for p in table.points]
        places = [table.rank(p).get(method, (0, False))[0] if ranked else 0 for p in table.points]
        if ranked or any(c and c.metric(name) for c in cells):
            rows.append(
                [method, *(_text(c, name, place) for c, place in zip(cells, places, strict=True))]
            )
    return _pipes(rows)


def _seconds(cell: Cell) -> str:
    return number(cell.cpu_seconds) + " cold" * cell.cold


def _text(cell: Cell | None, name: str, place: int) -> str:
    if cell is None:
        return "not run"
    s = cell.metric(name)
    if s is None:
        status = cell.statuses.most_common(1)[0][0]
        return {"does not apply": "n/a", "done": "–"}.get(status, status)
    span = f" [{number(s.low)}, {number(s.high)}]" if s.bounded else f" n={s.n}"
    return f"{number(s.value)}{span}" + (f" #{place}" if place else "")


def _pipes(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:], ""])


def comma_separated(tables: Sequence[TaskTable]) -> str:
    """One line per run: what it was, how it ended, every metric."""
    cells = [c for t in tables for c in t.cells.values()]
    axes = list(dict.fromkeys(a for c in cells for a in c.axes))
    names = list(dict.fromkeys(n for c in cells for n in c.metric_names))
    head = ["task", "task_version", "method", "seed", "status", *axes, *names, "saved_bits", "confidence", "right", "seconds",
            "cpu_seconds", "peak_memory_mib", "error", "record"]  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for cell in cells:
        for path, r in cell.entries:
            values = [r["metrics"].get(n, {}).get("value") for n in names]
            writer.writerow(
                [
                    r["task"],
                    r["task_version"],
                    r["method"],
                    r["seed"],
                    r["status"],
                    *(r["axes"].get(a) for a in axes),
                    *values,
                    (r["bits"] or {}).get("saved"),
                    r["confidence"],
                    r.get("right"),
                    r["seconds"],
                    r["cpu_seconds"],
                    r["peak_memory_mib"],
                    r["error"],
                    str(path),
                ]
            )
    return out.getvalue()


def as_json(tables: Sequence[TaskTable], changes: Sequence[Change] | None = None) -> dict[str, Any]:
    """Cells with their summaries and the paths of their records."""
    cells = []
    for t in tables:
        for (point, method), c in t.cells.items():
            cells.append(
                {
                    "task": t.name, "version": t.version, "axes": c.axes, "point": point, "method": method,
                    "metrics": {n: _summary(c.metric(n)) for n in c.metric_names},
                    "rank": t.rank(point).get(method, (None,))[0], "right": _summary(c.right), "saved": _summary(c.saved),
                    "confidence": finite_or_none(c.confidence), "cpu_seconds": finite_or_none(c.cpu_seconds), "cold": c.cold,
                    "peak_memory_mib": finite_or_none(c.peak_memory), "status": dict(c.statuses),
                    "records": [str(p) for p, _ in c.entries],
                }
            )  # fmt: skip
    out: dict[str, Any] = {"cells": cells}
    if changes is not None:
        out["changes"] = [
            {**vars(c), "now": finite_or_none(c.now), "before": finite_or_none(c.before)}
            for c in changes
        ]
    return out


def _summary(s: Summary | None) -> dict[str, Any] | None:
    if s is None:
        return None
    return {
        "value": finite_or_none(s.value),
        "low": finite_or_none(s.low),
        "high": finite_or_none(s.high),
        "n": s.n,
    }
