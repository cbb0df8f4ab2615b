"""The bitwise predictor of context mixing: one state, `predict` the next bit, `update` with it.

A symbol is coded as binary decisions along a tree (`decisions`). Every context (the last 1 .. n symbols,
the word so far, ...) keeps adaptive probabilities of its decisions in a hashed table; a match model follows
the last repetition. All are mixed in the logistic domain by small learned weight sets, mixed once more, and
corrected by two adaptive maps of the final probability. The scheme is that of PAQ (Mahoney 2005, "Adaptive
weighing of context models for lossless data compression"); slots, confidence and sizes are our own.

The kernels take the arrays of a `State` one by one: numba counts references of the members of a tuple at
every access, which costs more than the arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from distmatch.compression.decisions import NEXT, PATH, SLOT, START
from distmatch.compression.decisions import PATH_LENGTH as LENGTH_OF
from distmatch.compression.logistic import (
    FRESH,
    LIMIT,
    NO_RUNTIME,
    STRETCH,
    adapt,
    dot,
    squash,
    train,
)


class State(NamedTuple):
    """Everything that prediction depends on; arrays are changed in place."""

    register: np.ndarray
    """int64: scalars, settings, a place for every context, and the class of every symbol; see below."""
    inputs: np.ndarray
    """(2 LANES,) int32 log-odds: those mixed first, then the outcomes of the first layer."""
    weights: np.ndarray
    """(ROWS, n) int32: the sets of the first layer, n a multiple of 8."""
    final: np.ndarray
    """(SET_SIZE, 8) int32: the sets of the second layer."""
    slots: np.ndarray
    """uint32 adaptive probabilities (22 bits and a count of 10), in regions that the settings locate; positions of
    the match model's hashed contexts are among them."""
    tree: np.ndarray
    """(rows, 6) int32, see `decisions`."""
    where: np.ndarray
    """uint32 places: bucket and confidence entry of every context, weight set of every kind."""
    history: np.ndarray
    """(capacity + 1,) uint16, symbols so far."""


# Places in `State.register`: what changes,
PARTIAL, DEPTH, POSITION, MATCH, LENGTH, WORD, LAST_WORD, MAX_MATCH = range(8)
P_MIXED, APM_A, APM_B, EXPECTED, NODE = range(8, 13)
# settings and where the regions of `slots` begin,
WIDTH, GROUP, TABLE_BITS, CONTEXTS, ORDER, MINIMUM, COUNT_LIMIT, RATE, WORDS = range(16, 25)
CONFIDENCE, MATCHES, APM, SEEN, SEEN_BITS, TABLE, INPUTS, APM_MASK = range(25, 33)
STEP = 33
# one entry per context, one per symbol.
HASH, FOUND, CLASS = 48, 64, 80
# Places in `State.where`. Unsigned, so that indices need no test for being negative.
PLACE, CHOSEN, ACTIVE, WHERE = 0, 16, 32, 40

SETS = 4
"""First-layer weight sets a bit: by partial symbol, by match, by last symbol, by longest context seen."""
SET_SIZE = 512
ROWS = SETS * SET_SIZE
LANES = 32
"""Most inputs of the mixer."""
LEVELS, BUCKETS = 12, 36
"""`confidence` tells so many levels of count and of probability apart."""
MATCH_LEVELS = 32
APM_CELLS, APM_STEP = 45, 128
MULTIPLIER = np.int64(0x2545F4914F6CDD1D)
COUNT = np.uint32(1023)
EMPTY = np.uint32(FRESH)
LEVEL_OF = np.array(
    [0, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 7, *[8] * 8, *[9] * 16, *[10] * 64, *[11] * 924], np.uint8
)


