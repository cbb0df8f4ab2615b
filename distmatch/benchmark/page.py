"""The report as one HTML file: nothing is loaded from anywhere, and all but the filters works without scripts."""

from __future__ import annotations

import math
import os
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from distmatch.benchmark.charts import charts
from distmatch.benchmark.comparison import Change
from distmatch.benchmark.tables import Cell, Summary, TaskTable
from distmatch.drawing import number

LISTED = 60
"""Records of a cell that are listed one by one; the rest are in the same folder."""
UNMARKED = 300
"""Rows of what did not change."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the HTML is made of.

    Args:
        tables: the tasks.
        changes: against another folder, or None.
        title: of the page.
        home: folder that the report will lie in: links to records are relative to it.
        against: name of the other folder.
    """

    tables: Sequence[TaskTable]
    changes: Sequence[Change] | None
    title: str
    home: Path
    against: str = ""

    def html(self) -> str:
        """The whole file."""
        methods = sorted({m for t in self.tables for m in t.methods})
        colours = {m: i for i, m in enumerate(methods)}
        style, script = (_asset(f"report.{kind}") for kind in ("css", "js"))
        body = [self._head(methods), self._filters(methods), self._changes()]
        body += [self._task(t, colours) for t in self.tables]
        body.append(self._records())
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
            f"<title>{escape(self.title)}</title><style>{style}</style></head>\n<body><main>\n"
            + "\n".join(body)
            + f"\n</main><script>{script}</script></body></html>\n"
        )

    def _cells(self) -> list[Cell]:
        return [c for t in self.tables for c in t.cells.values()]

    def _head(self, methods: list[str]) -> str:
        entries = [e for c in self._cells() for e in c.entries]
        statuses = Counter(r["status"] for _, r in entries)
        seconds = sum(r["cpu_seconds"] or 0.0 for _, r in entries)
        tiles = [(f"{len(entries):,}", "runs"), (str(len(self.tables)), "tasks")]
        tiles.append((str(len(methods)), "methods"))
        long = seconds > 3600
        tiles.append(
            (number(seconds / 3600 if long else seconds), f"CPU {'hours' if long else 'seconds'}")
        )
        tiles += [(f"{n:,}", status) for status, n in statuses.most_common()]
        shown = "".join(f"<div><b>{escape(a)}</b><span>{escape(b)}</span></div>" for a, b in tiles)
        days = sorted({(r.get("started") or "")[:10] for _, r in entries} - {""})
        made = [" to ".join(dict.fromkeys([days[0], days[-1]]))] if days else []
        made.append(f"commit {_some({r['commit'] or 'unknown' for _, r in entries})}")
        made.append(f"on {_some({r['device'] for _, r in entries})}")
        told = "Every number links to its records and the commands that make them again; brackets are 95 % intervals."
        return (
            f'<header><h1>{escape(self.title)}</h1><p class="soft">{escape(", ".join(made))}. {told}</p>'
            f'<div class="tiles">{shown}</div></header>'
        )

    def _filters(self, methods: list[str]) -> str:
        names = "".join(f"<option>{escape(t.name)}</option>" for t in self.tables)
        boxes = "".join(
            f'<label><input type="checkbox" class="method" value="{escape(m)}" checked>{escape(m)}</label>'
            for m in methods
        )
        return (
            '<nav class="filters" aria-label="Filters"><select id="task" aria-label="Task">'
            f'<option value="">all tasks</option>{names}</select><button type="button" id="all">all / none</button>'
            f'<div class="methods">{boxes}</div></nav>'
        )

    def _changes(self) -> str:
        if self.changes is None:
            return ""
        marked = [c for c in self.changes if c.marked]
        others = [c for c in self.changes if not c.marked]
        text = (
            f"{len(marked)} of {len(self.changes)} quantities changed beyond noise against {escape(self.against)} "
            "(paired by seed where data and seed are the same; Holm's correction at 5 % over all; CPU time by more "
            "than a fifth)."
        )
        rest = f"<details><summary>{len(others)} others: the same, or noise</summary>{_change_table(others[:UNMARKED])}</details>"
        return f"<h2>What changed</h2><p>{text}</p>{_change_table(marked) if marked else ''}{rest if others else ''}"

    def _task(self, table: TaskTable, colours: dict[str, int]) -> str:
        figures = "".join(charts(table, colours))
        hidden = f" Hidden: {escape(table.hidden)}." if table.hidden else ""
        pictures = f'<div class="figures">{figures}</div>' if figures else ""
        return (
            f'<section data-task="{escape(table.name)}"><h2>{escape(table.name)}</h2>'
            f'<p class="soft">{escape(table.title)}. Kind {table.kind}, version {table.version}.{hidden}</p>'
            f"{self._grid(table)}{pictures}{self._details(table)}</section>"
        )

    def _grid(self, table: TaskTable) -> str:
        """Methods down, points across: the primary metric with interval and rank."""
        ranks = {p: table.rank(p) for p in table.points}
        name = next((c.metric_names[0] for c in table.cells.values() if c.metric_names), "answer")
        rows = []
        for method in table.methods:
            cells = [escape(method)]
            for p in table.points:
                cell = table.cells.get((p, method))
                place, near = ranks[p].get(method, (0, False))
                mark = " ".join(["best"] * (place == 1) + ["near"] * near)
                value = (
                    '<span class="none">not run</span>'
                    if cell is None
                    else _value(cell, cell.primary, place)
                )
                cells.append(f"{mark}|{value}" if mark else value)
            rows.append(_row(cells, method=method))
        text = f"<b>{escape(name)}</b> by method and point, with its rank. Shaded: not told apart from the best."
        head = ["method", *(_broken(p) for p in table.points)]
        return f'<h3>Who works where</h3><p class="soft">{text}</p>{_table(head, rows)}'

    def _details(self, table: TaskTable) -> str:
        """One row a cell: all metrics, Δ, confidence, cost."""
        names = list(dict.fromkeys(n for c in table.cells.values() for n in c.metric_names))
        head = [
            "method",
            ">point",
            *map(escape, names),
            "right",
            "Δ bits",
            "confidence",
            "CPU s",
            "MiB",
            "runs",
        ]
        rows = []
        for (point, method), c in table.cells.items():
            plain = [
                f'<a href="#cell{c.number}">{number(v)}</a>'
                for v in (c.confidence, c.cpu_seconds, c.peak_memory)
            ]
            measured = [_value(c, s) for s in (*map(c.metric, names), c.right, c.saved)]
            cells = [escape(method), f">{escape(point)}", *measured, *plain, _runs(c)]
            rows.append(_row(cells, method=method))
        return f"<details><summary>All metrics, bits, confidence and cost</summary>{_table(head, rows)}</details>"

    def _records(self) -> str:
        told = "One entry a cell; each run has its record and its exact command."
        parts = [f'<section class="records"><h2>Records</h2><p class="soft">{told}</p>']
        for c in self._cells():
            rows = [self._record(path, record) for path, record in c.entries[:LISTED]]
            more = len(c.entries) - LISTED
            rest = f"<p>and {more} more in the same folder</p>" if more > 0 else ""
            name = f"{escape(f'{c.task}, {c.point}')}: <b>{escape(c.method)}</b>, {len(c.entries)} runs"
            parts.append(
                f'<details id="cell{c.number}" data-task="{escape(c.task)}" data-method="{escape(c.method)}">'
                f"<summary>{name}</summary>{_table([], rows)}{rest}</details>"
            )
        return "".join(parts) + "</section>"

    def _record(self, path: Path, record: dict[str, Any]) -> str:
        link = quote(os.path.relpath(path, self.home).replace(os.sep, "/"))
        said = record["error"] or "; ".join(
            f"{k} {number(m['value'])}" for k, m in record["metrics"].items()
        )
        config = os.path.relpath(path.parent / "config.yaml", self.home)
        command = f"distmatch benchmark {shlex.quote(config)} --out again"
        return _row(
            [f'<a href="{link}">seed {record["seed"]}</a>', f">{escape(record['status'])}", f">{escape(said)}",
             f"{number(record['cpu_seconds'])} s", f"><code>{escape(command)}</code>"],
        )  # fmt: skip


