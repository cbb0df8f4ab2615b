"""What `distmatch decipher` prints for people: the plaintext in the layout of the cipher, the verdict, the key."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Any

from distmatch.matching.calibration import percent
from distmatch.matching.decipherment import Decipherment

MAX_DOUBTS = 12
"""Letters in doubt that are listed."""
MAX_RUNNERS_UP = 5


def describe(match: Decipherment, *, interlinear: str | None = None) -> str:
    """The answer as text for people.

    Args:
        match: what `decipher` found.
        interlinear: cipher over plain, to be shown in place of the plaintext.
    """
    bits = match.bits
    doubts = match.extra.get("doubts", [])
    verdict = "solved" if match.solved else "NOT solved"
    if match.solved and doubts:
        verdict += f", {len(doubts)} {'letter' if len(doubts) == 1 else 'letters'} in doubt"
    control = "" if bits.control is None else f"; shuffled control {bits.control:.0f}"
    language = (
        "" if match.kind.endswith("code") and not match.language else f", language {match.language}"
    )
    lines = [interlinear or wrapped(match), ""]
    event = "" if match.confidence is None else " that at most 5 % of the letters are wrong"
    lines.append(f"{verdict}: confidence {percent(match.confidence)}{event}")
    lines += textwrap.wrap(match.reason, width(), break_long_words=False)
    lines += _doubt_lines(doubts)
    if match.read_as:
        lines.append("read as: " + ", ".join(_note(k, v) for k, v in match.read_as.items()))
    lines.append(f"kind {match.kind}{language}, {match.seconds:.2f} s, seed {match.seed}")
    lines.append(f"bits: text {bits.data:.0f} + key {bits.map:.0f} = {bits.total:.0f}{control}")
    shown = match.key_shown
    lines += (
        textwrap.wrap(f"key: {shown[0]}", width(), subsequent_indent="  ", break_long_words=False)
        if shown
        else []
    )
    lines += [f"     {line}" for line in shown[1:]]
    lines += _others(match)
    return "\n".join(lines)


def wrapped(match: Decipherment) -> str:
    """The plaintext in the cipher's own layout if it shows words, else with restored word breaks; lines as wide as the
    terminal.
    """
    text = match.printed if match.has_breaks else match.text
    if match.has_breaks and match.marked and sys.stdout.isatty():
        text = match.marked
    lines = []
    for line in text.split("\n"):
        folded = textwrap.wrap(line, width(), break_long_words=False, break_on_hyphens=False)
        lines += folded if len(line) > width() else [line]
    return "\n".join(lines)


def width() -> int:
    """Columns of the terminal, at most 120."""
    return min(shutil.get_terminal_size((100, 24)).columns, 120) if sys.stdout.isatty() else 100


def _note(name: str, value: str) -> str:
    return value if name == "symbols" else f"{name} {value}"


def _doubt_lines(doubts: list[dict[str, Any]]) -> list[str]:
    """`in doubt: q: x or z (1 in 12)`, the most doubtful first."""
    if not doubts:
        return []
    shown = [
        f"{d['symbol']}: {d['letter']} or {d['other']} (1 in {round(1 + 2 ** max(d['bits'], 0.0))})"
        for d in doubts[:MAX_DOUBTS]
    ]
    more = f", and {len(doubts) - MAX_DOUBTS} more" if len(doubts) > MAX_DOUBTS else ""
    return textwrap.wrap("in doubt: " + ", ".join(shown) + more, width(), break_long_words=False)


def _others(match: Decipherment) -> list[str]:
    """Other kinds and languages, and other readings, with the bits that they cost more."""
    total = match.bits.total
    compared = match.extra.get("compared", {})
    others = {k: v for k, v in compared.items() if k != f"{match.kind}/{match.language}"}
    lines = []
    if others:
        ranked = sorted(others.items(), key=lambda pair: pair[1])
        lines.append("compared: " + ", ".join(f"{k} {v - total:+.0f} bits" for k, v in ranked[:8]))
    for other in match.alternatives[:MAX_RUNNERS_UP]:
        if isinstance(other, Decipherment):
            text = " ".join((other.printed if other.has_breaks else other.text).split())
            cut = f"{text[:60]}{'...' if len(text) > 60 else ''}"
            lines.append(f"or {other.bits.total - total:+.1f} bits: {cut}")
    return lines
