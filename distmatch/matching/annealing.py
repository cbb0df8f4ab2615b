"""Search for a key by annealing on a table of n-gram costs.

Four of five proposals are informed: the letter that fits best in a random window of the symbol, given
the letters that the other symbols of the window decode to now. The tolerance for a worse key is
proportional to how often the symbols moved occur, since the change in code length is.
"""

from __future__ import annotations

import numba
import numpy as np

from distmatch.languages.words import spaced_bits, unspaced_bits

INFORMED = 0.8


@numba.njit(cache=True, nogil=True)
def windows_of_symbols(symbols, count, order):
    """Windows that hold each symbol, and its positions, as compressed rows.

    Args:
        symbols: (n,) int32 symbols of the text; negative ones are fixed letters.
        count: number of symbols K.
        order: window length.

    Returns:
        window_starts (K + 1,), windows, position_starts (K + 1,), positions.
    """
    n = len(symbols)
    position_starts = np.zeros(count + 1, np.int64)
    for t in range(n):
        if symbols[t] >= 0:
            position_starts[symbols[t] + 1] += 1
    for s in range(count):
        position_starts[s + 1] += position_starts[s]
    fill = position_starts[:-1].copy()
    positions = np.empty(position_starts[count], np.int32)
    for t in range(n):
        s = symbols[t]
        if s >= 0:
            positions[fill[s]] = t
            fill[s] += 1
    window_starts = np.zeros(count + 1, np.int64)
    windows = np.empty(len(positions) * order, np.int32)
    used = 0
    for s in range(count):
        last = -1
        for p in range(position_starts[s], position_starts[s + 1]):
            t = positions[p]
            for w in range(max(t - order + 1, last + 1), min(t, n - order) + 1):
                windows[used] = w
                used += 1
                last = w
        window_starts[s + 1] = used
    return window_starts, windows[:used].copy(), position_starts, positions


@numba.njit(cache=True, nogil=True, inline="always")
def _window_cost(letters, w, order, size, cost):
    index = 0
    for k in range(order):
        index = index * size + letters[w + k]
    return np.int32(cost[index])


