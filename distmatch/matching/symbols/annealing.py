"""Search for a key by annealing on a table of n-gram costs.

Four of five proposals are informed: the letter that fits best in a random window of the symbol, given
the letters that the other symbols of the window decode to now. The tolerance for a worse key is
proportional to how often the symbols moved occur, since the change in code length is. The table index of
every window is kept; a symbol's change of letter moves it by a multiple that is known beforehand. The tolerance
is drawn first, so that a proposal is dropped as soon as its windows cost more than that.
"""

from __future__ import annotations

import numba
import numpy as np

INFORMED = 0.8
LOG_TABLE = -np.log((np.arange(1024) + 0.5) / 1024)


@numba.njit(cache=True, nogil=True)
def places_of_symbols(symbols, count):
    """Starts (K + 1,) and places of each symbol, as compressed rows; negative symbols have none.

    Args:
        symbols: (n,) symbols of the text.
        count: number of symbols K.
    """
    starts = np.zeros(count + 1, np.int64)
    for t in range(len(symbols)):
        if symbols[t] >= 0:
            starts[symbols[t] + 1] += 1
    for s in range(count):
        starts[s + 1] += starts[s]
    fill = starts[:-1].copy()
    places = np.empty(starts[count], np.int32)
    for t in range(len(symbols)):
        s = symbols[t]
        if s >= 0:
            places[fill[s]] = t
            fill[s] += 1
    return starts, places


@numba.njit(cache=True, nogil=True)
def windows_of_symbols(symbols, count, order, size):
    """Windows that hold each symbol, as compressed rows.

    Args:
        symbols: (n,) int32 symbols of the text; negative ones are fixed letters.
        count: number of symbols K.
        order: window length.
        size: letters of the table.

    Returns:
        starts (K + 1,), windows, steps: how far a window's table index moves when the symbol's letter
        rises by one; position_starts (K + 1,), positions of each symbol.
    """
    n = len(symbols)
    position_starts, positions = places_of_symbols(symbols, count)
    starts = np.zeros(count + 1, np.int64)
    windows = np.empty(len(positions) * order, np.int32)
    steps = np.empty(len(positions) * order, np.int32)
    used = 0
    for s in range(count):
        last = -1
        for p in range(position_starts[s], position_starts[s + 1]):
            t = positions[p]
            for w in range(max(t - order + 1, last + 1), min(t, n - order) + 1):
                step = 0
                for k in range(order):
                    step = step * size + (1 if symbols[w + k] == s else 0)
                windows[used] = w
                steps[used] = step
                used += 1
                last = w
        starts[s + 1] = used
    return starts, windows[:used].copy(), steps[:used].copy(), position_starts, positions


@numba.njit(cache=True, nogil=True)
def start_state(symbols, key, order, size, cost):
    """Letters (n,), table index and cost of every window, and the cost of all, under a key."""
    n = len(symbols)
    letters = np.empty(n, np.int32)
    for t in range(n):
        letters[t] = key[symbols[t]] if symbols[t] >= 0 else -1 - symbols[t]
    last = max(n - order + 1, 0)
    index = np.empty(last, np.int32)
    current = np.empty(last, np.int32)
    total = 0
    for w in range(last):
        at = 0
        for k in range(order):
            at = at * size + letters[w + k]
        index[w] = at
        current[w] = cost[at]
        total += current[w]
    return letters, index, current, total


@numba.njit(cache=True, nogil=True)
def random_state(seed):
    """State of `draw`."""
    state = np.empty(1, np.uint64)
    state[0] = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x1234567)
    for _ in range(8):
        draw(state)
    return state


