"""Compiled counts of repeats, and the climb over the columns of a keyed transposition."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def repeats(symbols, count):
    """How many pairs of places hold the same two symbols in a row, and the same three.

    Args:
        symbols: (n,) int32 in reading order.
        count: number of symbols K.
    """
    n = len(symbols)
    pairs = np.empty(max(n - 1, 0), np.int64)
    triples = np.empty(max(n - 2, 0), np.int64)
    for t in range(n - 1):
        pairs[t] = np.int64(symbols[t]) * count + symbols[t + 1]
    for t in range(n - 2):
        triples[t] = pairs[t] * count + symbols[t + 2]
    return _equal_pairs(pairs), _equal_pairs(triples)


@numba.njit(cache=True, nogil=True)
def _equal_pairs(keys):
    keys.sort()
    equal, run = 0, 0
    for i in range(1, len(keys)):
        run = run + 1 if keys[i] == keys[i - 1] else 0
        equal += run
    return equal


@numba.njit(cache=True, nogil=True)
def climb_columns(symbols, width, count, rounds, seed, starts):
    """The order of the columns of a keyed columnar transposition with the most repeats, by swaps and moves.

    Args:
        symbols: (n,) int32 as written.
        width: number of columns.
        count: number of symbols.
        rounds: most passes of a climb over all swaps and moves.
        seed: of the starts.
        starts: climbs, each from a random order.

    Returns:
        (width,) the columns in the order in which they were written out.
    """
    np.random.seed(seed)
    n = len(symbols)
    best = -1
    best_order = np.arange(width)
    text = np.empty(n, np.int32)
    for _ in range(starts):
        order = np.random.permutation(width)
        value = _column_repeats(symbols, order, count, text)
        for _round in range(rounds):
            improved = False
            for a in range(width):
                for b in range(width):
                    if a == b:
                        continue
                    trial = order.copy()
                    if a < b:
                        trial[a], trial[b] = order[b], order[a]
                    else:
                        moved = order[a]
                        for i in range(a, b, -1):
                            trial[i] = order[i - 1]
                        trial[b] = moved
                    found = _column_repeats(symbols, trial, count, text)
                    if found > value:
                        value, order, improved = found, trial, True
            if not improved:
                break
        if value > best:
            best = value
            best_order = order.copy()
    return best_order


@numba.njit(cache=True, nogil=True)
def _column_repeats(symbols, order, count, text):
    n, width = len(symbols), len(order)
    at = 0
    for column in order:
        for t in range(column, n, width):
            text[t] = symbols[at]
            at += 1
    pairs, triples = repeats(text, count)
    return pairs + 3 * triples
