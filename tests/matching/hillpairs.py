"""A kind of cipher for `test_new_kind.py`: pairs of letters, c1 = p1 + a and c2 = p2 + p1 + b modulo the alphabet.

Like Playfair, a letter's plaintext depends on its neighbour, so no table of symbols to letters reads it. This file and a
line in `KINDS` are all that `decipher`, `encipher`, the command line and the benchmark need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np

from distmatch.maps.key import Key
from distmatch.matching.keys.reading import are_letters, of_problem, plausible, spaced
from distmatch.matching.keys.simple import conclude_letters
from distmatch.matching.keys.tasks import shuffled
from distmatch.matching.symbols.cipherkind import CipherKind, Enciphered, Recipe
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading
from distmatch.progress import Effort


def decoded(codes: np.ndarray, a: int, b: int, size: int) -> np.ndarray:
    """(n,) letters of (n,) cipher letters."""
    plain = (codes - a) % size
    second = plain[1::2]
    second[:] = (codes[1::2] - plain[0::2][: len(second)] - b) % size
    return plain


@dataclass(frozen=True)
class PairKey(Key):
    """The two shifts, in `detail`."""

    def __call__(self, symbols: Sequence[str], /) -> list[str]:
        """f(X), by pairs."""
        alphabet = str(self.detail["alphabet"])
        codes = np.array([alphabet.index(symbol.lower()) for symbol in symbols])
        a, b = (int(str(self.detail[name])) for name in ("a", "b"))
        return [alphabet[letter] for letter in decoded(codes, a, b, len(alphabet))]


def _applies(problem: Problem) -> bool:
    return problem.spaces != "enciphered" and are_letters(problem.source, problem.language)


def _tried(problem: Problem, readings: Sequence[Reading]) -> bool:
    return not plausible(readings, len(problem.source))


def _search(problem: Problem, effort: Effort) -> list[Reading]:
    language = problem.language
    alphabet = language.alphabet.letters
    size = len(alphabet)
    codes = np.array([alphabet.index(n.lower()) for n in problem.source.names])[
        problem.source.symbols
    ]
    texts = {
        (a, b): spaced(problem, decoded(codes, a, b, size).astype(np.uint8))
        for a in range(size) for b in range(size)
    }  # fmt: skip
    costs = {key: float(language.ngram_bits(text).sum()) for key, text in texts.items()}
    readings = []
    for a, b in sorted(costs, key=costs.__getitem__)[:4]:
        key = PairKey(
            {}, "hill-pairs", detail={"a": a, "b": b, "alphabet": alphabet}, bits=2 * log2(size)
        )
        bits = language.total_bits(texts[a, b])
        found = Reading(
            map=key, letters=texts[a, b], text=bits, map_bits=key.bits, found=4, language_bits=bits
        )
        readings.append(of_problem(found, problem))
    return sorted(readings, key=lambda reading: reading.total)


def _control(problem: Problem, reading: Reading, effort: Effort) -> float:
    return _search(replace(problem, source=shuffled(problem.source, effort.seed)), effort)[0].total


def _encipher(letters: np.ndarray, recipe: Recipe) -> Enciphered:
    size = len(recipe.alphabet)
    a, b = (int(shift) for shift in recipe.rng.integers(1, size, 2))
    codes = (letters + a) % size
    second = codes[1::2]
    second[:] = (letters[1::2] + letters[0::2][: len(second)] + b) % size
    return Enciphered(codes=codes, key={"a": a, "b": b}, bits=2 * log2(size))


HILL_PAIRS = CipherKind(
    name="hill-pairs", says="pairs of letters, the second shifted by the first", applies=_applies, search=_search,
    control=_control, conclude=conclude_letters, encipher=_encipher, tried=_tried, traits=frozenset({"exhaustive"}),
)  # fmt: skip
