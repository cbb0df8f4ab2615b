"""`WordTrigram`: P(word | two words before), for codes of words and for choosing between translations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numba
import numpy as np
from scipy import sparse

from distmatch.languages.wordtext import WordText, renamed
from distmatch.text.corpus import Corpus

DISCOUNT = 0.75
"""Absolute discount of all orders (Ney, Essen & Kneser 1994)."""
UNSEEN = 1e-2
"""Pseudo-count of every word, so that none has probability 0."""
BEGIN = -1
"""In place of a word before the first one of a text or of a sentence."""


class TrigramTables(NamedTuple):
    """The model as arrays for compiled code.

    Args:
        unigram: (V + 1,) float32 log2 P(word).
        backoff: (V + 1,) float32 log2 of the mass that a context leaves to single words.
        pairs: open-addressing table of word pairs, (H,) int64, -1 for free places.
        pair_logs: (H,) float32 log2 P(second | first).
        pair_backoff: (H,) float32 log2 of the mass that the pair, as a context, leaves to its second word's pairs.
        triples: the same for three words, (G,) int64.
        triple_logs: (G,) float32.
    """

    unigram: np.ndarray
    backoff: np.ndarray
    pairs: np.ndarray
    pair_logs: np.ndarray
    pair_backoff: np.ndarray
    triples: np.ndarray
    triple_logs: np.ndarray


@dataclass(frozen=True)
class WordTrigram:
    """Interpolated trigrams with absolute discounts, Kneser-Ney (1995) in `train`, in hash tables.

    Held-out bits per word of 5.5 M words of English novels, against interpolated absolute discounting of plain counts:
    6.126 and 6.198 with 500 words, 7.483 and 7.606 with 5,000 (the other words left out of the text).

    Args:
        words: the vocabulary of V words; the id V is any other word.
        tables: for compiled code.
        counts: (V,) int64 occurrences in the text.
        pair_counts: (H,) float32 log2 occurrences of the pairs in `tables.pairs`.
    """

    words: tuple[str, ...]
    tables: TrigramTables
    counts: np.ndarray
    pair_counts: np.ndarray

    @classmethod
    def train(cls, corpus: Corpus, *, contexts: bool = False) -> WordTrigram:
        """A model of sentences: no n-gram reaches over the end of one.

        The lower orders count occurrences. Contexts, as in Kneser-Ney, code held-out text shorter, but most pairs that a
        word-by-word translation asks about were never seen, and there the lower orders stand alone: on 1,000 captions
        BLEU is 7.0 with occurrences and 6.5 with contexts (docs/results/alignment.md, model of novels).

        Translations of whole phrases are better with contexts: on captions 0.4 to 0.9 BLEU.

        Args:
            corpus: at most 2 million distinct words.
            contexts: the lower orders count contexts.
        """
        return _estimate(np.asarray(corpus.tokens, np.int64), corpus.words, contexts=contexts)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Word to id."""
        return {word: i for i, word in enumerate(self.words)}

    def encode(self, words: Sequence[str]) -> np.ndarray:
        """Ids of words, (n,) int32; unknown ones are `len(self.words)`."""
        known, other = self.ids, len(self.words)
        return np.array([known.get(word, other) for word in words], np.int32)

    def bits(self, ids: np.ndarray) -> float:
        """Code length in bits of a sequence of word ids, (n,)."""
        return float(-_sequence_log(np.ascontiguousarray(ids, np.int32), self.tables))

    def log_probability(self, before: np.ndarray, last: np.ndarray, word: np.ndarray) -> np.ndarray:
        """Natural log P(word | before, last), element by element.

        Args:
            before: (n,) ids of the words two places back, `BEGIN` where there is none.
            last: (n,) ids of the words just before, likewise.
            word: (n,) ids.

        Returns:
            (n,) float64.
        """
        u, v, w = (np.ascontiguousarray(a, np.int64) for a in (before, last, word))
        return _trigram_logs(u, v, w, self.tables) * np.log(2)

    def pair_matrix(self) -> tuple[np.ndarray, sparse.csr_matrix]:
        """log P(second | first) in nats as a rank-two part (2, V) and a sparse (V, V) correction where pairs were seen."""
        tables, size, base = self.tables, len(self.words), len(self.words) + 1
        seen = tables.pairs >= 0
        first, second = tables.pairs[seen] // base, tables.pairs[seen] % base
        inside = (first < size) & (second < size)
        first, second = first[inside], second[inside]
        more = tables.pair_logs[seen][inside] - tables.backoff[first] - tables.unigram[second]
        scale = np.float32(np.log(2))
        correction = sparse.csr_matrix((more * scale, (first, second)), shape=(size, size))
        return np.stack([tables.backoff[:size], tables.unigram[:size]]) * scale, correction

    def pair_occurrences(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First words, second words and occurrences of the pairs in the text, each (p,); V is any other word."""
        base, seen = len(self.words) + 1, self.tables.pairs >= 0
        keys = self.tables.pairs[seen]
        return (
            keys // base, keys % base, np.rint(np.exp2(self.pair_counts[seen].astype(np.float64)))
        )  # fmt: skip


def train(
    text: WordText, vocabulary: np.ndarray, *, closed: bool = False
) -> tuple[WordTrigram, float]:
    """A model of running text, and the bits per word that it needs on the last twentieth, which is held out.

    Args:
        text: the reference.
        vocabulary: (V,) ids of the words that may be predicted; the model numbers them in this order.
        closed: leave all other words out of the text, as when a text was made of the vocabulary alone;
            otherwise they count as one unknown word.
    """
    ids = renamed(text, vocabulary, closed=closed)
    held = min(max(len(ids) // 20, 1), 50_000)
    model = _estimate(ids[:-held], tuple(text.words[i] for i in vocabulary))
    return model, model.bits(ids[-held:]) / held


def _estimate(ids: np.ndarray, words: tuple[str, ...], *, contexts: bool = True) -> WordTrigram:
    """Interpolated absolute discounting of ids (n,) int64, `SENTENCE_END` between sentences.

    Args:
        ids: of the words, V for any other.
        words: the V words.
        contexts: the lower orders count the contexts that a word follows (Kneser-Ney), not its occurrences.
    """
    size, base = len(words), len(words) + 1
    counts = np.bincount(ids[ids >= 0], minlength=base)
    inside = (ids[:-1] >= 0) & (ids[1:] >= 0)
    pair_keys, occurrences = np.unique((ids[:-1] * base + ids[1:])[inside], return_counts=True)
    triple_keys, triple_counts = np.unique(
        ((ids[:-2] * base + ids[1:-1]) * base + ids[2:])[inside[:-1] & inside[1:]],
        return_counts=True,
    )
    first, second = pair_keys // base, pair_keys % base
    if contexts:
        smoothed = np.bincount(second, minlength=base) + UNSEEN
        middle = np.unique(triple_keys % (base * base), return_counts=True)
        continued = np.maximum(_counts_of(pair_keys, *middle), 1.0)
    else:
        smoothed, continued = counts + UNSEEN, occurrences.astype(float)
    single = smoothed / smoothed.sum()
    totals = np.bincount(first, weights=continued, minlength=base)
    kinds = np.bincount(first, minlength=base)
    rest = np.where(totals > 0, DISCOUNT * kinds / np.maximum(totals, 1), 1.0)
    pair = (continued - DISCOUNT) / totals[first] + rest[first] * single[second]
    where = np.searchsorted(pair_keys, triple_keys // base)
    whole = np.bincount(where, weights=triple_counts, minlength=len(pair_keys))
    various = np.bincount(where, minlength=len(pair_keys))
    pair_rest = np.where(whole > 0, DISCOUNT * various / np.maximum(whole, 1), 1.0)
    lower = np.searchsorted(pair_keys, triple_keys % (base * base))
    triple = (triple_counts - DISCOUNT) / whole[where] + pair_rest[where] * pair[lower]
    pairs, (pair_logs, pair_backoff, pair_counts) = _table(pair_keys, pair, pair_rest, occurrences)
    triples, (triple_logs,) = _table(triple_keys, triple)
    tables = TrigramTables(
        np.log2(single).astype(np.float32), np.log2(rest).astype(np.float32), pairs, pair_logs, pair_backoff, triples,
        triple_logs,
    )  # fmt: skip
    return WordTrigram(words, tables, counts[:size], pair_counts)


def _counts_of(keys: np.ndarray, known: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(k,) float64 counts of keys among the known ones (ascending), 0 for others."""
    if len(known) == 0:
        return np.zeros(len(keys))
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, counts[place], 0).astype(float)


