"""Codes for words as kinds of cipher: numbers at random, and numbers in the alphabetical order of the words."""

from __future__ import annotations

from collections.abc import Sequence

from distmatch.matching.symbols.cipherkind import CipherKind
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading
from distmatch.progress import Effort

MIN_CODES = 100
"""Distinct tokens from which on "auto" takes them for words."""


def may_be_words(problem: Problem) -> bool:
    """Whether symbols are so many that each may stand for a word."""
    return problem.source.tokens and len(problem.source.names) >= MIN_CODES


def _tried(problem: Problem, readings: Sequence[Reading]) -> bool:
    return bool(problem.reference) and may_be_words(problem)


def _search(problem: Problem, effort: Effort) -> list[Reading]:
    raise NotImplementedError


def _control(problem: Problem, reading: Reading, effort: Effort) -> float:
    raise NotImplementedError


def _conclude(readings: Sequence[Reading], control: float | None, effort: Effort):
    raise NotImplementedError


WORD_CODE = CipherKind(
    name="word-code", says="every token stands for a word; needs --reference", applies=may_be_words, search=_search,
    control=_control, conclude=_conclude, tried=_tried, words=True,
)  # fmt: skip
DICTIONARY_CODE = CipherKind(
    name="dictionary-code", says="the same, and the numbers keep the alphabetical order of the words",
    applies=may_be_words, search=_search, control=_control, conclude=_conclude, words=True,
)  # fmt: skip
