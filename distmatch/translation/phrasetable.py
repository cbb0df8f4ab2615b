"""`PhraseTable`: translations of phrases of up to four words with four probabilities each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numba
import numpy as np

from distmatch.translation.monolingual import Sentences
from distmatch.translation.wordalignment import Alignment

MAX_PHRASE = 4
"""Words of a phrase; four numbers of 16 bits make one key."""
PARTS = ("sources", "targets", "logs")
"""Arrays of a table."""
DISCOUNTED = 0.8
"""Occurrences of a phrase pair that are not believed: most pairs occur once, and many of those are errors."""
FEATURES = (
    "target given source",
    "source given target",
    "words given source",
    "words given target",
)


class PhraseOptions(NamedTuple):
    """The table as arrays for compiled code.

    Args:
        keys: (s,) uint64 source phrases, see `packed`, ascending.
        first: (s + 1,) int64, options of phrase i are first[i]:first[i + 1].
        targets: (p,) uint64 target phrases.
        scores: (p,) float32 weighted log-probabilities.
    """

    keys: np.ndarray
    first: np.ndarray
    targets: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class PhraseTable:
    """Phrase pairs sorted by source phrase.

    Args:
        sources: (p,) uint64, ascending. targets: (p,) uint64. See `packed`.
        logs: (p, 4) float32 natural logarithms of `FEATURES`.
    """

    sources: np.ndarray
    targets: np.ndarray
    logs: np.ndarray

    @cached_property
    def groups(self) -> tuple[np.ndarray, np.ndarray]:
        """Distinct source phrases and where each begins, with the end."""
        keys, first = np.unique(self.sources, return_index=True)
        return keys, np.append(first, len(self.sources)).astype(np.int64)

    def options(self, weights: np.ndarray, *, best: int = 10) -> PhraseOptions:
        """The `best` options of each source phrase under weights (4,) of the features."""
        scores = (self.logs @ weights).astype(np.float32)
        order = np.lexsort((-scores, self.sources))
        keys, first = self.groups
        rank = np.arange(len(order)) - np.repeat(first[:-1], np.diff(first))
        kept = order[rank < best]
        sizes = np.minimum(np.diff(first), best)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return PhraseOptions(keys, starts, self.targets[kept], scores[kept])

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The table as named arrays."""
        return {f"{name}.{part}": np.ascontiguousarray(getattr(self, part)) for part in PARTS}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], name: str) -> PhraseTable:
        """What `arrays` gave."""
        sources, targets, logs = (arrays[f"{name}.{part}"] for part in PARTS)
        return cls(sources, targets, logs)

    @classmethod
    def of_lexicon(
        cls, forward: np.ndarray, backward: np.ndarray, *, best: int = 15
    ) -> PhraseTable:
        """Words only.

        Args:
            forward: (S, T) p(target | source); SENTENCE_START and SENTENCE_STOP, the first two, are left out.
            backward: (S, T) p(source | target).
            best: targets per word.
        """
        belief = np.sqrt(forward * backward)
        belief[:, :2] = -1
        chosen = np.argsort(-belief[2:], axis=1)[:, :best]
        rows = np.repeat(np.arange(2, len(belief)), chosen.shape[1])
        columns = chosen.ravel()
        kept = belief[rows, columns] > 1e-6
        rows, columns = rows[kept], columns[kept]
        logs = np.log(np.stack([forward[rows, columns], backward[rows, columns]], axis=1) + 1e-7)
        return cls(
            rows.astype(np.uint64) + np.uint64(1), columns.astype(np.uint64) + np.uint64(1),
            np.concatenate([logs, logs], axis=1).astype(np.float32),
        )._sorted()  # fmt: skip

    @classmethod
    def extract(cls, source: Sentences, target: Sentences, alignment: Alignment) -> PhraseTable:
        """Phrase pairs that agree with the links (Koehn, Och & Marcu 2003), with discounted relative frequencies."""
        sources, targets, lexical = _extracted(
            source.ids, source.ends, target.ids, target.ends, alignment.links, alignment.ends,
            alignment.places, alignment.forward, alignment.backward,
        )  # fmt: skip
        order = np.lexsort((targets, sources))
        sources, targets, lexical = sources[order], targets[order], lexical[order]
        new = np.ones(len(sources), bool)
        new[1:] = (sources[1:] != sources[:-1]) | (targets[1:] != targets[:-1])
        start = np.flatnonzero(new)
        counts = np.diff(np.append(start, len(sources))).astype(np.float64)
        lexical = np.add.reduceat(lexical, start, axis=0) / counts[:, None]
        sources, targets = sources[start], targets[start]
        logs = np.empty((len(start), 4), np.float32)
        for column, side in enumerate((sources, targets)):
            _, group = np.unique(side, return_inverse=True)
            logs[:, column] = np.log(
                (counts - DISCOUNTED) / np.bincount(group, weights=counts)[group]
            )
        logs[:, 2:] = lexical
        return cls(sources, targets, logs)

    def joined(self, other: PhraseTable) -> PhraseTable:
        """This table, and the other's phrases for sources that this one does not have."""
        more = ~np.isin(other.sources, self.groups[0])
        return PhraseTable(
            np.concatenate([self.sources, other.sources[more]]),
            np.concatenate([self.targets, other.targets[more]]),
            np.concatenate([self.logs, other.logs[more]]),
        )._sorted()

    def _sorted(self) -> PhraseTable:
        order = np.argsort(self.sources, kind="stable")
        return PhraseTable(self.sources[order], self.targets[order], self.logs[order])


