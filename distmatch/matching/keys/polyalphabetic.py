"""`PeriodicSearch`: Vigenère, Beaufort and mixed alphabets used in turn, with an unknown period.

Shifts are found by coordinate ascent on the n-gram costs, all letters of a column tried at once, from a start that
fits each column's letter frequencies and from random ones; every period is tried once and the best again. Mixed
alphabets are annealed together, each a permutation of its own.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.ciphers.statistics import index_of_coincidence
from distmatch.errors import InputError
from distmatch.languages.language import Language
from distmatch.languages.ngram import UNITS_PER_BIT
from distmatch.maps.key import Key, bijection_bits
from distmatch.matching.keys.shiftkernel import ascend_shifts
from distmatch.matching.symbols.annealing import anneal_bijection
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.text.alphabet import Alphabet

SIGNS = {"vigenere": (1, -1), "beaufort": (-1, 1), "variant-beaufort": (1, 1)}
"""Kind to the signs of cipher letter and key letter: plain = sign x cipher + sign x key."""
BY_PERIOD = 0.0004
"""Rise of the index of coincidence per place of a period that is chance alone."""
MIXED_STARTS = 4
RETRIED = 6
"""Periods that get all the starts, after one start for every period."""


@dataclass(frozen=True, kw_only=True)
class PeriodicSearch:
    """Settings of the search."""

    kinds: tuple[str, ...] = ("vigenere", "beaufort")
    """Variant Beaufort has the keys of Vigenère with the sign turned, so it is searched only if named."""
    longest_period: int = 40
    starts: int = 10
    deadline: float = math.inf
    """`time.monotonic()` after which no other period is tried."""

    def search(self, source: Ciphertext, target: Language, *, seed: int = 0) -> list[Reading[Key]]:
        """The best key of each kind and of the periods that came nearest, the shortest total code first.

        Raises:
            InputError: a symbol is no letter of the alphabet.
        """
        codes = cipher_letters(source, target)
        found: list[Reading[Key]] = []
        for kind in self.kinds:
            if kind == "periodic":
                found += self._mixed(codes, target, seed)
            else:
                found += self._shifts(codes, target, kind, seed)
        return sorted(found, key=total_bits)

    def _shifts(
        self, codes: np.ndarray, target: Language, kind: str, seed: int
    ) -> list[Reading[Key]]:
        size, n = len(target.alphabet), len(codes)
        sign_cipher, sign_key = SIGNS[kind]
        unigram = letter_costs(target)
        table, _, order = target.place_costs
        if order < target.order:
            table = table[:0]
        longest = max(1, min(self.longest_period, n // 3))

        def ascend(period: int, starts: int) -> tuple[float, np.ndarray, int]:
            shifts = np.zeros(period, np.int32)
            cost, agreeing = ascend_shifts(
                codes, sign_cipher, sign_key, period, table, target.flat_cost, target.order, size, unigram,
                starts, seed + 1, shifts,
            )  # fmt: skip
            return cost / UNITS_PER_BIT + period * math.log2(size), shifts, agreeing

        first = sorted(range(1, longest + 1), key=lambda period: ascend(period, 1)[0])
        out = []
        for period in first[:RETRIED]:
            if out and time.monotonic() > self.deadline:
                break
            _, shifts, agreeing = ascend(period, self.starts)
            letters = _decoded(codes, shifts, sign_cipher, sign_key, size)
            word = primitive(target.alphabet.decode(shifts))
            key_bits = math.log2(self.longest_period) + len(word) * math.log2(size)
            columns = shift_columns(kind, word, target.alphabet)
            key = Key({}, kind, len(word), {"key": [word]}, key_bits, columns)
            bits = target.total_bits(letters)
            out.append(
                Reading(map=key, letters=letters, text=bits, map_bits=key_bits, found=agreeing, language_bits=bits)
            )  # fmt: skip
        return out

    def _mixed(self, codes: np.ndarray, target: Language, seed: int) -> list[Reading[Key]]:
        size = len(target.alphabet)
        # 40 letters for each alphabet, somewhat above the unicity distance of a free key.
        longest = max(2, min(self.longest_period, len(codes) // 40))
        ranked = sorted(
            range(2, longest + 1),
            key=lambda p: BY_PERIOD * p - index_of_coincidence(codes, p),
        )
        out = []
        for period in ranked[:4]:
            if out and time.monotonic() > self.deadline:
                break
            symbols = ((np.arange(len(codes)) % period) * size + codes).astype(np.int32)
            best, key, agreeing = 1 << 40, np.zeros(0, np.int32), 0
            for start in range(MIXED_STARTS):
                if start and time.monotonic() > self.deadline:
                    break
                rng = np.random.default_rng([seed, period, start])
                trial = np.concatenate([rng.permutation(size) for _ in range(period)]).astype(
                    np.int32
                )
                # Moves and temperatures of a simple key of up to 100 letters, for each column.
                cost = anneal_bijection(
                    symbols, trial, np.ones((len(trial), size), bool), 0, size, target.flat_cost, target.guess, target.order,
                    size, 30_000 * period, 15.0, 5.0, int(rng.integers(1, 2**31)),
                )  # fmt: skip
                if cost < best:
                    best, key, agreeing = cost, trial, 1
                elif cost == best:
                    agreeing += 1
            letters = key[symbols].astype(np.uint8)
            rows = [["."] * size for _ in range(period)]
            for symbol in np.unique(symbols):
                rows[symbol // size][symbol % size] = target.alphabet.letters[key[symbol]]
            key_bits = math.log2(self.longest_period) + period * bijection_bits(size, size)
            shown = tuple("".join(row) for row in rows)
            columns = tuple(dict(zip(target.alphabet.letters, row, strict=True)) for row in shown)
            bits = target.total_bits(letters)
            found = Key({}, "periodic", period, {"key": list(shown)}, key_bits, columns)
            out.append(
                Reading(map=found, letters=letters, text=bits, map_bits=key_bits, found=agreeing, language_bits=bits)
            )  # fmt: skip
        return out


def cipher_letters(source: Ciphertext, target: Language) -> np.ndarray:
    """The ciphertext as letters of the language's alphabet, (n,) int32.

    Raises:
        InputError: a symbol is no letter of the alphabet.
    """
    letters = target.alphabet.letters
    codes = [letters.find(name.lower()) if len(name) == 1 else -1 for name in source.names]
    if min(codes) < 0:
        bad = source.names[codes.index(min(codes))]
        raise InputError(
            f"symbol {bad!r} is no letter of {target.name!r}; shift ciphers need the letters {letters}"
        )
    return np.array(codes, np.int32)[source.symbols]


def letter_costs(target: Language) -> np.ndarray:
    """Costs of single letters, (A,) float64 in the units of the search table, from its long-run frequencies."""
    return -UNITS_PER_BIT * np.log2(target.letter_frequencies)


def primitive(word: str) -> str:
    """The shortest word whose repetition is this one: a key word is not written twice."""
    return word[: (word + word).index(word, 1)]


def shift_columns(kind: str, word: str, alphabet: Alphabet) -> tuple[dict[str, str], ...]:
    """One table of cipher letter to plain letter per letter of a key word."""
    size = len(alphabet)
    sign_cipher, sign_key = SIGNS[kind]
    codes = np.arange(size)
    columns = []
    for shift in alphabet.encode(word, spaces=False).tolist():
        plain = (sign_cipher * codes + sign_key * shift) % size
        columns.append(dict(zip(alphabet.letters, alphabet.decode(plain), strict=True)))
    return tuple(columns)


def _decoded(
    codes: np.ndarray, shifts: np.ndarray, sign_cipher: int, sign_key: int, size: int
) -> np.ndarray:
    key = shifts[np.arange(len(codes)) % len(shifts)]
    return ((sign_cipher * codes + sign_key * key) % size).astype(np.uint8)
