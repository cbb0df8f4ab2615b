"""Metropolis sampling of one-to-one keys of word codes: the compiled kernel."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.languages.wordtrigram import trigram_log
from distmatch.matching.symbols.annealing import places_of_symbols


@numba.njit(cache=True, nogil=True)
def sample_keys(
    codes, key, held, near, chance, tables, tolerance, seed, drawn,
):  # fmt: skip
    """Sweeps of Metropolis moves on the trigram code length; the word's present code, if any, takes the other's.

    Args:
        codes: (n,) int32.
        key: (K,) int32, changed in place.
        held: (K,) bool, codes that keep their word.
        near: (K, m) int32 words proposed for each code.
        chance: (K, m) cumulative weights of the proposals.
        tolerance: in bits; one nat draws from the posterior.
        seed: of the order, the proposals and the acceptance.
        drawn: (S, K) int32, filled with the key after each of S sweeps.

    Returns:
        The bits of the text under the last key.
    """
    np.random.seed(seed)
    n, count, many = len(codes), len(key), near.shape[1]
    starts, places = places_of_symbols(codes, count)
    holder = np.full(len(tables.unigram), -1, np.int32)
    for c in range(count):
        holder[key[c]] = c
    words = np.empty(n, np.int32)
    for t in range(n):
        words[t] = key[codes[t]]
    current = np.empty(n, np.float64)
    total = 0.0
    for t in range(n):
        u = words[t - 2] if t > 1 else -1
        v = words[t - 1] if t > 0 else -1
        current[t] = -trigram_log(u, v, words[t], tables)
        total += current[t]
    stamp = np.zeros(n + 2, np.int64)
    touched = np.empty(n, np.int32)
    fresh = np.empty(n, np.float64)
    move = 0
    for sweep in range(len(drawn)):
        for a in np.random.permutation(count):
            if held[a]:
                continue
            word = near[a, np.searchsorted(chance[a], np.random.random() * chance[a, many - 1])]
            old = key[a]
            b = holder[word]
            if word == old or (b >= 0 and held[b]):
                continue
            limit = -np.log(1.0 - np.random.random()) * tolerance
            move += 1
            key[a] = word
            if b >= 0:
                key[b] = old
            for side in range(2):
                c = a if side == 0 else b
                if c >= 0:
                    for p in range(starts[c], starts[c + 1]):
                        words[places[p]] = key[c]
            delta = 0.0
            changed = 0
            for side in range(2):
                c = a if side == 0 else b
                if c < 0:
                    continue
                for p in range(starts[c], starts[c + 1]):
                    for t in range(places[p], min(places[p] + 3, n)):
                        if stamp[t] == move:
                            continue
                        stamp[t] = move
                        u = words[t - 2] if t > 1 else -1
                        v = words[t - 1] if t > 0 else -1
                        value = -trigram_log(u, v, words[t], tables)
                        touched[changed] = t
                        fresh[changed] = value
                        delta += value - current[t]
                        changed += 1
            if delta < limit:
                holder[word] = a
                holder[old] = b
                for i in range(changed):
                    current[touched[i]] = fresh[i]
                total += delta
            else:
                key[a] = old
                if b >= 0:
                    key[b] = word
                for side in range(2):
                    c = a if side == 0 else b
                    if c >= 0:
                        for p in range(starts[c], starts[c + 1]):
                            words[places[p]] = key[c]
        drawn[sweep] = key
    return total
