"""Ciphertexts whose symbols are groups of characters: numbers, `S012`, `12-7-5`, Morse, dots, pairs of digits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from distmatch.ciphers.document import Builder
from distmatch.ciphers.lines import Line, numbered
from distmatch.errors import InputError

_TOKEN = re.compile(r"(?:\d+|[^\W\d_]{1,3}\d+|\d+[^\W\d_]{1,3})")
_DASHED = re.compile(r"\d+(?:[-–.:_]\d+)+")
_NUMBERS = re.compile(r"[\d\s,;|/\\()\[\]{}<>?.:_–-]+")
_CLOSING = re.compile(r"[)\]}>]")
_GAP = re.compile(r"(?<=[)\]}>])\s+(?=[(\[{<])")
_OPENING = re.compile(r"[(\[{<]")
_HEX = frozenset("0123456789abcdefABCDEF")
ILLEGIBLE = "?"
BARS = frozenset({"/", "|", "//", "||", "\\"})
"""Groups that only separate words."""
MAX_MARKS = 6
"""Distinct characters up to which a text of repeated groups is one of groups (Morse, dots, bits, tally marks)."""
MAX_PAIRED = 10
"""Distinct characters up to which a run of digits may be pairs."""
MIN_HEX = 12
"""Groups from which on numbers with letters are hexadecimal and no slip."""
MIN_PAIRED = 40
"""Digits from which on pairs are tried."""


def without_brackets(lines: Sequence[Line]) -> list[Line]:
    """Lines of numbers without the brackets, semicolons and last point that stand around them; other lines as they are.

    `[5][12] [7]` and `(05) (12)  (07)` keep their wider gaps, which end words.
    """
    filled = [line.text for line in lines if line.text.strip()]
    whole = "\n".join(filled)
    if not _NUMBERS.fullmatch(whole) or not any(char.isdigit() for char in whole):
        return list(lines)
    touching = bool(re.search(r"[)\]}>][(\[{<]", whole))
    out = []
    for line in lines:
        text = _GAP.sub(" / ", line.text) if touching else line.text
        text = _CLOSING.sub(" " if touching else "", _OPENING.sub("", text)).replace(";", ",")
        if filled and line.text == filled[-1]:
            text = re.sub(r"[.\s]+$", "", text)
        out.append(replace(line, text=text))
    return out


def pieces_of(lines: Sequence[Line]) -> list[str]:
    """What stands between white space, commas and bars."""
    return [p for line in lines for p in re.split(r"[\s,|]+", line.text) if p]


def style_of(lines: Sequence[Line]) -> str:
    """What the symbols of a text are: "tokens", "dashed", "marks" (groups of few signs) or "characters"."""
    pieces = [p for p in pieces_of(lines) if p not in BARS and p != ILLEGIBLE]
    pieces = [p for piece in pieces for p in piece.split("/") if p] if _slashed(pieces) else pieces
    if len(pieces) < 2:
        single = pieces[0] if pieces else ""
        return "dashed" if _DASHED.fullmatch(single) and len(single) > 8 else "characters"
    if all(_DASHED.fullmatch(p) or p.isdigit() for p in pieces) and any(
        _DASHED.fullmatch(p) for p in pieces
    ):
        return "dashed"
    shapes = [shape(p) for p in pieces]
    if (all(shapes) and len(set(shapes)) == 1) or _hexadecimal(pieces):
        return "tokens"
    signs = set("".join(pieces))
    letters = sum(char.isalpha() for char in signs)
    repeated = (
        not any(shapes) and len(set(pieces)) < 0.75 * len(pieces) and 4 <= len(set(pieces)) <= 64
    )
    if len(signs) <= MAX_MARKS and letters <= 2 and repeated and max(map(len, pieces)) <= 8:
        return "marks"
    return "characters"


def _hexadecimal(pieces: Sequence[str]) -> bool:
    """Whether groups are hexadecimal numbers of one length, some of them with letters: `77 6b 68`."""
    length = len(pieces[0])
    return (
        length in (2, 4)
        and len(pieces) >= MIN_HEX
        and all(len(p) == length and _HEX.issuperset(p) for p in pieces)
        and any(p.isdigit() for p in pieces)
        and len(set(pieces)) < len(pieces)
    )


def _slashed(pieces: Sequence[str]) -> bool:
    """Whether bars are glued to numbers: `12 5/7 3`."""
    halves = [p for piece in pieces for p in piece.split("/") if p]
    return any("/" in p for p in pieces) and all(shape(p) for p in halves)


def shape(piece: str) -> str:
    """The style of a token: "9" for a number, "L9" for one such as `S012`, "9L" the other way; "" for no token."""
    if not _TOKEN.fullmatch(piece):
        return ""
    return ("L" if not piece[0].isdigit() else "") + "9" + ("L" if not piece[-1].isdigit() else "")


def refuse_mixed(lines: Sequence[Line], path: object) -> None:
    """Refuse tokens of several styles, which are more often a slip than a cipher.

    Raises:
        InputError: with the first token of another style and its line.
    """
    pieces = [p for p in pieces_of(lines) if p not in BARS and p != ILLEGIBLE]
    shapes = [shape(p) for p in pieces]
    numbers = sum(map(bool, shapes))
    wide = sum(bool(s) and len(p) > 1 for s, p in zip(shapes, pieces, strict=True))
    many = numbers >= 0.8 * len(pieces) and len(pieces) > 4
    if len(pieces) < 2 or not (many or wide >= 0.5 * len(pieces)):
        return
    usual = Counter(filter(None, shapes)).most_common(1)[0][0]
    bad = pieces[next(i for i, s in enumerate(shapes) if s != usual)]
    number = next(line.number for line in lines if bad in re.split(r"[\s,|]+", line.text))
    raise InputError(
        f"token {bad!r} among tokens such as {pieces[shapes.index(usual)]!r}. Write every symbol in one style",
        path=path, line=number,
    )  # fmt: skip


def read_groups(lines: Sequence[Line], style: str, *, ends: bool = False) -> Builder:
    """Symbols of a text of groups, in one of the styles of `style_of`.

    Args:
        lines: of the cipher.
        style: of its groups.
        ends: whether a word ends with every line.
    """
    made = Builder()
    within = r"[-–.:_]" if style == "dashed" else None
    wide = style == "marks" or (style == "tokens" and _one_width(lines))
    for place, row, line in numbered(lines):
        if place:
            made.literal("\n")
            if ends:
                made.end_word()
        made.literal(line.before)
        if style == "dashed":
            _dashed(made, line.text, row, within or "")
            continue
        gap = ""
        for part in re.split(
            r"(\s+|,\s*|\|+|/+)" if style == "tokens" else r"(\s+|\|+|/+)", line.text
        ):
            if not part:
                continue
            separator = part.isspace() or part.startswith(("|", "/", ","))
            if not separator:
                made.literal(gap)
                gap = ""
                made.literal(part) if part == ILLEGIBLE else made.add(part, row)
            elif part.startswith(("|", "/")) or (
                wide and len(part.strip("\t ")) == 0 and len(part) > 1
            ):
                made.end_word()
                gap = " "
    return made


def _one_width(lines: Sequence[Line]) -> bool:
    """Whether all numbers are equally wide, so that a wider gap is not the padding of a column."""
    return len({len(piece) for piece in pieces_of(lines) if piece not in BARS}) == 1


def _dashed(made: Builder, text: str, row: int, within: str) -> None:
    """`12-7-5 3-4`: signs within a word are joined by dashes or points, words stand apart."""
    for number, word in enumerate(re.split(r"[\s,|/]+", text.strip())):
        if number:
            made.end_word()
            made.literal(" ")
        for part in re.split(within, word):
            if part:
                made.add(part, row)


def may_be_pairs(names: Sequence[str], length: int) -> bool:
    """Whether a text of single digits may be one of pairs of digits."""
    digits = all(len(name) == 1 and name.isdigit() for name in names)
    return digits and length % 2 == 0 and length >= MIN_PAIRED and len(names) <= MAX_PAIRED


def read_pairs(lines: Sequence[Line]) -> Builder:
    """Two characters a symbol, white space ignored."""
    made = Builder()
    half, row_of_half = "", 0
    for place, row, line in numbered(lines):
        if place:
            made.literal("\n")
        made.literal(line.before)
        for char in line.text:
            if char.isspace() or char in ",|/":
                continue
            if half:
                made.add(half + char, row_of_half)
                half = ""
            else:
                half, row_of_half = char, row
    return made
