"""`WordNgram`: a trigram model of words, to judge which translation reads like the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distmatch.text.corpus import Corpus

UNKNOWN = -1
"""Number of a word that the model has not seen; also of the end of a sentence."""


@dataclass(frozen=True)
class WordNgram:
    """Interpolated absolute discounting (Ney et al. 1994) over trigrams, bigrams and words.

    A history that holds an unknown word is cut there. Build it with `WordNgram.train`.

    Args:
        words: vocabulary.
        unigram: (v + 1,) probabilities; the last is that of an unknown word.
        keys: of bigrams and of trigrams, ascending.
        counts: of each key.
        histories: of each order: keys, occurrences and distinct followers.
        discount: taken from each count.
    """

    words: tuple[str, ...]
    unigram: np.ndarray
    keys: tuple[np.ndarray, np.ndarray]
    counts: tuple[np.ndarray, np.ndarray]
    histories: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]
    discount: float = 0.75

    @classmethod
    def train(cls, corpus: Corpus, *, discount: float = 0.75) -> WordNgram:
        """Count a corpus of at most 2 million distinct words.

        Args:
            corpus: encoded text; n-grams do not reach over the ends of sentences.
            discount: between 0 and 1.
        """
        v = len(corpus.words)
        tokens = np.asarray(corpus.tokens, np.int64)
        unigram = np.append(np.maximum(corpus.counts - discount, 0), discount * v)
        keys, counts, histories = [], [], []
        history = tokens
        for order in (2, 3):
            word = tokens[order - 1 :]
            history = history[: len(word)] if order == 2 else _join(tokens[:-2], tokens[1:-1], v)
            inside = (history >= 0) & (word >= 0)
            key, count = np.unique(history[inside] * v + word[inside], return_counts=True)
            owner, first = np.unique(key // v, return_index=True)
            followers = np.diff(np.append(first, len(key)))
            occurrences = np.add.reduceat(count, first) if len(count) else count
            keys.append(key)
            counts.append(count)
            histories.append((owner, occurrences, followers))
        return cls(
            corpus.words, unigram / unigram.sum(), (keys[0], keys[1]), (counts[0], counts[1]),
            tuple(histories), discount,
        )  # fmt: skip

    def numbers(self, words: Sequence[str]) -> np.ndarray:
        """(n,) int64 numbers of words, `UNKNOWN` for those not in the vocabulary."""
        index = self._index()
        return np.array([index.get(w, UNKNOWN) for w in words], np.int64)

    def _index(self) -> dict[str, int]:
        cached = self.__dict__.get("_cache")
        if cached is None:
            cached = {w: i for i, w in enumerate(self.words)}
            object.__setattr__(self, "_cache", cached)
        return cached

    def log_probability(self, before: np.ndarray, last: np.ndarray, word: np.ndarray) -> np.ndarray:
        """Natural log p(word | before, last), element by element.

        Args:
            before: (n,) int64 numbers of the words two places back.
            last: (n,) of the words just before.
            word: (n,).
        """
        v = len(self.words)
        p = self.unigram[np.where(word >= 0, word, v)]
        histories = (last, _join(before, last, v))
        for order, history in enumerate(histories):
            key = np.where((history >= 0) & (word >= 0), history * v + word, -1)
            count = _look_up(self.keys[order], self.counts[order], key)
            owner, occurrences, followers = self.histories[order]
            total = _look_up(owner, occurrences, history)
            spread = _look_up(owner, followers, history)
            safe = np.maximum(total, 1)
            discounted = np.maximum(count - self.discount, 0) / safe
            p = np.where(total > 0, discounted + self.discount * spread / safe * p, p)
        return np.log(p)


def _join(before: np.ndarray, last: np.ndarray, v: int) -> np.ndarray:
    return np.where((before >= 0) & (last >= 0), before * v + last, UNKNOWN)


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Values of keys (ascending), 0 where a key is missing."""
    if len(keys) == 0:
        return np.zeros(len(wanted), np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