@numba.njit(cache=True, nogil=True, inline="always")
def draw(state):
    """xorshift64*: uniform in [0, 2^32)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(32))


@numba.njit(cache=True, nogil=True, inline="always")
def below(state, n):
    """Uniform in [0, n), without a division."""
    return (draw(state) * n) >> 32


@numba.njit(cache=True, nogil=True, inline="always")
def informed_letter(letters, t, n, order, size, guess, state):
    """The best letter for place t in a random window that holds it; -1 if the text is too short."""
    low = max(t - order + 1, 0)
    high = min(t, n - order)
    if high < low:
        return np.int32(-1)
    w = low + below(state, high - low + 1)
    at = 0
    for k in range(w, t):
        at = at * size + letters[k]
    for k in range(t + 1, w + order):
        at = at * size + letters[k]
    return np.int32(guess[t - w, at])


@numba.njit(cache=True, nogil=True)
def anneal_bijection(
    symbols, key, allowed, letters_used, block, cost, guess, order, size, moves, hot, cold, seed
):
    """One annealing run over keys that give each symbol a letter of its own.

    Args:
        symbols: (n,) int32; negative -1 - c is the fixed letter c (a space).
        key: (A',) int32, letter of each symbol; symbols beyond those of the text stand for unused
            letters, so that every move is a swap. Changed in place to the best key found.
        allowed: (A', size) bool, letters that each symbol may stand for.
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
    starts, windows, steps, position_starts, positions = windows_of_symbols(
        symbols, count, order, size
    )
    holder = np.full((count // block, size), -1, np.int32)
    for s in range(count):
        holder[s // block, key[s]] = s
    letters, index, current, total = start_state(symbols, key, order, size, cost)
    last = len(current)
    best = total
    best_key = key.copy()
    stamp = np.zeros(last, np.int64)
    moved = np.empty(last, np.int32)
    fresh = np.empty(last, np.int32)
    touched = np.empty(last, np.int32)
    state = random_state(seed)
    threshold = np.int64(INFORMED * 4294967296.0)
    for move in range(1, moves + 1):
        if draw(state) < threshold:
            t = below(state, n)
            a = symbols[t]
            if a < 0:
                continue
            letter = informed_letter(letters, t, n, order, size, guess, state)
            if letter < 0 or letter == key[a]:
                continue
            b = holder[a // block, letter]
        else:
            a = below(state, letters_used) if letters_used > 0 else symbols[below(state, n)]
            if a < 0:
                continue
            b = a // block * block + below(state, block)
        if b < 0 or a == b or not allowed[a, key[b]] or not allowed[b, key[a]]:
            continue
        la, lb = key[a], key[b]
        rise = lb - la
        budget = 0
        changed = 0
        for i in range(starts[a], starts[a + 1]):
            w = windows[i]
            stamp[w] = move
            moved[w] = index[w] + rise * steps[i]
            touched[changed] = w
            changed += 1
            budget += current[w]
        for i in range(starts[b], starts[b + 1]):
            w = windows[i]
            if stamp[w] == move:
                moved[w] -= rise * steps[i]
            else:
                moved[w] = index[w] - rise * steps[i]
                touched[changed] = w
                changed += 1
                budget += current[w]
        occurrences = (
            position_starts[a + 1]
            - position_starts[a]
            + position_starts[b + 1]
            - position_starts[b]
        )
        tolerance = (hot + (cold - hot) * move / moves) * occurrences
        held = budget
        budget += np.int64(LOG_TABLE[draw(state) >> 22] * tolerance)
        spent = 0
        for i in range(changed):
            value = np.int32(cost[moved[touched[i]]])
            fresh[i] = value
            spent += value
            if spent > budget:
                break
        if spent > budget:
            continue
        key[a], key[b] = lb, la
        holder[a // block, lb], holder[b // block, la] = a, b
        for i in range(changed):
            w = touched[i]
            current[w] = fresh[i]
            index[w] = moved[w]
        for p in range(position_starts[a], position_starts[a + 1]):
            letters[positions[p]] = lb
        for p in range(position_starts[b], position_starts[b + 1]):
            letters[positions[p]] = la
        total += spent - held
        if total < best:
            best = total
            best_key[:] = key
    key[:] = best_key
    return best
