"""Compiled climb of a homophonic map on the whole code length, after the heat bath."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.languages.words import mixed_bits
from distmatch.matching.symbols.heatbath import add_block, slots_of_symbols, strides


@numba.njit(cache=True, nogil=True)
def climb_homophonic(
    symbols, key, allowed, table, cost, order, size, free, spaces, child, mass, end, long_cost, long_order,
    probability, running, share, pairs, tried, sweeps,
):  # fmt: skip
    """Give every symbol the letter that is best under words and n-grams, among those that n-grams find best.

    Arguments as in `heat_bath_homophonic` and `refinement.refine`; `long_cost`, `long_order` are the search table of the
    mixture, `tried` the number of letters tried for each symbol, `sweeps` the most rounds over all symbols.

    Returns:
        The bits of the key, the choice of homophones included; `key` is changed in place.
    """
    n = len(symbols)
    count = len(key)
    blocks = (size + 31) // 32
    place = size ** (order - 1)
    position_starts, positions, slot_starts, slots, _, _, _ = slots_of_symbols(
        symbols, count, order, size
    )
    stride = strides(order, size)
    rows = np.zeros(max(n - order + 1, 0) * order, np.int32)
    letters = np.empty(n, np.uint8)
    scratch = np.empty(n, np.float64)
    packed = np.zeros(8, np.uint64)
    lanes = packed.view(np.uint16)
    wide = np.zeros(32 * blocks, np.int32)
    best = np.inf
    improved = True
    for _ in range(sweeps):
        if not improved:
            break
        improved = False
        for a in range(count):
            first, beyond = position_starts[a], position_starts[a + 1]
            if first == beyond:
                continue
            for t in range(n):
                letters[t] = key[symbols[t]] if symbols[t] >= 0 else -1 - symbols[t]
            wide[:] = 0
            for i in range(slot_starts[a], slot_starts[a + 1]):
                w, o = slots[i] // order, slots[i] % order
                row = o * place
                for k in range(order):
                    row += stride[o, k] * letters[w + k]
                rows[slots[i]] = row
            for block in range(blocks):
                begin, stop = slot_starts[a], slot_starts[a + 1]
                while begin < stop:
                    until = min(stop, begin + 256)
                    add_block(table, rows, slots, begin, until, blocks, block, packed, lanes, wide)
                    begin = until
            before = key[a]
            chosen = before
            for attempt in range(-1, tried):
                letter = before
                if attempt >= 0:
                    letter = 0
                    for c in range(free):
                        if wide[c] < wide[letter]:
                            letter = c
                    wide[letter] = 2**30
                    if letter == before or not allowed[a, letter]:
                        continue
                elif best < np.inf:
                    continue
                for p in range(first, beyond):
                    letters[positions[p]] = letter
                key[a] = letter
                total = _whole_bits(
                    symbols, letters, key, size, spaces, child, mass, end, long_cost, long_order, probability, running, share,
                    best, scratch, pairs,
                )  # fmt: skip
                if total < best - 1e-9:
                    best = total
                    chosen = letter
                    improved = True
            key[a] = chosen
    return best


@numba.njit(cache=True, nogil=True)
def _whole_bits(
    symbols, letters, key, size, spaces, child, mass, end, cost, order, probability, running, share, limit, scratch, pairs
):  # fmt: skip
    total = mixed_bits(
        letters,
        spaces,
        child,
        mass,
        end,
        cost,
        probability,
        order,
        running,
        share,
        limit,
        scratch,
        pairs,
    )
    homophones = np.zeros(size, np.int64)
    for s in range(len(key)):
        homophones[key[s]] += 1
    for t in range(len(symbols)):
        if symbols[t] >= 0:
            total += np.log2(homophones[letters[t]])
    return total
