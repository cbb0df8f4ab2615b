"""Pictures of single runs: how a search converged, the key or the coupling that it found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from distmatch import drawing as draw
from distmatch.benchmark.tables import Cell, TaskTable

MAX_PICTURES = 6
"""Pictures of a kind in a task."""
SETTINGS = ("step", "epoch", "iteration", "seconds", "start", "seed", "epsilon", "words", "rows")
"""What a history says of a step that is no result of it."""


def convergence(table: TaskTable, colours: Mapping[str, int]) -> list[str]:
    """Histories of the first run of each method at the last point that has one."""
    out = []
    for method in table.methods:
        for point in reversed(table.points):
            cell = table.cells.get((point, method))
            steps = _history(cell) if cell else []
            key = _measure(steps)
            if cell and key:
                out.append(_convergence(table, cell, steps, key, colours[method]))
                break
    return out[:MAX_PICTURES]


def _convergence(
    table: TaskTable, cell: Cell, steps: list[dict[str, Any]], key: str, colour: int
) -> str:
    values = [(float(i), float(s[key])) for i, s in enumerate(steps) if draw.numeric(s.get(key))]
    x = draw.scale_of([v[0] for v in values], *draw.AREA_X)
    y = draw.scale_of([v[1] for v in values], *draw.AREA_Y)
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in values)
    body = f'<g class="c{colour % draw.COLOURS}"><polyline class="line" points="{path}"/></g>'
    text = f"{key} by step of the search: {cell.method}, {cell.point}, first seed."
    svg = draw.frame(x, y, "step", key, body, caption=text)
    linked = Markup('{} <a href="#cell{}">Records</a>').format(text, cell.number)
    title = f"Convergence: {cell.method}"
    return draw.figure(title, svg, linked, task=table.name, method=cell.method)


def drawn(table: TaskTable) -> list[str]:
    """A key or a coupling of each method, at its last point."""
    out = []
    for method in table.methods:
        for point in reversed(table.points):
            cell = table.cells.get((point, method))
            picture = _picture(table, cell) if cell else ""
            if picture:
                out.append(picture)
                break
    return out[:MAX_PICTURES]


def _picture(table: TaskTable, cell: Cell) -> str:
    for path, record in cell.entries:
        where = f"{cell.method}, {cell.point}, seed {record['seed']}."
        for name, kind, make in (
            ("key.json", "Key", _key),
            ("coupling.json", "Coupling", _coupling),
        ):
            try:
                body, text = make(json.loads((path.parent / name).read_text("utf-8")))
            except (OSError, ValueError, LookupError, TypeError):
                continue
            title = f"{kind}: {cell.method}"
            text = Markup('{} {} <a href="#cell{}">Records</a>').format(text, where, cell.number)
            return draw.figure(title, body, text, task=table.name, method=cell.method)
    return ""


def _key(drawing: dict[str, Any]) -> tuple[str, str]:
    letters = [a for a in drawing["letters"]]
    rows = sorted(drawing["symbols"], key=lambda r: (letters.index(r["true"]), -r["count"]))
    most = max(r["count"] for r in rows)
    values = [[0.0] * len(letters) for _ in rows]
    marks = []
    for i, row in enumerate(rows):
        values[i][letters.index(row["found"])] = 0.25 + 0.75 * (row["count"] / most) ** 0.5
        marks.append((i, letters.index(row["true"])))
    wrong = sum(r["found"] != r["true"] for r in rows)
    body = draw.heat_map(
        [r["symbol"] for r in rows], letters, values, caption="key found and true key", marks=marks
    )
    return (
        body,
        f"Symbols (rows) and the letters found (filled); frames are the true key; {wrong} of {len(rows)} wrong.",
    )


def _coupling(drawing: dict[str, Any]) -> tuple[str, str]:
    values = drawing["values"]
    body = draw.heat_map(
        drawing["rows"], drawing["columns"], values, caption="coupling",
        marks=[(i, i) for i, right in enumerate(drawing["right"]) if right], low=0.0, high=1.0,
    )  # fmt: skip
    return (
        body,
        "Cosines of mapped source rows with the right targets, the diagonal being the truth; frames are rows read rightly.",
    )


def _history(cell: Cell) -> list[dict[str, Any]]:
    for path, _ in cell.entries:
        file = path.parent / "history.jsonl"
        if file.exists():
            try:
                return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
            except ValueError:
                return []
    return []


def _measure(steps: list[dict[str, Any]]) -> str | None:
    """The figure of a history that is drawn: one that is there at four steps or more, and moves."""
    if len(steps) < 4 or not all(isinstance(s, dict) for s in steps):
        return None
    moving = []
    for name in dict.fromkeys(k for s in steps for k in s):
        values = [s[name] for s in steps if draw.numeric(s.get(name))]
        if name not in SETTINGS and len(values) >= 4 and len(set(values)) > 1:
            moving.append(name)
    wanted = ("bits", "criterion", "csls", "loss", "cost", "gap", "moved")
    return next((k for w in wanted for k in moving if w in k), moving[0] if moving else None)
