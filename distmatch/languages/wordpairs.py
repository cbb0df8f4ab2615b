"""P(word | word before) for texts with spaces: pairs that are known to be frequent, over the frequencies of single words.

Pairs come from two places. Words that wordfreq counts whole and folding splits ("don't" is "don t") are pairs in every language.
For English, `symspellpy` ships the 243,342 commonest pairs of Google Books between dictionary words; without that package they
are left out. On 100,000 running words of English novels a word costs 9.77 bits instead of 10.44, on news 9.80 instead of 10.75;
the pairs of the web that `wordsegment` ships give 10.29 and 10.37.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike

from distmatch.languages.wordfrequency import WordList
from distmatch.text.alphabet import Alphabet, fold

BOOKS = "frequency_bigramdictionary_en_243_342.txt"
BOOKS_WORDS = 1e13
"""Running words behind the counts of `BOOKS`, whose totals it does not state: fitted on English novels, flat from 5e12 to 2e13."""
LISTED = 0.7
"""Weight of the pairs against single words."""
MAX_LISTED = 0.97
"""Largest share of a word's successors that are listed."""
PAIRED_WORDS = 0.8
"""Weight of the pairs of words against the mixture of letters, for each word."""


class PairTables(NamedTuple):
    """Pairs of words as arrays for compiled code. Words are numbered in the order of the trie, so those below a node are a range.

    Args:
        low, high: (nodes,) int32, the words at and below each node of the trie.
        start: (W + 1,) int64, where the successors of each word begin.
        second: (P,) int32 successors, ascending for each word.
        joint: (P + 1,) float64 running sum of `LISTED` P(second | first).
        single: (P + 1,) float64 running sum of P(second).
        rest: (W,) float64, what successors that are not listed get of their P.
    """

    low: np.ndarray
    high: np.ndarray
    start: np.ndarray
    second: np.ndarray
    joint: np.ndarray
    single: np.ndarray
    rest: np.ndarray


def _tables(
    low: ArrayLike, high: ArrayLike, start: ArrayLike, second: ArrayLike, joint: ArrayLike, single: ArrayLike, rest: ArrayLike
) -> PairTables:  # fmt: skip
    """The tables with the types that the kernels are compiled for."""
    tables = PairTables(
        low=np.ascontiguousarray(low, np.int32), high=np.ascontiguousarray(high, np.int32),
        start=np.ascontiguousarray(start, np.int64), second=np.ascontiguousarray(second, np.int32),
        joint=np.ascontiguousarray(joint, np.float64), single=np.ascontiguousarray(single, np.float64),
        rest=np.ascontiguousarray(rest, np.float64),
    )  # fmt: skip
    for array in tables:
        array.flags.writeable = False
    return tables


NO_PAIRS = _tables([0], [0], [0], [], [0.0], [0.0], [])
"""For languages without pairs."""


def books() -> Path | None:
    """The file of English pairs, if its package is installed."""
    spec = find_spec("symspellpy")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / BOOKS
    return path if path.is_file() else None


def word_pairs(
    name: str, vocabulary: WordList, child: np.ndarray, mass: np.ndarray, end: np.ndarray
) -> PairTables:
    """The pairs of a language.

    Args:
        name: wordfreq code.
        vocabulary: words with their inner spaces.
        child, mass, end: the trie of single words, see `words.WordModel`.
    """
    low, high, flat, starts = preorder(child, end)
    text = vocabulary.alphabet.decode(flat)
    number = {text[starts[i] : starts[i + 1]]: i for i in range(len(starts) - 1)}
    at = np.flatnonzero(end > 0)[np.argsort(low[end > 0], kind="stable")]
    single = mass[at].astype(np.float64) * end[at]
    joint: dict[tuple[int, int], float] = {}
    whole = _split_words(vocabulary)
    books_of = _book_pairs(vocabulary.alphabet) if name == "en" else iter(())
    for source in (whole, books_of):
        for first, second, share in source:
            pair = number.get(first, -1), number.get(second, -1)
            if min(pair) >= 0:
                joint[pair] = joint.get(pair, 0.0) + share
    if not joint:
        return NO_PAIRS
    order = sorted(joint)
    first = np.array([a for a, _ in order])
    second = np.array([b for _, b in order])
    share = np.array([joint[pair] for pair in order])
    listed = np.bincount(first, share, len(single))
    scale = np.minimum(listed / single, MAX_LISTED) / np.maximum(listed, 1e-300)
    known = np.bincount(first, single[second], len(single))
    some = listed > 0
    rest = np.where(some, (1.0 - listed * scale) / np.maximum(1.0 - known, 1e-9), 1.0)
    return _tables(
        low, high, np.searchsorted(first, np.arange(len(single) + 1)), second,
        np.concatenate([[0.0], np.cumsum(LISTED * share * scale[first])]),
        np.concatenate([[0.0], np.cumsum(single[second])]), LISTED * rest + (1.0 - LISTED),
    )  # fmt: skip


