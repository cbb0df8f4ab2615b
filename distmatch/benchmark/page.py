"""The report as one HTML file: nothing is loaded from anywhere, and all but the filters works without scripts."""

from __future__ import annotations

import math
import os
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
from distmatch.benchmark.figures import legend, number
from distmatch.benchmark.tables import Cell, Summary, TaskTable

LISTED = 60
"""Records of a cell that are listed one by one; the rest are in the same folder."""


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
        tiles = [(f"{len(entries):,}", "runs"), (str(len(self.tables)), "tasks"), (str(len(methods)), "methods")]
        tiles.append((number(seconds / 3600 if seconds > 3600 else seconds), "CPU hours" if seconds > 3600 else "CPU seconds"))
        tiles += [(f"{n:,}", status) for status, n in statuses.most_common()]
        shown = "".join(f"<div><b>{escape(a)}</b><span>{escape(b)}</span></div>" for a, b in tiles)
        commits = sorted({r["commit"] or "no commit" for _, r in entries})
        devices = sorted({r["device"] for _, r in entries})
        days = sorted({(r.get("started") or "")[:10] for _, r in entries} - {""})
        made = ", ".join(filter(None, [" to ".join(dict.fromkeys([days[0], days[-1]])) if days else "", f"commit {', '.join(commits[:3])}", f"on {', '.join(devices[:3])}"]))
        return (
            f'<header><h1>{escape(self.title)}</h1><p class="soft">{escape(made)}. Every number links to its records and the '
            f'commands that make them again; brackets are 95 % intervals.</p><div class="tiles">{shown}</div></header>'
        )

    def _filters(self, methods: list[str]) -> str:
        options = "".join(f'<option value="{escape(t.name)}">{escape(t.name)}</option>' for t in self.tables)
        boxes = "".join(
            f'<label><input type="checkbox" value="{escape(m)}" checked>{escape(m)}</label>' for m in methods
        )
        only = '<label><input type="checkbox" id="changed">only marked changes</label>' if self.changes is not None else ""
        only = only.replace('type="checkbox"', 'type="checkbox" form="none"')
        return (
            f'<nav class="filters" aria-label="Filters"><select id="task" aria-label="Task"><option value="">all tasks</option>{options}</select>'
            f'<button type="button" id="all">all / none</button><div class="methods">{boxes}</div>{only}</nav>'
        )

    def _changes(self) -> str:
        if self.changes is None:
            return ""
        marked = [c for c in self.changes if c.marked]
        rows = "".join(
            f'<tr data-task="{escape(c.task)}" data-method="{escape(c.method)}" data-marked="{"yes" if c.marked else "no"}">'
            f'<td>{escape(c.method)}</td><td class="text">{escape(c.task)}, {escape(c.point)}</td><td class="text">{escape(c.quantity)}</td>'
            f'<td>{number(c.before)}</td><td><a href="#cell{c.cell}">{number(c.now)}</a></td><td>{c.runs}</td><td>{c.probability:.2g}</td>'
            f'<td class="{_class(c)}">{_verdict(c)}</td></tr>'
            for c in (self.changes if len(self.changes) < 400 else [*marked, *self.changes[len(marked) : len(marked) + 300]])
        )
        head = "<th>method</th><th class='text'>where</th><th class='text'>quantity</th><th>before</th><th>now</th><th>runs</th><th>p</th><th>change</th>"
        text = (
            f"{len(marked)} of {len(self.changes)} quantities changed beyond noise against {escape(self.against)} "
            "(paired by seed where data and seed are the same; Holm's correction at 5 % over all; CPU time by more than a fifth)."
        )
        return f'<h2>What changed</h2><p>{text}</p><div class="scroll"><table class="changes"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'

    def _task(self, table: TaskTable, colours: dict[str, int]) -> str:
        figures = "".join(charts(table, colours))
        hidden = f" Hidden: {escape(table.hidden)}." if table.hidden else ""
        known = legend([(m, colours[m]) for m in table.methods])
        return (
            f'<section data-task="{escape(table.name)}"><h2>{escape(table.name)}</h2>'
            f'<p class="soft">{escape(table.title)}. Kind {table.kind}, version {table.version}.{hidden}</p>'
            f'{self._grid(table)}<div class="figures">{figures}</div>{self._details(table)}</section>'
            if figures
            else f'<section data-task="{escape(table.name)}"><h2>{escape(table.name)}</h2>'
            f'<p class="soft">{escape(table.title)}. Kind {table.kind}, version {table.version}.{hidden}</p>{known}{self._grid(table)}{self._details(table)}</section>'
        )

    def _grid(self, table: TaskTable) -> str:
        """Methods down, points across: the primary metric with interval and rank."""
        ranks = {p: table.rank(p) for p in table.points}
        name = next((c.metric_names[0] for c in table.cells.values() if c.metric_names), "answer")
        head = "".join(f"<th>{_broken(p)}</th>" for p in table.points)
        rows = []
        for method in table.methods:
            cells = []
            for p in table.points:
                cell = table.cells.get((p, method))
                if cell is None:
                    cells.append('<td class="none">not run</td>')
                    continue
                place, near = ranks[p].get(method, (0, False))
                kind = ("best " if place == 1 else "") + ("near" if near else "")
                cells.append(f'<td class="{kind.strip()}">{_value(cell, cell.primary, place)}</td>')
            rows.append(f'<tr data-method="{escape(method)}"><td>{escape(method)}</td>{"".join(cells)}</tr>')
        text = f"<b>{escape(name)}</b> by method and point, with its rank. Shaded: not told apart from the best."
        return f'<h3>Who works where</h3><p class="soft">{text}</p><div class="scroll"><table><thead><tr><th>method</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'

    def _details(self, table: TaskTable) -> str:
        """One row a cell: all metrics, Δ, confidence, cost."""
        names = list(dict.fromkeys(n for c in table.cells.values() for n in c.metric_names))
        saved = any(c.saved for c in table.cells.values())
        head = "".join(f"<th>{escape(n)}</th>" for n in names)
        head += "<th>right</th>" + ("<th>Δ bits</th>" if saved else "") + "<th>confidence</th><th>CPU s</th><th>MiB</th><th>runs</th>"
        rows = []
        for (point, method), c in table.cells.items():
            cells = [f"<td>{_value(c, c.metric(n))}</td>" for n in names]
            cells.append(f"<td>{_value(c, c.right)}</td>")
            if saved:
                cells.append(f"<td>{_value(c, c.saved)}</td>")
            link = f'href="#cell{c.number}"'
            cells += [f"<td><a {link}>{number(v)}</a></td>" for v in (c.confidence, c.cpu_seconds, c.peak_memory)]
            cells.append(f"<td>{_runs(c)}</td>")
            rows.append(f'<tr data-method="{escape(method)}"><td>{escape(method)}</td><td class="text">{escape(point)}</td>{"".join(cells)}</tr>')
        return (
            f'<details><summary>All metrics, bits, confidence and cost</summary><div class="scroll"><table><thead><tr><th>method</th><th class="text">point</th>{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div></details>"
        )

    def _records(self) -> str:
        parts = ['<section class="records"><h2>Records</h2><p class="soft">One entry a cell; each run has its record and its exact command.</p>']
        for c in self._cells():
            rows = "".join(self._record(c, path, record) for path, record in c.entries[:LISTED])
            more = f"<p>and {len(c.entries) - LISTED} more in the same folder</p>" if len(c.entries) > LISTED else ""
            parts.append(
                f'<details id="cell{c.number}" data-task="{escape(c.task)}" data-method="{escape(c.method)}"><summary>{escape(c.task)}, {escape(c.point)}: '
                f'<b>{escape(c.method)}</b>, {len(c.entries)} runs</summary><div class="scroll"><table><tbody>{rows}</tbody></table></div>{more}</details>'
            )
        return "".join(parts) + "</section>"

    def _record(self, cell: Cell, path: Path, record: dict[str, Any]) -> str:
        link = quote(os.path.relpath(path, self.home).replace(os.sep, "/"))
        value = record["error"] or "; ".join(f"{k} {number(m['value'])}" for k, m in record["metrics"].items())
        command = f"distmatch benchmark {os.path.relpath(path.parent / 'config.yaml', self.home)} --out again"
        return (
            f'<tr><td><a href="{link}">seed {record["seed"]}</a></td><td class="text">{escape(record["status"])}</td>'
            f'<td class="text">{escape(value)}</td><td>{number(record["cpu_seconds"])} s</td><td class="text"><code>{escape(command)}</code></td></tr>'
        )


