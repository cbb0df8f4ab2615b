"""`WordKey`: a substitution of words for words in running text, exactly reversible."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

WORD_BYTES = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
"""A word is a run of letters, digits and bytes of other scripts; all else stays as it is."""


def words_of(data: bytes) -> list[bytes]:
    """The words in order, A-Z as a-z."""
    return WORD_BYTES.findall(data.lower())


def ranked_words(data: bytes) -> list[bytes]:
    """The distinct words by falling frequency, then by their bytes: an order that whoever has the data knows."""
    counts = Counter(words_of(data))
    return sorted(counts, key=lambda word: (-counts[word], word))


@dataclass(frozen=True)
class WordKey:
    """f: what some words of Y stand for in X, capitals kept where both words can have them.

    Args:
        pairs: lower-case words of Y to words of X.
        bits: code length of the pairs for a reader who knows X, as the search that found them charges it; else NaN.
    """

    pairs: dict[bytes, bytes] = field(repr=False)
    bits: float = math.nan

    @property
    def name(self) -> str:
        """ "lexicon"."""
        return "lexicon"

    def __post_init__(self) -> None:
        if len(set(self.pairs.values())) < len(self.pairs):
            raise ValueError("not one to one")
        for word in (*self.pairs, *self.pairs.values()):
            if WORD_BYTES.fullmatch(word) is None or word != word.lower():
                raise ValueError(f"not a lower-case word: {word!r}")

    def __call__(self, data: np.ndarray) -> np.ndarray:
        """f(Y), uint8 of another length."""
        return _replaced(self._table, data)

    def inverse(self, data: np.ndarray) -> np.ndarray:
        """Y of f(Y)."""
        return _replaced({b: a for a, b in self._table.items()}, data)

    @cached_property
    def _table(self) -> dict[bytes, bytes]:
        """A permutation of written words: the pairs, also capitalised, each chain a → b → c closed by c → a."""
        table: dict[bytes, bytes] = {}
        back: dict[bytes, bytes] = {}
        for write in (bytes.lower, bytes.capitalize, bytes.upper):
            for a, b in sorted(self.pairs.items()):
                if write is not bytes.lower and not (a[:1].islower() and b[:1].islower()):
                    continue
                a, b = write(a), write(b)
                if a not in table and b not in back:
                    table[a], back[b] = b, a
        for last in [b for b in back if b not in table]:
            first = last
            while first in back:
                first = back[first]
            table[last] = first
        return table

    def to_json(self) -> dict[str, str]:
        """The pairs as text (bytes that are no UTF-8 as \\xNN)."""
        return {
            a.decode("utf-8", "backslashreplace"): b.decode("utf-8", "backslashreplace")
            for a, b in self.pairs.items()
        }


def _replaced(table: dict[bytes, bytes], data: np.ndarray) -> np.ndarray:
    text = WORD_BYTES.sub(lambda word: table.get(word[0], word[0]), data.tobytes())
    return np.frombuffer(text, np.uint8)