def _split_words(vocabulary: WordList) -> Iterator[tuple[str, str, float]]:
    """Neighbours inside of words that have spaces, with the word's frequency."""
    text, starts = vocabulary.alphabet.decode(vocabulary.flat), vocabulary.starts
    space = np.flatnonzero(vocabulary.flat == len(vocabulary.alphabet))
    for i in np.unique(np.searchsorted(starts, space, side="right") - 1):
        parts = text[starts[i] : starts[i + 1]].split()
        for first, second in pairwise(parts):
            yield first, second, float(vocabulary.frequency[i])


def _book_pairs(alphabet: Alphabet) -> Iterator[tuple[str, str, float]]:
    """Pairs of English words, with their share of all pairs."""
    path = books()
    if path is None:
        return
    for line in path.read_text("utf-8-sig").splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[2].isdigit():
            first, second = (fold(part, diacritics=alphabet.diacritics) for part in parts[:2])
            if " " not in first and " " not in second:
                yield first, second, int(parts[2]) / BOOKS_WORDS


@numba.njit(cache=True, nogil=True)
def preorder(child, end):
    """Range of words of each node, and the words' letters one after the other, with where they begin."""
    nodes, size = child.shape
    low = np.zeros(nodes, np.int32)
    high = np.zeros(nodes, np.int32)
    letters = np.empty(64, np.uint8)
    stack = np.zeros(64, np.int64)
    turn = np.zeros(64, np.int64)
    flat = np.empty(64 * np.sum(end > 0) + 1, np.uint8)
    starts = np.zeros(np.sum(end > 0) + 1, np.int64)
    depth = 0
    words = 0
    used = 0
    while depth >= 0:
        node = stack[depth]
        if turn[depth] == 0:
            low[node] = words
            if end[node] > 0:
                flat[used : used + depth] = letters[:depth]
                used += depth
                words += 1
                starts[words] = used
        letter = turn[depth]
        while letter < size and child[node, letter] == 0:
            letter += 1
        if letter == size or depth == 63:
            high[node] = words
            depth -= 1
            continue
        turn[depth] = letter + 1
        letters[depth] = letter
        depth += 1
        stack[depth] = child[node, letter]
        turn[depth] = 0
    return low, high, flat[:used].copy(), starts


@numba.njit(cache=True, nogil=True)
def _first_at_least(second, begin, end, word):
    while begin < end:
        middle = (begin + end) // 2
        if second[middle] < word:
            begin = middle + 1
        else:
            end = middle
    return begin


@numba.njit(cache=True, nogil=True)
def pair_probability(before, low, high, plain, pairs):
    """P of the words from `low` up to `high` after the word `before`, given their P without it."""
    begin, end = pairs.start[before], pairs.start[before + 1]
    a = _first_at_least(pairs.second, begin, end, low)
    b = _first_at_least(pairs.second, a, end, high)
    known = pairs.single[b] - pairs.single[a]
    listed = pairs.joint[b] - pairs.joint[a] + (1.0 - LISTED) * known
    return listed + pairs.rest[before] * max(plain - known, 0.0)
