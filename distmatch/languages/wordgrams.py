"""`WordGrams`: a trigram model of words from running text, for codes that stand for words."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from zipfile import BadZipFile

import numba
import numpy as np

from distmatch.errors import InputError
from distmatch.files import atomic_write, cache_folder, read_text
from distmatch.text.alphabet import fold

VERSION = 1
DISCOUNT = 0.75
"""Absolute discount of all orders (Ney, Essen & Kneser 1994)."""
FEWEST_WORDS = 2_000


Tables = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class WordGrams:
    """P(word | two words before), interpolated Kneser-Ney, as hash tables that compiled code can ask.

    Args:
        words: the vocabulary, most frequent first; the id `len(words)` is any other word.
        unigram: (V + 1,) float32 log2 P(word).
        backoff: (V + 1,) float32 log2 of the mass that a context leaves to single words.
        pairs: open-addressing table of word pairs, (H,) int64, -1 for free places.
        pair_logs: (H,) float32 log2 P(second | first).
        pair_backoff: (H,) float32 log2 of the mass that the pair, as a context, leaves to its second word's pairs.
        triples: the same for three words, (G,) int64.
        triple_logs: (G,) float32.
        counts: (V,) int64 occurrences in the reference.
        pair_counts: (H,) float32 log2 occurrences of the pairs in `pairs`.
    """

    words: tuple[str, ...]
    unigram: np.ndarray
    backoff: np.ndarray
    pairs: np.ndarray
    pair_logs: np.ndarray
    pair_backoff: np.ndarray
    triples: np.ndarray
    triple_logs: np.ndarray
    counts: np.ndarray
    pair_counts: np.ndarray

    @cached_property
    def ids(self) -> dict[str, int]:
        """Word to id."""
        return {word: i for i, word in enumerate(self.words)}

    @property
    def tables(self) -> Tables:
        """What `trigram_log` takes, in its order."""
        return (
            self.unigram, self.backoff, self.pairs, self.pair_logs, self.pair_backoff, self.triples, self.triple_logs,
        )  # fmt: skip

    def encode(self, words: Sequence[str]) -> np.ndarray:
        """Ids of words, (n,) int32; unknown ones are `len(self.words)`."""
        known, other = self.ids, len(self.words)
        return np.array([known.get(word, other) for word in words], np.int32)

    def bits(self, ids: np.ndarray) -> float:
        """Code length in bits of a sequence of word ids."""
        return float(-_sequence_log(np.ascontiguousarray(ids, np.int32), *self.tables))


@dataclass(frozen=True)
class WordText:
    """Running words of reference texts.

    Args:
        words: distinct words, the most frequent first.
        ids: (n,) int32, which of them stands at each place.
    """

    words: tuple[str, ...]
    ids: np.ndarray


def load_word_text(paths: Sequence[str], *, diacritics: bool = False) -> WordText:
    """The folded words of text files, from the cache where they were read before.

    Raises:
        InputError: unreadable, or fewer than 2,000 words altogether.
    """
    folder = cache_folder()
    digest = hashlib.sha256(f"{VERSION}|{diacritics}".encode())
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError as error:
            raise InputError(f"cannot read: {error.strerror}", path=path) from error
        digest.update(f"|{os.path.abspath(path)}|{stat.st_size}|{stat.st_mtime_ns}".encode())
    place = None if folder is None else folder / f"words-{digest.hexdigest()[:16]}.npz"
    if place is not None and place.is_file():
        try:
            with np.load(place, allow_pickle=False) as stored:
                words = tuple(stored["words"].tobytes().decode().split())
                ids = stored["ids"].astype(np.int32)
            if len(ids) >= FEWEST_WORDS and 0 <= ids.min() and ids.max() < len(words):
                return WordText(words, ids)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            pass
    running = [w for path in paths for w in fold(read_text(path), diacritics=diacritics).split()]
    if len(running) < FEWEST_WORDS:
        raise InputError(
            f"{len(running)} words of reference text; a word code needs {FEWEST_WORDS} at the very least, better millions",
            path=paths[0],
        )
    words = tuple(word for word, _ in Counter(running).most_common())
    number = {word: i for i, word in enumerate(words)}
    ids = np.fromiter(map(number.__getitem__, running), np.int32, len(running))
    if place is not None:
        with contextlib.suppress(InputError), atomic_write(place, "wb") as file:
            np.savez(file, words=np.frombuffer(" ".join(words).encode(), np.uint8), ids=ids)
    return WordText(words, ids)


def renamed(text: WordText, vocabulary: np.ndarray, *, closed: bool = False) -> np.ndarray:
    """(n,) int64 words of the text as a vocabulary numbers them; others are `len(vocabulary)`, or left out if closed."""
    number = np.full(len(text.words), len(vocabulary), np.int64)
    number[vocabulary] = np.arange(len(vocabulary))
    ids = number[text.ids]
    return ids[ids < len(vocabulary)] if closed else ids


def train(
    text: WordText, vocabulary: np.ndarray, *, closed: bool = False
) -> tuple[WordGrams, float]:
    """Interpolated Kneser-Ney trigrams (Kneser & Ney 1995), and the bits a word that they need on text held out.

    Args:
        text: the reference; its last twentieth is held out.
        vocabulary: ids of the words that may be predicted; the model numbers them in this order.
        closed: leave all other words out of the text, as when a text was made of the vocabulary alone;
            otherwise they count as one unknown word.
    """
    ids, size = renamed(text, vocabulary, closed=closed), len(vocabulary)
    held = min(max(len(ids) // 20, 1), 50_000)
    model = _estimate(ids[:-held], tuple(text.words[i] for i in vocabulary), size)
    return model, model.bits(ids[-held:]) / held


def _estimate(ids: np.ndarray, vocabulary: tuple[str, ...], size: int) -> WordGrams:
    base = size + 1
    counts = np.bincount(ids, minlength=base)
    pair_keys, occurrences = np.unique(ids[:-1] * base + ids[1:], return_counts=True)
    triple_keys, triple_counts = np.unique(
        (ids[:-2] * base + ids[1:-1]) * base + ids[2:], return_counts=True
    )
    # Lower orders count the contexts that a word follows, the highest its occurrences.
    follows = np.bincount(pair_keys % base, minlength=base).astype(float)
    smoothed = follows + 1e-2
    single = smoothed / smoothed.sum()
    middle_keys, middle_counts = np.unique(triple_keys % (base * base), return_counts=True)
    place = np.searchsorted(middle_keys, pair_keys)
    place = np.minimum(place, len(middle_keys) - 1)
    continued = np.where(middle_keys[place] == pair_keys, middle_counts[place], 1).astype(float)
    first, second = pair_keys // base, pair_keys % base
    totals = np.bincount(first, weights=continued, minlength=base)
    kinds = np.bincount(first, minlength=base)
    rest = np.where(totals > 0, DISCOUNT * kinds / np.maximum(totals, 1), 1.0)
    pair = (continued - DISCOUNT) / totals[first] + rest[first] * single[second]
    context = triple_keys // base
    where = np.searchsorted(pair_keys, context)
    whole = np.bincount(where, weights=triple_counts, minlength=len(pair_keys))
    various = np.bincount(where, minlength=len(pair_keys))
    pair_rest = np.where(whole > 0, DISCOUNT * various / np.maximum(whole, 1), 1.0)
    lower = np.searchsorted(pair_keys, triple_keys % (base * base))
    triple = (triple_counts - DISCOUNT) / whole[where] + pair_rest[where] * pair[lower]
    pairs, (pair_logs, pair_backoff, pair_counts) = _table(pair_keys, pair, pair_rest, occurrences)
    triples, (triple_logs,) = _table(triple_keys, triple)
    return WordGrams(
        vocabulary, np.log2(single).astype(np.float32), np.log2(rest).astype(np.float32), pairs, pair_logs,
        pair_backoff, triples, triple_logs, counts[:size], pair_counts,
    )  # fmt: skip


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
def pair_log(v, w, unigram, backoff, pairs, pair_logs):
    """log2 P(w | v)."""
    at = _find(pairs, np.int64(v) * len(unigram) + w)
    return pair_logs[at] if at >= 0 else backoff[v] + unigram[w]


@numba.njit(cache=True, nogil=True)
def trigram_log(u, v, w, unigram, backoff, pairs, pair_logs, pair_backoff, triples, triple_logs):
    """log2 P(w | u v); negative u or v: the text begins there."""
    if v < 0:
        return unigram[w]
    base = np.int64(len(unigram))
    if u < 0:
        return pair_log(v, w, unigram, backoff, pairs, pair_logs)
    context = np.int64(u) * base + v
    at = _find(pairs, context)
    if at < 0:
        return pair_log(v, w, unigram, backoff, pairs, pair_logs)
    found = _find(triples, context * base + w)
    if found >= 0:
        return triple_logs[found]
    return pair_backoff[at] + pair_log(v, w, unigram, backoff, pairs, pair_logs)


@numba.njit(cache=True, nogil=True)
def _sequence_log(ids, unigram, backoff, pairs, pair_logs, pair_backoff, triples, triple_logs):
    total = 0.0
    for t in range(len(ids)):
        u = ids[t - 2] if t > 1 else -1
        v = ids[t - 1] if t > 0 else -1
        total += trigram_log(
            u, v, ids[t], unigram, backoff, pairs, pair_logs, pair_backoff, triples, triple_logs
        )
    return total
