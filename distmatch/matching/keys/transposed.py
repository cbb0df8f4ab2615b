"""Substitution, and the symbols written in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from distmatch.errors import InputError
from distmatch.matching.keys.simple import conclude_letters, substitution_control
from distmatch.matching.symbols.cipherkind import CipherKind
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading
from distmatch.progress import Effort

MIN_LENGTH = 200
"""Symbols from which on "auto" tries transpositions when nothing else is solved."""
MAX_MOVED_SYMBOLS = 120
"""Distinct symbols up to which it does."""


def too_short(problem: Problem) -> bool:
    """Whether the text is too short for its symbols to tell one order from another."""
    return len(problem.source) < MIN_LENGTH or len(problem.source.names) > MAX_MOVED_SYMBOLS


def _applies(problem: Problem) -> bool:
    return True


def _tried(problem: Problem, readings: Sequence[Reading]) -> bool:
    return not too_short(problem) and not problem.cribs


def _search(problem: Problem, effort: Effort) -> list[Reading]:
    """Readings of the text in another order: the one given, or the best of the families."""
    from distmatch.matching.keys.reordering import TranspositionScreen

    if problem.cribs:
        raise InputError(
            "cribs name places, which a transposition moves. Leave out --crib, or name another --kind"
        )
    view = replace(problem, target=problem.plain, spaces="removed")
    screen = TranspositionScreen(
        threads=effort.threads or 2, clock=effort.clock, patient=problem.patient
    )
    if view.transposition is not None:
        found = [screen.read(view.text, view.language, view.transposition, seed=effort.seed)]
    else:
        found = screen.search(view.text, view.language, seed=effort.seed)
    return [replace(reading, problem=view) for reading in found]


def _control(problem: Problem, reading: Reading, effort: Effort) -> float:
    return substitution_control("homophonic", problem, reading, effort)


TRANSPOSITION = CipherKind(
    name="transposition", says="substitution, and the symbols written in another order", applies=_applies, search=_search,
    control=_control, conclude=conclude_letters, tried=_tried, last=True, traits=frozenset({"homophonic"}),
)  # fmt: skip
