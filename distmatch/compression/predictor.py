"""The bitwise predictor of context mixing: one state, `predict` the next bit, `update` with it.

A symbol is coded as binary decisions, most significant bit first. Every context (the last 1 .. n symbols,
the word so far, ...) keeps adaptive probabilities of its decisions in a hashed table; a match model follows
the last repetition. All are mixed in the logistic domain by small learned weight sets, mixed once more, and
corrected by two adaptive maps of the final probability. The scheme is that of PAQ (Mahoney 2005, "Adaptive
weighing of context models for lossless data compression"); slots, confidence and sizes are our own.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from distmatch.compression.logistic import FRESH, STRETCH, adapt, dot, squash, train

# Scalars of a state, by place in `State.scalar`.
PARTIAL, DEPTH, POSITION, MATCH, LENGTH, WORD, LAST_WORD, ORDER_SEEN = range(8)
P_FINAL, P_MIXED, APM_A, APM_B, EXPECTED, STEPS, ERROR_MEAN = range(8, 15)
SCALARS = 16

SETS = 4
"""First-layer weight sets a bit: by partial symbol, by match, by last symbol, by longest context seen."""
SET_SIZE = 512
LEVELS = 12
BUCKETS = 32
MATCH_LEVELS = 32
APM_ROWS = 1 << 16


class State(NamedTuple):
    """Everything that prediction depends on; arrays are changed in place."""

    scalar: np.ndarray
    """(SCALARS,) int64."""
    setting: np.ndarray
    """int64: width, group bits, log2 table buckets, contexts, highest n-gram, match minimum, limits."""
    history: np.ndarray
    """(capacity,) uint16, symbols so far."""
    word_class: np.ndarray
    """(size,) int64, 0 for symbols that end a word, else what the symbol adds to the word's hash."""
    table: np.ndarray
    """(buckets << group,) uint32 adaptive probabilities; the first of a bucket is its check."""
    direct: np.ndarray
    """(2 ** width,) uint32: order 0."""
    place: np.ndarray
    """(contexts,) int64, where each context's bucket starts."""
    hashes: np.ndarray
    """(contexts,) int64."""
    confidence: np.ndarray
    """(contexts + 1, LEVELS * BUCKETS) uint32: what a slot of that count and probability turned out to mean."""
    chosen: np.ndarray
    """(contexts + 1,) int64, entry of `confidence` in use."""
    seen: np.ndarray
    """(1 << bits,) int32, last position after each hashed match context."""
    match_slot: np.ndarray
    """(MATCH_LEVELS * 2,) uint32."""
    inputs: np.ndarray
    """(n,) int64 log-odds."""
    weights: np.ndarray
    """(SETS * SET_SIZE * n,) int64."""
    active: np.ndarray
    """(SETS,) int64, offset of the weight sets in use."""
    outputs: np.ndarray
    """(SETS,) int64 log-odds of the first layer."""
    final: np.ndarray
    """(SET_SIZE * SETS,) int64 weights of the second layer."""
    apm: np.ndarray
    """(2 * APM_ROWS * 33,) int32 probabilities (16 bits) of the final maps."""


WIDTH, GROUP, BITS, CONTEXTS, ORDER, MINIMUM, COUNT_LIMIT, RATE, WORDS = range(9)
MULTIPLIER = np.int64(0x2545F4914F6CDD1D)
LEVEL_OF = np.array(
    [0, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 7, *[8] * 8, *[9] * 16, *[10] * 64, *[11] * 924], np.int64
)


@numba.njit(cache=True, nogil=True, inline="always")
def _mix(value):
    value = value * MULTIPLIER
    return value ^ ((value >> 29) & 0x7FFFFFFFF)


@numba.njit(cache=True, nogil=True)
def find_buckets(s):
    """Point every context at its bucket for the next group of decisions, taking one over if it is new."""
    scalar, table, place = s.scalar, s.table, s.place
    group = s.setting[GROUP]
    bits = s.setting[BITS]
    size = 1 << group
    partial = scalar[PARTIAL]
    longest = 0
    for c in range(s.setting[CONTEXTS]):
        h = _mix(s.hashes[c] + partial * np.int64(0x9E3779B1))
        check = np.uint32((h >> 40) & 0x3FFFFF)
        index = h & ((1 << bits) - 1)
        first = index << group
        if table[first] != check or check == 0:
            second = (index ^ 1) << group
            if table[second] == check:
                first = second
            else:
                a = (table[first + 1] ^ np.uint32(FRESH)) & np.uint32(1023)
                b = (table[second + 1] ^ np.uint32(FRESH)) & np.uint32(1023)
                if b < a:
                    first = second
                for k in range(1, size):
                    table[first + k] = 0
                table[first] = check
        place[c] = first
        if c < s.setting[ORDER] and (np.int64(table[first + 1]) ^ FRESH) & 1023:
            longest = c + 1
    scalar[ORDER_SEEN] = longest


