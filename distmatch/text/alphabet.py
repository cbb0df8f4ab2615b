"""Alphabets: which letters a language is written with, and how running text is folded onto them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

SPACE = " "
LATIN = "abcdefghijklmnopqrstuvwxyz"

# Letters that Unicode does not decompose, written as their languages do without diacritics.
_LATIN_FOLDS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
    "ħ": "h", "ŋ": "n", "ə": "e", "ĸ": "k", "ŧ": "t", "ƒ": "f",
}  # fmt: skip
_OTHER_FOLDS = {
    "ё": "е", "ς": "σ",
    "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ی", "ك": "ک", "ي": "ی",
}  # fmt: skip
# Breve and diaeresis make letters of their own in Cyrillic (й, ї, ў), as vowel signs do in abugidas.
_DECOMPOSED_SCRIPTS = ("LATIN", "GREEK", "ARABIC", "HEBREW")
_MARKS = ("COMBINING", "ARABIC", "HEBREW")


def _fold_character(character: str, diacritics: bool) -> str:
    """The letters that stand for one character: itself, its base letters, or a space."""
    lowered = unicodedata.normalize("NFKC", character).lower()
    if diacritics:
        return lowered if all(map(_is_letter, lowered)) else SPACE
    folded = ""
    for char in lowered:
        name = unicodedata.name(char, "")
        if unicodedata.category(char) == "Mn" and name.startswith(_MARKS):
            continue
        if name.startswith("HANGUL SYLLABLE"):
            folded += unicodedata.normalize("NFD", char)
            continue
        if name.startswith(_DECOMPOSED_SCRIPTS):
            char = unicodedata.normalize("NFD", char)
            char = "".join(_LATIN_FOLDS.get(c, c) for c in char if not unicodedata.combining(c))
        folded += "".join(_OTHER_FOLDS.get(c, c) for c in char)
    if not folded and (unicodedata.combining(character) or _is_letter(character)):
        return ""
    return folded if folded and all(map(_is_letter, folded)) else SPACE


def _is_letter(char: str) -> bool:
    return unicodedata.category(char) in ("Ll", "Lo", "Lm", "Mc", "Mn")


def fold(text: str, *, diacritics: bool = False) -> str:
    """Lower-case letters and single spaces; every other run of characters becomes one space.

    Args:
        text: any Unicode text.
        diacritics: keep the diacritics (`é` stays) instead of folding them onto base letters. Text
            is composed first, so that decomposed accents are one letter.
    """
    if diacritics:
        text = unicodedata.normalize("NFC", text)
    return re.sub(" +", SPACE, text.translate(fold_table(set(text), diacritics=diacritics))).strip()


def fold_table(characters: Iterable[str], *, diacritics: bool = False) -> dict[int, str]:
    """A table for `str.translate`: what each character becomes in `fold`."""
    return {ord(char): _fold_character(char, diacritics) for char in characters}


@dataclass(frozen=True)
class Alphabet:
    """The letters of a language in a fixed order; codes are positions in it.

    Args:
        letters: each letter once, without the space.
        diacritics: whether text is folded onto base letters (False) or keeps its diacritics.
    """

    letters: str
    diacritics: bool = False

    def __len__(self) -> int:
        return len(self.letters)

    @cached_property
    def _table(self) -> np.ndarray:
        size = max(map(ord, self.letters + SPACE)) + 1
        table = np.full(size, 255, np.uint8)
        for code, letter in enumerate(self.letters + SPACE):
            table[ord(letter)] = code
        return table

    def encode(self, folded: str, *, spaces: bool) -> np.ndarray:
        """Codes (uint8) of folded text; the space is the last code. Other characters are dropped.

        Args:
            folded: text that `fold` returned.
            spaces: keep the spaces, or leave them out.
        """
        points = np.frombuffer(folded.encode("utf-32-le"), np.uint32)
        points = points[points < len(self._table)]
        codes = self._table[points]
        return codes[codes < len(self.letters) + (1 if spaces else 0)]

    def decode(self, codes: Iterable[int]) -> str:
        """The text of codes; the space is the last code."""
        letters = self.letters + SPACE
        return "".join(letters[code] for code in codes)
