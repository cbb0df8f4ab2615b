"""`DictionarySearch`: keys of codes whose numbers keep the alphabetical order of the words.

A key is then a monotone map for each numbered family, a much smaller set than all one-to-one maps. How many entries
lie between two codes says about how many words lie between theirs. The words are sampled one code at a time, each
between those of its neighbours in the family, in proportion to the likelihood of the trigrams that it takes part in
(Gibbs sampling), while the temperature falls to 1; then the samples vote on the word of every code.
"""

from __future__ import annotations

import bisect
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from distmatch.languages.wordgrams import WordGrams
from distmatch.matching.wordsampling import key_bits, sample_words


@dataclass(frozen=True)
class DictionaryText:
    """A text of codes, ready for the sampler.

    Args:
        units: (n,) int32, code of each token, or -1 - id of a word left in clear.
        ending: (n,) int32, number of the ending that completes the token's word, 0 for none.
        forms: (E + 1, V + 1) int32, the word that a word makes with each ending; row 0 is the identity.
        family: (K,) int32, family of each code.
        place: (K,) float64, its place in the family.
    """

    units: np.ndarray
    ending: np.ndarray
    forms: np.ndarray
    family: np.ndarray
    place: np.ndarray


@dataclass
class DictionaryKey:
    """A key: word ids, which codes are out of order, bits of text and key, and the share of tokens expected to be right.

    `belief` is the posterior probability of the words, averaged over the tokens; None for a single best sample.
    """

    key: np.ndarray
    stray: np.ndarray
    text: float
    key_bits: float
    belief: float | None = None

    @property
    def total(self) -> float:
        """Text and key in bits."""
        return self.text + self.key_bits


@dataclass(frozen=True, kw_only=True)
class DictionarySearch:
    """Settings of the search."""

    sweeps: int = 160
    restarts: int = 3
    hot: float = 3.0
    """First temperature; it falls to 1, where the posterior is sampled, and at last to `cold`."""
    cold: float = 0.3
    deadline: float = float("inf")

    def search(
        self, text: DictionaryText, target: WordGrams, frequency: np.ndarray, *, seed: int = 0,
        fixed: dict[int, int] | None = None, report: Callable[[float, float], None] | None = None,
    ) -> list[DictionaryKey]:  # fmt: skip
        """The consensus of all samples first, then the best sample of each restart, the fewest bits first.

        The consensus gives every code its most frequent word at temperature 1 (the posterior mode of each code alone),
        which gets more tokens right than the best sample of all.

        Args:
            text: the codes.
            target: the model; its words in alphabetical order.
            frequency: (V,) relative frequencies, which say how likely a codebook has a word.
            seed: of the sampler.
            fixed: codes whose word is known.
            report: called with restarts done and in all.
        """
        chains, starts = _chains(text)
        rank = _ranks(frequency)
        entries = np.stack(
            [_entries(text, chains[a:b], rank) for a, b in itertools.pairwise(starts)]
        )
        held = np.zeros(len(text.family), bool)
        found: list[DictionaryKey] = []
        samples: list[np.ndarray] = []
        common = np.argsort(rank)[:2000].astype(np.int32)
        for restart in range(self.restarts):
            key = _first_key(text, chains, starts, entries)
            for code, word in (fixed or {}).items():
                key[code], held[code] = word, True
            stray = _out_of_order(key, chains, starts, held)
            remaining = (self.deadline - time.monotonic()) / (self.restarts - restart)
            best = np.array([np.inf, np.inf])
            best_key, best_stray = key.copy(), stray.copy()
            begin, step, done = time.monotonic(), 2, 0
            try:
                while True:
                    spent = (time.monotonic() - begin) / remaining if remaining < np.inf else 0.0
                    share = min(max(done / self.sweeps, spent), 1.0)
                    temperature = self._temperature(share)
                    sample_words(
                        text.units, text.ending, text.forms, text.family, text.place, chains, starts, entries, key,
                        stray, held, common, *target.tables, step, temperature,
                        (seed * 1000 + restart) * 10_000 + done, best, best_key, best_stray,
                    )  # fmt: skip
                    done += step
                    if temperature == 1.0:
                        samples.append(key.copy())
                    if report is not None:
                        report(restart + share, self.restarts)
                    if share >= 1.0 or time.monotonic() > self.deadline:
                        break
            except KeyboardInterrupt:
                if not np.isfinite(best[0]):
                    raise
                self = replace(self, deadline=0.0)
            found.append(DictionaryKey(best_key, best_stray, float(best[0]), float(best[1])))
            if time.monotonic() > self.deadline:
                break
        found.sort(key=lambda k: k.total)
        if not samples:
            return found
        key, belief = consensus(np.stack(samples), text.units)
        stray = disordered(key, chains, starts)
        written = text.forms[text.ending, key[np.maximum(text.units, 0)]]
        written = np.where(text.units >= 0, written, -1 - text.units)
        bits = key_bits(key, stray, chains, starts, text.family, text.place, entries)
        return [DictionaryKey(key, stray, target.bits(written), float(bits), belief), *found]

    def _temperature(self, share: float) -> float:
        """Falling for half the sweeps, 1 until nine tenths, then cold."""
        if share >= 0.9:
            return self.cold
        return 1.0 if share >= 0.5 else self.hot ** (1.0 - 2.0 * share)


