"""`DictionarySearch`: keys of codes whose numbers keep the alphabetical order of the words.

A key is then a monotone map for each numbered family, a much smaller set than all one-to-one maps. How many entries
lie between two codes says about how many words lie between theirs. The words are sampled one code at a time, each
between those of its neighbours in the family, in proportion to the likelihood of the trigrams that it takes part in
(Gibbs sampling), while the temperature falls; runs of neighbours are sampled anew together.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np

from distmatch.languages.wordgrams import WordGrams, trigram_log

STRAY_BITS = 6.0
"""Extra bits of a code out of its family's alphabetical order, beside naming its word among all."""


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
    """A key found: word ids, which codes are out of order, and bits of text and key."""

    key: np.ndarray
    stray: np.ndarray
    text: float
    key_bits: float
    found: int = 1

    @property
    def total(self) -> float:
        return self.text + self.key_bits


@dataclass(frozen=True, kw_only=True)
class DictionarySearch:
    """Settings of the search."""

    sweeps: int = 300
    restarts: int = 4
    hot: float = 3.0
    cold: float = 0.3
    deadline: float = float("inf")

    def search(
        self, text: DictionaryText, target: WordGrams, frequency: np.ndarray, *, seed: int = 0,
        fixed: dict[int, int] | None = None, report: Callable[[float, float], None] | None = None,
    ) -> list[DictionaryKey]:  # fmt: skip
        """Keys, the shortest total code first.

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
        for restart in range(self.restarts):
            key = _first_key(text, chains, starts, entries)
            for code, word in (fixed or {}).items():
                key[code], held[code] = word, True
            stray = _out_of_order(key, chains, starts, held)
            data, key_bits = sample_words(
                text.units, text.ending, text.forms, text.family, text.place, chains, starts, entries, key, stray, held,
                common, *target.tables, self.sweeps, self.hot, self.cold, seed * 1000 + restart,
            )  # fmt: skip
            found.append(DictionaryKey(key, stray, data, key_bits))
            if report is not None:
                report(restart + 1, self.restarts)
            if time.monotonic() > self.deadline:
                break
        return sorted(found, key=lambda k: k.total)


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


@numba.njit(cache=True, nogil=True)
def _gap_bits(codes_between, entries_between):
    """Bits (up to a constant of the place) of a gap: Laplace about the expected entries, wider for wide gaps."""
    scale = np.sqrt(1.0 + codes_between + (0.15 * codes_between) ** 2)
    return 1.4427 * 1.4142 * abs(entries_between - codes_between) / scale + np.log2(1.4142 * scale)


@numba.njit(cache=True, nogil=True)
def _token_bits(t, words, tables):
    u = words[t - 2] if t > 1 else -1
    v = words[t - 1] if t > 0 else -1
    return -trigram_log(
        u, v, words[t], tables[0], tables[1], tables[2], tables[3], tables[4], tables[5], tables[6]
    )


@numba.njit(cache=True, nogil=True)
def _place_bits(code, word, before, after, key, family, place, entries):
    """Bits of the gaps to the neighbours in the family; -1: there is none."""
    e = entries[family[code]]
    bits = -np.log2(max(e[word + 1] - e[word], 1e-6))
    if before >= 0:
        bits += _gap_bits(place[code] - place[before], e[word] - e[key[before]])
    if after >= 0:
        bits += _gap_bits(place[after] - place[code], e[key[after]] - e[word])
    return bits


@numba.njit(cache=True, nogil=True)
def sample_words(
    units, ending, forms, family, place, chains, starts, entries, key, stray, held, common,
    unigram, backoff, pairs, pair_logs, pair_backoff, triples, triple_logs, sweeps, hot, cold, seed,
):  # fmt: skip
    """Gibbs sampling with a falling temperature; `key` and `stray` become the best state seen.

    Arguments as in `DictionaryText` and `WordGrams`; `chains`, `starts`: codes by family and place; `entries`:
    (F, V + 1) cumulative expected entries; `held`: codes that keep their word; `common`: words tried for strays.

    Returns:
        Bits of the text and of the key.
    """
    np.random.seed(seed)
    tables = (unigram, backoff, pairs, pair_logs, pair_backoff, triples, triple_logs)
    n, count, size = len(units), len(key), len(unigram) - 1
    offsets = np.zeros(count + 1, np.int64)
    for t in range(n):
        if units[t] >= 0:
            offsets[units[t] + 1] += 1
    for c in range(count):
        offsets[c + 1] += offsets[c]
    fill = offsets[:-1].copy()
    places = np.empty(offsets[count], np.int64)
    for t in range(n):
        if units[t] >= 0:
            places[fill[units[t]]] = t
            fill[units[t]] += 1
    words = np.empty(n, np.int32)
    for t in range(n):
        words[t] = forms[ending[t], key[units[t]]] if units[t] >= 0 else -1 - units[t]
    rank_of = np.empty(count, np.int64)
    for i in range(count):
        rank_of[chains[i]] = i
    stray_cost = STRAY_BITS + np.log2(size)
    costs = np.empty(size + len(common) + 2)
    choices = np.empty(size + len(common) + 2, np.int64)
    near = np.empty(3 * n + 3, np.int64)
    best = np.inf
    best_text = best_bits = 0.0
    best_key, best_stray = key.copy(), stray.copy()
    for sweep in range(sweeps + 1):
        temperature = hot * (cold / hot) ** (sweep / max(sweeps, 1))
        last = sweep >= sweeps - 10
        for c in np.random.permutation(count):
            if held[c]:
                continue
            at = rank_of[c]
            f = family[c]
            before = after = -1
            i = at - 1
            while i >= starts[f]:
                if not stray[chains[i]]:
                    before = chains[i]
                    break
                i -= 1
            i = at + 1
            while i < starts[f + 1]:
                if not stray[chains[i]]:
                    after = chains[i]
                    break
                i += 1
            low = key[before] + 1 if before >= 0 else 0
            high = key[after] if after >= 0 else size
            affected = 0
            for p in range(offsets[c], offsets[c + 1]):
                for t in range(places[p], min(places[p] + 3, n)):
                    if affected == 0 or near[affected - 1] < t:
                        near[affected] = t
                        affected += 1
            tried = 0
            skip_gap = 0.0
            if before >= 0 and after >= 0:
                skip_gap = _gap_bits(
                    place[after] - place[before], entries[f][key[after]] - entries[f][key[before]]
                )
            wide = high - low
            step = 1
            if wide > 600 and not last:
                step = 1 + wide // 400
            first = low + (np.random.randint(step) if step > 1 else 0)
            for w in range(first, high, step):
                choices[tried] = w
                costs[tried] = _place_bits(c, w, before, after, key, family, place, entries)
                tried += 1
            inside = tried
            if stray[c] or np.random.random() < 0.1 or inside == 0:
                for _ in range(40):
                    w = common[min(int(len(common) * np.random.random() ** 3), len(common) - 1)]
                    choices[tried] = w
                    costs[tried] = stray_cost + skip_gap
                    tried += 1
                choices[tried] = size
                costs[tried] = stray_cost + skip_gap
                tried += 1
            old = key[c]
            if stray[c]:
                choices[tried] = old
                costs[tried] = stray_cost + skip_gap
                tried += 1
            elif step > 1:
                choices[tried] = old
                costs[tried] = _place_bits(c, old, before, after, key, family, place, entries)
                tried += 1
            lowest = np.inf
            for i in range(tried):
                for p in range(offsets[c], offsets[c + 1]):
                    t = places[p]
                    words[t] = forms[ending[t], choices[i]]
                for j in range(affected):
                    costs[i] += _token_bits(near[j], words, tables)
                lowest = min(lowest, costs[i])
            mass = 0.0
            for i in range(tried):
                costs[i] = 2.0 ** ((lowest - costs[i]) / temperature)
                if step > 1 and i < inside:
                    costs[i] *= step
                mass += costs[i]
            target = np.random.random() * mass
            chosen = tried - 1
            for i in range(tried):
                target -= costs[i]
                if target <= 0:
                    chosen = i
                    break
            key[c] = choices[chosen]
            stray[c] = chosen >= inside and not (step > 1 and chosen == tried - 1 and not stray[c])
            for p in range(offsets[c], offsets[c + 1]):
                t = places[p]
                words[t] = forms[ending[t], key[c]]
        text_bits = 0.0
        for t in range(n):
            text_bits += _token_bits(t, words, tables)
        key_bits = _key_bits(key, stray, chains, starts, family, place, entries, stray_cost)
        if text_bits + key_bits < best:
            best = text_bits + key_bits
            best_text, best_bits = text_bits, key_bits
            best_key[:] = key
            best_stray[:] = stray
    key[:] = best_key
    stray[:] = best_stray
    return best_text, best_bits


@numba.njit(cache=True, nogil=True)
def _key_bits(key, stray, chains, starts, family, place, entries, stray_cost):
    bits = 0.0
    for f in range(len(starts) - 1):
        before = -1
        for i in range(starts[f], starts[f + 1]):
            c = chains[i]
            if stray[c]:
                bits += stray_cost
                continue
            e = entries[f]
            bits -= np.log2(max(e[key[c] + 1] - e[key[c]], 1e-6))
            if before >= 0:
                bits += _gap_bits(place[c] - place[before], e[key[c]] - e[key[before]])
            before = c
    return bits
