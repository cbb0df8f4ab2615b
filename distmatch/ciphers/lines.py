"""The lines of a ciphertext file: comments, clue lines, line numbers, and the cipher itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_CLUE = re.compile(
    r"\s*(?:(?:clue|hint)\s*:?\s*)?[\"'“‘]?([^\W_])[\"'”’]?\s*"
    r"(?:=|equals|is|->|→|stands for)\s*[\"'“‘]?([^\W\d_])[\"'”’]?\s*[.;,]?\s*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*(\d{1,4})\s*[.):\]]?\s+")


@dataclass(frozen=True)
class Line:
    """One line of the cipher.

    Args:
        number: in the file, counted from 1.
        before: text that passes through before the cipher of the line: whole comment lines, the line's number.
        text: the cipher of the line, without its end; empty for comments.
        comment: whether the whole line passes through.
    """

    number: int
    before: str
    text: str
    comment: bool = False


def numbered(lines: Sequence[Line]) -> Iterator[tuple[int, int, Line]]:
    """Each line with its place, and with its row: its number among the lines of the cipher, comments left out."""
    row = 0
    for place, line in enumerate(lines):
        yield place, row, line
        row += not line.comment


def split_lines(text: str) -> tuple[list[Line], list[str]]:
    """Lines of the cipher and of comments, and the clues ("X=Y") of the clue lines, which are left out.

    A line that begins with `#` and a space, or is `#` alone, is a comment. Lines before the cipher such as `X=Y`, `X = Y` or
    `Clue: X equals Y` are clues. Numbers that count the lines up pass through.
    """
    lines: list[Line] = []
    clues: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.startswith("# ") or raw.strip() == "#":
            lines.append(Line(number, raw, "", comment=True))
            continue
        found = _clues(raw) if all(line.comment or not line.text.strip() for line in lines) else []
        if found:
            clues += found
        else:
            lines.append(Line(number, "", raw))
    if clues and not any(line.text.strip() for line in lines):
        return [Line(n, "", raw) for n, raw in enumerate(text.splitlines(), 1)], []  # "A=B" is all
    return _without_numbers(lines), clues


def _clues(line: str) -> list[str]:
    """`X=Y` pairs of a line that holds nothing else."""
    parts = [part for part in re.split(r"[,;]|\band\b", line) if part.strip()]
    matches = [_CLUE.fullmatch(part) for part in parts]
    if not parts or not all(matches):
        return []
    return [f"{m[1]}={m[2]}" for m in matches if m]


def _without_numbers(lines: list[Line]) -> list[Line]:
    """Line numbers moved to what passes through, where every line of two or more has one and they count up."""
    filled = [line for line in lines if line.text.strip() and not line.comment]
    matches = [_NUMBER.match(line.text) for line in filled]
    if len(filled) < 2 or not all(matches):
        return lines
    numbers = [int(m[1]) for m in matches if m]
    steps = {b - a for a, b in pairwise(numbers)}
    letters = any(char.isalpha() for line in filled for char in line.text)
    if len(steps) != 1 or steps.pop() not in (1, 5, 10) or not letters:
        return lines
    out = []
    for line in lines:
        match = _NUMBER.match(line.text) if not line.comment else None
        if match and line.text.strip():
            out.append(Line(line.number, match[0], line.text[match.end() :]))
        else:
            out.append(line)
    return out
