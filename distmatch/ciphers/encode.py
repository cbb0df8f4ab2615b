"""Making word codes of a known key, for tests and teaching."""

from __future__ import annotations

from collections import Counter

import numpy as np

from distmatch.errors import InputError
from distmatch.text.alphabet import fold


def encode_words(
    text: str, kind: str, *, seed: int = 0, vocabulary: int = 0, noise: float = 0.0, diacritics: bool = False
) -> dict[str, object]:  # fmt: skip
    """Replace every word of a text by a number; lines are kept.

    Args:
        text: any text; its codebook is made of all its words.
        kind: "word-code" numbers the codebook at random, "dictionary-code" in alphabetical order.
        seed: of the numbers and of the noise.
        vocabulary: keep only so many of the most frequent words in the text; 0 keeps all.
        noise: share of tokens replaced, left out, or put in, a third each.
        diacritics: keep letters with diacritics.

    Returns:
        kind, ciphertext and plaintext (lines of tokens and of words), key (number to word).

    Raises:
        InputError: no words.
    """
    rng = np.random.default_rng(seed)
    lines = [fold(line, diacritics=diacritics).split() for line in text.splitlines()]
    counted = Counter(word for line in lines for word in line)
    if len(counted) < 2:
        raise InputError("fewer than two words to encipher. Give some text")
    book = sorted(counted)
    kept = {word for word, _ in counted.most_common(vocabulary or None)}
    numbers = np.arange(1, len(book) + 1)
    if kind == "word-code":
        rng.shuffle(numbers)
    number = dict(zip(book, map(int, numbers), strict=True))
    plain = [[w for w in line if w in kept] for line in lines]
    choices = sorted(kept)
    written = []
    for line in plain:
        row: list[str] = []
        for word in line:
            fault = int(3 * rng.random()) if rng.random() < noise else -1
            if fault != 1:
                word = choices[int(rng.integers(len(choices)))] if fault == 0 else word
                row.append(str(number[word]))
            if fault == 2:
                row.append(str(number[choices[int(rng.integers(len(choices)))]]))
        written.append(" ".join(row))
    return {
        "kind": kind,
        "ciphertext": "\n".join(row for row in written if row),
        "plaintext": "\n".join(" ".join(line) for line in plain if line),
        "key": {str(number[word]): word for word in sorted(kept)},
    }
