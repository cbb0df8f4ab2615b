"""`DictionarySearch`: keys of codes whose numbers keep the alphabetical order of the words.

A key is then a monotone map for each numbered family, a much smaller set than all one-to-one maps. How many entries
lie between two codes says about how many words lie between theirs. The words are sampled one code at a time, each
between those of its neighbours in the family, in proportion to the likelihood of the trigrams that it takes part in
(Gibbs sampling), while the temperature falls to 1; then the samples vote on the word of every code.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from distmatch.languages.wordgrams import WordGrams
from distmatch.matching.wordsampling import STRAY_BITS, align_family, sample_words

ALIGNED = 8_000
"""Most frequent words that the first alignment uses."""
SWEEPS = 2
"""Sweeps between two looks at the clock."""


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
    """A key: word ids, which codes are out of order, bits of text and key, and samples (S, K) around it."""

    key: np.ndarray
    stray: np.ndarray
    text: float
    key_bits: float
    samples: np.ndarray | None = None

    @property
    def total(self) -> float:
        """Text and key in bits."""
        return self.text + self.key_bits


@dataclass(frozen=True, kw_only=True)
class DictionarySearch:
    """Settings of the search."""

    sweeps: int = 240
    restarts: int = 2
    sampled: int = 60
    """Sweeps at temperature 1 from the best key found; their votes make the consensus."""
    hot: float = 2.0
    """First temperature of a restart."""
    cold: float = 0.4
    """Its last."""
    deadline: float = float("inf")

    def search(
        self, text: DictionaryText, target: WordGrams, frequency: np.ndarray, *, seed: int = 0,
        fixed: dict[int, int] | None = None, report: Callable[[float, float], None] | None = None,
    ) -> list[DictionaryKey]:  # fmt: skip
        """The best key of each restart, the fewest bits first; the first says how far its samples agree with it.

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
        common = np.argsort(rank)[:2000].astype(np.int32)

        def sweep(key, stray, number, temperature, best, best_key, best_stray) -> None:
            sample_words(
                text.units, text.ending, text.forms, text.family, text.place, chains, starts, entries, key, stray, held,
                common, *target.tables, SWEEPS, temperature, seed * 1_000_000 + number, best, best_key, best_stray,
            )  # fmt: skip

        first = _first_key(text, chains, starts, entries, target.unigram[: len(rank)], rank)
        interrupted = False
        for restart in range(self.restarts):
            key, stray = first[0].copy(), first[1].copy()
            if fixed:
                for code, word in fixed.items():
                    key[code], stray[code], held[code] = word, False, True
                stray |= _out_of_order(np.where(stray, -1, key), chains, starts, held)
            begin, done, share = time.monotonic(), 0, 0.0
            budget = (self.deadline - begin) / (self.restarts - restart + 0.3)
            best = np.array([np.inf, np.inf])
            best_key, best_stray = key.copy(), stray.copy()
            try:
                while share < 1.0 and (done == 0 or time.monotonic() < self.deadline):
                    spent = (time.monotonic() - begin) / budget if budget < np.inf else 0.0
                    share = min(max(done / self.sweeps, spent), 1.0)
                    temperature = self.hot * (self.cold / self.hot) ** share
                    number = restart * 10_000 + done
                    sweep(key, stray, number, temperature, best, best_key, best_stray)
                    done += SWEEPS
                    if report is not None:
                        report(restart + share, self.restarts)
            except KeyboardInterrupt:
                if not np.isfinite(best[0]):
                    raise
                interrupted = True
            found.append(DictionaryKey(best_key, best_stray, float(best[0]), float(best[1])))
            if interrupted or time.monotonic() > self.deadline:
                break
        found.sort(key=lambda k: k.total)
        leader = found[0]
        key, stray = leader.key.copy(), leader.stray.copy()
        best = np.array([-np.inf, -np.inf])
        samples: list[np.ndarray] = []
        while not interrupted and len(samples) * SWEEPS < self.sampled:
            if samples and time.monotonic() > self.deadline:
                break
            sweep(key, stray, 900_000 + len(samples), 1.0, best, key.copy(), stray.copy())
            samples.append(key.copy())
        leader.samples = np.stack(samples) if samples else None
        return found


def agreement(found: DictionaryKey, units: np.ndarray) -> float:
    """Posterior probability that a token's word is right: the share of samples that agree, averaged over the tokens."""
    codes = units[units >= 0]
    if found.samples is None or not len(codes):
        return 1.0
    return float((found.samples == found.key).mean(axis=0)[codes].mean())


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


def _first_key(text, chains, starts, entries, unigram, rank) -> tuple[np.ndarray, np.ndarray]:
    """The alignment of each family with the alphabet that explains best how often its codes occur.

    Codes before and after the aligned run (blocks of names or letters) are out of order.
    """
    key = np.zeros(len(text.family), np.int32)
    stray = np.zeros(len(text.family), bool)
    counts = np.bincount(text.units[text.units >= 0], minlength=len(key)).astype(float)
    frequent = np.sort(np.argsort(rank)[:ALIGNED])
    stray_bits = (
        STRAY_BITS + np.log2(len(rank)) + counts * np.log2(counts.sum() / np.maximum(counts, 1))
    )
    for number in range(len(starts) - 1):
        members = chains[starts[number] : starts[number + 1]]
        if not len(members):
            continue
        words = align_family(
            text.place[members], counts[members], stray_bits[members], entries[number][frequent],
            np.diff(entries[number])[frequent], unigram[frequent].astype(float),
        )  # fmt: skip
        key[members] = np.where(words >= 0, frequent[np.maximum(words, 0)], len(rank))
        stray[members] = words < 0
    return key, stray


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
