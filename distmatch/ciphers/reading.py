"""Ciphertext files: which symbols, in which order, with which word breaks and lines."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from distmatch.ciphers.document import Builder, Document
from distmatch.ciphers.groups import (
    may_be_pairs,
    read_groups,
    read_pairs,
    refuse_mixed,
    style_of,
    without_brackets,
)
from distmatch.ciphers.lines import Line, numbered, split_lines
from distmatch.ciphers.signs import (
    HYPHENS,
    are_print,
    fold_capitals,
    foreign_letters,
    splits_words,
)
from distmatch.errors import InputError, unknown

MAX_SYMBOLS = 20_000
"""Distinct symbols that are supported."""
OPTIONS = {
    "punctuation": ("auto", "keep", "symbols"), "case": ("auto", "fold", "symbols"), "lines": ("auto", "breaks", "joined"),
    "groups": ("auto", "characters", "tokens", "pairs"),
}  # fmt: skip
"""What may be said of the print of a ciphertext."""
NOTES = {
    "characters": "characters", "tokens": "tokens", "dashed": "numbers joined by dashes", "marks": "groups of signs",
    "pairs": "pairs of characters", "guessed": "pairs of digits (a guess)", "words": "words",
}  # fmt: skip


@dataclass(frozen=True)
class Ciphertext:
    """A sequence of symbols.

    Args:
        symbols: (n,) int32, which of `names` stands at each place; spaces are not symbols.
        names: distinct symbols in order of first appearance.
        breaks: (n,) bool, whether a word ends after the symbol; all False if the breaks are unknown.
        tokens: whether each symbol was a token of its own (numbers, `S012`).
        lines: (n,) int32 line of each symbol, counted from 0.
        document: what stood in the file; None for what was never written.
    """

    symbols: np.ndarray
    names: tuple[str, ...]
    breaks: np.ndarray
    tokens: bool
    lines: np.ndarray
    document: Document | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def has_breaks(self) -> bool:
        """Whether the ciphertext shows where words end."""
        return bool(self.breaks[:-1].any())

    def without_breaks(self) -> Ciphertext:
        """The same symbols, their word breaks forgotten."""
        return replace(self, breaks=np.zeros(len(self), bool))


def read_ciphertext(
    text: str,
    *,
    path: object = None,
    words: bool = False,
    punctuation: str = "auto",
    case: str = "auto",
    breaks: str = "auto",
    groups: str = "auto",
) -> Ciphertext:
    """Read a ciphertext as a document: symbols, and whatever belongs to its print.

    Comments (`# ...`), clue lines before the cipher (`X = Y`) and line numbers are set apart. If what stands between white
    space are numbers, `S012`, `12-7-5` or repeated groups of few signs, these are the symbols; otherwise every character is,
    but for signs and capitals that print puts there.

    Args:
        text: the contents of the file.
        path: named in errors.
        words: whatever stands between white space is one symbol, as in a code for words.
        punctuation: "keep" (signs and digits among letters pass through), "symbols", or "auto", see `ciphers.signs`.
        case: "fold" (capitals are their small letters and come back as capitals), "symbols", or "auto".
        breaks: what line ends are: "breaks" of words, "joined", or "auto": breaks where the text has spaces, unless
            all lines have one length.
        groups: "characters", "tokens" (what stands between white space), "pairs", or "auto".

    Raises:
        InputError: no symbols, one distinct symbol, tokens of mixed styles, or an unknown value.
    """
    for option, value in (
        ("punctuation", punctuation),
        ("case", case),
        ("lines", breaks),
        ("groups", groups),
    ):
        if value not in OPTIONS[option]:
            raise unknown(f"value for {option}", value, OPTIONS[option])
    lines, clues = split_lines(text)
    if words:
        return _read_words(lines, path)
    if not any(line.text.strip(" \t,|") for line in lines):
        raise InputError("no ciphertext. Give a file with symbols in it", path=path)
    lines = without_brackets(lines)
    style = style_of(lines) if groups == "auto" else "marks" if groups == "tokens" else groups
    if style == "characters" and groups == "auto":
        refuse_mixed(lines, path)
    notes = {"symbols": NOTES[style]}
    if style == "pairs":
        made = read_pairs(lines)
    elif style == "characters":
        made = _read_characters(lines, punctuation, case, breaks, notes)
    else:
        made = read_groups(lines, style, ends=breaks == "breaks")
    return _checked(made, style != "characters", path, clues, notes)


def as_pairs(source: Ciphertext) -> Ciphertext | None:
    """The same text read as pairs of digits, where that may be; None where it may not."""
    if source.document is None or source.tokens or not may_be_pairs(source.names, len(source)):
        return None
    made = Builder()
    given = source.document.given
    for place in range(0, len(source), 2):
        made.add(given[place] + given[place + 1], int(source.lines[place]))
    return _checked(made, True, None, [], {"symbols": NOTES["guessed"]})


def as_folded(source: Ciphertext) -> Ciphertext | None:
    """The same text with capitals folded, where "auto" took them for symbols and all symbols are letters; else None."""
    document = source.document
    if document is None or document.notes.get("case") != "symbols" or source.tokens:
        return None
    folded = [char.lower() for char in document.given]
    if not all(len(char) == 1 and char.isalpha() for char in folded):
        return None
    names = {name: i for i, name in enumerate(dict.fromkeys(folded))}
    capitals = tuple(a != b for a, b in zip(document.given, folded, strict=True))
    notes = document.notes | {"case": "folded"}
    return replace(
        source, symbols=np.array([names[c] for c in folded], np.int32), names=tuple(names),
        document=replace(document, capitals=capitals, notes=notes),
    )  # fmt: skip


def capital_bits(folded: Ciphertext) -> float:
    """Bits to say which letters of a folded text are capitals."""
    n, some = len(folded), 0 if folded.document is None else sum(folded.document.capitals)
    ways = math.lgamma(n + 1) - math.lgamma(some + 1) - math.lgamma(n - some + 1)
    return math.log2(n + 1) + ways / math.log(2)


def _read_characters(
    lines: Sequence[Line], punctuation: str, case: str, breaks: str, notes: dict[str, str]
) -> Builder:
    """Running text: every character that is not print is a symbol."""
    words = [word for line in lines for word in line.text.replace("|", " ").split()]
    keep = punctuation == "keep" or (punctuation == "auto" and are_print(words))
    fold = case == "fold" or (case == "auto" and keep and fold_capitals(words))
    spaced = any(char.isspace() for line in lines for char in line.text.strip())
    ends = breaks == "breaks" or (breaks == "auto" and spaced and not _one_length(lines))
    if any(not char.isalpha() for word in words for char in word):
        notes["punctuation"] = "kept" if keep else "symbols"
    if any(char.isupper() for word in words for char in word) and any(
        char.islower() for word in words for char in word
    ):
        notes["case"] = "folded" if fold else "symbols"
    if len(lines) > 1:
        notes["lines"] = "word breaks" if ends else "joined"
    passing = foreign_letters(words) if keep else frozenset()
    divided = keep and ends and splits_words([line.text for line in lines if line.text.strip()])
    made, whole = Builder(), True
    for place, row, line in numbered(lines):
        if place:
            made.literal("\n")
            if ends and whole:
                made.end_word()
        made.literal(line.before)
        text = line.text.rstrip()
        whole = not (divided and text[-2:-1].isalpha() and text[-1:] in HYPHENS)
        for char in text if whole else text[:-1]:
            _add_character(made, char, row, keep, fold, passing)
        made.literal(line.text[len(text) - (not whole) :])
    return made


def _add_character(
    made: Builder, char: str, row: int, keep: bool, fold: bool, passing: frozenset[str]
) -> None:
    if char == "|" or char.isspace():
        made.literal(" " if char == "|" else char)
        made.end_word()
    elif keep and (char in passing or not (char.isalpha() or unicodedata.category(char)[0] == "M")):
        made.literal(char)
        made.end_word()
    elif char.isprintable():
        lower = char.lower() if fold else char
        single = len(lower) == 1
        made.add(
            lower if single else char, row, given=char, capital=fold and single and lower != char
        )


def _one_length(lines: Sequence[Line]) -> bool:
    """Whether all lines but the last have one length, as where a text was cut after so many characters."""
    lengths = [len(line.text.rstrip()) for line in lines if line.text.strip()]
    return len(lengths) > 2 and len(set(lengths[:-1])) == 1 and lengths[-1] <= lengths[0]


def _read_words(lines: Sequence[Line], path: object) -> Ciphertext:
    made = Builder()
    for place, row, line in numbered(lines):
        made.literal("\n" if place else "")
        made.literal(line.before)
        for number, piece in enumerate(line.text.split()):
            made.literal(" " if number else "")
            made.add(piece.rstrip(",") or piece, row)
    made.breaks = [False] * len(made.symbols)
    return _checked(made, True, path, [], {"symbols": NOTES["words"]})


def from_symbols(symbols: Sequence[int] | Sequence[str], *, path: object = None) -> Ciphertext:
    """A ciphertext from a list of integers or of symbol names.

    Raises:
        InputError: an empty list, or items that are neither integers nor strings.
    """
    made = Builder()
    for item in symbols:
        if isinstance(item, bool) or not isinstance(item, (int, str)):
            raise InputError(f"symbol {item!r} is neither a number nor a string", path=path)
        made.add(str(item), 0)
    return _checked(made, True, path, [], {"symbols": NOTES["tokens"]})


def _checked(
    made: Builder, tokens: bool, path: object, clues: Sequence[str], notes: dict[str, str]
) -> Ciphertext:
    names, symbols = made.names, made.symbols
    if not symbols:
        raise InputError("no ciphertext. Give a file with symbols in it", path=path)
    if len(names) == 1 and len(symbols) > 1:
        raise InputError(
            f"only one distinct symbol, {next(iter(names))!r}; there is nothing to decipher",
            path=path,
        )
    if len(names) > MAX_SYMBOLS:
        raise InputError(
            f"{len(names)} distinct symbols; at most {MAX_SYMBOLS} are supported", path=path
        )
    return Ciphertext(
        np.array(symbols, np.int32), tuple(names), np.array(made.breaks, bool), tokens, np.array(made.rows, np.int32),
        made.document(clues, notes),
    )  # fmt: skip
