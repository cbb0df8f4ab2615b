"""Integer arithmetic of probabilities: log-odds tables, adaptive probabilities, logistic mixing.

Probabilities are integers of 16 bits (1 .. 65535 of 65536), log-odds are nats x 256. Everything on the
coding path is integer arithmetic, so that encoder and decoder agree on any machine.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

NO_RUNTIME: dict[str, Any] = {"_nrt": False}
"""Kernels that allocate nothing are compiled without reference counts."""

LIMIT = 2815
"""Largest log-odds, 11 nats: a probability of 1.1 / 65536."""


def _squash_table() -> np.ndarray:
    """Log-odds -LIMIT .. LIMIT to 16-bit probability, (2 LIMIT + 1,) uint16."""
    odds = np.arange(-LIMIT, LIMIT + 1) / 256
    return np.clip(np.rint(65536 / (1 + np.exp(-odds))), 1, 65535).astype(np.uint16)


def _stretch_table() -> np.ndarray:
    """Upper 12 bits of a probability to log-odds, (4096,) int16."""
    p = (np.arange(4096) + 0.5) / 4096
    return np.rint(256 * np.log(p / (1 - p))).astype(np.int16)


MAX_WEIGHT = (1 << 19) - 1

SQUASH = _squash_table()
STRETCH = _stretch_table()
RECIPROCAL = (65536 * 2 // (2 * np.arange(1024) + 3)).astype(np.uint16)
"""65536 / (n + 1.5): the step of an adaptive probability seen n times."""

FRESH = 0x80000000
"""Adaptive probabilities are stored exclusive-or this, so that zeroed memory means one half, never seen."""


@numba.njit(cache=True, nogil=True, inline="always", **NO_RUNTIME)
def squash(odds):
    """16-bit probability of log-odds."""
    return np.int64(SQUASH[min(max(odds, -LIMIT), LIMIT) + LIMIT])


@numba.njit(cache=True, nogil=True, inline="always", **NO_RUNTIME)
def adapt(slot, bit, limit):
    """The slot (22 bits of probability, 10 bits of count) after one bit: mean of what was seen, forgetting past `limit`."""
    value = np.int64(slot) ^ FRESH
    n = value & 1023
    p = value >> 10
    p += (((bit << 22) - p) * np.int64(RECIPROCAL[n])) >> 16
    p = min(max(p, 1), (1 << 22) - 1)
    if n < limit:
        n += 1
    return np.uint32(((p << 10) | n) ^ FRESH)


@numba.njit(cache=True, nogil=True, inline="always", **NO_RUNTIME)
def dot(inputs, base, weights, row, n):
    """Log-odds of the weighted sum of n inputs; weights (rows, n) are 16.16 fixed point.

    n is no constant and all steps are 32-bit, because LLVM makes vectors of that form and no other.
    """
    total = np.int32(0)
    for i in range(n):
        product = np.int32(np.int32(inputs[base + i]) * np.int32(weights[row, i]))
        total = np.int32(total + np.int32(product >> 8))
    return min(max(np.int64(total) >> 8, -LIMIT), LIMIT)


@numba.njit(cache=True, nogil=True, inline="always", **NO_RUNTIME)
def train(inputs, base, weights, row, n, error):
    """One step of gradient descent on code length; `error` is (bit - p) x 65536 x rate."""
    error = np.int32(error)
    for i in range(n):
        step = np.int32(np.int32(np.int32(inputs[base + i]) * error) + 8192) >> 14
        weight = np.int32(weights[row, i] + np.int32(step))
        weights[row, i] = min(max(weight, np.int32(-MAX_WEIGHT)), np.int32(MAX_WEIGHT))
