"""Compiled annealing of a homophonic map, one letter proposed at a time; `heatbath` weighs all letters of a symbol at once."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.matching.symbols.annealing import (
    INFORMED,
    LOG_TABLE,
    below,
    draw,
    informed_letter,
    random_state,
    start_state,
    windows_of_symbols,
)


@numba.njit(cache=True, nogil=True)
def anneal_homophonic(
    symbols,
    key,
    fixed,
    cost,
    guess,
    log_homophones,
    order,
    size,
    free,
    emission,
    moves,
    hot,
    cold,
    seed,
):
    """One annealing run over keys that may give a letter to many symbols.

    Arguments as in `anneal_bijection`, without spare symbols; `log_homophones[h]` is the cost, in units,
    of one occurrence of a letter that has h homophones, weighted by `emission`; letters from
    `free` on (a fixed space) are given to no symbol.

    Returns:
        The cost of the best key, emission included.
    """
    n = len(symbols)
    count = len(key)
    starts, windows, steps, position_starts, positions = windows_of_symbols(
        symbols, count, order, size
    )
    letters, index, current, ngrams = start_state(symbols, key, order, size, cost)
    fresh = np.empty(len(current), np.int32)
    total = float(ngrams)
    homophones = np.zeros(size, np.int64)
    occurrences = np.zeros(size, np.int64)
    for s in range(count):
        homophones[key[s]] += 1
        occurrences[key[s]] += position_starts[s + 1] - position_starts[s]
    for c in range(size):
        total += emission * occurrences[c] * log_homophones[homophones[c]]
    best = total
    best_key = key.copy()
    state = random_state(seed)
    threshold = np.int64(INFORMED * 4294967296.0)
    for move in range(1, moves + 1):
        if draw(state) < threshold:
            t = below(state, n)
            a = symbols[t]
            if a < 0:
                continue
            lb = informed_letter(letters, t, n, order, size, guess, state)
        else:
            a = np.int32(below(state, count))
            lb = np.int32(below(state, free))
        la = key[a]
        if lb < 0 or lb == la or lb >= free or fixed[a]:
            continue
        occurring = position_starts[a + 1] - position_starts[a]
        begin, end = starts[a], starts[a + 1]
        held = 0
        for i in range(begin, end):
            held += current[windows[i]]
        ha, hb, ca, cb = homophones[la], homophones[lb], occurrences[la], occurrences[lb]
        chosen = emission * (
            (ca - occurring) * log_homophones[ha - 1]
            - ca * log_homophones[ha]
            + (cb + occurring) * log_homophones[hb + 1]
            - cb * log_homophones[hb]
        )
        tolerance = (hot + (cold - hot) * move / moves) * occurring
        budget = held - chosen + LOG_TABLE[draw(state) >> 22] * tolerance
        rise = lb - la
        spent = 0
        i = begin
        while i < end and spent <= budget:
            value = np.int32(cost[index[windows[i]] + rise * steps[i]])
            fresh[i - begin] = value
            spent += value
            i += 1
        if spent > budget:
            continue
        key[a] = lb
        homophones[la] -= 1
        homophones[lb] += 1
        occurrences[la] -= occurring
        occurrences[lb] += occurring
        for i in range(begin, end):
            w = windows[i]
            current[w] = fresh[i - begin]
            index[w] += rise * steps[i]
        for p in range(position_starts[a], position_starts[a + 1]):
            letters[positions[p]] = lb
        total += spent - held + chosen
        if total < best:
            best = total
            best_key[:] = key
    key[:] = best_key
    return best