def _table(keys: np.ndarray, *values: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """An open-addressing table at most half full, with the logarithms of the values."""
    places = 1 << max(int(2 * len(keys) - 1).bit_length(), 4)
    table = np.full(places, -1, np.int64)
    logs = [np.zeros(places, np.float32) for _ in values]
    where = _fill(table, keys)
    for log, value in zip(logs, values, strict=True):
        log[where] = np.log2(value)
    return table, logs


@numba.njit(cache=True, nogil=True, inline="always")
def _hash(key, mask):
    x = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((x >> np.uint64(20)) & np.uint64(mask))


@numba.njit(cache=True, nogil=True)
def _fill(table, keys):
    mask = len(table) - 1
    where = np.empty(len(keys), np.int64)
    for i in range(len(keys)):
        at = _hash(keys[i], mask)
        while table[at] >= 0:
            at = (at + 1) & mask
        table[at] = keys[i]
        where[i] = at
    return where


@numba.njit(cache=True, nogil=True)
def _find(table, key):
    mask = len(table) - 1
    at = _hash(key, mask)
    while table[at] >= 0:
        if table[at] == key:
            return at
        at = (at + 1) & mask
    return -1


@numba.njit(cache=True, nogil=True)
def pair_log(v, w, tables):
    """log2 P(w | v)."""
    at = _find(tables.pairs, np.int64(v) * len(tables.unigram) + w)
    return tables.pair_logs[at] if at >= 0 else tables.backoff[v] + tables.unigram[w]


@numba.njit(cache=True, nogil=True)
def trigram_log(u, v, w, tables):
    """log2 P(w | u v); negative u or v: the text begins there."""
    if v < 0:
        return tables.unigram[w]
    base = np.int64(len(tables.unigram))
    if u < 0:
        return pair_log(v, w, tables)
    context = np.int64(u) * base + v
    at = _find(tables.pairs, context)
    if at < 0:
        return pair_log(v, w, tables)
    found = _find(tables.triples, context * base + w)
    if found >= 0:
        return tables.triple_logs[found]
    return tables.pair_backoff[at] + pair_log(v, w, tables)


@numba.njit(cache=True, nogil=True)
def _trigram_logs(before, last, word, tables):
    out = np.empty(len(word))
    for i in range(len(word)):
        out[i] = trigram_log(before[i], last[i], word[i], tables)
    return out


@numba.njit(cache=True, nogil=True)
def _sequence_log(ids, tables):
    total = 0.0
    for t in range(len(ids)):
        u = ids[t - 2] if t > 1 else -1
        v = ids[t - 1] if t > 0 else -1
        total += trigram_log(u, v, ids[t], tables)
    return total