def _change_table(changes: Sequence[Change]) -> str:
    rows = [
        _row(
            [escape(c.method), _verdict(c), number(c.before), f'<a href="#cell{c.cell}">{number(c.now)}</a>',
             f">{escape(c.quantity)}", f">{escape(f'{c.task}, {c.point}')}", str(c.runs), f"{c.probability:.2g}"],
            task=c.task, method=c.method,
        )
        for c in changes
    ]  # fmt: skip
    return _table(["method", "change", "before", "now", ">quantity", ">where", "runs", "p"], rows)


def _some(names: set[str]) -> str:
    """Up to three of some names, in order."""
    listed = sorted(names)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    """A table that scrolls sideways by itself; heads that begin with > are text."""
    names = "".join(
        f'<th class="text">{h[1:]}</th>' if h.startswith(">") else f"<th>{h}</th>" for h in head
    )
    top = f"<thead><tr>{names}</tr></thead>" if head else ""
    return f'<div class="scroll"><table>{top}<tbody>{"".join(rows)}</tbody></table></div>'


def _row(cells: Sequence[str], *, task: str = "", method: str = "") -> str:
    """A row of HTML cells: one that begins with > is text, `class|value` has a class."""
    data = f' data-task="{escape(task)}"' if task else ""
    data += f' data-method="{escape(method)}"' if method else ""
    parts = []
    for cell in cells:
        kind, bar, value = cell.partition("|")
        if cell.startswith(">"):
            parts.append(f'<td class="text">{cell[1:]}</td>')
        elif bar and kind.replace(" ", "").isalpha():
            parts.append(f'<td class="{kind}">{value}</td>')
        else:
            parts.append(f"<td>{cell}</td>")
    return f"<tr{data}>{''.join(parts)}</tr>"