@numba.njit(cache=True, nogil=True)
def predict(s):
    """16-bit probability that the next decision is 1; remembers what `update` needs."""
    scalar, inputs, setting = s.scalar, s.inputs, s.setting
    partial, depth = scalar[PARTIAL], scalar[DEPTH]
    group, contexts, width = setting[GROUP], setting[CONTEXTS], setting[WIDTH]
    inner = depth % group
    if inner == 0:
        find_buckets(s)
    node = (1 << inner) | (partial & ((1 << inner) - 1))
    n = 0
    for c in range(contexts + 1):
        slot = np.int64(s.direct[partial] if c == contexts else s.table[s.place[c] + node]) ^ FRESH
        count = slot & 1023
        odds = np.int64(STRETCH[slot >> 20])
        entry = LEVEL_OF[count] * BUCKETS + (slot >> 27)
        s.chosen[c] = entry
        if count == 0:
            inputs[n] = 0
            inputs[n + 1] = 0
        else:
            inputs[n] = odds
            refined = np.int64(s.confidence[c, entry]) ^ FRESH
            inputs[n + 1] = STRETCH[refined >> 20] if refined & 1023 else odds
        n += 2
    # The match model says which bit the repetition goes on with, and how often that has been right.
    inputs[n] = 0
    inputs[n + 1] = 0
    level = 0
    length = scalar[LENGTH]
    scalar[EXPECTED] = -1
    if length > 0:
        symbol = np.int64(s.history[scalar[MATCH]]) | (1 << width)
        if symbol >> (width - depth) == partial:
            expected = (symbol >> (width - depth - 1)) & 1
            level = (
                min(length, 15) if length < 16 else min(16 + (length - 16) // 4, MATCH_LEVELS - 1)
            )
            scalar[EXPECTED] = level * 2 + expected
            odds = np.int64(STRETCH[(np.int64(s.match_slot[level]) ^ FRESH) >> 20])
            inputs[n] = odds if expected else -odds
            inputs[n + 1] = (min(level, 31) * 16 + 32) * (1 if expected else -1)
        else:
            scalar[LENGTH] = 0
    n += 2
    inputs[n] = 256
    n += 1
    last = np.int64(s.history[scalar[POSITION] - 1]) if scalar[POSITION] > 0 else 0
    s.active[0] = (partial & (SET_SIZE - 1)) * n
    s.active[1] = (SET_SIZE + level * 16 + min(depth, 15)) * n
    s.active[2] = (2 * SET_SIZE + (last & (SET_SIZE - 1))) * n
    s.active[3] = (3 * SET_SIZE + (scalar[ORDER_SEEN] & 31) * 16 + min(depth, 15)) * n
    for k in range(SETS):
        odds = dot(inputs, s.weights, s.active[k], n)
        s.outputs[k] = min(max(odds, -2815), 2815)
    base = (partial & (SET_SIZE - 1)) * SETS
    odds = dot(s.outputs, s.final, base, SETS)
    odds = min(max(odds, -2815), 2815)
    mixed = np.int64(squash(odds))
    scalar[P_MIXED] = mixed
    # Two maps correct the mixed probability given order 0 and order 1.
    x = odds + 2816
    cell, offset = x // 176, x % 176
    a = (partial & (APM_ROWS - 1)) * 33 + cell
    hashed = ((last * 0x9E3779B1 + partial * 0x85EBCA6B) >> 7) & (APM_ROWS - 1)
    b = (APM_ROWS + hashed) * 33 + cell
    pa = (np.int64(s.apm[a]) * (176 - offset) + np.int64(s.apm[a + 1]) * offset) // 176
    pb = (np.int64(s.apm[b]) * (176 - offset) + np.int64(s.apm[b + 1]) * offset) // 176
    near = 1 if offset >= 88 else 0
    scalar[APM_A] = a + near
    scalar[APM_B] = b + near
    p = (2 * mixed + pa + pb + 2) >> 2
    return min(max(p, 1), 65535)


@numba.njit(cache=True, nogil=True)
def update(s, bit):
    """Learn the decision that `predict` was asked for."""
    scalar, inputs, setting = s.scalar, s.inputs, s.setting
    contexts = setting[CONTEXTS]
    n = 2 * contexts + 5
    scalar[STEPS] += 1
    # The step size falls from 8 times its final value as the weights settle.
    rate = setting[RATE] + setting[RATE] * 7 * 4096 // (4096 + scalar[STEPS])
    base = (scalar[PARTIAL] & (SET_SIZE - 1)) * SETS
    error = ((bit << 16) - scalar[P_MIXED]) * (setting[RATE] // 2) >> 10
    for k in range(SETS):
        own = ((bit << 16) - np.int64(squash(s.outputs[k]))) * rate >> 10
        train(inputs, s.weights, s.active[k], n, own)
    train(s.outputs, s.final, base, SETS, error)
    for which in (APM_A, APM_B):
        place = scalar[which]
        s.apm[place] += ((bit << 16) - bit - s.apm[place]) >> 6
    partial, depth = scalar[PARTIAL], scalar[DEPTH]
    inner = depth % setting[GROUP]
    node = (1 << inner) | (partial & ((1 << inner) - 1))
    limit = setting[COUNT_LIMIT]
    for c in range(contexts):
        place = s.place[c] + node
        if (s.table[place] ^ np.uint32(FRESH)) & np.uint32(1023):
            s.confidence[c, s.chosen[c]] = adapt(s.confidence[c, s.chosen[c]], bit, 1023)
        s.table[place] = adapt(s.table[place], bit, limit)
    s.confidence[contexts, s.chosen[contexts]] = adapt(
        s.confidence[contexts, s.chosen[contexts]], bit, 1023
    )
    s.direct[partial] = adapt(s.direct[partial], bit, 1023)
    expected = scalar[EXPECTED]
    if expected >= 0:
        level = expected >> 1
        right = 1 if (expected & 1) == bit else 0
        s.match_slot[level] = adapt(s.match_slot[level], right, 1023)
    scalar[PARTIAL] = partial * 2 + bit
    scalar[DEPTH] = depth + 1
    if depth + 1 == setting[WIDTH]:
        next_symbol(s, scalar[PARTIAL] - (1 << setting[WIDTH]))


@numba.njit(cache=True, nogil=True)
def next_symbol(s, symbol):
    """Append a whole symbol: new context hashes, new match."""
    scalar, setting, history, hashes = s.scalar, s.setting, s.history, s.hashes
    position = scalar[POSITION]
    history[position] = symbol
    position += 1
    scalar[POSITION] = position
    scalar[PARTIAL] = 1
    scalar[DEPTH] = 0
    order = setting[ORDER]
    h = np.int64(0)
    for k in range(order):
        if k < position:
            h = _mix(h + np.int64(history[position - 1 - k]) + 1)
        hashes[k] = h * 16 + k
    if setting[WORDS]:
        kind = s.word_class[symbol]
        if kind:
            scalar[WORD] = _mix(scalar[WORD] + kind)
        elif scalar[WORD]:
            scalar[LAST_WORD] = scalar[WORD]
            scalar[WORD] = 0
        last = np.int64(history[position - 1])
        hashes[order] = _mix(scalar[WORD] + (0 if kind else last + 1)) * 16 + 11
        hashes[order + 1] = (
            _mix(scalar[WORD] + (0 if kind else last + 1) + _mix(scalar[LAST_WORD])) * 16 + 12
        )
    # Follow the running match, or look for one of at least the minimum length.
    minimum = setting[MINIMUM]
    if scalar[LENGTH] > 0:
        if history[scalar[MATCH]] == symbol:
            scalar[LENGTH] += 1
            scalar[MATCH] += 1
        else:
            scalar[LENGTH] = 0
    if position >= minimum:
        h = np.int64(0)
        for k in range(minimum):
            h = _mix(h + np.int64(history[position - 1 - k]) + 1)
        key = (h >> 20) & (len(s.seen) - 1)
        if scalar[LENGTH] == 0:
            candidate = np.int64(s.seen[key])
            if candidate > 0:
                length = 0
                while (
                    length < 400
                    and length < candidate
                    and history[candidate - 1 - length] == history[position - 1 - length]
                ):
                    length += 1
                if length >= minimum:
                    scalar[LENGTH] = length
                    scalar[MATCH] = candidate
        s.seen[key] = position
