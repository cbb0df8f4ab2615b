"""`Monolingual`: one side's text as numbers of words, with the trigram model of its sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from distmatch.errors import InputError
from distmatch.languages.wordtrigram import WordTrigram
from distmatch.text.corpus import SENTENCE_END, Corpus

SENTENCE_START, SENTENCE_STOP = "<s>", "</s>"
"""Words before the first and after the last of a sentence."""
MAX_PACKED_WORDS = 65_000
"""Words that are told apart; phrases are packed into 16 bits per word."""
MAX_MORE_WORDS = 20_000
"""Words that only further text has."""
MAX_SENTENCE = 60
"""Tokens of a sentence that training uses; longer ones are left out."""
MIN_SENTENCES = 100
"""Sentences below which nothing can be learned."""
MAX_HELD, HELD = 300, 0.04
"""Sentences at the end of a text that no model is trained on, at most, and their share of the text."""


@dataclass(frozen=True)
class Sentences:
    """Sentences as one array.

    Args:
        ids: (t,) int32 words of all sentences.
        ends: (n + 1,) int64, sentence i is ids[ends[i]:ends[i + 1]].
    """

    ids: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, sentences: Iterable[Sequence[int] | np.ndarray]) -> Sentences:
        """Join lists of word numbers."""
        parts = [np.asarray(s, np.int32) for s in sentences]
        ends = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
        return cls(np.concatenate([np.zeros(0, np.int32), *parts]), ends)

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        return self.ids[self.ends[i] : self.ends[i + 1]]

    def select(self, rows: np.ndarray) -> Sentences:
        """Sentences of the given numbers."""
        return Sentences.of(self[i] for i in rows)


@dataclass(frozen=True)
class Monolingual:
    """A side: its vocabulary, its sentences and a model of them.

    Args:
        words: the vocabulary, SENTENCE_START and SENTENCE_STOP first, then the most frequent first.
        counts: (V,) occurrences in the text.
        text: the sentences to learn from.
        more: further sentences of the language, for word vectors only.
        held: sentences of the same text that nothing is trained on, in their order.
    """

    words: tuple[str, ...]
    counts: np.ndarray
    text: Sentences
    more: Sentences = field(default_factory=lambda: Sentences.of([]))
    held: Sentences = field(default_factory=lambda: Sentences.of([]))

    @classmethod
    def read(
        cls, lines: Iterable[Sequence[str]], more: Iterable[Sequence[str]] = (), *, name: str = ""
    ) -> Monolingual:
        """Number the words of tokenised, lower-cased sentences.

        Args:
            lines: tokens of each sentence.
            more: likewise, of other text of the language; words that only it has count as well.
            name: of the file, for errors.

        Raises:
            InputError: too few sentences.
        """
        own = [s for s in lines if 0 < len(s) <= MAX_SENTENCE]
        other = [s for s in more if 0 < len(s) <= MAX_SENTENCE]
        if len(own) < MIN_SENTENCES:
            raise InputError(
                f"{len(own)} sentences of 1 to {MAX_SENTENCE} words; training needs at least {MIN_SENTENCES}. "
                "Give running text, one sentence per line",
                path=name or None,
            )
        cut = len(own) - min(MAX_HELD, int(HELD * len(own)))
        first = Counter(t for s in own[:cut] for t in s)
        counts = Counter(t for s in other for t in s)
        order = sorted(first, key=lambda w: (-first[w], w))
        rest = sorted(
            (w for w in counts if w not in first and counts[w] > 2), key=lambda w: (-counts[w], w)
        )
        words = (SENTENCE_START, SENTENCE_STOP, *order, *rest[:MAX_MORE_WORDS])[:MAX_PACKED_WORDS]
        number = {w: i for i, w in enumerate(words)}
        totals = np.array([first[w] for w in words], np.int64)
        parts = (
            Sentences.of([number.get(t, len(words)) for t in s] for s in part)
            for part in (own[:cut], other, own[cut:])
        )
        return cls(words, totals, *parts)

    @cached_property
    def number(self) -> dict[str, int]:
        """Word to number."""
        return {word: i for i, word in enumerate(self.words)}

    def encode(self, tokens: Sequence[str]) -> np.ndarray:
        """Numbers of words; unknown ones are `len(words)`."""
        return np.array([self.number.get(t, len(self.words)) for t in tokens], np.int32)

    def corpus(self, *, marks: bool = False, more: bool = False) -> Corpus:
        """The text for models of words, with the ends of sentences as words if `marks`, and the further sentences if `more`."""
        first, last = ([0], [1, SENTENCE_END]) if marks else ([], [SENTENCE_END])
        texts = (self.text, self.more) if more else (self.text,)
        parts = [np.concatenate([first, text[i], last]) for text in texts for i in range(len(text))]
        tokens = np.concatenate(parts).astype(np.int32)
        counts = np.bincount(tokens[tokens >= 0], minlength=len(self.words) + 1)
        return Corpus(tokens, self.words, counts[: len(self.words)])

    @cached_property
    def model(self) -> WordTrigram:
        """Trigrams of the sentences with SENTENCE_START and SENTENCE_STOP."""
        return WordTrigram.train(self.corpus(marks=True), contexts=True)
