"""`NullSearch`: which symbols of a homophonic cipher stand for nothing.

A null breaks the language wherever it stands. The symbols that cost most in the best key without nulls are left out
one at a time, and the search runs again without them; a symbol is a null if the total code is shorter, the places of
the nulls included.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import Language
from distmatch.maps.key import Key
from distmatch.matching.keys.substitution import KeySearch
from distmatch.matching.keys.tasks import decode
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.progress import Clock


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
    clock: Clock = field(default_factory=Clock)
    """When it has expired, the best so far is the answer."""
    patient: bool = False
    """Whether a time limit is to be used up, see `KeySearch`."""

    def search(self, source: Ciphertext, target: Language, *, seed: int = 0) -> Reading[Key] | None:
        """The best key with at least one null, or None if no null shortens the code."""
        best = self._read(source, target, (), seed, quick=True)
        found: Reading[Key] | None = None
        while len(nulls := nulls_of(source, best.map)) < self.most and not self.clock.expired:
            trials = []
            for symbol in self._suspects(source, target, best):
                trials.append(self._read(source, target, (*nulls, symbol), seed, quick=True))
                if self.clock.expired:
                    break
            better = min(trials, key=total_bits, default=best)
            if better.total >= best.total:
                break
            best = found = better
        if found is None:
            return None
        whole = self._read(source, target, nulls_of(source, found.map), seed, quick=False)
        return min(whole, found, key=total_bits)

    def _read(
        self, source: Ciphertext, target: Language, nulls: Iterable[int], seed: int, quick: bool
    ) -> Reading[Key]:
        nulls = tuple(sorted(nulls))
        text, _ = without(source, nulls)
        if quick:
            search = KeySearch(
                kind="homophonic", moves=self.moves, restarts=2, polish=0, threads=self.threads
            )
        else:
            search = KeySearch(
                kind="homophonic", threads=self.threads, time_limit=self.clock.wall_left, budget=self.clock,
                patient=self.patient,
            )  # fmt: skip
        best = search.search(text, target, seed=seed)[0]
        n, m = len(source), len(source) - len(text)
        places = (math.lgamma(n + 1) - math.lgamma(m + 1) - math.lgamma(n - m + 1)) / math.log(2)
        which = m * math.log2(max(len(nulls), 1))
        key_bits = len(source.names) * math.log2(len(target.alphabet) + 1)
        table = dict.fromkeys(source.names, "")
        table |= dict(zip(text.names, target.alphabet.decode(best.map.table), strict=True))
        key = Key(
            table, "homophonic", detail={"nulls": [source.names[i] for i in nulls]}, bits=key_bits
        )
        return Reading(
            map=key, letters=decode(text.symbols, best.map.table), text=best.text + places + which, map_bits=key_bits,
            found=best.found, language_bits=best.language_bits,
        )  # fmt: skip

    def _suspects(self, source: Ciphertext, target: Language, best: Reading[Key]) -> list[int]:
        """Symbols by the n-gram bits of the windows that hold them, an occurrence, the dearest first."""
        text, kept = without(source, nulls_of(source, best.map))
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


def nulls_of(source: Ciphertext, key: Key) -> tuple[int, ...]:
    """Symbols that stand for nothing."""
    return tuple(i for i, name in enumerate(source.names) if not key.letters[name])
