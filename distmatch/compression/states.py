"""A fresh state of the predictor: sizes of its tables, first weights, tree of decisions."""

from __future__ import annotations

import numpy as np

from distmatch.compression import predictor as at
from distmatch.compression.decisions import build_tree, width_of
from distmatch.compression.logistic import FRESH, LIMIT, SQUASH
from distmatch.compression.predictor import State

MAX_TABLE_BITS = 26
"""log2 of the slots of 4 bytes in the hashed table: 256 MiB at most."""
MAX_SEEN_BITS = 20
MAX_APM_BITS = 16


def new_state(
    capacity: int,
    *,
    size: int,
    order: int,
    word_class: np.ndarray,
    minimum: int,
    count_limit: int,
    rate: int,
    ranking: tuple[int, ...] = (),
) -> State:
    """A predictor of `capacity` symbols that has seen none.

    Args:
        word_class: (2 ** width,) int64, 0 where a word ends, else what a symbol adds to the hash of its word.
        ranking: most frequent symbols, see `decisions`.
    """
    width = width_of(size)
    group = 4 if width > 6 or ranking else 3
    words = bool(word_class.any())
    contexts = order + (2 if words else 0)
    if not 1 <= order or 2 * contexts + 4 > at.LANES:
        raise ValueError(f"orders 1 to {at.LANES // 2 - 2 - 2 * words}, not {order}")
    tree = build_tree(size, ranking)
    groups = 1.4 if ranking else -(-width // group)
    wanted = int(max(capacity, 1) * contexts * groups)
    table_bits = min(max(wanted.bit_length(), 8), MAX_TABLE_BITS - group)
    seen_bits = min(max(capacity.bit_length(), 8), MAX_SEEN_BITS)
    rows = 1 << min(max(capacity.bit_length(), 8), MAX_APM_BITS)
    register = np.zeros(at.CLASS + len(word_class), np.int64)
    register[at.NODE] = 1
    register[at.HASH : at.HASH + contexts] = np.arange(contexts)
    register[at.CLASS :] = word_class
    inputs = 2 * contexts + 4
    lanes = -(-inputs // 8) * 8
    for place, value in {
        at.WIDTH: width, at.GROUP: group, at.TABLE_BITS: table_bits, at.CONTEXTS: contexts, at.ORDER: order,
        at.MINIMUM: minimum, at.COUNT_LIMIT: count_limit, at.RATE: rate, at.WORDS: words, at.STEP: 8 * rate,
        at.SEEN_BITS: seen_bits, at.APM_MASK: rows - 1, at.INPUTS: lanes,
    }.items():  # fmt: skip
        register[place] = value
    end = len(tree)
    for place, length in (
        (at.CONFIDENCE, (contexts + 1) * at.LEVELS * at.BUCKETS),
        (at.MATCHES, at.MATCH_LEVELS),
        (at.APM, (at.SET_SIZE + rows) * at.APM_CELLS),
        (at.SEEN, 1 << seen_bits),
        (at.TABLE, 1 << (table_bits + group)),
    ):
        register[place] = -(-end // 16) * 16
        end = int(register[place]) + length
    slots = aligned_zeros(end)
    odds = np.minimum(np.arange(at.APM_CELLS) * at.APM_STEP - LIMIT - 1, LIMIT)
    # Identity, as if seen six times; a repetition of length n goes on with probability (n + 2) / (n + 3).
    row = (SQUASH[odds + LIMIT].astype(np.int64) << 16 | 6) ^ FRESH
    slots[register[at.APM] :][: (at.SET_SIZE + rows) * at.APM_CELLS] = np.tile(
        row, at.SET_SIZE + rows
    )
    level = np.arange(at.MATCH_LEVELS)
    chance = (level + 2) * (1 << 22) // (level + 3)
    slots[register[at.MATCHES] :][: at.MATCH_LEVELS] = (chance << 10 | 4) ^ FRESH
    weights = np.zeros((at.ROWS, lanes), np.int32)
    weights[:, :inputs] = 65536 * 3 // 10
    final = np.zeros((at.SET_SIZE, 8), np.int32)
    final[:, : at.SETS] = 65536 // at.SETS
    return State(
        register, np.zeros(2 * at.LANES, np.int32), weights, final, slots, tree, np.zeros(at.WHERE, np.uint32),
        np.zeros(capacity + 1, np.uint16),
    )  # fmt: skip


def copied(state: State) -> State:
    """A second predictor in the same state."""
    slots = aligned_zeros(len(state.slots))
    slots[:] = state.slots
    return State(*(slots if a is state.slots else a.copy() for a in state))


def with_room(state: State, more: int) -> State:
    """The same predictor, shared arrays included, for `more` symbols beyond its capacity; its tables keep their size."""
    if more <= 0:
        return state
    return state._replace(history=np.concatenate([state.history, np.zeros(more, np.uint16)]))


def aligned_zeros(n: int) -> np.ndarray:
    """(n,) uint32 that begins with a cache line, so that no bucket lies on two."""
    space = np.zeros(n + 16, np.uint32)
    return space[-space.ctypes.data % 64 // 4 :][:n]
