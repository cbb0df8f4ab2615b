"""Search for a homophonic key by heat-bath annealing: every step draws a symbol's letter anew.

The costs of all letters at one place of a window stand side by side in `Language.place_costs`, eight to a word, so that a
symbol's whole conditional distribution costs four additions of packed words per window: some thirty times less than
proposing the letters one by one (docs/log.md). The temperature of a symbol is proportional to how often it occurs.
"""

from __future__ import annotations

import numba
import numpy as np

from distmatch.matching.symbols.annealing import (
    below,
    places_of_symbols,
    random_state,
    start_state,
)

_GUMBEL = np.log(-np.log(np.random.default_rng(1).random(8192 + 256))).astype(np.float32)
"""Negative Gumbel noise: the least of cost + T x noise is a draw with probabilities exp(-cost / T)."""
_EVEN_BYTES = np.uint64(0x00FF00FF00FF00FF)
_EIGHT = np.uint64(8)
CHECK = 2048
"""Steps between looks at whether the text is good enough to cool down at once."""


@numba.njit(cache=True, nogil=True)
def slots_of_symbols(symbols, count, order, size):
    """Where each symbol stands in windows, as compressed rows.

    Returns:
        position_starts (K + 1,), positions: places in the text.
        slot_starts (K + 1,), slots: window x order + place, of windows that hold the symbol once.
        twice_starts (K + 1,), twice, steps: windows that hold it more often, and how far their table index
            moves when the letter rises by one.
    """
    n = len(symbols)
    position_starts, positions = places_of_symbols(symbols, count)
    slot_starts = np.zeros(count + 1, np.int64)
    slots = np.empty(len(positions) * order, np.int32)
    twice_starts = np.zeros(count + 1, np.int64)
    twice = np.empty(len(positions) * order, np.int32)
    steps = np.empty(len(positions) * order, np.int32)
    once = more = 0
    for s in range(count):
        last = -1
        for p in range(position_starts[s], position_starts[s + 1]):
            t = positions[p]
            for w in range(max(t - order + 1, 0), min(t, n - order) + 1):
                times = step = 0
                for k in range(order):
                    hit = 1 if symbols[w + k] == s else 0
                    times += hit
                    step = step * size + hit
                if times == 1:
                    slots[once] = w * order + (t - w)
                    once += 1
                elif w > last:
                    twice[more] = w
                    steps[more] = step
                    more += 1
                last = max(last, w)
        slot_starts[s + 1] = once
        twice_starts[s + 1] = more
    return (
        position_starts, positions, slot_starts, slots[:once].copy(), twice_starts, twice[:more].copy(), steps[:more].copy(),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def strides(order, size):
    """(order, order): what a letter at place k adds to the row of `place_costs` in which place o is free."""
    stride = np.zeros((order, order), np.int64)
    for o in range(order):
        step = 1
        for k in range(order - 1, -1, -1):
            if k != o:
                stride[o, k] = step
                step *= size
    return stride


@numba.njit(cache=True, nogil=True, inline="always")
def add_block(table, rows, slots, begin, end, blocks, block, packed, lanes, wide):
    """Add the costs of 32 letters over at most 256 windows to `wide`; sums stay below 2^16 in packed lanes."""
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = np.uint64(0)
    stride, offset = np.uint64(4 * blocks), np.uint64(4 * block)
    for j in range(begin, end):
        at = np.uint64(rows[slots[j]]) * stride + offset
        x = table[at]
        a0 += x & _EVEN_BYTES
        b0 += (x >> _EIGHT) & _EVEN_BYTES
        x = table[at + np.uint64(1)]
        a1 += x & _EVEN_BYTES
        b1 += (x >> _EIGHT) & _EVEN_BYTES
        x = table[at + np.uint64(2)]
        a2 += x & _EVEN_BYTES
        b2 += (x >> _EIGHT) & _EVEN_BYTES
        x = table[at + np.uint64(3)]
        a3 += x & _EVEN_BYTES
        b3 += (x >> _EIGHT) & _EVEN_BYTES
    packed[0], packed[1], packed[2], packed[3] = a0, a1, a2, a3
    packed[4], packed[5], packed[6], packed[7] = b0, b1, b2, b3
    for q in range(4):
        for c in range(4):
            wide[32 * block + 8 * q + 2 * c] += lanes[4 * q + c]
            wide[32 * block + 8 * q + 2 * c + 1] += lanes[16 + 4 * q + c]


@numba.njit(cache=True, nogil=True)
def heat_bath_homophonic(
    symbols, key, allowed, table, cost, log_homophones, order, size, free, emission, moves, hot, cold, enough, halt, seed
):  # fmt: skip
    """One annealing run over keys that may give a letter to many symbols.

    Args:
        symbols: (n,) int32; negative -1 - c is the fixed letter c (a space).
        key: (K,) int32 letter of each symbol. Changed in place to the best key found.
        allowed: (K, size) bool, letters that each symbol may stand for.
        table: flat uint64 `Language.place_costs` of the same order as `cost`.
        cost: flat uint8 costs.
        log_homophones: (K + 2,) float32, cost in units of one occurrence of a letter that has h homophones.
        free: letters from here on (a fixed space) are given to no symbol.
        emission: weight of the choice of homophones.
        moves: symbols drawn anew, the last tenth while cooling to nothing.
        hot, cold: tolerance per occurrence at the start and before the last tenth, in cost units.
        enough: cost of all windows at which the text is so good that the run cools down at once.
        halt: (1,) uint8, set to 1 by another thread to make the run cool down at once and end.
        seed: of this run.

    Returns:
        The cost of the best key, emission included, and the moves made.
    """
    n = len(symbols)
    count = len(key)
    last = n - order + 1
    blocks = (size + 31) // 32
    place = size ** (order - 1)
    position_starts, positions, slot_starts, slots, twice_starts, twice, steps = slots_of_symbols(
        symbols, count, order, size
    )
    letters, index, _, ngrams = start_state(symbols, key, order, size, cost)
    stride = strides(order, size)
    power = np.array([size ** (order - 1 - k) for k in range(order)])
    rows = np.empty(last * order, np.int32)
    for w in range(last):
        for o in range(order):
            row = o * place
            for k in range(order):
                row += stride[o, k] * letters[w + k]
            rows[w * order + o] = row
    width = 32 * blocks
    homophones = np.zeros(width, np.int64)
    occurrences = np.zeros(width, np.float32)
    for s in range(count):
        homophones[key[s]] += 1
        occurrences[key[s]] += position_starts[s + 1] - position_starts[s]
    chosen = np.zeros(width, np.float32)  # cost of the choice of homophones, by letter
    raised = np.zeros(width, np.float32)  # of one occurrence, with one homophone more
    total = np.float64(ngrams)
    for c in range(size):
        chosen[c] = occurrences[c] * log_homophones[homophones[c]]
        raised[c] = log_homophones[homophones[c] + 1]
        total += emission * chosen[c]
    best = total
    best_key = key.copy()
    state = random_state(seed)
    packed = np.zeros(8, np.uint64)
    lanes = packed.view(np.uint16)
    wide = np.zeros(width, np.int32)
    score = np.zeros(width, np.float32)
    weight = np.float32(emission)
    quench = max(moves // 10, min(20 * count, moves // 2))
    made = 0
    cooling = 0  # move at which the cooling to nothing began
    while made < moves:
        made += 1
        if cooling > 0:
            if made - cooling > quench:
                break
            tolerance = cold * (1.0 - (made - cooling) / (quench + 1.0))
        else:
            tolerance = hot + (cold - hot) * made / moves
            if made >= moves - quench:
                cooling = made
            elif made % CHECK == 0 and (ngrams <= enough or halt[0] > 0):
                cooling = made
                quench = min(quench, 60 * count)
        a = np.int64(below(state, count))
        occurring = position_starts[a + 1] - position_starts[a]
        if occurring == 0:
            continue
        la = key[a]
        wide[:] = 0
        for block in range(blocks):
            begin, end = slot_starts[a], slot_starts[a + 1]
            while begin < end:
                stop = min(end, begin + 256)
                add_block(table, rows, slots, begin, stop, blocks, block, packed, lanes, wide)
                begin = stop
        for i in range(twice_starts[a], twice_starts[a + 1]):
            at = index[twice[i]] - la * steps[i]
            for c in range(free):
                wide[c] += cost[at + c * steps[i]]
        many = np.float32(occurring)
        old_chosen, old_raised = chosen[la], raised[la]
        occurrences[la] -= many
        chosen[la] = occurrences[la] * log_homophones[homophones[la] - 1]
        raised[la] = log_homophones[homophones[la]]
        for c in range(width):
            score[c] = wide[c] + weight * ((occurrences[c] + many) * raised[c] - chosen[c])
        heat = np.float32(tolerance * occurring)
        noise = below(state, 8192)
        lowest = np.float32(np.inf)
        lb = la
        for c in range(free):
            value = score[c] + heat * _GUMBEL[noise + c]
            if value < lowest and allowed[a, c]:
                lowest = value
                lb = c
        occurrences[lb] += many
        if lb == la:
            chosen[la], raised[la] = old_chosen, old_raised
            continue
        total += np.float64(score[lb]) - np.float64(score[la])
        ngrams += wide[lb] - wide[la]
        key[a] = lb
        homophones[la] -= 1
        homophones[lb] += 1
        chosen[lb] = occurrences[lb] * log_homophones[homophones[lb]]
        raised[lb] = log_homophones[homophones[lb] + 1]
        rise = lb - la
        for p in range(position_starts[a], position_starts[a + 1]):
            t = positions[p]
            for w in range(max(t - order + 1, 0), min(t, n - order) + 1):
                k = t - w
                index[w] += rise * power[k]
                for o in range(order):
                    rows[w * order + o] += rise * stride[o, k]
        if total < best - 0.5:
            best = total
            best_key[:] = key
    key[:] = best_key
    return best, made
