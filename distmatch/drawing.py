"""SVG without a plotting library: axes, lines with bands, points, heat maps. Colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import escape

PLOT_WIDTH, PLOT_HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 30, 46
AREA_X, AREA_Y = (LEFT, PLOT_WIDTH - RIGHT), (PLOT_HEIGHT - BOTTOM, TOP)
COLOURS = 8
SHAPES = ("circle", "square", "diamond", "triangle", "wedge", "bar", "post", "kite")


@dataclass(frozen=True)
class Scale:
    """Values to places on one axis.

    Args:
        low, high: range of the values.
        start, end: range of the places.
        log: logarithmic.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log(max(value, 1e-300)), math.log(low), math.log(high)
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + min(max(share, -0.02), 1.02) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values within the range."""
        if self.log:
            return _log_ticks(self.low, self.high)
        step = _round_step((self.high - self.low) / 5)
        first = math.ceil(self.low / step - 1e-9)
        return [k * step for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    if high / low < 300 and all(math.log2(v) % 1 == 0 for v in (low, high)):
        return [2.0**k for k in range(int(math.log2(low)), int(math.log2(high)) + 1)]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1,)):
        found = [s * 10.0**k for k in decades for s in steps]
        found = [v for v in found if low * 0.999 <= v <= high * 1.001]
        if 2 <= len(found) <= 8:
            return found
    return [10.0**k for k in decades if low * 0.999 <= 10.0**k <= high * 1.001][
        :: max(1, len(decades) // 6)
    ]


def _round_step(step: float) -> float:
    if step <= 0 or not math.isfinite(step):
        return 1.0
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * s for s in (1, 2, 5, 10) if size * s >= step * 0.85)


def number(value: float | None, digits: int = 3) -> str:
    """A number to three significant digits; an en dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-4:
        return f"{value:.{digits - 1}e}"
    if size >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = f"{value:.{max(digits - 1 - math.floor(math.log10(size)), 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def tick_names(ticks: Sequence[float]) -> list[str]:
    """Tick labels with enough digits to distinguish them."""
    for digits in range(3, 8):
        names = [number(tick, digits) for tick in ticks]
        if len(set(names)) == len(names):
            return names
    return [f"{tick:g}" for tick in ticks]


@dataclass
class Line:
    """One method's curve: x, y, and the band from low to high; links and tips go with the points."""

    method: str
    colour: int
    points: list[tuple[float, float, float, float, str, str]] = field(default_factory=list)
    """x, y, low, high, link, tip."""
    dashed: bool = False


def scale_of(
    values: Sequence[float], start: float, end: float, *, log: bool = False, pad: float = 0.04
) -> Scale:
    """A scale that holds the values, with a margin that is a share of their range."""
    given = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
    low, high = (min(given), max(given)) if given else (0.1, 1.0)
    if log:
        if low == high:
            low, high = low / 2, high * 2
        margin = (high / low) ** pad
        return Scale(low / margin, high * margin, start, end, True)
    if low == high:
        low, high = low - 0.5, high + 0.5
    margin = pad * (high - low)
    return Scale(low - margin, high + margin, start, end)


def frame(
    x: Scale,
    y: Scale,
    x_label: str,
    y_label: str,
    body: str,
    *,
    caption: str,
) -> str:
    """Axes, grid and labels around a body, as one SVG element."""
    parts = [
        f'<svg viewBox="0 0 {PLOT_WIDTH} {PLOT_HEIGHT}" role="img" aria-label="{escape(caption)}">'
    ]
    names = tick_names(y.ticks())
    for tick, name in zip(y.ticks(), names, strict=True):
        place = y(tick)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{PLOT_WIDTH - RIGHT}" y1="{place:.1f}" y2="{place:.1f}"/>'
        )
        parts.append(
            f'<text class="tick" x="{LEFT - 7}" y="{place + 4:.1f}" text-anchor="end">{name}</text>'
        )
    for tick, name in zip(x.ticks(), tick_names(x.ticks()), strict=True):
        place = x(tick)
        parts.append(
            f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="{TOP}" y2="{PLOT_HEIGHT - BOTTOM}"/>'
        )
        parts.append(
            f'<text class="tick" x="{place:.1f}" y="{PLOT_HEIGHT - BOTTOM + 17}" text-anchor="middle">{name}</text>'
        )
    parts.append(body)
    middle = (LEFT + PLOT_WIDTH - RIGHT) / 2
    parts.append(
        f'<text class="label" x="{middle}" y="{PLOT_HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>'
    )
    height = (TOP + PLOT_HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="label" transform="translate(13 {height}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text></svg>'
    )
    return "".join(parts)


def curves(lines: Sequence[Line], x: Scale, y: Scale) -> str:
    """Bands, lines and linked points of several methods."""
    parts = []
    for line in lines:
        colour = f"c{line.colour % COLOURS}"
        own = sorted(line.points)
        banded = [p for p in own if math.isfinite(p[2]) and math.isfinite(p[3])]
        group = [f'<g data-method="{escape(line.method)}" class="{colour}">']
        if len(banded) > 1:
            upper = " ".join(f"{x(p[0]):.1f},{y(p[3]):.1f}" for p in banded)
            lower = " ".join(f"{x(p[0]):.1f},{y(p[2]):.1f}" for p in reversed(banded))
            group.append(f'<polygon class="band" points="{upper} {lower}"/>')
        if len(own) > 1:
            places = " ".join(f"{x(p[0]):.1f},{y(p[1]):.1f}" for p in own)
            dash = ' stroke-dasharray="6 4"' if line.dashed else ""
            group.append(f'<polyline class="line" points="{places}"{dash}/>')
        if not line.dashed:
            group += [point(x(p[0]), y(p[1]), line.colour, p[4], p[5]) for p in own]
        parts.append("".join(group) + "</g>")
    return "".join(parts)


