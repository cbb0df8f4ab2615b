"""Plaintext of cipher and text tasks: corpora, sampled words, and `Plain`, what methods know of a language."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.errors import InputError
from distmatch.files import atomic_write, cache_folder, decode_text, read_bytes
from distmatch.languages.language import Language, load_language
from distmatch.languages.wordfrequency import WordList, expected_counts, word_list
from distmatch.text.alphabet import SPACE, Alphabet, fold

SOLVED_ACCURACY = 0.95
"""Share of letters from which a cipher counts as solved."""
MODEL_SHARE = 0.8
"""Share of a text, from its beginning, that methods may see; test material comes from the rest."""


@dataclass(frozen=True)
class Plain:
    """What methods know of Y: a language and, for those that need running text, some of it."""

    language: str
    spaces: bool
    path: Path | None = field(repr=False)
    known: tuple[tuple[str, str], ...] = ()
    """Symbols given away, with their letters."""

    def load(self) -> Language:
        """The language model."""
        return language_of(self.language, self.spaces)

    def letters(self, n: int) -> np.ndarray:
        """n codes (uint8) of running text that no cipher comes from; the space is the last code."""
        return alphabet_of(self.language).encode(self._shown(n), spaces=self.spaces)[:n]

    def _shown(self, n: int) -> str:
        if self.path is not None:
            text = corpus(self.path)
            return text[: min(int(MODEL_SHARE * len(text)), 2 * n + 1000)]
        return sampled_words(self.language, n, seed=10**6)

    def reference(self) -> Path:
        """A file of all the running text that methods may see, in the cache folder.

        Raises:
            InputError: the task has no text, or there is no cache folder to write to.
        """
        folder = cache_folder()
        if self.path is None or folder is None:
            raise InputError(
                "this needs a task with a data file `text`, and a cache folder that can be written"
            )
        text = corpus(self.path)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        file = folder / "benchmark" / f"shown-{digest}.txt"
        if not file.exists():
            with atomic_write(file) as handle:
                handle.write(text[: int(MODEL_SHARE * len(text))])
        return file

    def bigrams(self) -> np.ndarray:
        """(A, A) float64 relative frequencies of pairs of symbols in the language, in closed form."""
        return _bigrams(self.language, self.spaces)


def excerpt(path: Path | None, axes: Mapping[str, Any], seed: int) -> str:
    """Text of the wanted number of letters, cut at a word."""
    length = int(axes["length"]) + int(axes["held_out"])
    if path is None:
        text = sampled_words(axes["language"], length, seed)
    else:
        whole = corpus(path)
        first = int(MODEL_SHARE * len(whole))
        rng = np.random.default_rng([seed, int(axes["length"]), 5])
        start = int(rng.integers(first, max(len(whole) - 8 * length, first + 1)))
        text = whole[whole.find(SPACE, start) + 1 :][: 8 * length]
    letters = 0
    for end, char in enumerate(text):
        letters += char != SPACE
        if letters == length:
            return text[: end + 1]
    raise InputError(
        f"the text has fewer than {length} letters after its first {MODEL_SHARE:.0%}", path=path
    )


@functools.lru_cache(maxsize=2)
def corpus(path: Path) -> str:
    return fold(decode_text(read_bytes(path), path))


@functools.lru_cache(maxsize=4)
def _words(language: str) -> WordList:
    return word_list(language)


@functools.lru_cache(maxsize=8)
def _bigrams(language: str, spaces: bool) -> np.ndarray:
    return expected_counts(_words(language), 2, spaces=spaces)


@functools.lru_cache(maxsize=8)
def language_of(name: str, spaces: bool) -> Language:
    return load_language(name, spaces=spaces)


def alphabet_of(language: str) -> Alphabet:
    return language_of(language, False).alphabet


def sampled_words(language: str, letters: int, seed: int) -> str:
    """Independent words by their frequency: text for where there is no corpus."""
    words = _words(language)
    rng = np.random.default_rng([seed, 3])
    drawn = rng.choice(len(words.frequency), size=letters // 2 + 20, p=words.frequency)
    return SPACE.join(
        words.alphabet.decode(words.flat[words.starts[i] : words.starts[i + 1]]) for i in drawn
    )
