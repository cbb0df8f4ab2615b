"""Which figures a report has, made of the cells of its tasks."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from html import escape
from itertools import combinations
from typing import Any

import numpy as np

from distmatch.benchmark import figures as draw
from distmatch.benchmark.metrics import (
    area_under_curve,
    calibration_bins,
    calibration_error,
    rank_correlation,
)
from distmatch.benchmark.tables import Cell, Summary, TaskTable

Colours = Mapping[str, int]
SMALL_MULTIPLES = 6
AREA_X = (draw.LEFT, draw.WIDTH - draw.RIGHT)
AREA_Y = (draw.HEIGHT - draw.BOTTOM, draw.TOP)


def figure(title: str, body: str, text: str, *, task: str, kind: str) -> str:
    """One figure with its caption."""
    return (
        f'<figure data-task="{escape(task)}" class="{kind}"><h4>{escape(title)}</h4>{body}'
        f"<figcaption>{text}</figcaption></figure>"
    )


def charts(table: TaskTable, colours: Colours) -> list[str]:
    """Every figure that the records of a task give."""
    found = [
        *against_axes(table, colours), against_time(table, colours), saved_against_accuracy(table, colours),
        calibration(table, colours), *convergence(table, colours), *drawn(table),
    ]  # fmt: skip
    return [f for f in found if f]


def success(cell: Cell) -> tuple[str, Summary] | None:
    """What a curve shows: the share of right answers if it means more than the primary metric."""
    if cell.primary is None:
        return None
    name = cell.metric_names[0]
    if "solved" in cell.metric_names:
        name = "solved"
    summary = cell.metric(name)
    return None if summary is None else (name, summary)


def against_axes(table: TaskTable, colours: Colours) -> list[str]:
    """Success against each numeric axis, one picture for each setting of the other axes."""
    out = []
    for axis in table.varying:
        values = sorted({c.axes[axis] for c in table.cells.values() if _numeric(c.axes.get(axis))})
        if len(values) < 2:
            continue
        settings: dict[str, list[Cell]] = {}
        for cell in table.cells.values():
            if _numeric(cell.axes.get(axis)):
                rest = ", ".join(f"{a} {cell.axes[a]}" for a in table.varying if a != axis)
                settings.setdefault(rest, []).append(cell)
        for rest, cells in list(settings.items())[:SMALL_MULTIPLES]:
            out.append(_against_axis(table, axis, values, rest, cells, colours))
    return out


def _against_axis(
    table: TaskTable, axis: str, values: list[float], rest: str, cells: list[Cell], colours: Colours
) -> str:
    lines: dict[str, draw.Line] = {}
    name = ""
    for cell in cells:
        shown = success(cell)
        if shown is None:
            continue
        name, s = shown
        line = lines.setdefault(cell.method, draw.Line(cell.method, colours[cell.method]))
        tip = f"{cell.method}, {axis} {cell.axes[axis]}: {_interval(s)}"
        line.points.append((float(cell.axes[axis]), s.value, s.low, s.high, f"cell{cell.number}", tip))
    points = [p for line in lines.values() for p in line.points]
    if len({p[0] for p in points}) < 2:
        return ""
    unicity = [u for c in cells if math.isfinite(u := c.context("unicity"))]
    log = min(values) > 0 and max(values) / min(values) >= 8
    x = draw.scale_of([*values, *(unicity if axis == "length" else [])], *AREA_X, log=log)
    bounded = all(0 <= p[1] <= 1 for p in points)
    y = draw.Scale(-0.03, 1.03, *AREA_Y) if bounded else draw.scale_of([p[1] for p in points], *AREA_Y)
    body = draw.curves(list(lines.values()), x, y)
    text = f"{name} against {axis}{', ' + rest if rest else ''}; bands are 95 % intervals over runs."
    if unicity and axis == "length":
        body = draw.vertical(x, float(np.median(unicity)), f"unicity distance {np.median(unicity):.0f}") + body
        text += " Left of the unicity distance the data does not determine the key, whatever the method."
    svg = draw.frame(x, y, axis + (" (log scale)" if log else ""), name, body, caption=text)
    entries = [(m, colours[m]) for m in lines]
    title = "Where f becomes determined" if unicity and axis == "length" else f"{name} against {axis}"
    return figure(title, svg + draw.legend(entries), escape(text), task=table.name, kind="wide")


def against_time(table: TaskTable, colours: Colours) -> str:
    """Primary metric against CPU seconds, one mark a cell."""
    cells = [c for c in table.cells.values() if c.primary and c.cpu_seconds > 0]
    if len(cells) < 2:
        return ""
    x = draw.scale_of([c.cpu_seconds for c in cells], *AREA_X, log=True)
    values = [c.primary.value for c in cells if c.primary]
    bounded = all(0 <= v <= 1 for v in values)
    y = draw.Scale(-0.03, 1.03, *AREA_Y) if bounded else draw.scale_of(values, *AREA_Y)
    lines = {c.method: draw.Line(c.method, colours[c.method]) for c in cells}
    for c in cells:
        assert c.primary
        tip = f"{c.method}, {c.point}: {_interval(c.primary)} in {draw.number(c.cpu_seconds)} CPU s"
        lines[c.method].points.append((c.cpu_seconds, c.primary.value, math.nan, math.nan, f"cell{c.number}", tip))
    marks = "".join(
        f'<g data-method="{escape(m)}" class="c{line.colour % draw.COLOURS}">'
        + "".join(draw.point(x(p[0]), y(p[1]), line.colour, p[4], p[5]) for p in line.points)
        + "</g>"
        for m, line in lines.items()
    )
    name = cells[0].metric_names[0]
    text = f"{name} against CPU seconds (median of warm runs); a mark is a method at one point of the task."
    svg = draw.frame(x, y, "CPU seconds (log scale)", name, marks, caption=text)
    entries = [(m, colours[m]) for m in lines]
    return figure("Accuracy against cost", svg + draw.legend(entries), text, task=table.name, kind="wide")


def saved_against_accuracy(table: TaskTable, colours: Colours) -> str:
    """Δ against the primary metric, one mark a run, and how often more bits mean a better answer."""
    runs = [
        (cell, r, float(r["bits"]["saved"]) / size, _primary(r))
        for cell in table.cells.values()
        for r in cell.done
        if r["bits"] and r["bits"].get("saved") is not None and _primary(r) is not None and (size := _size(r))
    ]
    if len(runs) < 4:
        return ""
    shown = runs[:: max(1, len(runs) // 600)]
    x = draw.scale_of([s for _, _, s, _ in runs], *AREA_X)
    values = [a for *_, a in runs if a is not None]
    y = draw.Scale(-0.03, 1.03, *AREA_Y) if 0 <= min(values) and max(values) <= 1 else draw.scale_of(values, *AREA_Y)
    marks = "".join(
        f'<g data-method="{escape(c.method)}" class="c{colours[c.method] % draw.COLOURS}">'
        + draw.point(x(s), y(a or 0.0), colours[c.method], f"cell{c.number}", f"{c.method}, {c.point}, seed {r['seed']}", size=3, hollow=True)
        + "</g>"
        for c, r, s, a in shown
    )
    rho = rank_correlation([s for _, _, s, _ in runs], values)
    agree, pairs = _agreement(runs)
    name = next(iter(runs[0][1]["metrics"]))
    told = f"On one and the same instance, the answer with more bits saved is the better one in {agree} of {pairs} pairs." if pairs else ""
    text = f"Bits saved a row or letter (map included) against {name}. Spearman over {len(runs)} runs {rho:.2f}. {told}"
    svg = draw.frame(x, y, "Δ: bits saved a letter or row", name, marks, caption=text)
    entries = [(m, colours[m]) for m in dict.fromkeys(c.method for c, *_ in runs)]
    return figure("Does the shorter code have the better f?", svg + draw.legend(entries), text, task=table.name, kind="wide")


def concordance(table: TaskTable) -> tuple[float, int, int, int]:
    """Spearman of Δ and the primary metric over runs, pairs that agree, pairs, and runs."""
    runs = [
        (cell, r, float(r["bits"]["saved"]) / size, _primary(r))
        for cell in table.cells.values()
        for r in cell.done
        if r["bits"] and r["bits"].get("saved") is not None and _primary(r) is not None and (size := _size(r))
    ]
    rho = rank_correlation([s for *_, s, _ in runs], [a for *_, a in runs if a is not None])
    return rho, *_agreement(runs), len(runs)


def _agreement(runs: list[tuple[Cell, dict[str, Any], float, float | None]]) -> tuple[int, int]:
    """Pairs of different answers to the same instance whose Δ and accuracy are ordered alike, and all pairs."""
    groups: dict[str, list[tuple[float, float]]] = {}
    for _, record, saved, value in runs:
        key = json.dumps([record["axes"], record["data_sha256"]], sort_keys=True)
        up = next(iter(record["metrics"].values()))["higher_is_better"]
        groups.setdefault(key, []).append((saved, (value or 0.0) * (1 if up else -1)))
    agree = pairs = 0
    for own in groups.values():
        for a, b in combinations(own[:60], 2):
            if abs(a[0] - b[0]) > 1e-9 and a[1] != b[1]:
                pairs += 1
                agree += (a[0] > b[0]) == (a[1] > b[1])
    return agree, pairs


def calibration(table: TaskTable, colours: Colours) -> str:
    """Confidence against the share of right answers."""
    given: dict[str, list[tuple[float, bool]]] = {}
    for cell in table.cells.values():
        for r in cell.done:
            if r["confidence"] is not None and r.get("right") is not None:
                given.setdefault(cell.method, []).append((r["confidence"], r["right"]))
    given = {m: pairs for m, pairs in given.items() if len(pairs) >= 4}
    if not given:
        return ""
    x, y = draw.Scale(-0.03, 1.03, *AREA_X), draw.Scale(-0.03, 1.03, *AREA_Y)
    lines, notes = [], {}
    for method, pairs in given.items():
        p, right = [a for a, _ in pairs], [b for _, b in pairs]
        line = draw.Line(method, colours[method])
        for mean, rate, n in calibration_bins(p, right):
            low, high = draw_interval(rate, n)
            line.points.append((mean, rate, low, high, "", f"{method}: {n} answers, {rate:.2f} right at confidence {mean:.2f}"))
        lines.append(line)
        auc = area_under_curve(p, right)
        notes[method] = f"AUC {auc:.3f}, ECE {calibration_error(p, right):.3f}, n {len(p)}"
    text = "How often an answer is right, by the confidence that the method itself gave without gold data; the diagonal is perfect."
    svg = draw.frame(x, y, "confidence", "share right", draw.diagonal(x, y) + draw.curves(lines, x, y), caption=text)
    entries = [(m, colours[m]) for m in given]
    return figure("Does it know when it is right?", svg + draw.legend(entries, notes), text, task=table.name, kind="wide")


def draw_interval(rate: float, n: int) -> tuple[float, float]:
    """Wilson's interval of a share."""
    from distmatch.benchmark.metrics import wilson

    return wilson(rate * n, n)


