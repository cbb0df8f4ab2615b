"""The lines of a ciphertext file: comments, clue lines, line numbers, and the cipher itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_CLUE = re.compile(
    r"\s*[\"'“‘]?([^\W_])[\"'”’]?\s*"
    r"(?:=|equals|is|->|→|stands for|represents)\s*[\"'“‘]?([^\W\d_])[\"'”’]?\s*[.;,]?\s*",
    re.IGNORECASE,
)
_CLUE_WORD = re.compile(
    r"\s*(?:[\w'’#. ]{0,24}\b)?(?:clues?|hints?|tips?|given)\b\s*[:.–—-]*\s*", re.IGNORECASE
)
_HEADING = re.compile(
    r"\s*(?:(?:today|sunday|daily|weekly)(?:['’]s)?\s+)?"
    r"(?:crypto-?(?:gram|quote|quip|s)|celebrity cipher|aristocrat|patristocrat|cipher ?text)s?\b[\s\d#.:,/()–—-]*"
    r"(?:no\.?\s*\d+)?\W*",
    re.IGNORECASE,
)
"""What newspapers print above their cryptograms."""
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

    A line that begins with `#` and a space, or is `#` alone, is a comment, and so is a heading such as `CRYPTOQUOTE` above
    the cipher. Lines before or after the cipher such as `X=Y`, `(X = Y)` or `Today's clue: X equals Y` are clues. Numbers that
    count the lines up pass through.
    """
    lines: list[Line] = []
    clues: list[str] = []
    rows = text.splitlines()
    last = max((n for n, raw in enumerate(rows, 1) if raw.strip()), default=0)
    for number, raw in enumerate(rows, 1):
        above = all(line.comment or not line.text.strip() for line in lines)
        if (
            raw.startswith("# ")
            or raw.strip() == "#"
            or (above and number < last and _HEADING.fullmatch(raw))
        ):
            lines.append(Line(number, raw, "", comment=True))
            continue
        found = _clues(raw) if above or number == last else []
        if found:
            clues += found
        else:
            lines.append(Line(number, "", raw))
    if clues and not any(line.text.strip() for line in lines):
        return [Line(n, "", raw) for n, raw in enumerate(text.splitlines(), 1)], []  # "A=B" is all
    return _without_numbers(lines), clues


def _clues(line: str) -> list[str]:
    """`X=Y` pairs of a line that holds nothing else."""
    said = _CLUE_WORD.match(line)
    bare = line[said.end() :] if said else line
    bare = bare.strip().removeprefix("(").removesuffix(")").removeprefix("[").removesuffix("]")
    parts = [part for part in re.split(r"[,;]|\band\b", bare) if part.strip()]
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
    marked = all(
        line.text.lstrip()[len(m[1])] in ".):]"
        for line, m in zip(filled, matches, strict=True)
        if m
    )
    letters = marked or any(char.isalpha() for line in filled for char in line.text)
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
