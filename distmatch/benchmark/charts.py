"""The figures of a report, from the cells of its tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

import numpy as np

from distmatch import drawing as draw
from distmatch.benchmark.metrics import calibration_groups, rank_correlation
from distmatch.benchmark.pictures import convergence, drawn
from distmatch.benchmark.reliability import agreement, calibrated, confidences, valued_runs
from distmatch.benchmark.tables import MIN_RUNS, Cell, Summary, TaskTable
from distmatch.benchmark.thresholds import determined, log_axis, thresholds
from distmatch.retrieval.precision import wilson

Colours = Mapping[str, int]
SMALL_MULTIPLES = 6


def charts(table: TaskTable, colours: Colours) -> list[str]:
    """All figures of a task."""
    found = [
        *against_axes(table, colours), against_time(table, colours), saved_against_accuracy(table, colours),
        calibration(table, colours), *convergence(table, colours), *drawn(table),
    ]  # fmt: skip
    return [f for f in found if f]


def success(cell: Cell) -> tuple[str, Summary] | None:
    """The metric that a curve shows: the share solved where there is one, else the primary metric."""
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
        values = sorted(
            {c.axes[axis] for c in table.cells.values() if draw.numeric(c.axes.get(axis))}
        )
        if len(values) < 2:
            continue
        settings: dict[str, list[Cell]] = {}
        for cell in table.cells.values():
            if draw.numeric(cell.axes.get(axis)):
                rest = ", ".join(f"{a} {cell.axes.get(a)}" for a in table.varying if a != axis)
                settings.setdefault(rest, []).append(cell)
        shown = list(settings.items())[:SMALL_MULTIPLES]
        out += [_against_axis(table, axis, values, rest, cells, colours) for rest, cells in shown]
        if len(settings) > len(shown):
            text = f"{len(shown)} of {len(settings)} settings are drawn against {axis}; the tables hold all."
            out.append(draw.figure("Not drawn", "", text, task=table.name))
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
        line.points.append(
            (float(cell.axes[axis]), s.value, s.low, s.high, f"cell{cell.number}", tip)
        )
    lines |= _limits(cells, axis, colours)
    points = [p for line in lines.values() for p in line.points]
    if len({p[0] for p in points}) < 2:
        return ""
    unicity = [u for c in cells if math.isfinite(u := c.context("unicity"))]
    log = log_axis(values)
    pad = 0.0 if log else 0.04  # powers of two are ticks where they are the ends
    shown = [*values, *([float(np.median(unicity))] if unicity and axis == "length" else [])]
    x = draw.scale_of(shown, *draw.AREA_X, log=log, pad=pad)
    bounded = all(0 <= p[1] <= 1 for p in points)
    y = (
        draw.Scale(-0.03, 1.03, *draw.AREA_Y)
        if bounded
        else draw.scale_of([p[1] for p in points], *draw.AREA_Y)
    )
    body = draw.curves(list(lines.values()), x, y)
    text = f"{name} against {axis}{', ' + rest if rest else ''}; bands are 95 % intervals over runs, from {MIN_RUNS} runs on. "
    text += hidden_lines({c.method for c in cells}, lines)
    if unicity and axis == "length":
        body = (
            draw.vertical(
                x, float(np.median(unicity)), f"unicity distance {np.median(unicity):.0f}"
            )
            + body
        )
        if name == "solved":
            body += _crossings(cells, x, y, colours, log)
        text += "Left of the unicity distance the data does not determine the key, whatever the method. "
        text += determined(cells, log=log)
    svg = draw.frame(x, y, axis + (" (log scale)" if log else ""), name, body, caption=text)
    entries = [(m, colours[m]) for m in lines if m in colours]
    title = (
        "Where f becomes determined" if unicity and axis == "length" else f"{name} against {axis}"
    )
    return draw.figure(title, svg + draw.legend(entries), text, task=table.name)


def hidden_lines(methods: set[str], lines: Mapping[str, draw.Line]) -> str:
    """Which methods have no line, and which lines lie under others."""
    places: dict[str, list[str]] = {}
    for line in lines.values():
        key = repr([(p[0], round(p[1], 3)) for p in sorted(line.points)])
        places.setdefault(key, []).append(line.method)
    covered = [
        f"{' and '.join(same[:-1])} under {same[-1]}" for same in places.values() if same[1:]
    ]
    missing = sorted(methods - set(lines))
    text = f"Lines that coincide: {'; '.join(covered)}. " if covered else ""
    return text + (
        f"Without a line, as nothing was measured: {', '.join(missing)}. " if missing else ""
    )


def _crossings(cells: list[Cell], x: draw.Scale, y: draw.Scale, colours: Colours, log: bool) -> str:
    """A ring where each line crosses one half."""
    marks = [
        f'<line class="rule" x1="{x.start}" x2="{x.end}" y1="{y(0.5):.1f}" y2="{y(0.5):.1f}"/>'
    ]
    for method, (length, _) in thresholds(cells, log=log).items():
        if math.isfinite(length):
            tip = f"{method}: half are solved from {draw.number(length)} on"
            mark = draw.point(x(length), y(0.5), colours[method], "", tip, size=6, hollow=True)
            marks.append(
                f'<g data-method="{escape(method)}" class="c{colours[method] % draw.COLOURS}">{mark}</g>'
            )
    return "".join(marks)


def _limits(cells: list[Cell], axis: str, colours: Colours) -> dict[str, draw.Line]:
    """Theoretical limits, dashed, from metrics named `naive`."""
    out: dict[str, draw.Line] = {}
    for cell in cells:
        s = cell.metric("naive")
        if s is not None:
            line = out.setdefault("naive", draw.Line("naive", 7, dashed=True))
            place = float(cell.axes[axis])
            if all(p[0] != place for p in line.points):
                line.points.append((place, s.value, float("nan"), float("nan"), "", ""))
    return out


def against_time(table: TaskTable, colours: Colours) -> str:
    """Primary metric against CPU seconds, one mark per cell."""
    cells = [c for c in table.cells.values() if c.primary and c.cpu_seconds > 0]
    if len(cells) < 2:
        return ""
    x = draw.scale_of([c.cpu_seconds for c in cells], *draw.AREA_X, log=True)
    values = [c.primary.value for c in cells if c.primary]
    bounded = all(0 <= v <= 1 for v in values)
    y = draw.Scale(-0.03, 1.03, *draw.AREA_Y) if bounded else draw.scale_of(values, *draw.AREA_Y)
    lines = {c.method: draw.Line(c.method, colours[c.method]) for c in cells}
    for c in cells:
        assert c.primary
        tip = f"{c.method}, {c.point}: {_interval(c.primary)} in {draw.number(c.cpu_seconds)} CPU s{' cold' * c.cold}"
        lines[c.method].points.append(
            (c.cpu_seconds, c.primary.value, math.nan, math.nan, f"cell{c.number}", tip)
        )
    marks = "".join(
        f'<g data-method="{escape(m)}" class="c{line.colour % draw.COLOURS}">'
        + "".join(draw.point(x(p[0]), y(p[1]), line.colour, p[4], p[5]) for p in line.points)
        + "</g>"
        for m, line in lines.items()
    )
    name = cells[0].metric_names[0]
    text = f"{name} against CPU seconds (median of warm runs); a mark is a method at one point of the task."
    if any(c.cold for c in cells):
        text += " Cold, with loading and compiling in the time: " + ", ".join(
            dict.fromkeys(c.method for c in cells if c.cold)
        )
    svg = draw.frame(x, y, "CPU seconds (log scale)", name, marks, caption=text)
    entries = [(m, colours[m]) for m in lines]
    return draw.figure("Accuracy against cost", svg + draw.legend(entries), text, task=table.name)


def saved_against_accuracy(table: TaskTable, colours: Colours) -> str:
    """Δ against the primary metric, one mark per run, and how often more bits saved mean a better answer."""
    runs = valued_runs(table)
    if len(runs) < 4:
        return ""
    shown = runs[:: max(1, len(runs) // 600)]
    x = draw.scale_of([s for _, _, s, _ in runs], *draw.AREA_X)
    values = [a for *_, a in runs]
    y = (
        draw.Scale(-0.03, 1.03, *draw.AREA_Y)
        if 0 <= min(values) and max(values) <= 1
        else draw.scale_of(values, *draw.AREA_Y)
    )
    marks = "".join(
        f'<g data-method="{escape(c.method)}" class="c{colours[c.method] % draw.COLOURS}">'
        + draw.point(
            x(s),
            y(a),
            colours[c.method],
            f"cell{c.number}",
            f"{c.method}, {c.point}, seed {r['seed']}",
            size=3,
            hollow=True,
        )
        + "</g>"
        for c, r, s, a in shown
    )
    rho = rank_correlation([s for _, _, s, _ in runs], values)
    agree, pairs = agreement(runs)
    name = next(iter(runs[0][1]["metrics"]))
    told = (
        f"On the same instance, the answer with more bits saved is the better one in {agree} of {pairs} pairs."
        if pairs
        else ""
    )
    ranks = f" Spearman over {len(runs)} runs {draw.number(rho, 2)}." if math.isfinite(rho) else ""
    text = f"Bits saved per letter or row (map included) against {name}.{ranks} {told}"
    if len(shown) < len(runs):
        text += f" {len(shown)} of {len(runs)} runs are drawn."
    svg = draw.frame(x, y, "Δ: bits saved per letter or row", name, marks, caption=text)
    entries = [(m, colours[m]) for m in dict.fromkeys(c.method for c, *_ in runs)]
    return draw.figure(
        "Does the shorter code have the better f?",
        svg + draw.legend(entries),
        text,
        task=table.name,
    )


def calibration(table: TaskTable, colours: Colours) -> str:
    """Confidence against the share of right answers."""
    given = confidences(table)
    if not given:
        return ""
    x, y = draw.Scale(-0.03, 1.03, *draw.AREA_X), draw.Scale(-0.03, 1.03, *draw.AREA_Y)
    lines = []
    for method, pairs in given.items():
        line = draw.Line(method, colours[method])
        for mean, rate, n in calibration_groups([a for a, _ in pairs], [b for _, b in pairs]):
            tip = f"{method}: {n} answers, {rate:.2f} right at confidence {mean:.2f}"
            line.points.append((mean, rate, *wilson(rate * n, n), "", tip))
        lines.append(line)
    text = "Share of right answers against the method's confidence, which uses no gold data, in groups of equal size; "
    text += "the diagonal is perfect calibration."
    body = draw.diagonal(x, y) + draw.curves(lines, x, y)
    svg = draw.frame(x, y, "confidence", "share right", body, caption=text)
    known = draw.legend([(m, colours[m]) for m in given], calibrated(table))
    return draw.figure("Does it know when it is right?", svg + known, text, task=table.name)


def _interval(s: Summary) -> str:
    span = f" [{draw.number(s.low)}, {draw.number(s.high)}]" if s.bounded else ""
    return f"{draw.number(s.value)}{span}, {s.n} run{'s' * (s.n != 1)}"