def convergence(table: TaskTable, colours: Colours) -> list[str]:
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
    return out[:SMALL_MULTIPLES]


def _convergence(table: TaskTable, cell: Cell, steps: list[dict[str, Any]], key: str, colour: int) -> str:
    values = [(float(i), float(s[key])) for i, s in enumerate(steps) if _numeric(s.get(key))]
    x = draw.scale_of([v[0] for v in values], *AREA_X)
    y = draw.scale_of([v[1] for v in values], *AREA_Y)
    line = draw.Line(cell.method, colour)
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in values)
    body = f'<g class="c{line.colour % draw.COLOURS}"><polyline class="line" points="{path}"/></g>'
    text = f"{key} by step of the search: {cell.method}, {cell.point}, first seed."
    svg = draw.frame(x, y, "step", key, body, caption=text)
    linked = f'{escape(text)} <a href="#cell{cell.number}">Records</a>'
    return figure(f"Convergence: {cell.method}", svg, linked, task=table.name, kind="small").replace(
        "<figure ", f'<figure data-method="{escape(cell.method)}" ', 1
    )


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
    return out[:SMALL_MULTIPLES]


def _picture(table: TaskTable, cell: Cell) -> str:
    for path, record in cell.entries:
        key, coupling = path.parent / "key.json", path.parent / "coupling.json"
        where = f'{escape(cell.method)}, {escape(cell.point)}, seed {record["seed"]}. <a href="#cell{cell.number}">Records</a>'
        attributes = f'<figure data-method="{escape(cell.method)}" '
        try:
            if key.exists():
                body, text = _key(json.loads(key.read_text("utf-8")))
                made = figure(f"Key: {cell.method}", body, f"{text} {where}", task=table.name, kind="small")
                return made.replace("<figure ", attributes, 1)
            if coupling.exists():
                body, text = _coupling(json.loads(coupling.read_text("utf-8")))
                made = figure(f"Coupling: {cell.method}", body, f"{text} {where}", task=table.name, kind="small")
                return made.replace("<figure ", attributes, 1)
        except (ValueError, LookupError, TypeError):
            continue
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
    body = draw.heat_map([r["symbol"] for r in rows], letters, values, caption="key found and true key", marks=marks)
    return body, f"Symbols (rows) and the letters found for them (filled, by frequency); frames are the true key; {wrong} of {len(rows)} wrong."


