"""Cribs: what the user knows of the plaintext, as letters that some symbols must stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.errors import InputError
from distmatch.languages.language import Language
from distmatch.text.alphabet import fold

SOFT_BITS = 10.0
"""What a soft crib is worth: a key that obeys it may be so much longer than one that does not."""
MAX_PLACES = 40


@dataclass(frozen=True)
class Crib:
    """A known symbol (`symbol` set) or word, at a position or anywhere.

    Args:
        text: the letter or the word.
        symbol: name of the symbol that stands for the letter, or None.
        position: place of the word's first letter, counted from 0, or None for anywhere.
        soft: obey only if it pays.
        never: the symbol does not stand for the letter.
    """

    text: str
    symbol: str | None = None
    position: int | None = None
    soft: bool = False
    never: bool = False


def puzzle_cribs(source: Ciphertext) -> list[Crib]:
    """The rule of newspaper cryptograms: no letter stands for itself."""
    return [
        Crib(name.casefold(), symbol=name, never=True)
        for name in source.names
        if len(name) == 1 and name.isalpha()
    ]


def excluded(
    cribs: Sequence[Crib], source: Ciphertext, language: Language
) -> frozenset[tuple[int, int]]:
    """Symbols and letters of the language that they do not stand for."""
    pairs = set()
    for crib in cribs:
        if crib.never:
            letters = language.alphabet.encode(
                fold(crib.text, diacritics=language.alphabet.diacritics), spaces=False
            )
            pairs |= {(_symbol(crib, source), int(letter)) for letter in letters[:1]}
    return frozenset(pairs)


def parse_never(written: str) -> Crib:
    """`7=e`: the symbol does not stand for the letter.

    Raises:
        InputError: anything else.
    """
    crib = parse_crib(written)
    if crib.symbol is None or len(crib.text) != 1:
        raise InputError(f"--not {written!r} is no symbol and letter. Write 7=e")
    return replace(crib, never=True)


def parse_crib(written: str, *, soft: bool = False) -> Crib:
    """`7=e`, `Q = p` (a symbol; of a word code, `1078=the`), `XIBU=what` (a word of the cipher), `word@12` (a word at a
    position, from 0) or `word` (anywhere).

    Raises:
        InputError: an empty crib, or one without letters.
    """
    if match := re.fullmatch(r"\s*(.+?)\s*=\s*([^\W\d_]+)\s*", written):
        return Crib(match[2], symbol=match[1], soft=soft)
    word, at, place = written.strip().rpartition("@")
    if at and place.isdigit():
        return Crib(word, position=int(place), soft=soft)
    if not written.strip():
        raise InputError("empty crib. Write 7=e, word@12 or word")
    return Crib(written, soft=soft)


def obeyed(
    cribs: Sequence[Crib], letters: Sequence[str], source: Ciphertext, *, somewhere: bool = False
) -> bool:
    """Whether a plaintext, one letter per symbol, obeys all cribs that are not soft.

    Args:
        cribs: known symbols and words.
        letters: (n,) the plaintext.
        source: the ciphertext.
        somewhere: a symbol stands for several letters in turn, so it need stand for the known one only at one place.
    """
    text = "".join(letters)
    for crib in cribs:
        word = crib.text.casefold()
        if crib.soft:
            continue
        if crib.symbol is not None:
            pieces = [crib.symbol] if len(word) == 1 else list(_pieces(crib, len(word)))
            for name, letter in zip(pieces, word, strict=False):
                symbol = _symbol(Crib("", symbol=name), source)
                here = {
                    letters[int(place)] == letter
                    for place in np.flatnonzero(source.symbols == symbol)
                }
                broken = True not in here if somewhere else False in here
                if (True in here) if crib.never else broken:
                    return False
        elif crib.position is not None:
            if text[crib.position : crib.position + len(word)] != word:
                return False
        elif word not in text:
            return False
    return True


def _symbol(crib: Crib, source: Ciphertext) -> int:
    """The symbol of a crib, in either case where the ciphertext folds its capitals.

    Raises:
        InputError: it does not occur.
    """
    assert crib.symbol is not None
    for name in (crib.symbol, crib.symbol.lower(), crib.symbol.upper()):
        if name in source.names:
            return source.names.index(name)
    raise InputError(f"crib symbol {crib.symbol!r} does not occur in the ciphertext")


def crib_keys(
    cribs: Sequence[Crib], source: Ciphertext, language: Language, bijection: bool
) -> Iterator[tuple[dict[int, int], float]]:
    """Every way to obey the cribs: the letters fixed, and the bits that obeying soft cribs is worth.

    Raises:
        InputError: no way is left, or a letter or symbol does not exist.
    """
    ways: list[tuple[dict[int, int], float]] = [({}, 0.0)]
    for crib in cribs:
        if crib.never:
            continue
        options = list(_options(crib, source, language))
        longer = [
            (merged, bonus + (SOFT_BITS if crib.soft else 0.0))
            for fixed, bonus in ways
            for option in options
            if (merged := _merge(fixed, option, bijection)) is not None
        ]
        if crib.soft:
            longer += ways
        if not longer:
            raise InputError(
                f"crib {crib.text!r} is impossible here: its repeated letters fit no place. Check it, or try --soft-crib"
            )
        ways = longer[:MAX_PLACES]
    yield from ways


def _options(crib: Crib, source: Ciphertext, language: Language) -> Iterator[dict[int, int]]:
    word = fold(crib.text, diacritics=language.alphabet.diacritics).replace(" ", "")
    letters = [int(c) for c in language.alphabet.encode(word, spaces=False)]
    if not word or len(letters) != len(word):
        raise InputError(f"crib {crib.text!r} has letters that {language.name!r} lacks")
    if crib.symbol is not None and len(letters) > 1:
        yield _cipher_word(crib, letters, source)
        return
    if crib.symbol is not None:
        yield {_symbol(crib, source): letters[0]}
        return
    if len(letters) > len(source) or (
        crib.position is not None and crib.position + len(letters) > len(source)
    ):
        raise InputError(f"crib {crib.text!r} reaches beyond the end of the ciphertext")
    places = range(len(source) - len(letters) + 1) if crib.position is None else [crib.position]
    for place in places:
        fixed: dict[int, int] = {}
        for symbol, letter in zip(
            np.asarray(source.symbols[place : place + len(letters)]), letters, strict=True
        ):
            if fixed.setdefault(int(symbol), letter) != letter:
                break
        else:
            yield fixed


def _cipher_word(crib: Crib, letters: list[int], source: Ciphertext) -> dict[int, int]:
    """The letters that `CIPHERWORD=plainword` fixes.

    Raises:
        InputError: the two have different lengths, or one symbol would stand for two letters.
    """
    assert crib.symbol is not None
    pieces = _pieces(crib, len(letters))
    if len(pieces) != len(letters):
        raise InputError(
            f"crib {crib.symbol}={crib.text}: one symbol stands for one letter, and {len(pieces)} of them are not "
            f"{len(letters)}"
        )
    fixed: dict[int, int] = {}
    for name, letter in zip(pieces, letters, strict=True):
        if fixed.setdefault(_symbol(Crib("", symbol=name), source), letter) != letter:
            raise InputError(
                f"crib {crib.symbol}={crib.text}: {name!r} would stand for two letters"
            )
    return fixed


def _pieces(crib: Crib, length: int) -> list[str]:
    """The symbols of a word of the cipher: its characters, or what stands between its spaces."""
    written = crib.symbol or ""
    return list(written) if len(written) == length else written.split()


def _merge(fixed: dict[int, int], more: dict[int, int], bijection: bool) -> dict[int, int] | None:
    merged = dict(fixed)
    for symbol, letter in more.items():
        if merged.setdefault(symbol, letter) != letter:
            return None
    if bijection and len(set(merged.values())) < len(merged):
        return None
    return merged