def _value(cell: Cell, summary: Summary | None, place: int = 0) -> str:
    link = f'href="#cell{cell.number}"'
    if summary is None:
        status = cell.statuses.most_common(1)[0][0] if not cell.done else "–"
        status = "n/a" if status == "does not apply" else status
        title = next((r["error"] for _, r in cell.entries if r["error"]), "") or ""
        return f'<a class="none" {link} title="{escape(title)}">{escape(status)}</a>'
    rank = (
        f" <small>#{place}</small>".replace("<small>", '<small style="display:inline">')
        if place
        else ""
    )
    span = (
        f"<small>[{number(summary.low)}, {number(summary.high)}]</small>" if summary.bounded else ""
    )
    return f"<a {link}>{number(summary.value)}</a>{rank}{span}"


def _runs(cell: Cell) -> str:
    done, total = cell.statuses["done"], sum(cell.statuses.values())
    link = f'href="#cell{cell.number}"'
    if done == total:
        return f"<a {link}>{total}</a>"
    told = ", ".join(f"{n} {s}" for s, n in cell.statuses.items() if s != "done")
    failed = set(cell.statuses) - {"done", "does not apply"}
    bad = ' class="bad"' if failed else ""
    return f"<a {link}{bad}>{done}/{total}</a><small>{escape(told)}</small>"


def _broken(point: str) -> str:
    return "<br>".join(escape(part) for part in point.split(", "))


def _verdict(change: Change) -> str:
    if not change.marked:
        return "same" if change.now == change.before else "noise"
    return "good|▲ better" if change.better else "bad|▼ worse"


def _asset(name: str) -> str:
    return resources.files("distmatch.benchmark").joinpath(name).read_text("utf-8")


def finite_or_none(value: float) -> float | None:
    """The value, or None if JSON cannot hold it."""
    return value if math.isfinite(value) else None
