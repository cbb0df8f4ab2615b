"""Binary arithmetic coding in 32 bits without carries, driven by one or more bitwise predictors.

One kernel serves code lengths, encoder and decoder, so that all three compute the same probabilities.
"""

from __future__ import annotations

import numba
import numpy as np

from distmatch.compression.decisions import PATH, PATH_LENGTH
from distmatch.compression.logistic import NO_RUNTIME
from distmatch.compression.predictor import predict, update

BITS, ENCODE, DECODE, PRIME = range(4)
LOW, HIGH, CODE, CURSOR = range(4)
LOG2 = -np.log2(np.maximum(np.arange(65537), 1) / 65536)
"""Bits of a 16-bit probability; for reporting only."""


def fresh_coder() -> np.ndarray:
    """Registers of a coder: interval, code value, place in the archive."""
    return np.array([0, 0xFFFFFFFF, 0, 0], np.int64)


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def open_decoder(registers, code):
    """Read the first four bytes."""
    for _ in range(4):
        byte = code[registers[CURSOR]] if registers[CURSOR] < len(code) else 0
        registers[CODE] = (registers[CODE] << 8) | byte
        registers[CURSOR] += 1


@numba.njit(cache=True, nogil=True, inline="always", **NO_RUNTIME)
def code_bit(mode, registers, code, p, bit):
    """Encode or decode one decision of 16-bit probability p; returns the bit."""
    low, high = registers[LOW], registers[HIGH]
    middle = low + ((high - low) >> 16) * p + ((((high - low) & 0xFFFF) * p) >> 16)
    if mode == DECODE:
        bit = 1 if registers[CODE] <= middle else 0
    if bit:
        high = middle
    else:
        low = middle + 1
    while (low ^ high) & 0xFF000000 == 0:
        if mode == ENCODE:
            code[registers[CURSOR]] = high >> 24
        else:
            byte = code[registers[CURSOR]] if registers[CURSOR] < len(code) else 0
            registers[CODE] = ((registers[CODE] << 8) & 0xFFFFFFFF) | byte
        registers[CURSOR] += 1
        low = (low << 8) & 0xFFFFFFFF
        high = ((high << 8) & 0xFFFFFFFF) | 255
    registers[LOW] = low
    registers[HIGH] = high
    return bit


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def close_encoder(registers, code):
    """Write the shortest value inside the interval; missing bytes read as zero."""
    low, high = registers[LOW], registers[HIGH]
    for length in range(1, 5):
        shift = 32 - 8 * length
        value = (low + (1 << shift) - 1) >> shift << shift
        if low <= value <= high:
            for k in range(length):
                code[registers[CURSOR]] = (value >> (24 - 8 * k)) & 255
                registers[CURSOR] += 1
            return


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def run(mode, state, registers, symbols, begin, end, code, costs):
    """Code symbols[begin:end], or decode into them.

    Args:
        mode: BITS (costs only), ENCODE, DECODE, or PRIME (learn only).
        state: the predictor.
        symbols: (n,) uint16.
        code: (m,) uint8 archive, large enough when encoding.
        costs: (n,) float64, bits of each symbol where mode is BITS or ENCODE; with length 1, of all.
    """
    register, inputs, weights, final, slots, tree, where, history = state
    for t in range(begin, end):
        path, left = np.int64(tree[symbols[t], PATH]), np.int64(tree[symbols[t], PATH_LENGTH])
        decoded = np.int64(-1)
        while decoded < 0:
            p = predict(register, inputs, weights, final, slots, tree, where, history)
            left -= 1
            bit = (path >> max(left, 0)) & 1
            if mode == ENCODE or mode == DECODE:
                bit = code_bit(mode, registers, code, p, bit)
            if mode == ENCODE or mode == BITS:
                costs[min(t, len(costs) - 1)] += LOG2[p if bit else 65536 - p]
            decoded = update(register, inputs, weights, final, slots, tree, where, history, bit)
        if mode == DECODE:
            symbols[t] = decoded
