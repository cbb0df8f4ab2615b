"""Codes for words as kinds of cipher: numbers at random, and numbers in the alphabetical order of the words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from distmatch.errors import InputError
from distmatch.matching.symbols.cipherkind import CipherKind, Enciphered, Recipe
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.progress import Effort

if TYPE_CHECKING:
    from distmatch.ciphers.codes import CodeBook
    from distmatch.languages.wordtext import WordText
    from distmatch.matching.codebooks.reading import CodeReading
    from distmatch.matching.decipherment import Decipherment

MIN_CODES = 100
"""Distinct tokens from which on "auto" takes them for words."""
LEGIBLE = 0.5
"""Bits per word above the reference's own text below which a text of two unicity distances counts as read."""
AMPLE = 8.0
"""Unicity distances of text from which on a key at random is found without the order of the numbers, if there is one."""


def may_be_words(problem: Problem) -> bool:
    """Whether symbols are so many that each may stand for a word."""
    return problem.source.tokens and len(problem.source.names) >= MIN_CODES


def _tried(problem: Problem, readings: Sequence[Reading]) -> bool:
    return bool(problem.reference) and may_be_words(problem)


def _search(problem: Problem, effort: Effort) -> list[Reading]:
    """Numbers at random, and in alphabetical order unless the first are read or determined without it."""
    from distmatch.matching.codebooks.dictionarycode import dictionary_readings
    from distmatch.matching.codebooks.wordcode import word_code_readings

    words, book = _reference(problem, "word-code")
    readings: list[CodeReading] = []
    if not book.endings and (book.family >= 0).any():
        readings = word_code_readings(problem, book, words, effort)
    tokens = len(problem.source)
    enough = bool(readings) and (
        (readings[0].excess < LEGIBLE and tokens > 2 * readings[0].unicity)
        or tokens > AMPLE * readings[0].unicity
    )
    if not enough and book.family.max(initial=-1) >= 0 and not (readings and effort.clock.expired):
        readings += dictionary_readings(problem, book, words, effort)
    return _ranked(readings)


def _search_alphabetical(problem: Problem, effort: Effort) -> list[Reading]:
    from distmatch.matching.codebooks.dictionarycode import dictionary_readings

    words, book = _reference(problem, "dictionary-code")
    if book.family.max(initial=-1) < 0:
        return _ranked([])
    return _ranked(dictionary_readings(problem, book, words, effort))


def _reference(problem: Problem, kind: str) -> tuple[WordText, CodeBook]:
    """The words of the reference, and the families of the codes."""
    from distmatch.ciphers.codes import code_book
    from distmatch.languages.wordtext import load_word_text

    if not problem.reference:
        raise InputError(
            f"kind {kind!r} needs --reference FILE: running text of the same sort as the plaintext, since "
            "word frequencies alone cannot tell one word from another"
        )
    words = load_word_text(problem.reference, diacritics=problem.diacritics)
    return words, code_book(problem.source.names)


def _ranked(readings: list[CodeReading]) -> list[Reading]:
    """Readings of the kind of the fewest bits first, those with samples before those without."""
    if not readings:
        raise InputError("more codes than the reference has words. Give more --reference text")
    fewest = min(readings, key=total_bits).map.kind
    ranked: list[Reading] = []
    ranked += sorted(
        readings, key=lambda r: (r.map.kind != fewest, r.evidence.belief == 0.0, r.total)
    )
    return ranked


def _control(problem: Problem, reading: Reading, effort: Effort) -> float:
    from distmatch.matching.codebooks.dictionarycode import dictionary_control
    from distmatch.matching.codebooks.wordcode import word_code_control

    assert reading.map.kind in ("word-code", "dictionary-code")
    control = word_code_control if reading.map.kind == "word-code" else dictionary_control
    return control(problem, cast("CodeReading", reading), effort)


def _conclude(
    readings: Sequence[Reading], control: float | None, effort: Effort, traits: frozenset[str]
) -> Decipherment:
    from distmatch.matching.codebooks.reading import conclude

    return conclude(cast("Sequence[CodeReading]", readings), control, effort)


def _encipher(words: np.ndarray, recipe: Recipe) -> Enciphered:
    return _numbered(words, recipe, recipe.rng.permutation(len(recipe.book)) + 1)


def _encipher_alphabetical(words: np.ndarray, recipe: Recipe) -> Enciphered:
    return _numbered(words, recipe, np.arange(1, len(recipe.book) + 1))


def _numbered(words: np.ndarray, recipe: Recipe, numbers: np.ndarray) -> Enciphered:
    """Words by their numbers, and the numbers that the text uses with their words."""
    key: dict[str, object] = {str(numbers[w]): recipe.book[w] for w in np.unique(words)}
    return Enciphered(codes=numbers[words], key=key, size=len(recipe.book) + 1)


WORD_CODE = CipherKind(
    name="word-code", says="every token stands for a word; needs --reference", applies=may_be_words, search=_search,
    control=_control, conclude=_conclude, encipher=_encipher, tried=_tried, words=True,
)  # fmt: skip
DICTIONARY_CODE = CipherKind(
    name="dictionary-code", says="the same, and the numbers keep the alphabetical order of the words",
    applies=may_be_words, search=_search_alphabetical, control=_control, conclude=_conclude,
    encipher=_encipher_alphabetical, words=True,
)  # fmt: skip
