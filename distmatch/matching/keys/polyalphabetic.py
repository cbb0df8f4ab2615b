"""`PeriodicSearch`: Vigenère, Beaufort and mixed alphabets used in turn, with an unknown period.

Shifts are found by coordinate ascent on the n-gram costs, all letters of a column tried at once, from a start that
fits each column's letter frequencies and from random ones; every period is tried once and the best again. Mixed
alphabets are annealed together, each a permutation of its own.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numba
import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.errors import InputError
from distmatch.languages.language import Language
from distmatch.languages.ngram import UNITS_PER_BIT
from distmatch.maps.key import bijection_bits
from distmatch.matching.symbols.annealing import anneal_bijection
from distmatch.matching.symbols.heatbath import add_block, strides

MIXED_STARTS = 4
RETRIED = 6
"""Periods that get all the starts, after one start for every period."""


@dataclass(frozen=True)
class PeriodicCandidate:
    """A periodic key and what it decodes to.

    Args:
        kind: vigenere, beaufort, variant-beaufort or periodic.
        period: number of alphabets.
        letters: (n,) uint8 decoded.
        key: the key word, or one string of plain letters a column ("." where a letter does not occur).
        text, key_bits: code lengths in bits.
        found: starts that ended at this key.
    """

    kind: str
    period: int
    letters: np.ndarray
    key: tuple[str, ...]
    text: float
    key_bits: float
    found: int

    @property
    def total(self) -> float:
        """Text and key in bits."""
        return self.text + self.key_bits


@dataclass(frozen=True, kw_only=True)
class PeriodicSearch:
    """Settings of the search."""

    kinds: tuple[str, ...] = ("vigenere", "beaufort")
    """Variant Beaufort has the keys of Vigenère with the sign turned, so it is searched only if named."""
    longest_period: int = 40
    starts: int = 10
    deadline: float = math.inf
    """`time.monotonic()` after which no other period is tried."""

    def search(
        self, source: Ciphertext, target: Language, *, seed: int = 0
    ) -> list[PeriodicCandidate]:
        """The best key of each kind and of the periods that came nearest, the shortest total code first.

        Raises:
            InputError: a symbol is no letter of the alphabet.
        """
        codes = cipher_letters(source, target)
        found: list[PeriodicCandidate] = []
        for kind in self.kinds:
            if kind == "periodic":
                found += self._mixed(codes, target, seed)
            else:
                found += self._shifts(codes, target, kind, seed)
        return sorted(found, key=lambda candidate: candidate.total)

    def _shifts(
        self, codes: np.ndarray, target: Language, kind: str, seed: int
    ) -> list[PeriodicCandidate]:
        size, n = len(target.alphabet), len(codes)
        sign_cipher, sign_key = {"vigenere": (1, -1), "beaufort": (-1, 1)}.get(kind, (1, 1))
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
            key_bits = math.log2(self.longest_period) + period * math.log2(size)
            word = target.alphabet.decode(shifts)
            out.append(
                PeriodicCandidate(
                    kind, period, letters, (word,), target.total_bits(letters), key_bits, agreeing
                )
            )
        return out

    def _mixed(self, codes: np.ndarray, target: Language, seed: int) -> list[PeriodicCandidate]:
        size = len(target.alphabet)
        longest = max(2, min(self.longest_period, len(codes) // 40))
        ranked = sorted(range(2, longest + 1), key=lambda p: -coincidence(codes, p, size))
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
                cost = anneal_bijection(
                    symbols, trial, np.zeros(len(trial), bool), 0, size, target.flat_cost, target.guess, target.order,
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
            text = target.total_bits(letters)
            out.append(
                PeriodicCandidate("periodic", period, letters, shown, text, key_bits, agreeing)
            )
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
    size = len(target.alphabet)
    probability = 2.0 ** (-target.short.astype(np.float32) / UNITS_PER_BIT)
    frequency = np.full(size, 1.0 / size)
    transition = probability.mean(axis=tuple(range(probability.ndim - 2)))
    for _ in range(20):
        frequency = frequency @ transition
        frequency /= frequency.sum()
    return -UNITS_PER_BIT * np.log2(frequency)


def coincidence(codes: np.ndarray, period: int, size: int) -> float:
    """Chance that two letters of one column are equal, all columns taken together, less what the period explains."""
    same = pairs = 0
    for column in range(period):
        counts = np.bincount(codes[column::period], minlength=size)
        same += int((counts * (counts - 1)).sum())
        pairs += int(counts.sum() * (counts.sum() - 1))
    return same / max(pairs, 1) - 0.0004 * period


def _decoded(
    codes: np.ndarray, shifts: np.ndarray, sign_cipher: int, sign_key: int, size: int
) -> np.ndarray:
    key = shifts[np.arange(len(codes)) % len(shifts)]
    return ((sign_cipher * codes + sign_key * key) % size).astype(np.uint8)


@numba.njit(cache=True, nogil=True)
def _column_costs(
    codes, plain, column, period, sign_cipher, sign_key, table, stride, order, size, packed, lanes, wide, rows, slots, totals
):  # fmt: skip
    """Cost of every shift of one column over the windows that hold its letters, into `totals` (A,)."""
    n = len(codes)
    place = size ** (order - 1)
    totals[:] = 0
    for t in range(column, n, period):
        used = 0
        for w in range(max(t - order + 1, 0), min(t, n - order) + 1):
            row = (t - w) * place
            for k in range(order):
                row += stride[t - w, k] * plain[w + k]
            rows[used] = row
            used += 1
        wide[:] = 0
        add_block(table, rows, slots, 0, used, 1, 0, packed, lanes, wide)
        for shift in range(size):
            totals[shift] += wide[(sign_cipher * codes[t] + sign_key * shift) % size]


@numba.njit(cache=True, nogil=True)
def _best_shift(codes, plain, column, period, sign_cipher, sign_key, cost, order, size, before):
    """The best shift of one column, each tried on every window; `plain` is left with the last one tried."""
    n = len(codes)
    lowest = 1 << 40
    chosen = before
    for shift in range(size):
        for t in range(column, n, period):
            plain[t] = (sign_cipher * codes[t] + sign_key * shift) % size
        total = 0
        last = -1
        for t in range(column, n, period):
            for w in range(max(t - order + 1, last + 1), min(t, n - order) + 1):
                index = 0
                for k in range(order):
                    index = index * size + plain[w + k]
                total += cost[index]
                last = w
        if total < lowest:
            lowest = total
            chosen = shift
    return chosen


@numba.njit(cache=True, nogil=True)
def ascend_shifts(
    codes,
    sign_cipher,
    sign_key,
    period,
    table,
    cost,
    order,
    size,
    unigram,
    starts,
    seed,
    best_shifts,
):
    """Coordinate ascent over the shifts of one period.

    Args:
        codes: (n,) int32 cipher letters; plain = sign_cipher * cipher + sign_key * shift, modulo `size`.
        table: `Language.place_costs` of the same order for alphabets of at most 32 letters, else empty: with it, all
            shifts of a column are weighed at once wherever no window holds two letters of a column.
        cost: flat n-gram costs; unigram: (A,) costs of letters.
        starts: the first fits each column's letters alone, the others are random.
        best_shifts: (period,) int32, filled.

    Returns:
        The cost of the best shifts, and how many starts ended there.
    """
    n = len(codes)
    np.random.seed(seed)
    plain = np.empty(n, np.int64)
    shifts = np.zeros(period, np.int32)
    packable = len(table) > 0 and period >= order and size <= 32
    stride = strides(order, size)
    packed = np.zeros(8, np.uint64)
    lanes = packed.view(np.uint16)
    wide = np.zeros(32, np.int32)
    rows = np.zeros(order, np.int32)
    slots = np.arange(order)
    totals = np.zeros(size, np.int64)
    best = 1 << 40
    agreeing = 0
    for start in range(starts):
        for column in range(period):
            if start == 0:
                lowest = 1e30
                for shift in range(size):
                    total = 0.0
                    for t in range(column, n, period):
                        total += unigram[(sign_cipher * codes[t] + sign_key * shift) % size]
                    if total < lowest:
                        lowest = total
                        shifts[column] = shift
            else:
                shifts[column] = np.random.randint(size)
        for t in range(n):
            plain[t] = (sign_cipher * codes[t] + sign_key * shifts[t % period]) % size
        improved = True
        while improved:
            improved = False
            for column in np.random.permutation(period):
                before = shifts[column]
                if packable:
                    _column_costs(
                        codes, plain, column, period, sign_cipher, sign_key, table, stride, order, size, packed, lanes, wide,
                        rows, slots, totals,
                    )  # fmt: skip
                    chosen = np.argmin(totals)
                else:
                    chosen = _best_shift(
                        codes,
                        plain,
                        column,
                        period,
                        sign_cipher,
                        sign_key,
                        cost,
                        order,
                        size,
                        before,
                    )
                for t in range(column, n, period):
                    plain[t] = (sign_cipher * codes[t] + sign_key * chosen) % size
                shifts[column] = chosen
                if chosen != before:
                    improved = True
        whole = 0
        for w in range(n - order + 1):
            index = 0
            for k in range(order):
                index = index * size + plain[w + k]
            whole += cost[index]
        if whole < best:
            best = whole
            best_shifts[:] = shifts
            agreeing = 1
        elif whole == best:
            agreeing += 1
    return best, agreeing
