"""Long n-grams of a running text, on top of the dense table: what a word list cannot know, words following words.

Held as a back-off model in two hash tables: n-grams with their cost, and contexts with the weight that the shorter order
gets where the longer one was not seen. A lookup is a few random reads, too slow for annealing, right for a last climb.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from distmatch.languages.ngram import UNITS_PER_BIT

MAX_ORDER = 8
WITTEN_BELL_MULTIPLIER = 4.0
"""Multiplier of Witten-Bell escapes, as in `ngram.interpolate`."""
LETTERS = 20_000_000
"""Letters of a reference that are counted: more make sorting slow and help little."""
ALWAYS_KEPT = 6
"""n-grams up to this order are kept if seen once, longer ones if seen twice."""

Tables = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""(slots,) uint32 fingerprints of n-grams, (slots,) uint8 their costs, and the same of contexts and their back-off."""

NONE: Tables = (
    np.zeros(1, np.uint32),
    np.zeros(1, np.uint8),
    np.zeros(1, np.uint32),
    np.zeros(1, np.uint8),
)  # fmt: skip
"""For languages without running text."""
for _array in NONE:
    _array.flags.writeable = (
        False  # as those of the cache: kernels compiled for one serve the other
    )


@dataclass(frozen=True)
class _Level:
    """n-grams kept of one order, sorted, and the back-off of their contexts."""

    grams: np.ndarray
    probability: np.ndarray
    contexts: np.ndarray
    backoff: np.ndarray


def running_tables(codes: np.ndarray, cost: np.ndarray) -> Tables:
    """Tables of the n-grams of a text that are longer than those of `cost`.

    Interpolated Witten-Bell, pruned, back-off weights renewed so that every context's probabilities sum to one.

    Args:
        codes: (n,) uint8 text.
        cost: (A,) * m uint8 costs of the dense table, in 1/16 bit.
    """
    order, size = cost.ndim, cost.shape[0]
    dense = np.exp2(cost.reshape(-1) / -UNITS_PER_BIT)
    codes = codes[:LETTERS].astype(np.uint64)
    levels: list[_Level] = []
    for length in range(order + 1, MAX_ORDER + 1):
        grams, counts = np.unique(_windows(codes, length, size), return_counts=True)
        contexts, starts, types = np.unique(
            grams // np.uint64(size), return_index=True, return_counts=True
        )
        if len(grams) == 0:
            break
        lower = _probability(levels, dense, order, size, grams % np.uint64(size ** (length - 1)))
        total = np.add.reduceat(counts, starts)
        escape = WITTEN_BELL_MULTIPLIER * types
        probability = (counts + np.repeat(escape, types) * lower) / np.repeat(total + escape, types)
        kept = counts >= (1 if length <= ALWAYS_KEPT else 2)
        said = np.add.reduceat(np.where(kept, probability, 0.0), starts)
        replaced = np.add.reduceat(np.where(kept, lower, 0.0), starts)
        backoff = np.maximum(1.0 - said, 1e-4) / np.maximum(1.0 - replaced, 1e-4)
        useful = said > 0.0
        levels.append(
            _Level(
                grams[kept], probability[kept], contexts[useful], np.minimum(backoff[useful], 1.0)
            )
        )
    grams = [_fingerprints(level.grams, order + 1 + i) for i, level in enumerate(levels)]
    contexts = [_fingerprints(level.contexts, order + i) for i, level in enumerate(levels)]
    return (
        *_table(np.concatenate(grams), np.concatenate([v.probability for v in levels])),
        *_table(np.concatenate(contexts), np.concatenate([v.backoff for v in levels])),
    )


def _windows(codes: np.ndarray, length: int, size: int) -> np.ndarray:
    windows = np.zeros(max(len(codes) - length + 1, 0), np.uint64)
    for offset in range(length):
        windows *= np.uint64(size)
        windows += codes[offset : len(codes) - length + 1 + offset]
    return windows


