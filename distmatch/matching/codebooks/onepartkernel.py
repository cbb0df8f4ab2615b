"""Gibbs sampling of the words of alphabetical codes: compiled kernels."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.languages.wordtrigram import pair_log, trigram_log
from distmatch.matching.symbols.annealing import places_of_symbols

MAX_CLOSE = 40
"""Words whose trigrams are looked up for one draw."""
MAX_ROUGH = 3_000
"""Words looked at roughly for one draw; of more, every second, third ... is."""
MAX_STRAYS = 40
"""Words tried for a code out of order in one draw."""
STRAY_BITS = 6.0
"""Extra bits of a code out of its family's alphabetical order, beside naming its word among all."""
DOUBLE_BITS = 10.0
"""Bits of a code whose word another code has already, beside those that say which of them stands at each place."""


@numba.njit(cache=True, nogil=True)
def _gap_bits(codes_between, entries_between):
    """Bits (up to a constant of the place) of a gap: Laplace about the expected entries, wider for wide gaps.

    A variance of one per code between (counts are random) and 15 % of the gap (books are uneven); 1.4427 is 1/ln 2,
    1.4142 the square root of 2 that turns a spread into a scale.
    """
    scale = np.sqrt(1.0 + codes_between + (0.15 * codes_between) ** 2)
    return 1.4427 * 1.4142 * abs(entries_between - codes_between) / scale + np.log2(1.4142 * scale)


@numba.njit(cache=True, nogil=True)
def _double_bits(word, count, taken, size, factorials):
    """Bits that tell `count` tokens of a code from the `taken[word]` tokens of other codes of the same word."""
    others = taken[word]
    if others == 0:
        return 0.0
    choice = factorials[others + count] - factorials[others] - factorials[count]
    return choice + (DOUBLE_BITS if word < size else 0.0)


@numba.njit(cache=True, nogil=True)
def log_factorials(most):
    """(most + 1,) log2 of the factorials."""
    out = np.zeros(most + 1)
    for k in range(1, most + 1):
        out[k] = out[k - 1] + np.log2(k)
    return out


@numba.njit(cache=True, nogil=True)
def _token_bits(t, words, tables):
    u = words[t - 2] if t > 1 else -1
    v = words[t - 1] if t > 0 else -1
    return -trigram_log(u, v, words[t], tables)