def _value(cell: Cell, summary: Summary | None, place: int = 0) -> str:
    link = f'href="#cell{cell.number}"'
    if summary is None:
        status = cell.statuses.most_common(1)[0][0] if not cell.done else "–"
        status = "n/a" if status == "does not apply" else status
        title = next((r["error"] for _, r in cell.entries if r["error"]), "") or ""
        return f'<a class="none" {link} title="{escape(title)}">{escape(status)}</a>'
    rank = f" <small>#{place}</small>".replace("<small>", '<small style="display:inline">') if place else ""
    span = f"<small>[{number(summary.low)}, {number(summary.high)}]</small>" if summary.bounded else ""
    return f"<a {link}>{number(summary.value)}</a>{rank}{span}"


def _runs(cell: Cell) -> str:
    done, total = cell.statuses["done"], sum(cell.statuses.values())
    link = f'href="#cell{cell.number}"'
    if done == total:
        return f"<a {link}>{total}</a>"
    told = ", ".join(f"{n} {s}" for s, n in cell.statuses.items() if s != "done")
    return f'<a {link} class="bad">{done}/{total}</a><small>{escape(told)}</small>'


def _broken(point: str) -> str:
    return "<br>".join(escape(part) for part in point.split(", "))


def _verdict(change: Change) -> str:
    if not change.marked:
        return "same" if change.now == change.before else "noise"
    return "▲ better" if change.better else "▼ worse"


def _class(change: Change) -> str:
    return "" if not change.marked else "good" if change.better else "bad"


def _asset(name: str) -> str:
    return resources.files("distmatch.benchmark").joinpath(name).read_text("utf-8")


def finite_or_none(value: float) -> float | None:
    """The value, or None if JSON cannot hold it."""
    return value if math.isfinite(value) else None
