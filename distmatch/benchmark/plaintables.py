"""Tables of a report for a terminal and for LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

from distmatch.benchmark.tables import TaskTable
from distmatch.drawing import number

Rows = list[list[str]]
MIN_COLUMNS = 40
"""Characters of the narrowest terminal that tables are made for."""


def primary_rows(table: TaskTable) -> Rows:
    """Methods down, points across: the primary metric with its rank; the first row is the heading."""
    rows = [["", *table.points]]
    ranks = {point: table.rank(point) for point in table.points}
    for method in table.methods:
        cells = [table.cells.get((point, method)) for point in table.points]
        shown = []
        for point, cell in zip(table.points, cells, strict=True):
            place = ranks[point].get(method, (0, False))[0]
            if cell is None:
                shown.append("not run")
            elif cell.primary is None:
                shown.append(cell.statuses.most_common(1)[0][0])
            else:
                shown.append(f"{number(cell.primary.value)} #{place}")
        rows.append([method, *shown])
    return rows


def terminal(tables: Sequence[TaskTable], width: int) -> str:
    """The primary metric of every task, in lines of at most so many characters."""
    parts = []
    for table in tables:
        names = [c.metric_names[0] for c in table.cells.values() if c.metric_names]
        parts.append(f"{table.name}: {names[0] if names else 'no answer'}, #1 is the best")
        rows = primary_rows(table)
        if _width(rows) > max(width, MIN_COLUMNS):
            rows = [list(column) for column in zip(*rows, strict=True)]
        parts += _aligned(rows, max(width, MIN_COLUMNS))
    return "\n".join(parts) + "\n"


def _width(rows: Rows) -> int:
    return sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True))


def _aligned(rows: Rows, width: int) -> list[str]:
    """Lines of a table; columns that do not fit go into a further block below."""
    sizes = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    lines: list[str] = []
    start = 1
    while start < len(sizes):
        end, used = start, sizes[0]
        while end < len(sizes) and (end == start or used + sizes[end] <= width):
            used += sizes[end]
            end += 1
        for row in rows:
            cells = [row[0].ljust(sizes[0])]
            cells += [row[k].rjust(sizes[k]) for k in range(start, end)]
            lines.append("  " + "".join(cells).rstrip())
        start = end
    return lines


def latex(tables: Sequence[TaskTable]) -> str:
    """A `table` per task with the primary metric, the best of each point in bold; it needs the package booktabs."""
    parts = [r"% distmatch benchmark: \usepackage{booktabs}"]
    for table in tables:
        parts += [r"\begin{table}", r"\centering", rf"\caption{{{escaped(_caption(table))}}}"]
        parts += [rf"\begin{{tabular}}{{l{'r' * len(table.points)}}}", r"\toprule"]
        ranks = {point: table.rank(point) for point in table.points}
        parts += [" & ".join(["method", *map(escaped, table.points)]) + r" \\", r"\midrule"]
        for method in table.methods:
            row = [escaped(method)]
            for point in table.points:
                best = ranks[point].get(method, (0, False))[0] == 1
                row.append(_figure(table, point, method, best))
            parts.append(" & ".join(row) + r" \\")
        parts += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(parts) + "\n"


def _caption(table: TaskTable) -> str:
    names = [c.metric_names[0] for c in table.cells.values() if c.metric_names]
    runs = sorted({len(c.entries) for c in table.cells.values()})
    seeds = f"{runs[0]} to {runs[-1]}" if len(runs) > 1 else f"{runs[0]}"
    return f"{table.title}: {names[0] if names else 'no answer'}; {seeds} runs per cell, 95 % intervals in brackets."


def _figure(table: TaskTable, point: str, method: str, best: bool) -> str:
    cell = table.cells.get((point, method))
    if cell is None:
        return "--"
    if cell.primary is None:
        return escaped(cell.statuses.most_common(1)[0][0])
    s = cell.primary
    value = number(s.value).replace("–", "--")
    span = f" [{number(s.low)}, {number(s.high)}]" if s.bounded else ""
    return (rf"\textbf{{{value}}}" if best else value) + span


def escaped(text: str) -> str:
    """Text whose special characters LaTeX prints."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return re.sub(r"[&%$#_{}\\~^]", lambda m: special.get(m[0], "\\" + m[0]), text)
