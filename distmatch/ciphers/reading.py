"""Ciphertext files: which symbols, in which order, with which word breaks and lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distmatch.errors import InputError

_TOKEN = re.compile(r"(?:\d+|[^\W\d_]{1,3}\d+|\d+[^\W\d_]{1,3})")
MOST_SYMBOLS = 20_000


@dataclass(frozen=True)
class Ciphertext:
    """A sequence of symbols.

    Args:
        symbols: (n,) int32, which of `names` stands at each place; spaces are not symbols.
        names: distinct symbols in order of first appearance.
        breaks: (n,) bool, whether a word ends after the symbol; all False if the breaks are unknown.
        tokens: whether each symbol was a token of its own (numbers, `S012`).
        lines: (n,) int32 line of each symbol, counted from 0.
    """

    symbols: np.ndarray
    names: tuple[str, ...]
    breaks: np.ndarray
    tokens: bool
    lines: np.ndarray

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def has_breaks(self) -> bool:
        """Whether the ciphertext shows where words end."""
        return bool(self.breaks[:-1].any())

    def without_breaks(self) -> Ciphertext:
        """The same symbols, their word breaks forgotten."""
        return Ciphertext(
            self.symbols, self.names, np.zeros(len(self), bool), self.tokens, self.lines
        )


def read_ciphertext(text: str, *, path: object = None, words: bool = False) -> Ciphertext:
    """Parse running text or tokens.

    Lines that begin with `#` and a space, or are `#` alone, are comments. If every remaining piece between
    spaces and commas is a number or follows one pattern such as `S012`, pieces are symbols; otherwise every
    character is one, spaces end words, and line ends count as nothing. `|` ends a word in both.

    Args:
        text: the contents of the file.
        path: named in errors.
        words: whatever stands between white space is one symbol, as in a code for words.

    Raises:
        InputError: no symbols, one distinct symbol, or tokens of mixed styles.
    """
    lines = [
        line for line in text.splitlines() if not (line.startswith("# ") or line.strip() == "#")
    ]
    if words:
        return _read_words(lines, path)
    pieces = [p for line in lines for p in re.split(r"[\s,|]+", line) if p]
    if not pieces:
        raise InputError("no ciphertext. Give a file with symbols in it", path=path)
    shapes = [_shape(p) for p in pieces]
    numbers = sum(map(bool, shapes))
    wide = sum(bool(shape) and len(p) > 1 for shape, p in zip(shapes, pieces, strict=True))
    tokens = len(pieces) > 1 and numbers == len(pieces) and len(set(shapes)) == 1
    many = numbers >= 0.8 * len(pieces) and len(pieces) > 4
    if not tokens and len(pieces) > 1 and (many or wide >= 0.5 * len(pieces)):
        usual = max(set(filter(None, shapes)), key=shapes.count)
        bad = pieces[next(i for i, shape in enumerate(shapes) if shape != usual)]
        number = next(
            i for i, line in enumerate(text.splitlines(), 1) if bad in re.split(r"[\s,|]+", line)
        )
        raise InputError(
            f"token {bad!r} among tokens such as {pieces[shapes.index(usual)]!r}. Write every symbol in one style",
            path=path, line=number,
        )  # fmt: skip
    names: dict[str, int] = {}
    symbols: list[int] = []
    breaks: list[bool] = []
    rows: list[int] = []

    def add(name: str, row: int) -> None:
        symbols.append(names.setdefault(name, len(names)))
        breaks.append(False)
        rows.append(row)

    for row, line in enumerate(lines):
        if tokens:
            for part in re.split(r"(\|)|[\s,]+", line):
                if part == "|" and breaks:
                    breaks[-1] = True
                elif part:
                    add(part, row)
        else:
            for char in line.strip():
                if char == "|" or char.isspace():
                    if breaks:
                        breaks[-1] = True
                elif char.isprintable():
                    add(char, row)
    return _checked(symbols, names, breaks, tokens, rows, path)


def _shape(piece: str) -> str:
    """The style of a token: "9" for a number, "L9" for one such as `S012`, "9L" the other way; "" for no token."""
    if not _TOKEN.fullmatch(piece):
        return ""
    return ("L" if not piece[0].isdigit() else "") + "9" + ("L" if not piece[-1].isdigit() else "")


def _read_words(lines: Sequence[str], path: object) -> Ciphertext:
    names: dict[str, int] = {}
    symbols: list[int] = []
    rows: list[int] = []
    for row, line in enumerate(lines):
        for piece in line.split():
            symbols.append(names.setdefault(piece.rstrip(",") or piece, len(names)))
            rows.append(row)
    return _checked(symbols, names, [False] * len(symbols), True, rows, path)


def from_symbols(symbols: Sequence[int] | Sequence[str], *, path: object = None) -> Ciphertext:
    """A ciphertext from a list of integers or of symbol names.

    Raises:
        InputError: an empty list, or items that are neither integers nor strings.
    """
    names: dict[str, int] = {}
    codes = []
    for item in symbols:
        if isinstance(item, bool) or not isinstance(item, (int, str)):
            raise InputError(f"symbol {item!r} is neither a number nor a string", path=path)
        codes.append(names.setdefault(str(item), len(names)))
    return _checked(codes, names, [False] * len(codes), True, [0] * len(codes), path)


def _checked(
    symbols: list[int],
    names: dict[str, int],
    breaks: list[bool],
    tokens: bool,
    rows: list[int],
    path: object,
) -> Ciphertext:
    if not symbols:
        raise InputError("no ciphertext. Give a file with symbols in it", path=path)
    if len(names) == 1 and len(symbols) > 1:
        raise InputError(
            f"only one distinct symbol, {next(iter(names))!r}; there is nothing to decipher",
            path=path,
        )
    if len(names) > MOST_SYMBOLS:
        raise InputError(
            f"{len(names)} distinct symbols; at most {MOST_SYMBOLS} are supported", path=path
        )
    return Ciphertext(
        np.array(symbols, np.int32),
        tuple(names),
        np.array(breaks, bool),
        tokens,
        np.array(rows, np.int32),
    )
