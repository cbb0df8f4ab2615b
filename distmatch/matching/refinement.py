"""A last climb on the code length itself: words and n-grams mixed, evaluated whole at each move."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.languages.words import spaced_bits, unspaced_bits
from distmatch.matching.annealing import draw, random_state


@numba.njit(cache=True, nogil=True)
def refine(
    symbols, key, bijection, fixed, cost, guess, order, size, free, spaces,
    child, mass, end, probability, share, emission, moves, hot, seed,
):  # fmt: skip
    """Anneal on the code length under the mixture of words and n-grams, evaluated whole at each move.

    Arguments as in the other two; `hot` is the tolerance in bits at the start, falling to zero. For a bijection the
    key has one entry for every letter; otherwise `emission` weighs the bits of the choice of homophones.

    Returns:
        The bits of the best key, which replaces `key`.
    """
    n = len(symbols)
    count = len(key)
    letters = np.empty(n, np.uint8)
    scratch = np.empty(n, np.float64)
    frequency = np.zeros(count, np.int64)
    for t in range(n):
        if symbols[t] >= 0:
            frequency[symbols[t]] += 1
    holder = np.full(size, -1, np.int32)
    if bijection:
        for s in range(count):
            holder[key[s]] = s
    state = random_state(seed + 17)
    current = np.inf
    best = np.inf
    best_key = key.copy()
    a = b = 0
    la = lb = np.int32(0)
    for move in range(moves + 1):
        if move > 0:
            if draw(state) % 2 == 0:
                t = draw(state) % n
                a = symbols[t]
                low, high = max(t - order + 1, 0), min(t, n - order)
                if a < 0 or high < low:
                    continue
                w = low + draw(state) % (high - low + 1)
                index = 0
                for k in range(order):
                    if w + k != t:
                        s = symbols[w + k]
                        index = index * size + (key[s] if s >= 0 else -1 - s)
                lb = np.int32(guess[t - w, index])
            else:
                a = symbols[draw(state) % n]
                lb = np.int32(draw(state) % free)
            if a < 0 or lb >= free or key[a] == lb or fixed[a]:
                continue
            la = key[a]
            if bijection:
                b = holder[lb]
                if b < 0 or fixed[b]:
                    continue
                key[b] = la
                holder[la] = b
                holder[lb] = a
            key[a] = lb
        for t in range(n):
            letters[t] = key[symbols[t]] if symbols[t] >= 0 else -1 - symbols[t]
        if spaces:
            total = spaced_bits(letters, child, mass, end, cost, probability, order, share, scratch)
        else:
            total = unspaced_bits(
                letters, child, mass, end, cost, probability, order, share, scratch
            )
        if emission > 0.0:
            homophones = np.zeros(size, np.int64)
            used = np.zeros(size, np.int64)
            for s in range(count):
                homophones[key[s]] += 1
                used[key[s]] += frequency[s]
            for c in range(size):
                if used[c] > 0:
                    total += emission * used[c] * np.log2(homophones[c])
        tolerance = hot * (1.0 - move / (moves + 1.0))
        if (
            total <= current
            or total < current - np.log((draw(state) + 1.0) / 4294967296.0) * tolerance
        ):
            current = total
            if total < best - 1e-9:
                best = total
                best_key[:] = key
        else:
            key[a] = la
            if bijection:
                key[b] = lb
                holder[la] = a
                holder[lb] = b
    key[:] = best_key
    return best