def _coupling(drawing: dict[str, Any]) -> tuple[str, str]:
    values = drawing["values"]
    body = draw.heat_map(
        drawing["rows"], drawing["columns"], values, caption="coupling",
        marks=[(i, i) for i, right in enumerate(drawing["right"]) if right], low=0.0, high=1.0,
    )  # fmt: skip
    return body, "Cosines of mapped source rows with the right targets, the diagonal being the truth; frames are rows read rightly."


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
    """The figure of a history that is drawn."""
    if len(steps) < 3 or not all(isinstance(s, dict) for s in steps):
        return None
    numeric = [k for k in steps[-1] if _numeric(steps[-1][k]) and k not in ("step", "epoch", "iteration", "seconds")]
    wanted = ("bits", "criterion", "csls", "loss", "cost", "gap")
    return next((k for w in wanted for k in numeric if w in k), numeric[0] if numeric else None)


def _primary(record: Mapping[str, Any]) -> float | None:
    metrics = record["metrics"]
    return next(iter(metrics.values()))["value"] if metrics else None


def _size(record: Mapping[str, Any]) -> int:
    context = record.get("context") or {}
    return int(context.get("letters") or context.get("rows") or 0)


def _numeric(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _interval(s: Summary) -> str:
    span = f" [{draw.number(s.low)}, {draw.number(s.high)}]" if s.bounded else ""
    return f"{draw.number(s.value)}{span}, {s.n} run{'s' * (s.n != 1)}"