@numba.njit(cache=True, nogil=True, inline="always", **NO_RUNTIME)
def _mix(value):
    value = value * MULTIPLIER
    return value ^ ((value >> 29) & 0x7FFFFFFFF)


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def find_buckets(register, slots, where):
    """Point every context at its bucket for the next group of decisions, taking one over if it is new."""
    group, table = register[GROUP], register[TABLE]
    mask = (1 << register[TABLE_BITS]) - 1
    size = 1 << group
    node = register[NODE]
    contexts = register[CONTEXTS]
    # Two passes: the loads of the first do not wait for each other.
    for c in range(contexts):
        h = _mix(register[HASH + c] + node * np.int64(0x9E3779B1))
        place = np.uint32(table + ((h & mask) << group))
        where[PLACE + c] = place
        register[FOUND + c] = np.int64(slots[place]) << 32 | ((h >> 40) & 0x3FFFFF) + 1
    longest = 0
    for c in range(contexts):
        place = where[PLACE + c]
        check = register[FOUND + c] & 0xFFFFFFFF
        if register[FOUND + c] >> 32 != check:
            other = np.uint32(table + ((np.int64(place) - table) ^ size))
            if np.int64(slots[other]) == check:
                place = other
            else:
                if (slots[other + 1] ^ EMPTY) & COUNT < (slots[place + 1] ^ EMPTY) & COUNT:
                    place = other
                slots[place] = np.uint32(check)
                for k in range(1, size):
                    slots[place + k] = np.uint32(0)
            where[PLACE + c] = place
        if c < register[ORDER] and (slots[place + 1] ^ EMPTY) & COUNT:
            longest = c + 1
    register[MAX_MATCH] = longest


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def predict(register, inputs, weights, final, slots, tree, where, history):
    """16-bit probability that the next decision is 1; remembers what `update` needs."""
    node, depth, contexts = register[NODE], register[DEPTH], register[CONTEXTS]
    if tree[node, START]:
        find_buckets(register, slots, where)
    slot_of = np.int64(tree[node, SLOT])
    confidence = register[CONFIDENCE]
    for c in range(contexts + 1):
        place = node if c == contexts else where[PLACE + c] + slot_of
        slot = np.int64(slots[place]) ^ FRESH
        count = slot & 1023
        entry = (
            confidence
            + (c * LEVELS + np.int64(LEVEL_OF[count])) * BUCKETS
            + ((np.int64(STRETCH[slot >> 20]) + 2307) >> 7)
        )
        where[CHOSEN + c] = np.uint32(entry)
        odds, refined = np.int32(0), np.int32(0)
        if count:
            odds = np.int32(STRETCH[slot >> 20])
            learned = np.int64(slots[entry]) ^ FRESH
            refined = np.int32(STRETCH[learned >> 20]) if learned & 1023 else odds
        inputs[2 * c] = odds
        inputs[2 * c + 1] = refined
    # The match model says which bit the repetition goes on with, and how often that has been right.
    n = 2 * contexts + 2
    level, odds, steady = 0, 0, 0
    length = register[LENGTH]
    register[EXPECTED] = -1
    if length > 0:
        symbol = history[register[MATCH]]
        left = np.int64(tree[symbol, LENGTH_OF]) - depth - 1
        path = np.int64(tree[symbol, PATH])
        if left >= 0 and path >> (left + 1) == register[PARTIAL]:
            expected = (path >> left) & 1
            level = length if length < 16 else min(16 + (length - 16) // 4, MATCH_LEVELS - 1)
            register[EXPECTED] = level * 2 + expected
            odds = np.int64(STRETCH[(np.int64(slots[register[MATCHES] + level]) ^ FRESH) >> 20])
            steady = level * 16 + 32
            if not expected:
                odds, steady = -odds, -steady
        else:
            register[LENGTH] = 0
    inputs[n] = np.int32(odds)
    inputs[n + 1] = np.int32(steady)
    last = np.int64(history[register[POSITION] - 1]) if register[POSITION] > 0 else 0
    short, step = node & (SET_SIZE - 1), min(depth, 15)
    where[ACTIVE] = np.uint32(short)
    where[ACTIVE + 1] = np.uint32(SET_SIZE + level * 16 + step)
    where[ACTIVE + 2] = np.uint32(2 * SET_SIZE + (last & (SET_SIZE - 1)))
    where[ACTIVE + 3] = np.uint32(3 * SET_SIZE + register[MAX_MATCH] * 16 + step)
    for k in range(SETS):
        inputs[LANES + k] = np.int32(dot(inputs, 0, weights, where[ACTIVE + k], register[INPUTS]))
    odds = dot(inputs, LANES, final, short, 8)
    mixed = squash(odds)
    register[P_MIXED] = mixed
    # Two maps correct the mixed probability given the partial symbol, and given the last symbol too.
    cell, offset = (odds + LIMIT + 1) >> 7, (odds + LIMIT + 1) & 127
    hashed = ((last * 0x9E3779B1 + node * 0x85EBCA6B) >> 7) & register[APM_MASK]
    a = register[APM] + short * APM_CELLS + cell
    b = register[APM] + (SET_SIZE + hashed) * APM_CELLS + cell
    pa = _between(slots, a, offset)
    pb = _between(slots, b, offset)
    near = 1 if 2 * offset >= APM_STEP else 0
    register[APM_A] = a + near
    register[APM_B] = b + near
    return min(max((2 * mixed + pa + pb + 2) >> 2, 1), 65535)


@numba.njit(cache=True, nogil=True, inline="always", **NO_RUNTIME)
def _between(slots, place, offset):
    low = (np.int64(slots[place]) ^ FRESH) >> 16
    high = (np.int64(slots[place + 1]) ^ FRESH) >> 16
    return (low * (APM_STEP - offset) + high * offset) >> 7


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def update(register, inputs, weights, final, slots, tree, where, history, bit):
    """Learn the decision that `predict` was asked for; returns the symbol that it completes, or -1."""
    contexts = register[CONTEXTS]
    rate = register[STEP]
    target = bit << 16
    for k in range(SETS):
        error = (target - squash(np.int64(inputs[LANES + k]))) * rate >> 10
        train(inputs, 0, weights, where[ACTIVE + k], register[INPUTS], error)
    node = register[NODE]
    error = (target - register[P_MIXED]) * register[RATE] >> 11
    train(inputs, LANES, final, node & (SET_SIZE - 1), 8, error)
    for which in (APM_A, APM_B):
        slots[register[which]] = adapt(slots[register[which]], bit, 127)
    slot_of = np.int64(tree[node, SLOT])
    for c in range(contexts + 1):
        place = node if c == contexts else where[PLACE + c] + slot_of
        entry = where[CHOSEN + c]
        if (slots[place] ^ EMPTY) & COUNT:
            slots[entry] = adapt(slots[entry], bit, 1023)
        slots[place] = adapt(slots[place], bit, register[COUNT_LIMIT] if c < contexts else 1023)
    expected = register[EXPECTED]
    if expected >= 0:
        place = register[MATCHES] + (expected >> 1)
        slots[place] = adapt(slots[place], 1 if (expected & 1) == bit else 0, 1023)
    after = np.int64(tree[node, NEXT + bit])
    if after < 0:
        next_symbol(register, slots, history, ~after)
        return ~after
    register[NODE] = after
    register[PARTIAL] = register[PARTIAL] * 2 + bit
    register[DEPTH] += 1
    return -1


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def next_symbol(register, slots, history, symbol):
    """Append a whole symbol: new context hashes, new match."""
    position = register[POSITION]
    history[position] = symbol
    position += 1
    register[POSITION] = position
    # The mixer's step falls from 8 times its final size as the weights settle.
    register[STEP] = register[RATE] + register[RATE] * 7 * 4096 // (
        4096 + position * register[WIDTH]
    )
    register[NODE] = 1
    register[PARTIAL] = 0
    register[DEPTH] = 0
    order = register[ORDER]
    h = np.int64(0)
    for k in range(order):
        if k < position:
            h = _mix(h + np.int64(history[position - 1 - k]) + 1)
        register[HASH + k] = h * 16 + k
    if register[WORDS]:
        kind = register[CLASS + symbol]
        if kind:
            register[WORD] = _mix(register[WORD] + kind)
        elif register[WORD]:
            register[LAST_WORD] = register[WORD]
            register[WORD] = 0
        inside = register[WORD] + (0 if kind else symbol + 1)
        register[HASH + order] = _mix(inside) * 16 + 14
        register[HASH + order + 1] = _mix(inside + _mix(register[LAST_WORD])) * 16 + 15
    find_match(register, slots, history, position)


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def find_match(register, slots, history, position):
    """Follow the running match, or look for one of at least the minimum length."""
    if register[LENGTH] > 0:
        if history[register[MATCH]] == history[position - 1]:
            register[LENGTH] += 1
            register[MATCH] += 1
        else:
            register[LENGTH] = 0
    minimum = register[MINIMUM]
    if position < minimum:
        return
    h = np.int64(0)
    for k in range(minimum):
        h = _mix(h + np.int64(history[position - 1 - k]) + 1)
    key = register[SEEN] + ((h >> 20) & ((1 << register[SEEN_BITS]) - 1))
    if register[LENGTH] == 0:
        candidate = np.int64(slots[key])
        length = 0
        while (
            length < 400
            and length < candidate
            and history[candidate - 1 - length] == history[position - 1 - length]
        ):
            length += 1
        if length >= minimum:
            register[LENGTH] = length
            register[MATCH] = candidate
    slots[key] = np.uint32(position)
