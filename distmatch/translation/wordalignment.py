"""Word alignment of sentence pairs by expectation maximisation: a lexicon and a preference for the diagonal.

IBM model 1 (Brown et al. 1993) with the positions of Dyer, Chahuneau & Smith 2013 (a re-parameterised model 2), in both
directions, joined by growing their intersection (Och & Ney 2003).
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from distmatch.translation.monolingual import Sentences

NULL = 0.08
"""Probability that a word stands for none of the other sentence."""
DIAGONAL = 4.0
"""Sharpness of the preference for the diagonal."""
EM_ROUNDS = 5
"""Steps of expectation maximisation."""


class Alignment(NamedTuple):
    """Links of every pair of sentences and the lexicons found on the way.

    Args:
        links: (L, 2) int16 positions in source and target, pair after pair.
        ends: (n + 1,) int64, pair i has links[ends[i]:ends[i + 1]].
        places: (P,) int32, for every pair of positions, sentence by sentence, which pair of words it is; the last row and
            column of a sentence are the word of none.
        forward: (p,) p(target word | source word) of the pairs of words.
        backward: (p,) p(source word | target word).
    """

    links: np.ndarray
    ends: np.ndarray
    places: np.ndarray
    forward: np.ndarray
    backward: np.ndarray


def align_words(source: Sentences, target: Sentences, *, rounds: int = EM_ROUNDS) -> Alignment:
    """Links between the words of sentence pairs.

    Args:
        source: n sentences. target: their translations; words are numbered from 0.
        rounds: steps of expectation maximisation.
    """
    none = int(max(source.ids.max(initial=0), target.ids.max(initial=0))) + 1
    base = none + 1
    keys = _pairs(source.ids, source.ends, target.ids, target.ends, none)
    known, places = np.unique(keys, return_inverse=True)
    places = places.astype(np.int32)
    lengths = np.diff(source.ends), np.diff(target.ends)
    forward = _maximise(places, known // base, len(known), *lengths, False, rounds)
    backward = _maximise(places, known % base, len(known), *lengths, True, rounds)
    links, ends = _symmetrised(places, forward, backward, *lengths)
    return Alignment(links, ends, places, forward, backward)


@numba.njit(cache=True, nogil=True)
def _pairs(source, source_ends, target, target_ends, none):
    """Keys of all word pairs, sentence by sentence: rows are the source's words and none, columns the target's and none."""
    base = np.int64(none + 1)
    total = np.int64(0)
    n = len(source_ends) - 1
    for i in range(n):
        total += (source_ends[i + 1] - source_ends[i] + 1) * (
            target_ends[i + 1] - target_ends[i] + 1
        )
    keys = np.empty(total, np.int64)
    at = 0
    for i in range(n):
        for a in range(source_ends[i], source_ends[i + 1] + 1):
            x = np.int64(source[a]) if a < source_ends[i + 1] else np.int64(none)
            for b in range(target_ends[i], target_ends[i + 1] + 1):
                y = np.int64(target[b]) if b < target_ends[i + 1] else np.int64(none)
                keys[at] = x * base + y
                at += 1
    return keys


def _maximise(places, given, size, rows, columns, backward, rounds):
    """p(other word | given word) of `size` pairs of words."""
    chance = np.ones(size, np.float64)
    for step in range(rounds):
        counts = _expected(places, chance, rows, columns, backward, DIAGONAL if step else 0.0)
        totals = np.bincount(given, weights=counts)
        chance = (counts + 1e-9) / (totals[given] + 1e-9)
    return chance


@numba.njit(cache=True, nogil=True)
def _prior(a, b, rows, columns, diagonal):
    return np.exp(-diagonal * abs((a + 0.5) / rows - (b + 0.5) / columns))


@numba.njit(cache=True, nogil=True)
def _expected(places, chance, rows, columns, backward, diagonal):
    counts = np.zeros(len(chance))
    weights = np.empty(1024)
    start = np.int64(0)
    for i in range(len(rows)):
        m, n = rows[i], columns[i]
        outer, inner = (m, n) if backward else (n, m)
        for b in range(outer):
            total, mass = 0.0, 0.0
            for a in range(inner):
                at = start + (b * (n + 1) + a if backward else a * (n + 1) + b)
                prior = _prior(b, a, m, n, diagonal) if backward else _prior(a, b, m, n, diagonal)
                weights[a] = prior * chance[places[at]]
                mass += prior
                total += weights[a]
            at = start + (b * (n + 1) + n if backward else m * (n + 1) + b)
            none = NULL * chance[places[at]]
            scale = (1 - NULL) / mass
            total = total * scale + none + 1e-300
            counts[places[at]] += none / total
            for a in range(inner):
                at = start + (b * (n + 1) + a if backward else a * (n + 1) + b)
                counts[places[at]] += weights[a] * scale / total
        start += (m + 1) * (n + 1)
    return counts


@numba.njit(cache=True, nogil=True)
def _best(places, chance, start, m, n, backward, out):
    """The likeliest partner of each word, -1 for none."""
    outer, inner = (m, n) if backward else (n, m)
    for b in range(outer):
        mass = 0.0
        best, place = -1.0, -1
        for a in range(inner):
            at = start + (b * (n + 1) + a if backward else a * (n + 1) + b)
            prior = _prior(b, a, m, n, DIAGONAL) if backward else _prior(a, b, m, n, DIAGONAL)
            mass += prior
            if prior * chance[places[at]] > best:
                best, place = prior * chance[places[at]], a
        at = start + (b * (n + 1) + n if backward else m * (n + 1) + b)
        out[b] = place if best * (1 - NULL) / mass > NULL * chance[places[at]] else -1


@numba.njit(cache=True, nogil=True)
def _symmetrised(places, forward, backward, rows, columns):
    """Grow-diag, then links of words that have none (final-and)."""
    total = np.int64(0)
    for i in range(len(rows)):
        total += rows[i] + columns[i]
    links = np.empty((total, 2), np.int16)
    ends = np.zeros(len(rows) + 1, np.int64)
    to_source, to_target = np.empty(1024, np.int64), np.empty(1024, np.int64)
    start, at = np.int64(0), np.int64(0)
    for i in range(len(rows)):
        m, n = rows[i], columns[i]
        _best(places, forward, start, m, n, False, to_source)
        _best(places, backward, start, m, n, True, to_target)
        union, kept = np.zeros((m, n), np.bool_), np.zeros((m, n), np.bool_)
        left, right = np.zeros(m, np.bool_), np.zeros(n, np.bool_)
        for b in range(n):
            if to_source[b] >= 0:
                union[to_source[b], b] = True
        for a in range(m):
            b = to_target[a]
            if b >= 0:
                if union[a, b] and to_source[b] == a:
                    kept[a, b] = left[a] = right[b] = True
                union[a, b] = True
        grown = True
        while grown:
            grown = False
            for a in range(m):
                for b in range(n):
                    if not union[a, b] or kept[a, b] or (left[a] and right[b]):
                        continue
                    near = False
                    for da in range(-1, 2):
                        for db in range(-1, 2):
                            if 0 <= a + da < m and 0 <= b + db < n and kept[a + da, b + db]:
                                near = True
                    if near:
                        kept[a, b] = left[a] = right[b] = grown = True
        for a in range(m):
            for b in range(n):
                if union[a, b] and not left[a] and not right[b]:
                    kept[a, b] = left[a] = right[b] = True
        for a in range(m):
            for b in range(n):
                if kept[a, b] and at < total:
                    links[at, 0], links[at, 1] = a, b
                    at += 1
        ends[i + 1] = at
        start += (m + 1) * (n + 1)
    return links[:at], ends
