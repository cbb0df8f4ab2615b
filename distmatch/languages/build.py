"""A language's model made from word frequencies, from running text, or from both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from distmatch.errors import InputError
from distmatch.files import read_text
from distmatch.languages import ngram, words
from distmatch.languages.model import Language
from distmatch.languages.runningtext import running_tables
from distmatch.languages.wordfrequency import (
    WordList,
    expected_counts,
    word_list,
    words_from_counts,
)
from distmatch.languages.wordpairs import NO_PAIRS, word_pairs
from distmatch.progress import Progress
from distmatch.text.alphabet import fold

LETTER_ORDER = 5
MAX_TABLE_ENTRIES = 40_000_000
HELD_OUT = 50_000
"""Last letters of a reference, held out to weight its long n-grams against the word model."""
MIXING_SHARES = (0.95, 0.9, 0.8, 0.65, 0.5, 0.35, 0.2)
"""Weights of the word model tried there."""


def build_language(
    name: str,
    base: str | None,
    spaces: bool,
    diacritics: bool,
    texts: Sequence[str],
    progress: Progress,
) -> Language:
    folded = [fold(read_text(path), diacritics=diacritics) for path in texts]
    joined = " ".join(folded)
    if texts and len(joined) < 2000:
        raise InputError("fewer than 2,000 letters of reference text", path=texts[0])
    own = words_of_text(joined, diacritics, texts[0]) if texts else None
    vocabulary = word_list(base, diacritics=diacritics) if base else own
    assert vocabulary is not None
    alphabet = vocabulary.alphabet
    size = len(alphabet) + (1 if spaces else 0)
    order = LETTER_ORDER
    while size**order > MAX_TABLE_ENTRIES:
        order -= 1
    progress(1, 4, phase=f"building the model of {name} (once)")
    probability = codes = None
    if base:
        counts = expected_counts(vocabulary, order, spaces=spaces)
        probability = ngram.interpolate(counts, total=ngram.STREAM_LETTERS)
    if texts:
        codes = alphabet.encode(joined, spaces=spaces)
        probability = ngram.mix_with_text(probability, codes, order, size)
    assert probability is not None
    progress(2, 4, phase=f"building the model of {name} (once)")
    with np.errstate(divide="ignore"):
        logprob = np.log2(probability)
    cost = ngram.costs(logprob)
    joint = ngram.joint_logprob(logprob)
    guess = ngram.best_letters(joint)
    short = ngram.costs(ngram.shorter(joint))
    progress(3, 4, phase=f"building the model of {name} (once)")
    if base and own is not None:
        vocabulary = _merge(vocabulary, own)
    trie = words.build_word_model(vocabulary, spaces=spaces)
    language = frozen(Language(name, alphabet, spaces, cost, short, guess, trie, 0.0))
    known = _sample(vocabulary, spaces)
    if codes is not None:
        cut = len(codes) - min(len(codes) // 20, HELD_OUT)
        held = codes[cut:]
        language = frozen(replace(language, running=running_tables(codes[:cut], cost)))
        share = min(MIXING_SHARES, key=lambda s: replace(language, share=s).total_bits(held))
        language = replace(language, share=share)
        known = held if len(held) >= 2_000 else known
    text_bits = float(language.bits(known).mean())
    pairs = NO_PAIRS
    if spaces and base and not texts:
        pairs = word_pairs(base, vocabulary, trie.child, trie.mass, trie.end)
    return replace(language, text_bits=text_bits, pairs=pairs)


def words_of_text(text: str, diacritics: bool, path: str) -> WordList:
    """The words of a folded text by frequency; `path` is named in errors.

    Raises:
        InputError: no letters, or too many different ones.
    """
    from collections import Counter

    counted = Counter(text.split()).most_common(250_000)
    return words_from_counts(
        [w for w, _ in counted],
        np.array([float(c) for _, c in counted]),
        diacritics=diacritics,
        path=path,
    )


def _merge(a: WordList, b: WordList) -> WordList:
    """Union of both vocabularies, each with half of the mass."""
    table: dict[str, float] = {}
    for part in (a, b):
        text = part.alphabet.decode(part.flat)
        for i, frequency in enumerate(part.frequency):
            word = text[part.starts[i] : part.starts[i + 1]]
            table[word] = table.get(word, 0.0) + frequency / 2
    allowed = set(a.alphabet.letters + " ")
    table = {word: mass for word, mass in table.items() if allowed.issuperset(word)}
    lengths = np.fromiter(map(len, table), np.int64, len(table))
    flat = a.alphabet.encode("".join(table), spaces=True)
    return WordList(
        a.alphabet,
        flat,
        np.concatenate([[0], np.cumsum(lengths)]),
        np.fromiter(table.values(), float),
    )


def _sample(vocabulary: WordList, spaces: bool) -> np.ndarray:
    """20,000 independent words sampled from the model: a right decoding needs about as many bits per letter."""
    rng = np.random.default_rng(0)
    chosen = rng.choice(
        len(vocabulary.frequency), 20_000, p=vocabulary.frequency / vocabulary.frequency.sum()
    )
    source = vocabulary if spaces else vocabulary.without_spaces()
    space = np.array([len(vocabulary.alphabet)], np.uint8)
    parts = []
    for word in chosen:
        parts.append(source.flat[source.starts[word] : source.starts[word + 1]])
        if spaces:
            parts.append(space)
    return np.concatenate(parts)


def frozen(language: Language) -> Language:
    """Read-only arrays, as from the cache: kernels compiled for one then serve the other."""
    own = (language.cost, language.short, language.guess)
    for array in (*own, *vars(language.words).values(), *language.running):
        array.flags.writeable = False
    return language