@numba.njit(cache=True, nogil=True)
def _promising(code, choices, costs, tried, at, words, ending, forms, tables):
    """Keep the `MAX_CLOSE` words that fit their places and the words before best; the number kept."""
    rough = costs[:tried].copy()
    looked = min(len(at), 6)
    for j in range(looked):
        t = at[(j * len(at)) // looked]
        v = words[t - 1] if t > 0 else -1
        for i in range(tried):
            w = forms[ending[t], choices[i]]
            bits = pair_log(v, w, tables) if v >= 0 else tables.unigram[w]
            rough[i] -= bits * len(at) / looked
    limit = np.sort(rough)[MAX_CLOSE - 1]
    kept = 0
    for i in range(tried):
        if rough[i] <= limit and kept < MAX_CLOSE:
            choices[kept] = choices[i]
            costs[kept] = costs[i]
            kept += 1
    return kept


@numba.njit(cache=True, nogil=True)
def _place_bits(code, word, before, after, key, family, place, entries, use):
    """Bits of the word in the family's book and of the gaps to the neighbours in the family; -1: there is none."""
    e = entries[family[code]]
    bits = use[family[code], word]
    if before >= 0:
        bits += _gap_bits(place[code] - place[before], e[word] - e[key[before]])
    if after >= 0:
        bits += _gap_bits(place[after] - place[code], e[key[after]] - e[word])
    return bits


@numba.njit(cache=True, nogil=True)
def sample_words(
    units, ending, forms, family, place, chains, starts, entries, use, key, stray, held, common,
    tables, sweeps, temperature, seed,
    best, best_key, best_stray,
):  # fmt: skip
    """Sweeps of Gibbs sampling at one temperature.

    Arguments as in `DictionaryText`; `tables`: of the model; `chains`, `starts`: codes by family and place; `entries`:
    (F, V + 1) cumulative expected entries; `use`: (F, V) bits of a word in the family's book; `held`: codes that keep
    their word; `common`: words tried for strays. `key` and `stray` are changed in place; whenever a sweep ends with
    fewer bits than `best` (2,), of text and of key, all three of `best`, `best_key` and `best_stray` become those of
    the sweep.
    """
    np.random.seed(seed)
    n, count, size = len(units), len(key), len(tables.unigram) - 1
    offsets, places = places_of_symbols(units, count)
    words = np.empty(n, np.int32)
    for t in range(n):
        words[t] = forms[ending[t], key[units[t]]] if units[t] >= 0 else -1 - units[t]
    taken = np.zeros(size + 1, np.int64)
    for c in range(count):
        taken[key[c]] += offsets[c + 1] - offsets[c]
    factorials = log_factorials(n + 1)
    rank_of = np.empty(count, np.int64)
    for i in range(count):
        rank_of[chains[i]] = i
    stray_cost = STRAY_BITS + np.log2(size)
    costs = np.empty(size + MAX_STRAYS + 3)
    choices = np.empty(size + MAX_STRAYS + 3, np.int64)
    near = np.empty(3 * n + 3, np.int64)
    for _sweep in range(sweeps):
        for c in np.random.permutation(count):
            if held[c]:
                continue
            often = offsets[c + 1] - offsets[c]
            taken[key[c]] -= often
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
            step = 1 + wide // MAX_ROUGH
            first = low + (np.random.randint(step) if step > 1 else 0)
            for w in range(first, high, step):
                choices[tried] = w
                costs[tried] = _place_bits(c, w, before, after, key, family, place, entries, use)
                costs[tried] += _double_bits(w, often, taken, size, factorials)
                tried += 1
            if tried > MAX_CLOSE:
                tried = _promising(
                    c, choices, costs, tried, places[offsets[c] : offsets[c + 1]], words, ending, forms, tables
                )  # fmt: skip
                step = max(step, 2)
            inside = tried
            # One draw in ten looks outside the order too, else no stray is ever found.
            if stray[c] or np.random.random() < 0.1 or inside == 0:
                for _ in range(MAX_STRAYS):
                    w = common[min(int(len(common) * np.random.random() ** 3), len(common) - 1)]
                    choices[tried] = w
                    costs[tried] = (
                        stray_cost + skip_gap + _double_bits(w, often, taken, size, factorials)
                    )
                    tried += 1
                choices[tried] = size
                costs[tried] = (
                    stray_cost + skip_gap + _double_bits(size, often, taken, size, factorials)
                )
                tried += 1
            old = key[c]
            if stray[c]:
                choices[tried] = old
                costs[tried] = (
                    stray_cost + skip_gap + _double_bits(old, often, taken, size, factorials)
                )
                tried += 1
            elif step > 1:
                choices[tried] = old
                costs[tried] = _place_bits(c, old, before, after, key, family, place, entries, use)
                costs[tried] += _double_bits(old, often, taken, size, factorials)
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
                mass += costs[i]
            target = np.random.random() * mass
            chosen = tried - 1
            for i in range(tried):
                target -= costs[i]
                if target <= 0:
                    chosen = i
                    break
            key[c] = choices[chosen]
            taken[key[c]] += often
            stray[c] = chosen >= inside and not (step > 1 and chosen == tried - 1 and not stray[c])
            for p in range(offsets[c], offsets[c + 1]):
                t = places[p]
                words[t] = forms[ending[t], key[c]]
        text_bits = 0.0
        for t in range(n):
            text_bits += _token_bits(t, words, tables)
        of_key = key_bits(
            key, stray, chains, starts, place, entries, use, np.diff(offsets), factorials
        )
        if text_bits + of_key < best[0] + best[1]:
            best[0], best[1] = text_bits, of_key
            best_key[:] = key
            best_stray[:] = stray


@numba.njit(cache=True, nogil=True)
def key_bits(key, stray, chains, starts, place, entries, use, counts, factorials):
    """Bits of a key: the words and gaps of every family, the codes out of order, and the choice where words share codes.

    `counts`: (K,) occurrences of each code; `factorials`: their log2.
    """
    size = entries.shape[1] - 1
    stray_cost = STRAY_BITS + np.log2(size)
    taken = np.zeros(size + 1, np.int64)
    bits = 0.0
    for f in range(len(starts) - 1):
        before = -1
        for i in range(starts[f], starts[f + 1]):
            c = chains[i]
            bits += _double_bits(key[c], counts[c], taken, size, factorials)
            taken[key[c]] += counts[c]
            if stray[c]:
                bits += stray_cost
                continue
            bits += use[f, key[c]]
            if before >= 0:
                bits += _gap_bits(
                    place[c] - place[before], entries[f][key[c]] - entries[f][key[before]]
                )
            before = c
    return bits