def _probability(
    levels: list[_Level], dense: np.ndarray, order: int, size: int, grams: np.ndarray
) -> np.ndarray:
    """Back-off probability of n-grams of the order of the last level, or of the dense table."""
    if not levels:
        return dense[grams.astype(np.int64)]
    level = levels[-1]
    length = order + len(levels)
    at = np.minimum(np.searchsorted(level.grams, grams), len(level.grams) - 1)
    seen = level.grams[at] == grams
    out = np.empty(len(grams))
    out[seen] = level.probability[at[seen]]
    missed = grams[~seen]
    shorter = missed % np.uint64(size ** (length - 1))
    lower = _probability(levels[:-1], dense, order, size, shorter)
    context = missed // np.uint64(size)
    at = np.minimum(np.searchsorted(level.contexts, context), len(level.contexts) - 1)
    out[~seen] = lower * np.where(level.contexts[at] == context, level.backoff[at], 1.0)
    return out


@numba.njit(cache=True, nogil=True)
def _mixed(code, length):
    h = np.uint64(code) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(length) * np.uint64(
        0xD1B54A32D192ED03
    )
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC2B2AE3D27D4EB4F)
    return h ^ (h >> np.uint64(29))


@numba.njit(cache=True)
def _fingerprints(codes, length):
    out = np.empty(len(codes), np.uint64)
    for i in range(len(codes)):
        out[i] = _mixed(codes[i], length)
    return out


def _table(hashes: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    slots = 1 << int(np.ceil(np.log2(max(len(hashes), 1) * 1.5)))
    cost = np.clip(np.rint(-UNITS_PER_BIT * np.log2(probability)), 0, 255).astype(np.uint8)
    return _filled(hashes, cost, slots)


@numba.njit(cache=True)
def _filled(hashes, cost, slots):
    marks = np.zeros(slots, np.uint32)
    values = np.zeros(slots, np.uint8)
    mask = np.uint64(slots - 1)
    for i in range(len(hashes)):
        at = (hashes[i] >> np.uint64(32)) & mask
        while marks[at] != 0:
            at = (at + np.uint64(1)) & mask
        marks[at] = np.uint32(hashes[i] & np.uint64(0xFFFFFFFF)) | np.uint32(1)
        values[at] = cost[i]
    return marks, values


@numba.njit(cache=True, nogil=True, inline="always")
def _find(marks, hashed):
    """Slot of a hash, or -1."""
    mask = np.uint64(len(marks) - 1)
    mark = np.uint32(hashed & np.uint64(0xFFFFFFFF)) | np.uint32(1)
    at = (hashed >> np.uint64(32)) & mask
    while marks[at] != 0:
        if marks[at] == mark:
            return np.int64(at)
        at = (at + np.uint64(1)) & mask
    return np.int64(-1)


@numba.njit(cache=True, nogil=True)
def running_probability(
    codes, t, order, size, short, marks, costs, contexts, backoffs, probability
):
    """Probability of the letter at t after all letters before it.

    Args:
        codes: (n,) uint8.
        order: n of the dense table; short: its probability of this letter.
        marks, costs, contexts, backoffs: of `running_tables`; one by one, as numba counts references of a tuple's members.
        probability: (256,) float64 that a cost stands for.
    """
    longest = min(t + 1, MAX_ORDER)
    gram = np.uint64(0)
    power = np.uint64(1)
    found = short
    for length in range(1, longest + 1):
        gram += np.uint64(codes[t - length + 1]) * power
        power *= np.uint64(size)
        if length <= order:
            continue
        slot = _find(contexts, _mixed(gram // np.uint64(size), length - 1))
        if slot < 0:
            break  # what is kept is closed under dropping first letters: no longer context is there
        at = _find(marks, _mixed(gram, length))
        if at >= 0:
            found = probability[costs[at]]
        else:
            found *= probability[backoffs[slot]]
    return found
