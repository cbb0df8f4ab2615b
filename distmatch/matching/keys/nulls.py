"""`NullSearch`: which symbols of a homophonic cipher stand for nothing.

A null breaks the language wherever it stands. The symbols that cost most in the best key without nulls are left out
one at a time, and the search runs again without them; a symbol is a null if the total code is shorter, the places of
the nulls included.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import Language
from distmatch.matching.keys.substitution import Candidate, KeySearch, decode


@dataclass(frozen=True)
class NullCandidate:
    """A key with nulls.

    Args:
        nulls: symbols that stand for nothing.
        key: (K,) letters; those of nulls mean nothing.
        letters: (m,) uint8 what the other symbols decode to.
        text, key_bits: bits; the key's hold the choice of the nulls, the text's their places.
        language_bits: of the letters alone.
        found: restarts that agree.
    """

    nulls: tuple[int, ...]
    key: np.ndarray
    letters: np.ndarray
    text: float
    key_bits: float
    language_bits: float
    found: int

    @property
    def total(self) -> float:
        """Text and key in bits."""
        return self.text + self.key_bits


@dataclass(frozen=True, kw_only=True)
class NullSearch:
    """Settings of the search."""

    suspects: int = 10
    """Symbols tried as the next null, those that cost most first."""
    most: int = 8
    """Nulls at most."""
    moves: int = 20_000
    """Proposals of a trial's restart."""
    threads: int = 0
    deadline: float = math.inf

    def search(
        self, source: Ciphertext, target: Language, *, seed: int = 0
    ) -> NullCandidate | None:
        """The best key with at least one null, or None if no null shortens the code."""
        best = self._read(source, target, (), seed, quick=True)
        found: NullCandidate | None = None
        while len(best.nulls) < self.most and time.monotonic() < self.deadline:
            trials = []
            for symbol in self._suspects(source, target, best):
                trials.append(self._read(source, target, (*best.nulls, symbol), seed, quick=True))
                if time.monotonic() > self.deadline:
                    break
            better = min(trials, key=lambda c: c.total, default=best)
            if better.total >= best.total:
                break
            best = found = better
        if found is None:
            return None
        whole = self._read(source, target, found.nulls, seed, quick=False)
        return min(whole, found, key=lambda c: c.total)

    def _read(
        self, source: Ciphertext, target: Language, nulls: Iterable[int], seed: int, quick: bool
    ) -> NullCandidate:
        nulls = tuple(sorted(nulls))
        text, kept = without(source, nulls)
        left = max(self.deadline - time.monotonic(), 0.0)
        if quick:
            search = KeySearch(
                kind="homophonic", moves=self.moves, restarts=2, polish=0, threads=self.threads
            )
        else:
            search = KeySearch(kind="homophonic", threads=self.threads, time_limit=min(left, 1e9))
            if math.isinf(self.deadline):
                search = KeySearch(kind="homophonic", threads=self.threads)
        best: Candidate = search.search(text, target, seed=seed)[0]
        key = np.zeros(len(source.names), np.int32)
        key[kept] = best.key
        n, m = len(source), len(source) - len(text)
        places = (math.lgamma(n + 1) - math.lgamma(m + 1) - math.lgamma(n - m + 1)) / math.log(2)
        which = m * math.log2(max(len(nulls), 1))
        key_bits = len(source.names) * math.log2(len(target.alphabet) + 1)
        return NullCandidate(
            nulls, key, decode(text.symbols, best.key), best.text + places + which, key_bits, best.language_bits, best.found,
        )  # fmt: skip

    def _suspects(self, source: Ciphertext, target: Language, best: NullCandidate) -> list[int]:
        """Symbols by the n-gram bits of the windows that hold them, an occurrence, the dearest first."""
        text, kept = without(source, best.nulls)
        bits = target.ngram_bits(best.letters)
        n, order = len(text), target.order
        total = np.concatenate([[0.0], np.cumsum(bits)])
        at = np.arange(n)
        low, high = np.clip(at - order + 1, 0, len(bits)), np.clip(at + 1, 0, len(bits))
        around = (total[high] - total[low]) / np.maximum(high - low, 1)
        cost = np.bincount(text.symbols, weights=around, minlength=len(kept))
        counts = np.bincount(text.symbols, minlength=len(kept))
        worth = np.sqrt(counts) * (cost / np.maximum(counts, 1) - around.mean())
        return [int(kept[s]) for s in np.argsort(-worth)[: self.suspects]]


def without(source: Ciphertext, nulls: Iterable[int]) -> tuple[Ciphertext, np.ndarray]:
    """The ciphertext without some symbols, and which symbols of `source` its own are."""
    left = ~np.isin(source.symbols, list(nulls))
    kept, symbols = np.unique(source.symbols[left], return_inverse=True)
    names = tuple(source.names[s] for s in kept)
    text = Ciphertext(
        symbols.astype(np.int32), names, np.zeros(int(left.sum()), bool), source.tokens, source.lines[left]
    )  # fmt: skip
    return text, kept
