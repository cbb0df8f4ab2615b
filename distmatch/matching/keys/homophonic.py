"""Homophonic substitution: a letter may have several symbols, and some symbols may stand for nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distmatch.errors import InputError
from distmatch.matching.keys.simple import (
    conclude_letters,
    letters_of,
    substitution_control,
    substitutions,
)
from distmatch.matching.symbols.cipherkind import CipherKind, Enciphered, Recipe
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.progress import Effort

MAX_OPEN = 400
"""Distinct symbols up to which "auto" tries homophones."""
LONG = 2.5
"""Unicity distances from which a homophonic key without nulls should have been found."""


def _applies(problem: Problem) -> bool:
    return problem.spaces != "enciphered"


def _tried(problem: Problem, readings: Sequence[Reading]) -> bool:
    from distmatch.matching.keys.reading import plausible

    symbols = len(problem.source.names)
    # Far fewer symbols than letters leave nothing for homophones.
    open_ = 0.7 * letters_of(problem) < symbols <= MAX_OPEN
    return open_ and not plausible(readings, len(problem.source))


def _search(problem: Problem, effort: Effort) -> list[Reading]:
    from distmatch.matching.keys.reading import plausible, unicity_of

    readings = substitutions("homophonic", problem, effort)
    best = min(readings, key=total_bits)
    likely = (
        problem.auto
        and not problem.cribs
        and not problem.quick
        and not plausible(readings, len(problem.source))
        and len(problem.source) > LONG * unicity_of(best)
    )
    if problem.nulls or likely:
        readings += _without_nulls(problem, effort)
    return readings


def _without_nulls(problem: Problem, effort: Effort) -> list[Reading]:
    from dataclasses import replace

    from distmatch.matching.keys.nulls import NullSearch
    from distmatch.matching.keys.reading import of_problem

    if problem.cribs:
        raise InputError(
            "cribs and --nulls do not go together: a null may stand anywhere in a word. Leave out one"
        )

    view = replace(problem, target=problem.plain, spaces="removed")
    search = NullSearch(threads=effort.threads, clock=effort.clock, patient=problem.patient)
    found = search.search(view.text, view.language, seed=effort.seed)
    return [] if found is None else [of_problem(found, view)]


def _control(problem: Problem, reading: Reading, effort: Effort) -> float:
    return substitution_control("homophonic", problem, reading, effort)


def _encipher(letters: np.ndarray, recipe: Recipe) -> Enciphered:
    rng, names = recipe.rng, recipe.alphabet.letters
    groups = shared_out(letters, len(names), recipe.symbols, rng)
    codes = np.array([rng.choice(groups[letter]) for letter in letters])
    key: dict[str, object] = {
        str(s): names[letter] for letter, group in groups.items() for s in group
    }
    if recipe.nulls:
        number = round(len(codes) * recipe.nulls / recipe.symbols)
        places = np.sort(rng.integers(0, len(codes) + 1, number))
        codes = np.insert(codes, places, recipe.symbols + rng.integers(0, recipe.nulls, number))
        key |= {str(recipe.symbols + number): "" for number in range(recipe.nulls)}
    return Enciphered(codes=codes, key=key, size=recipe.symbols + recipe.nulls)


def shared_out(
    letters: np.ndarray, size: int, symbols: int, rng: np.random.Generator
) -> dict[int, list[int]]:
    """Symbols of each letter that occurs, in proportion to its frequency (largest remainder, at least one)."""
    counts = np.bincount(letters, minlength=size)
    present = np.flatnonzero(counts)
    if symbols < len(present):
        raise InputError(
            f"{symbols} symbols are fewer than the {len(present)} letters of the text. Use more"
        )
    share = {int(letter): 1 for letter in present}
    for _ in range(symbols - len(present)):
        poorest = max(share, key=lambda letter: counts[letter] / share[letter])
        share[poorest] += 1
    order = [int(s) for s in rng.permutation(symbols)]
    return {letter: [order.pop() for _ in range(number)] for letter, number in share.items()}


HOMOPHONIC = CipherKind(
    name="homophonic", says="a letter may have several symbols", applies=_applies, search=_search, control=_control,
    conclude=conclude_letters, encipher=_encipher, tried=_tried, traits=frozenset({"homophonic", "exchangeable"}),
)  # fmt: skip