@numba.njit(cache=True, nogil=True)
def _random(state):
    """xorshift64*: uniform in [0, 2^32)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(32))


@numba.njit(cache=True, nogil=True)
def anneal_bijection(
    symbols, key, fixed, letters_used, block, cost, guess, order, size, moves, hot, cold, seed
):
    """One annealing run over keys that give each symbol a letter of its own.

    Args:
        symbols: (n,) int32; negative -1 - c is the fixed letter c (a space).
        key: (A',) int32, letter of each symbol; symbols beyond those of the text stand for unused
            letters, so that every move is a swap. Changed in place to the best key found.
        fixed: (A',) bool, symbols whose letter is known.
        letters_used: number of symbols that occur, all at the front; 0 if they are spread over the blocks.
        block: symbols an alphabet; the key is one permutation after the other, and moves stay inside each.
        cost: flat uint8 costs; guess: as `ngram.best_letters`.
        moves: proposals.
        hot, cold: tolerance per occurrence at the start and the end, in cost units.
        seed: of this run.

    Returns:
        The cost of the best key.
    """
    n = len(symbols)
    count = len(key)
    window_starts, windows, position_starts, positions = windows_of_symbols(symbols, count, order)
    holder = np.full((count // block, size), -1, np.int32)
    for s in range(count):
        holder[s // block, key[s]] = s
    letters = np.empty(n, np.int32)
    for t in range(n):
        letters[t] = key[symbols[t]] if symbols[t] >= 0 else -1 - symbols[t]
    last = n - order + 1
    current = np.empty(max(last, 1), np.int32)
    total = 0
    for w in range(last):
        current[w] = _window_cost(letters, w, order, size, cost)
        total += current[w]
    best = total
    best_key = key.copy()
    stamp = np.zeros(max(last, 1), np.int64)
    fresh = np.empty(2 * max(last, 1), np.int32)
    touched = np.empty(2 * max(last, 1), np.int32)
    state = np.empty(1, np.uint64)
    state[0] = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x1234567)
    for _ in range(8):
        _random(state)
    threshold = np.int64(INFORMED * 4294967296.0)
    for move in range(1, moves + 1):
        if _random(state) < threshold:
            t = _random(state) % n
            a = symbols[t]
            if a < 0:
                continue
            low = max(t - order + 1, 0)
            high = min(t, n - order)
            if high < low:
                continue
            w = low + _random(state) % (high - low + 1)
            index = 0
            for k in range(order):
                if w + k != t:
                    index = index * size + letters[w + k]
            letter = guess[t - w, index]
            if letter == key[a]:
                continue
            b = holder[a // block, letter]
        else:
            a = _random(state) % letters_used if letters_used > 0 else symbols[_random(state) % n]
            if a < 0:
                continue
            b = a // block * block + _random(state) % block
        if b < 0 or a == b or fixed[a] or fixed[b]:
            continue
        la, lb = key[a], key[b]
        for p in range(position_starts[a], position_starts[a + 1]):
            letters[positions[p]] = lb
        for p in range(position_starts[b], position_starts[b + 1]):
            letters[positions[p]] = la
        delta = 0
        changed = 0
        for i in range(window_starts[a], window_starts[a + 1]):
            w = windows[i]
            stamp[w] = move
            value = _window_cost(letters, w, order, size, cost)
            delta += value - current[w]
            touched[changed] = w
            fresh[changed] = value
            changed += 1
        for i in range(window_starts[b], window_starts[b + 1]):
            w = windows[i]
            if stamp[w] == move:
                continue
            value = _window_cost(letters, w, order, size, cost)
            delta += value - current[w]
            touched[changed] = w
            fresh[changed] = value
            changed += 1
        accept = delta <= 0
        if not accept:
            occurrences = (
                position_starts[a + 1]
                - position_starts[a]
                + position_starts[b + 1]
                - position_starts[b]
            )
            tolerance = (hot + (cold - hot) * move / moves) * occurrences
            accept = delta < -np.log((_random(state) + 1.0) / 4294967296.0) * tolerance
        if accept:
            key[a], key[b] = lb, la
            holder[a // block, lb], holder[b // block, la] = a, b
            for i in range(changed):
                current[touched[i]] = fresh[i]
            total += delta
            if total < best:
                best = total
                best_key[:] = key
        else:
            for p in range(position_starts[a], position_starts[a + 1]):
                letters[positions[p]] = la
            for p in range(position_starts[b], position_starts[b + 1]):
                letters[positions[p]] = lb
    key[:] = best_key
    return best


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
    window_starts, windows, position_starts, positions = windows_of_symbols(symbols, count, order)
    letters = np.empty(n, np.int32)
    for t in range(n):
        letters[t] = key[symbols[t]] if symbols[t] >= 0 else -1 - symbols[t]
    last = n - order + 1
    current = np.empty(max(last, 1), np.int32)
    fresh = np.empty(max(last, 1), np.int32)
    total = 0.0
    for w in range(last):
        current[w] = _window_cost(letters, w, order, size, cost)
        total += current[w]
    homophones = np.zeros(size, np.int64)
    occurrences = np.zeros(size, np.int64)
    for s in range(count):
        homophones[key[s]] += 1
        occurrences[key[s]] += position_starts[s + 1] - position_starts[s]
    for c in range(size):
        total += emission * occurrences[c] * log_homophones[homophones[c]]
    best = total
    best_key = key.copy()
    state = np.empty(1, np.uint64)
    state[0] = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x1234567)
    for _ in range(8):
        _random(state)
    threshold = np.int64(INFORMED * 4294967296.0)
    for move in range(1, moves + 1):
        if _random(state) < threshold:
            t = _random(state) % n
            a = symbols[t]
            if a < 0:
                continue
            low = max(t - order + 1, 0)
            high = min(t, n - order)
            if high < low:
                continue
            w = low + _random(state) % (high - low + 1)
            index = 0
            for k in range(order):
                if w + k != t:
                    index = index * size + letters[w + k]
            lb = np.int32(guess[t - w, index])
        else:
            a = np.int32(_random(state) % count)
            lb = np.int32(_random(state) % free)
        la = key[a]
        if lb == la or lb >= free or fixed[a]:
            continue
        occurring = position_starts[a + 1] - position_starts[a]
        for p in range(position_starts[a], position_starts[a + 1]):
            letters[positions[p]] = lb
        change = 0
        begin = window_starts[a]
        for i in range(begin, window_starts[a + 1]):
            value = _window_cost(letters, windows[i], order, size, cost)
            change += value - current[windows[i]]
            fresh[i - begin] = value
        ha, hb, ca, cb = homophones[la], homophones[lb], occurrences[la], occurrences[lb]
        delta = change + emission * (
            (ca - occurring) * log_homophones[ha - 1]
            - ca * log_homophones[ha]
            + (cb + occurring) * log_homophones[hb + 1]
            - cb * log_homophones[hb]
        )
        accept = delta <= 0
        if not accept:
            tolerance = (hot + (cold - hot) * move / moves) * occurring
            accept = delta < -np.log((_random(state) + 1.0) / 4294967296.0) * tolerance
        if accept:
            key[a] = lb
            homophones[la] -= 1
            homophones[lb] += 1
            occurrences[la] -= occurring
            occurrences[lb] += occurring
            for i in range(begin, window_starts[a + 1]):
                current[windows[i]] = fresh[i - begin]
            total += delta
            if total < best:
                best = total
                best_key[:] = key
        else:
            for p in range(position_starts[a], position_starts[a + 1]):
                letters[positions[p]] = la
    key[:] = best_key
    return best


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
    state = np.empty(1, np.uint64)
    state[0] = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x7654321)
    for _ in range(8):
        _random(state)
    current = np.inf
    best = np.inf
    best_key = key.copy()
    a = b = 0
    la = lb = np.int32(0)
    for move in range(moves + 1):
        if move > 0:
            if _random(state) % 2 == 0:
                t = _random(state) % n
                a = symbols[t]
                low, high = max(t - order + 1, 0), min(t, n - order)
                if a < 0 or high < low:
                    continue
                w = low + _random(state) % (high - low + 1)
                index = 0
                for k in range(order):
                    if w + k != t:
                        s = symbols[w + k]
                        index = index * size + (key[s] if s >= 0 else -1 - s)
                lb = np.int32(guess[t - w, index])
            else:
                a = symbols[_random(state) % n]
                lb = np.int32(_random(state) % free)
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
            or total < current - np.log((_random(state) + 1.0) / 4294967296.0) * tolerance
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