def consensus(samples: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, float]:
    """Each code's most frequent word in the samples (S, K), and that frequency, averaged over the tokens."""
    key = np.empty(samples.shape[1], np.int32)
    share = np.empty(samples.shape[1])
    for code in range(samples.shape[1]):
        words, counts = np.unique(samples[:, code], return_counts=True)
        key[code], share[code] = words[counts.argmax()], counts.max() / len(samples)
    codes = units[units >= 0]
    return key, float(share[codes].mean()) if len(codes) else 1.0


def disordered(key: np.ndarray, chains: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Codes outside the longest alphabetical run of their family, (K,) bool."""
    stray = np.zeros(len(key), bool)
    for a, b in itertools.pairwise(starts):
        members = chains[a:b]
        tails: list[int] = []
        ends: list[int] = []
        before = np.full(len(members), -1)
        for i, code in enumerate(members):
            at = bisect.bisect_left(tails, int(key[code]))
            before[i] = ends[at - 1] if at else -1
            tails[at : at + 1] = [int(key[code])]
            ends[at : at + 1] = [i]
        kept = set()
        at = ends[-1] if ends else -1
        while at >= 0:
            kept.add(at)
            at = int(before[at])
        stray[members] = [i not in kept for i in range(len(members))]
    return stray


def _chains(text: DictionaryText) -> tuple[np.ndarray, np.ndarray]:
    """Codes by family and place, (K,) int32, and where each family begins, (F + 1,)."""
    order = np.lexsort((text.place, text.family)).astype(np.int32)
    families = int(text.family.max()) + 1
    return order, np.searchsorted(text.family[order], np.arange(families + 1)).astype(np.int64)


def _ranks(frequency: np.ndarray) -> np.ndarray:
    rank = np.empty(len(frequency))
    rank[np.argsort(-frequency, kind="stable")] = np.arange(len(frequency))
    return rank


def _entries(text: DictionaryText, members: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """(V + 1,) cumulative entries that a codebook of the family's size is expected to have before each word."""
    if not len(members):
        return np.arange(len(rank) + 1, dtype=float)
    places = text.place[members]
    size = max(places.max() - places.min(), 2.0 * len(members))
    weight = 1.0 / (1.0 + (rank / size) ** 2)
    weight *= size / weight.sum()
    return np.concatenate([[0.0], np.cumsum(weight)])


def _first_key(text, chains, starts, entries) -> np.ndarray:
    """Every code at the word of its share of the family's entries."""
    key = np.zeros(len(text.family), np.int32)
    for number in range(len(starts) - 1):
        members = chains[starts[number] : starts[number + 1]]
        if not len(members):
            continue
        places = text.place[members]
        span = max(places.max() - places.min(), 1.0)
        goal = (places - places.min()) / span * entries[number][-1]
        words = np.searchsorted(entries[number], goal)
        words = np.clip(words, 0, entries.shape[1] - 2)
        words = np.maximum.accumulate(words - np.arange(len(words))) + np.arange(len(words))
        excess = max(int(words[-1]) - (entries.shape[1] - 2), 0)
        key[members] = np.maximum(words - excess, np.arange(len(words)))
    return key


def _out_of_order(key, chains, starts, held) -> np.ndarray:
    """Codes that a known word of another leaves no place in the order."""
    stray = np.zeros(len(key), bool)
    for a, b in itertools.pairwise(starts):
        members = chains[a:b]
        low = -1
        after = np.full(len(members) + 1, len(key) + 10**9)
        for i in range(len(members) - 1, -1, -1):
            after[i] = min(after[i + 1], key[members[i]]) if held[members[i]] else after[i + 1]
        for i, code in enumerate(members):
            if held[code]:
                low = max(low, int(key[code]))
            elif key[code] <= low or key[code] >= after[i + 1]:
                stray[code] = True
            else:
                low = int(key[code])
    return stray