@numba.njit(cache=True, nogil=True)
def packed(ids, start, length):
    """Up to four word numbers as one key: number + 1 in 16 bits each, the first word lowest."""
    key = np.uint64(0)
    for k in range(length):
        key |= np.uint64(ids[start + k] + 1) << np.uint64(16 * k)
    return key


@numba.njit(cache=True, nogil=True)
def _extracted(
    source, source_ends, target, target_ends, links, link_ends, places, forward, backward
):
    size = 1 << 16
    left, right = np.empty(size, np.uint64), np.empty(size, np.uint64)
    lexical = np.empty((size, 2), np.float32)
    found, start = 0, np.int64(0)
    for i in range(len(source_ends) - 1):
        x, y = source_ends[i], target_ends[i]
        m, n = source_ends[i + 1] - x, target_ends[i + 1] - y
        linked = np.zeros((m, n), np.bool_)
        for k in range(link_ends[i], link_ends[i + 1]):
            linked[links[k, 0], links[k, 1]] = True
        covered = np.zeros(n, np.bool_)
        for b in range(n):
            for a in range(m):
                covered[b] |= linked[a, b]
        for a in range(m):
            low, high = n, -1
            for c in range(a, min(a + MAX_PHRASE, m)):
                for b in range(n):
                    if linked[c, b]:
                        low, high = min(low, b), max(high, b)
                if high < 0 or high - low >= MAX_PHRASE:
                    continue
                whole = True
                for b in range(low, high + 1):
                    for other in range(m):
                        if linked[other, b] and (other < a or other > c):
                            whole = False
                if not whole:
                    continue
                first = low
                while True:
                    last = high
                    while last - first < MAX_PHRASE:
                        if found == size:
                            size *= 2
                            wider = np.empty(size, np.uint64), np.empty(size, np.uint64)
                            wider[0][:found], wider[1][:found] = left, right
                            left, right = wider
                            more = np.empty((size, 2), np.float32)
                            more[:found] = lexical
                            lexical = more
                        left[found] = packed(source, x + a, c - a + 1)
                        right[found] = packed(target, y + first, last - first + 1)
                        total = 0.0
                        for b in range(first, last + 1):
                            mass, number = 0.0, 0
                            for q in range(a, c + 1):
                                if linked[q, b]:
                                    mass += forward[places[start + q * (n + 1) + b]]
                                    number += 1
                            if number == 0:
                                mass, number = forward[places[start + m * (n + 1) + b]], 1
                            total += np.log(mass / number + 1e-7)
                        lexical[found, 0] = total
                        total = 0.0
                        for q in range(a, c + 1):
                            mass, number = 0.0, 0
                            for b in range(first, last + 1):
                                if linked[q, b]:
                                    mass += backward[places[start + q * (n + 1) + b]]
                                    number += 1
                            if number == 0:
                                mass, number = backward[places[start + q * (n + 1) + n]], 1
                            total += np.log(mass / number + 1e-7)
                        lexical[found, 1] = total
                        found += 1
                        last += 1
                        if last >= n or covered[last]:
                            break
                    first -= 1
                    if first < 0 or covered[first] or high - first >= MAX_PHRASE:
                        break
        start += (m + 1) * (n + 1)
    return left[:found], right[:found], lexical[:found]