def point(
    x: float, y: float, colour: int, link: str, tip: str, *, size: float = 4.0, hollow: bool = False
) -> str:
    """A linked mark; methods differ in colour and in shape."""
    shape = SHAPES[(colour + colour // COLOURS) % len(SHAPES)]
    style = "mark hollow" if hollow else "mark"
    if shape == "circle":
        drawn = f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{size}"/>'
    elif shape in ("square", "bar", "post"):
        w, h = {"square": (0.9, 0.9), "bar": (1.3, 0.6), "post": (0.6, 1.3)}[shape]
        w, h = size * w, size * h
        drawn = f'<rect class="{style}" x="{x - w:.1f}" y="{y - h:.1f}" width="{2 * w:.1f}" height="{2 * h:.1f}"/>'
    else:
        s = size * 1.25
        up, right, down, left = (x, y - s), (x + s, y), (x, y + s), (x - s, y)
        corners = {
            "diamond": (up, right, down, left),
            "triangle": (up, (x + s, y + s), (x - s, y + s)),
            "wedge": (down, (x + s, y - s), (x - s, y - s)),
            "kite": (right, (x - s, y - s), (x - s, y + s)),
        }[shape]
        drawn = f'<polygon class="{style}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}"/>'
    drawn = drawn.replace("/>", f"><title>{escape(tip)}</title></{drawn[1 : drawn.index(' ')]}>")
    return f'<a href="#{escape(link)}">{drawn}</a>' if link else drawn


def vertical(x: Scale, value: float, text: str) -> str:
    """A marked value of x."""
    place = x(value)
    anchor, shift = ("end", -5) if place > PLOT_WIDTH * 0.7 else ("start", 5)
    return (
        f'<line class="rule" x1="{place:.1f}" x2="{place:.1f}" y1="{TOP}" y2="{PLOT_HEIGHT - BOTTOM}"/>'
        f'<text class="note" x="{place + shift:.1f}" y="{TOP - 9}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def diagonal(x: Scale, y: Scale) -> str:
    """The line where y equals x."""
    low, high = max(x.low, y.low), min(x.high, y.high)
    return f'<line class="rule" x1="{x(low):.1f}" y1="{y(low):.1f}" x2="{x(high):.1f}" y2="{y(high):.1f}"/>'


def heat_map(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float]], *, caption: str,
    marks: Sequence[tuple[int, int]] = (), low: float = 0.0, high: float = 1.0,
) -> str:  # fmt: skip
    """A matrix as squares whose opacity is the value; `marks` are framed squares (row, column)."""
    side = 15
    words = max((len(w) for w in [*rows, *columns]), default=1)
    margin = 16 if words < 3 else min(14 + 6.2 * words, 92)
    width, height = margin + side * len(columns) + 4, margin + side * len(rows) + 4
    parts = [
        f'<svg class="heat" viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width * 1.15:.0f}px" '
        f'role="img" aria-label="{escape(caption)}">'
    ]
    for j, name in enumerate(columns):
        place = margin + side * (j + 0.5)
        turn = (
            f' transform="rotate(-60 {place:.1f} {margin - 5})" text-anchor="start"'
            if words > 2
            else ' text-anchor="middle"'
        )
        parts.append(
            f'<text class="tick" x="{place:.1f}" y="{margin - 5:.1f}"{turn}>{escape(name[:13])}</text>'
        )
    for i, name in enumerate(rows):
        y = margin + side * i
        parts.append(
            f'<text class="tick" x="{margin - 4:.1f}" y="{y + 11.5:.1f}" text-anchor="end">{escape(name[:13])}</text>'
        )
        for j, column in enumerate(columns):
            share = (values[i][j] - low) / (high - low) if high > low else 0.0
            if share > 0.02:
                tip = f"{name} – {column}: {number(values[i][j])}"
                parts.append(
                    f'<rect class="heat" x="{margin + side * j:.1f}" y="{y:.1f}" width="{side - 1}" height="{side - 1}" '
                    f'fill-opacity="{min(share, 1):.2f}"><title>{escape(tip)}</title></rect>'
                )
    for i, j in marks:
        parts.append(
            f'<rect class="frame" x="{margin + side * j - 0.5:.1f}" y="{margin + side * i - 0.5:.1f}" '
            f'width="{side}" height="{side}"/>'
        )
    return "".join(parts) + "</svg>"


def legend(entries: Sequence[tuple[str, int]], notes: dict[str, str] | None = None) -> str:
    """Names of methods beside their marks."""
    items = []
    for name, colour in entries:
        mark = f'<svg viewBox="0 0 14 14" class="key c{colour % COLOURS}">{point(7, 7, colour, "", name)}</svg>'
        note = f" <small>{escape(notes[name])}</small>" if notes and name in notes else ""
        items.append(f'<span data-method="{escape(name)}">{mark}{escape(name)}{note}</span>')
    return f'<p class="legend">{"".join(items)}</p>'


def figure(title: str, body: str, text: str, *, task: str, method: str = "") -> str:
    """One figure with its caption, escaped unless it is `Markup`; `method` if it shows one alone."""
    own = f' data-method="{escape(method)}"' if method else ""
    return (
        f'<figure data-task="{escape(task)}"{own}><h4>{escape(title)}</h4>{body}'
        f"<figcaption>{escape(text)}</figcaption></figure>"
    )


def numeric(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
