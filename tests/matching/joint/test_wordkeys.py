"""The lexicon of words that `compress --map lexicon` looks for."""

from __future__ import annotations

import numpy as np

from distmatch.maps.wordkey import WordKey
from distmatch.matching.joint.wordkeys import alike, find_word_map
from distmatch.planted import planted_book


def planted(seed: int, words: int, n: int) -> bytes:
    """Text of a random grammar in which every word has few successors."""
    rng = np.random.default_rng(seed)
    after = rng.integers(0, words, (words, 4))
    word, out = 0, []
    for draw in rng.choice(4, n, p=(0.6, 0.2, 0.15, 0.05)).tolist():
        out.append(b"w%d" % word)
        word = (
            int(after[word, draw]) if rng.random() < 0.9 else int(rng.integers(words) ** 2 / words)
        )
    return b" ".join(out)


def test_finds_a_planted_lexicon():
    text = planted(1, 40, 40_000)
    x, plain = text[: len(text) // 2], text[len(text) // 2 :]
    book = planted_book(plain.split(), first=0, seed=2)
    key = WordKey({b"%d" % number: word for word, number in book.items()})
    y = key.inverse(np.frombuffer(plain, np.uint8)).tobytes()
    assert not alike(x, y) and alike(x, plain)
    match = find_word_map(x, y)
    assert match is not None
    read = match.map(np.frombuffer(y, np.uint8)).tobytes().split()
    assert np.mean([a == b for a, b in zip(read, plain.split(), strict=True)]) > 0.9


def test_short_or_wordless_files_have_no_lexicon():
    assert find_word_map(b"a b " * 100, b"1 2 " * 100) is None
    assert find_word_map(b"\0" * 5000, b"1 2 " * 5000) is None
