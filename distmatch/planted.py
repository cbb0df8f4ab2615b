"""Problems with a known answer, for tests, benchmarks and calibrations: rotations, keys, code books, word ciphers, texts.

Everything is a pure function of its seed. Vectors are float32 arrays; texts of symbols are int64 arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import numpy as np

PROSE = (
    "It was late in the evening when the old fisherman came home from the harbour. His daughter had lit the lamp and "
    "put the supper on the table, and she asked him what the weather would be like in the morning. He looked at the "
    "sky for a while before he answered that the wind was turning to the north, and that no boat should leave the bay "
    "until the storm had passed. Then they sat together by the fire and listened to the sea, which was louder than on "
    "any other night of that long and bitter winter. In the morning the whole village stood on the shore and waited."
)
"""English prose, 450 letters."""
FREQUENT_WORDS = (
    "the of and to in he was that his it had with as for her not at she on but be him they from all this which by so "
    "were one said no have would there when or out up then could into what their like more if down some about old who"
).split()


Word = TypeVar("Word", str, bytes)


class PlantedRotation(NamedTuple):
    """Two clouds that a rotation takes into each other.

    Args:
        source: (n, d).
        target: (n, d') rotated and noisy rows of the source, in another order.
        order: (n,) row of the source that each row of the target is.
    """

    source: np.ndarray
    target: np.ndarray
    order: np.ndarray


class PlantedKey(NamedTuple):
    """A text under a key.

    Args:
        cipher: (n,) symbols.
        plain: (n,) symbols of the plaintext.
        table: (K,) plaintext symbol of each cipher symbol.
    """

    cipher: np.ndarray
    plain: np.ndarray
    table: np.ndarray


def word_cloud(n: int, d: int, *, seed: int = 0) -> np.ndarray:
    """(n, d) rows with the spectrum and the clusters of word vectors."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((40, d)) * np.linspace(2.0, 0.3, d)
    rows = centres[rng.integers(0, 40, n)] + rng.standard_normal((n, d)) * np.linspace(1.5, 0.3, d)
    return rows.astype(np.float32)


def ranked_rotation(
    n: int = 700, d: int = 20, *, noise: float = 0.2, wider: int = 0, seed: int = 0
) -> PlantedRotation:
    """A `word_cloud` and its rotation into d + wider dimensions; ranks differ by about a tenth, as between languages.

    Args:
        n: rows.
        d: dimensions of the source.
        noise: standard deviation, in units of the cloud's.
        wider: additional dimensions of the target.
        seed: of cloud, rotation, noise and ranks.
    """
    rng = np.random.default_rng(seed + 1)
    rows = word_cloud(n, d, seed=seed)
    turn = np.linalg.qr(rng.standard_normal((d + wider, d + wider)))[0][:d]
    other = rows @ turn + noise * rows.std() * rng.standard_normal((n, d + wider))
    order = np.argsort(np.log(np.arange(n) + 1) + 0.1 * rng.standard_normal(n))
    return PlantedRotation(rows, other[order].astype(np.float32), order)


def clustered_rotation(
    n: int = 2_000, d: int = 30, *, clusters: int = 20, seed: int = 0
) -> PlantedRotation:
    """Rows in clusters of equal weight and their rotation, in random order."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, d))
    x = centres[rng.integers(0, clusters, n)] + 0.5 * rng.standard_normal((n, d))
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    order = rng.permutation(n)
    return PlantedRotation(x.astype(np.float32), (x @ turn)[order].astype(np.float32), order)


def unranked_rotation(
    n: int, d: int, wide: int, *, noise: float = 0.2, seed: int = 0
) -> PlantedRotation:
    """Unit rows in clusters of unequal size, as of text embeddings, rotated into `wide` dimensions, in random order."""
    rng = np.random.default_rng(seed)
    spectrum = np.arange(1, d + 1) ** -0.5
    centres = rng.normal(size=(n // 10, d))
    weights = np.arange(1, len(centres) + 1) ** -0.5
    label = rng.choice(len(centres), n, p=weights / weights.sum())
    x = (centres[label] + 0.7 * rng.normal(size=(n, d)) + 0.5 * rng.normal(size=d)) * spectrum
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    rotation = np.linalg.qr(rng.normal(size=(wide, wide)))[0][:d]
    order = rng.permutation(n)
    y = (x @ rotation + noise / wide**0.5 * rng.normal(size=(n, wide)))[order]
    return PlantedRotation(x.astype(np.float32), y.astype(np.float32), order)


def symbol_text(n: int, size: int, *, language: int, draw: int = 0) -> np.ndarray:
    """(n,) symbols of a random order-2 language, in which few symbols are likely after any two.

    Args:
        n: length.
        size: symbols of the language.
        language: its seed.
        draw: which text of the language.
    """
    chances = np.random.default_rng(language).dirichlet(np.full(size, 0.08), (size, size))
    cumulative = chances.cumsum(axis=2)
    rng = np.random.default_rng([language, draw, 1])
    out = np.zeros(n, np.int64)
    for t, u in enumerate(rng.random(n)):
        row = cumulative[out[t - 2], out[t - 1]]
        out[t] = min(int(np.searchsorted(row, u)), size - 1)
    return out


def planted_key(plain: np.ndarray, size: int, *, homophones: int = 1, seed: int = 0) -> PlantedKey:
    """A text of `size` symbols under a random key with so many homophones per symbol, drawn with equal probability."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(size * homophones)
    table = np.empty(len(names), np.int64)
    table[names] = np.arange(len(names)) // homophones
    cipher = names[plain * homophones + rng.integers(0, homophones, len(plain))]
    return PlantedKey(cipher, plain, table)


def word_text(n: int, size: int = 60, *, language: int = 11, draw: int = 0) -> list[str]:
    """n words `waa`, `wab`, ... of a random language in which every word has a few likely followers.

    Args:
        n: length.
        size: words of the language, up to 676.
        language: its seed.
        draw: which text of the language.
    """
    follows = np.random.default_rng(language).dirichlet(np.full(size, 0.08), size)
    rng = np.random.default_rng(draw)
    out, at = [], 0
    for _ in range(n):
        at = int(rng.choice(size, p=0.9 * follows[at] + 0.1 / size))
        out.append(f"w{chr(97 + at // 26)}{chr(97 + at % 26)}")
    return out


def planted_book(
    words: Iterable[Word], *, alphabetical: bool = False, first: int = 1, step: int = 1, seed: int = 0
) -> dict[Word, int]:  # fmt: skip
    """A code book: word to number, for the different ones among `words`.

    Args:
        words: of any order, repeated or not.
        alphabetical: numbers in the order of the words (a one-part book); else at random (two-part).
        first: the lowest number.
        step: distance of two numbers.
        seed: of the order.
    """
    names = sorted(set(words))
    numbers = first + step * np.arange(len(names))
    if not alphabetical:
        np.random.default_rng(seed).shuffle(numbers)
    return dict(zip(names, numbers.tolist(), strict=True))


def shifted(text: str, key: str) -> str:
    """A text whose letters a to z are moved by those of a key word in turn (Vigenère); capitals and marks stay."""
    out, at = [], 0
    for char in text:
        base = ord("A") if "A" <= char <= "Z" else ord("a")
        if 0 <= ord(char) - base < 26:
            char = chr(base + (ord(char) - base + ord(key[at % len(key)]) - ord("a")) % 26)
            at += 1
        out.append(char)
    return "".join(out)


def english_bytes(n: int, *, seed: int) -> bytes:
    """n bytes of frequent English words in random order, their frequencies by Zipf's law."""
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(1, len(FREQUENT_WORDS) + 1)
    chosen = rng.choice(len(FREQUENT_WORDS), n, p=weight / weight.sum())
    return " ".join(FREQUENT_WORDS[w] for w in chosen).encode()[:n]


def byte_cipher(plain: bytes, *, seed: int) -> tuple[bytes, dict[int, int]]:
    """Bytes under a random permutation of those that occur, and the key: cipher byte to plain byte."""
    names = sorted(set(plain))
    other = np.random.default_rng(seed).permutation(names)
    key = dict(zip(names, map(int, other), strict=True))
    return bytes(key[c] for c in plain), {cipher: letter for letter, cipher in key.items()}


def text_pair(n: int, m: int, *, relation: str = "key", seed: int = 0) -> tuple[bytes, bytes]:
    """Two texts, of n and m bytes, of a known relation.

    Args:
        n: bytes of the first.
        m: bytes of the second.
        relation: "same" language, the same under a "key", or random bytes ("none").
        seed: of both texts and the key.

    Raises:
        ValueError: another relation.
    """
    x, y = english_bytes(n, seed=seed), english_bytes(m, seed=seed + 1)
    if relation == "same":
        return x, y
    if relation == "key":
        return x, byte_cipher(y, seed=seed + 2)[0]
    if relation == "none":
        return x, np.random.default_rng(seed + 3).bytes(m)
    raise ValueError(f"unknown relation {relation!r}. Use same, key or none")


NOUNS, ADJECTIVES, VERBS, PREPOSITIONS = 60, 30, 30, 5
"""Words of the planted languages."""


def _spelled(rng: np.random.Generator) -> str:
    parts = ["ba", "do", "ki", "lu", "me", "no", "pi", "ra", "su", "te", "va", "zo"]
    return "".join(rng.choice(parts, 3))


def _peaked(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Rows of probabilities, each with a few favourites, over a common Zipf law."""
    law = 1.0 / (np.arange(columns) + 2.0)
    favours = rng.gamma(0.1, 1.0, (rows, columns)) + 0.002
    chance = law * favours
    return chance / chance.sum(axis=1, keepdims=True)


class PlantedLanguages:
    """One grammar with two vocabularies; adjectives stand before the noun in the first language, after it in the second."""

    def __init__(self, seed: int = 0) -> None:
        rng = self.rng = np.random.default_rng(seed)
        zipf = 1.0 / (np.arange(NOUNS) + 2.0)
        self.noun = zipf / zipf.sum()
        self.adjective = _peaked(rng, NOUNS, ADJECTIVES)
        self.verb = _peaked(rng, NOUNS, VERBS)
        self.object = _peaked(rng, VERBS, NOUNS)
        self.preposition = _peaked(rng, VERBS, PREPOSITIONS)
        sizes = NOUNS + ADJECTIVES + VERBS + PREPOSITIONS + 2
        words = []
        while len(words) < 2 * sizes:
            words = list(dict.fromkeys([*words, _spelled(rng)]))
        self.words = words[:sizes], words[sizes : 2 * sizes]

    def _phrase(self, noun: int) -> tuple[int, int | None, int]:
        """Article, noun, and an adjective in half of the cases."""
        adjective = NOUNS + self.rng.choice(ADJECTIVES, p=self.adjective[noun])
        described = self.rng.random() < 0.5
        article = NOUNS + ADJECTIVES + VERBS + PREPOSITIONS + int(self.rng.random() < 0.3)
        return article, adjective if described else None, noun

    def sentence(self) -> tuple[str, str]:
        """The same sentence in both languages."""
        noun = self.rng.choice(NOUNS, p=self.noun)
        verb = self.rng.choice(VERBS, p=self.verb[noun])
        other = self.rng.choice(NOUNS, p=self.object[verb])
        middle = [NOUNS + ADJECTIVES + verb]
        if self.rng.random() < 0.6:
            where = self.rng.choice(PREPOSITIONS, p=self.preposition[verb])
            middle.append(NOUNS + ADJECTIVES + VERBS + where)
        phrases = self._phrase(noun), self._phrase(other)
        out = []
        for before, words in zip((True, False), self.words, strict=True):
            made = []
            for number, (article, adjective, noun_) in enumerate(phrases):
                inner = [adjective, noun_] if before else [noun_, adjective]
                made += [article, *(i for i in inner if i is not None)]
                if number == 0:
                    made += middle
            out.append(" ".join(words[i] for i in made).capitalize() + ".")
        return out[0], out[1]

    def unpaired(self, n: int) -> tuple[list[str], list[str]]:
        """n sentences of the first language and n of the second, of other meanings."""
        return [self.sentence()[0] for _ in range(n)], [self.sentence()[1] for _ in range(n)]

    def paired(self, n: int) -> tuple[list[str], list[str]]:
        """n sentences in both languages."""
        both = [self.sentence() for _ in range(n)]
        return [x for x, _ in both], [y for _, y in both]
