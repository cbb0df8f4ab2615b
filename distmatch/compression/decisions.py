"""Binary decisions: a symbol as a path through a tree, whose nodes are learned in groups.

The plain tree spells the symbol's bits. The ranked tree first asks, four decisions at a time, for one of the
fifteen most frequent symbols or none of them, then for one of the next fifteen, and spells only the rest: text
then needs about five decisions per byte instead of eight.
"""

from __future__ import annotations

import numpy as np

NEXT, SLOT, START, PATH, PATH_LENGTH = 0, 2, 3, 4, 5
"""Columns: the two nodes that follow (~symbol for a leaf), place in its bucket, whether a bucket begins here; for the
symbol of the row, the decisions as a number and how many they are."""
RANKED = 15
MAX_RANKING = 2 * RANKED
MIN_RANKED_SYMBOLS = 1 << 16
"""Symbols from which a ranking is used: below, being sent and learned costs it more than half a percent of the bits."""


def width_of(size: int) -> int:
    """Decisions per symbol in the plain tree."""
    return max(int(size - 1).bit_length(), 1)


def ranking_of(size: int, *samples: np.ndarray) -> tuple[int, ...]:
    """The most frequent symbols of the samples, or () if the plain tree takes fewer decisions or samples are short."""
    counts = sum(np.bincount(sample, minlength=size) for sample in samples)
    counts = np.asarray(counts)
    total = int(counts.sum())
    if total < MIN_RANKED_SYMBOLS or size <= 16:
        return ()
    order = np.argsort(-counts, kind="stable")[:MAX_RANKING]
    first, second = counts[order[:RANKED]].sum(), counts[order[RANKED:]].sum()
    rest = total - first - second
    decisions = (
        4 * total + 4 * (total - first) + (0 if len(order) == size else width_of(size) * rest)
    )
    if decisions >= 0.98 * width_of(size) * total:
        return ()
    # In alphabetical order, the most frequent beside the way out: measured to code best (0.4 % of bits).
    best = int(order[0])
    stages = [*sorted(set(order[:RANKED].tolist()) - {best}), best], sorted(order[RANKED:].tolist())
    return tuple(stages[0] + stages[1])


def build_tree(size: int, ranking: tuple[int, ...] = ()) -> np.ndarray:
    """(rows, 6) int32; the root is node 1."""
    width = width_of(size)
    complete = len(ranking) == size
    base = 0
    rows = max((1 << width) + 2 * 16, 1 << width)
    tree = np.zeros((rows, 6), np.int32)
    if ranking:
        for stage in (0, 1):
            leaves = [~symbol for symbol in ranking[stage * RANKED :][:RANKED]]
            # What the ranking does not name is behind the last leaves; equal leaves but the first are never coded.
            escape = ~ranking[-1] if stage and complete else base + 16 + 1
            _fill(tree, base, 4, 4, leaves + [escape] * (16 - len(leaves)))
            base += 16
    if not (ranking and complete):
        group = 4 if width > 6 or ranking else 3
        _fill(tree, base, width, group, [~symbol for symbol in range(1 << width)])
    _trace(tree, size)
    return tree


def _fill(tree: np.ndarray, base: int, width: int, group: int, leaves: list[int]) -> None:
    """A full binary tree of that many levels whose node k is row base + k."""
    for node in range(1, 1 << width):
        depth = node.bit_length() - 1
        inner = depth % group
        for bit in (0, 1):
            child = 2 * node + bit
            last = depth + 1 == width
            tree[base + node, NEXT + bit] = leaves[child - (1 << width)] if last else base + child
        tree[base + node, SLOT] = (1 << inner) | (node & ((1 << inner) - 1))
        tree[base + node, START] = inner == 0


def _trace(tree: np.ndarray, size: int) -> None:
    """Each symbol's first path from the root."""
    waiting = [(1, 0, 0)]
    for node, path, length in waiting:
        for bit in (0, 1):
            after = int(tree[node, NEXT + bit])
            if after > 0:
                if length < 28:
                    waiting.append((after, 2 * path + bit, length + 1))
            elif ~after < size and not tree[~after, PATH_LENGTH]:
                tree[~after, PATH] = 2 * path + bit
                tree[~after, PATH_LENGTH] = length + 1
