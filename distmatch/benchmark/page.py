"""The report as one HTML file, made by the template `report.html.jinja`, which escapes whatever records say."""

from __future__ import annotations

import math
import os
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from distmatch.benchmark.charts import charts
from distmatch.benchmark.comparison import Change
from distmatch.benchmark.tables import MIN_RUNS, Cell, TaskTable, said
from distmatch.drawing import number
from distmatch.errors import missing_package

MAX_RECORDS = 60
"""Records of a cell that are listed one by one; the rest are in the same folder."""
MAX_UNCHANGED = 300
"""Rows of what did not change."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Contents of the HTML report.

    Args:
        tables: the tasks.
        changes: against another folder, or None.
        title: of the page.
        home: folder that the report will lie in: links to records are relative to it.
        against: name of the other folder.
        left_out: runs of earlier code of a method, which the page says it leaves out.
    """

    tables: Sequence[TaskTable]
    changes: Sequence[Change] | None
    title: str
    home: Path
    against: str = ""
    left_out: int = 0

    def html(self) -> str:
        """The whole file.

        Raises:
            InputError: jinja2 is not installed.
        """
        try:
            from jinja2 import Environment, StrictUndefined
            from markupsafe import Markup
        except ModuleNotFoundError:
            raise missing_package("jinja2", "benchmark") from None
        environment = Environment(autoescape=True, undefined=StrictUndefined)
        environment.filters["number"] = number
        methods = sorted({m for t in self.tables for m in t.methods})
        colours = {m: i for i, m in enumerate(methods)}
        marked = [c for c in self.changes or () if c.marked]
        return environment.from_string(_asset("report.html.jinja")).render(
            title=self.title, made=self._made(), tiles=self._tiles(methods), tables=self.tables, methods=methods,
            cells=self._cells(), listed=MAX_RECORDS, changes=self.changes, marked=marked, against=self.against,
            unmarked=[c for c in self.changes or () if not c.marked], listed_changes=MAX_UNCHANGED,
            style=Markup(_asset("report.css")), script=Markup(_asset("report.js")),
            charts=lambda table: [Markup(figure) for figure in charts(table, colours)],
            min_runs=MIN_RUNS, standing=_standing, outcome=_outcome, ranked=_ranked, primary=_primary, metric_names=_metric_names,
            run=partial(_run, home=self.home), left_out=self.left_out,
        )  # fmt: skip

    def _cells(self) -> list[Cell]:
        return [c for t in self.tables for c in t.cells.values()]

    def _tiles(self, methods: list[str]) -> list[tuple[str, str]]:
        """Figures at the top of the page, with their names."""
        entries = [e for c in self._cells() for e in c.entries]
        statuses = Counter(r["status"] for _, r in entries)
        seconds = sum(r["cpu_seconds"] or 0.0 for _, r in entries)
        long = seconds > 3600
        return [
            (f"{len(entries):,}", "runs"),
            (str(len(self.tables)), "tasks"),
            (str(len(methods)), "methods"),
            (number(seconds / 3600 if long else seconds), f"CPU {'hours' if long else 'seconds'}"),
            *((f"{n:,}", status) for status, n in statuses.most_common()),
        ]

    def _made(self) -> str:
        """When, from which commit and where the records were made."""
        records = [r for c in self._cells() for _, r in c.entries]
        days = sorted({(r.get("started") or "")[:10] for r in records} - {""})
        made = [" to ".join(dict.fromkeys([days[0], days[-1]]))] if days else []
        made.append(f"commit {_some({r['commit'] or 'unknown' for r in records})}")
        return ", ".join([*made, f"on {_some({r['device'] for r in records})}"])


def _some(names: set[str]) -> str:
    """Up to three of some names, in order."""
    listed = sorted(names)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _standing(cell: Cell) -> tuple[str, str]:
    """What stands in place of a value that a cell lacks, and the first error of its runs."""
    status = cell.statuses.most_common(1)[0][0] if not cell.done else "–"
    error = next((r["error"] for _, r in cell.entries if r["error"]), "") or ""
    return "n/a" if status == "does not apply" else status, error


def _outcome(cell: Cell) -> tuple[int, int, str, bool]:
    """Runs done, runs in all, how the others ended, and whether any failed."""
    others = ", ".join(f"{n} {s}" for s, n in cell.statuses.items() if s != "done")
    failed = bool(set(cell.statuses) - {"done", "does not apply"})
    return cell.statuses["done"], sum(cell.statuses.values()), others, failed


def _ranked(table: TaskTable) -> dict[str, dict[str, tuple[int, bool]]]:
    return {point: table.rank(point) for point in table.points}


def _primary(table: TaskTable) -> str:
    return next((c.metric_names[0] for c in table.cells.values() if c.metric_names), "answer")


def _metric_names(table: TaskTable) -> list[str]:
    return list(dict.fromkeys(n for c in table.cells.values() for n in c.metric_names))


def _run(path: Path, record: dict[str, Any], *, home: Path) -> tuple[str, str, str, str]:
    """Link to the record of a run, its result in a line, the command that reproduces it, and the foreign code it runs."""
    link = quote(os.path.relpath(path, home).replace(os.sep, "/"))
    result = record["error"] or "; ".join(
        f"{k} {number(m['value'])}" for k, m in record["metrics"].items()
    )
    foreign = "" if record.get("class", "").startswith("distmatch.") else record.get("class", "")
    told = said(path, record)[1].get("settings", record.get("settings", {}))
    foreign = str(told["command"]) if isinstance(told, dict) and "command" in told else foreign
    if path.name != "record.json":
        return link, result, "", foreign
    config = os.path.relpath(path.parent / "config.yaml", home)
    return link, result, f"distmatch benchmark {shlex.quote(config)} --out again", foreign


def _asset(name: str) -> str:
    return resources.files("distmatch.benchmark").joinpath(name).read_text("utf-8")


def finite_or_none(value: float) -> float | None:
    """The value, or None if JSON cannot hold it."""
    return value if math.isfinite(value) else None
