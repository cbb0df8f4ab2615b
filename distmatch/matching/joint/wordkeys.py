"""The substitution of words that makes Y look like X, for `distmatch compress --map lexicon`."""

from __future__ import annotations

from collections import Counter

import numpy as np

from distmatch.languages.symbols import SymbolModel
from distmatch.maps.wordkey import WordKey, words_of
from distmatch.matching.match import Match
from distmatch.matching.symbols.softlexicon import WordLexicon
from distmatch.progress import Progress, silent

VOCABULARY = 500
"""Most words of the lexicon: a step of the search takes its cube."""
RAREST = 8
"""Occurrences of the rarest word of the lexicon."""
MIN_LEXICON_WORDS = 1000
"""Words of either file below which no lexicon is looked for."""
MAX_WORD_BYTES = 16 << 20
"""Bytes of either file that are counted."""
ALIKE = 0.5
"""Share of Y's tokens that occur in X from which Y is taken to be in X's words already."""


def find_word_map(
    x: bytes,
    y: bytes,
    *,
    vocabulary: int = VOCABULARY,
    seed: int = 0,
    progress: Progress = silent,
) -> Match[WordKey] | None:
    """A one-to-one lexicon of the most frequent words of both; None if there are too few words.

    The bits of the match are those of the word pairs and only serve the search: what the lexicon is worth is the
    code's to say.
    """
    sides = [words_of(x[:MAX_WORD_BYTES]), words_of(y[:MAX_WORD_BYTES])]
    if min(map(len, sides)) < MIN_LEXICON_WORDS:
        return None
    ranked = [_frequent(words, vocabulary) for words in sides]
    size = min(map(len, ranked))
    if size < 2:
        return None
    names = [words[:size] for words in ranked]
    source, target = (_codes(words, known) for words, known in zip(sides, names, strict=True))
    model = SymbolModel.fit(source, size + 1, order=2)
    match = WordLexicon(kind="bijection").match(
        target, model, symbols=size + 1, known=((size, size),), seed=seed, progress=progress
    )
    table = match.map.table
    pairs = {names[1][c]: names[0][table[c]] for c in range(size) if table[c] < size}
    return Match(
        map=WordKey(pairs, match.bits.map), bits=match.bits, confidence=None, reason=match.reason, method=match.method,
        seed=seed, seconds=match.seconds, cpu_seconds=match.cpu_seconds, history=match.history, extra=match.extra,
    )  # fmt: skip


def alike(x: bytes, y: bytes) -> bool:
    """Whether Y uses X's words already."""
    known = set(words_of(x[:MAX_WORD_BYTES]))
    words = words_of(y[:MAX_WORD_BYTES])
    return sum(word in known for word in words) >= ALIKE * len(words)


def _frequent(words: list[bytes], most: int) -> list[bytes]:
    counts = Counter(words)
    frequent = sorted((w for w, c in counts.items() if c >= RAREST), key=lambda w: (-counts[w], w))
    return frequent[:most]


def _codes(words: list[bytes], names: list[bytes]) -> np.ndarray:
    """Places in `names`; all other words are one sign, the last."""
    place = {word: k for k, word in enumerate(names)}
    return np.array([place.get(word, len(names)) for word in words], np.int64)
