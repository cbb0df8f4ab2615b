"""Kernels of mixtures: weights of experts as integers, switching between them, and two predictors coded as one."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.compression.arithmetic import BITS, DECODE, LOG2, code_bit
from distmatch.compression.decisions import PATH, PATH_LENGTH
from distmatch.compression.logistic import NO_RUNTIME
from distmatch.compression.predictor import predict, update

WEIGHT_UNIT = 1 << 32
"""Weights of experts are integers that sum to about this."""


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def mixed_probability(weights, chances):
    """16-bit probability of a 1 under the weighted experts; weights may hold several sets, one after another."""
    total, ones = np.int64(0), np.int64(0)
    for k in range(len(weights)):
        total += weights[k]
        ones += weights[k] * chances[k % len(chances)]
    p = (ones + (total >> 1)) // total
    return min(max(p, 1), 65535)


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def reweigh(weights, chances, bit):
    """Multiply the weights by what their experts gave to the bit, and bring the sum back to `WEIGHT_UNIT`."""
    total = np.int64(0)
    for k in range(len(weights)):
        one = chances[k % len(chances)]
        chance = one if bit else 65536 - one
        weights[k] = max((weights[k] * chance) >> 16, 1)
        total += weights[k]
    while total < WEIGHT_UNIT >> 1:
        total = 0
        for k in range(len(weights)):
            weights[k] *= 2
            total += weights[k]


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def share_weights(weights, shares):
    """Move `shares` / 65536 of the weight of every set to all experts alike.

    Args:
        weights: (S K,) one set of K experts after another.
        shares: (S,) of each set.
    """
    experts = len(weights) // len(shares)
    for s in range(len(shares)):
        if shares[s]:
            total = np.int64(0)
            for k in range(s * experts, (s + 1) * experts):
                total += weights[k]
            for k in range(s * experts, (s + 1) * experts):
                weights[k] += ((total // experts - weights[k]) * shares[s]) >> 16


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def run_two(mode, a, b, weights, chances, shares, registers, symbols, begin, end, code, costs):
    """`arithmetic.run` for the mixture of two predictors with the same tree.

    Args:
        weights: (2 S,) int64, a pair for each share: a Bayes mixture of S switching mixtures, so that none need be chosen.
        chances: (2,) int64.
        shares: (S,) int64 in 1/65536.
        costs: (3,) to which the bits of the mixture and of the two are added.

    The other arguments are those of `arithmetic.run`.
    """
    ra, ia, wa, fa, sa, ta, ea, ha = a
    rb, ib, wb, fb, sb, tb, eb, hb = b
    for t in range(begin, end):
        path, left = np.int64(ta[symbols[t], PATH]), np.int64(ta[symbols[t], PATH_LENGTH])
        decoded = np.int64(-1)
        while decoded < 0:
            chances[0] = predict(ra, ia, wa, fa, sa, ta, ea, ha)
            chances[1] = predict(rb, ib, wb, fb, sb, tb, eb, hb)
            p = mixed_probability(weights, chances)
            left -= 1
            bit = (path >> max(left, 0)) & 1
            if mode != BITS:
                bit = code_bit(mode, registers, code, p, bit)
            if mode != DECODE:
                costs[0] += LOG2[p if bit else 65536 - p]
                costs[1] += LOG2[chances[0] if bit else 65536 - chances[0]]
                costs[2] += LOG2[chances[1] if bit else 65536 - chances[1]]
            reweigh(weights, chances, bit)
            update(ra, ia, wa, fa, sa, ta, ea, ha, bit)
            decoded = update(rb, ib, wb, fb, sb, tb, eb, hb, bit)
        if mode == DECODE:
            symbols[t] = decoded
        share_weights(weights, shares)
