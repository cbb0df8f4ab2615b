"""Alphabets used in turn: Vigenère, Beaufort and its variant by shifts, and mixed alphabets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from distmatch.matching.keys.simple import conclude_letters
from distmatch.matching.symbols.cipherkind import CipherKind, Enciphered, Recipe, never
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading
from distmatch.progress import Effort

MIN_MIXED = 300
"""Symbols from which on "auto" tries mixed alphabets."""
PERIODIC = ("vigenere", "beaufort", "variant-beaufort", "periodic")


def _applies(problem: Problem) -> bool:
    return problem.spaces != "enciphered"


def _tried(problem: Problem, readings: Sequence[Reading]) -> bool:
    from distmatch.matching.keys.reading import are_letters, plausible

    others = [reading for reading in readings if reading.map.kind not in PERIODIC]
    solved = plausible(others, len(problem.source))
    return (
        not solved
        and not problem.quick
        and problem.spaces != "enciphered"
        and are_letters(problem.source, problem.language)
    )


def _tried_mixed(problem: Problem, readings: Sequence[Reading]) -> bool:
    return len(problem.source) >= MIN_MIXED and _tried(problem, readings)


def _search(kind: str) -> Callable[[Problem, Effort], list[Reading]]:
    """Readings by a periodic key, searched for without word breaks; with those of the ciphertext they are coded again."""

    def search(problem: Problem, effort: Effort) -> list[Reading]:
        from distmatch.ciphers.cribs import obeyed
        from distmatch.matching.keys.polyalphabetic import PeriodicSearch
        from distmatch.matching.keys.reading import of_problem, spaced

        periods = PeriodicSearch(kinds=(kind,), deadline=effort.clock.began + effort.clock.limit)
        readings = []
        for found in periods.search(problem.source, problem.plain, seed=effort.seed):
            names = [problem.source.names[s] for s in problem.source.symbols]
            if not obeyed(problem.cribs, found.map(names), problem.source, somewhere=True):
                continue
            letters = spaced(problem, found.letters)
            bits = problem.language.total_bits(letters)
            coded = replace(found, letters=letters, text=bits, language_bits=bits)
            readings.append(of_problem(coded, problem))
        return readings

    return search


def _control(problem: Problem, reading: Reading, effort: Effort) -> float:
    """The same period on the shuffled text, one start."""
    from distmatch.matching.keys.polyalphabetic import PeriodicSearch
    from distmatch.matching.keys.reading import spaced
    from distmatch.matching.keys.tasks import shuffled

    key = reading.map
    search = PeriodicSearch(kinds=(key.kind,), longest_period=key.period, starts=1)
    mixed = replace(problem, source=shuffled(problem.source, effort.seed))
    found = search.search(mixed.text, problem.plain, seed=effort.seed)[0]
    return problem.language.total_bits(spaced(mixed, found.letters)) + found.map_bits


def _shifted(sign_plain: int, sign_key: int) -> Callable[[np.ndarray, Recipe], Enciphered]:
    def encipher(letters: np.ndarray, recipe: Recipe) -> Enciphered:
        size = len(recipe.alphabet)
        shifts = recipe.rng.integers(0, size, recipe.period)
        moved = shifts[np.arange(len(letters)) % recipe.period]
        codes = (sign_plain * letters + sign_key * moved) % size
        return Enciphered(codes=codes, key={"key": recipe.alphabet.decode(shifts)})

    return encipher


def _mixed(letters: np.ndarray, recipe: Recipe) -> Enciphered:
    size = len(recipe.alphabet)
    alphabets = np.stack([recipe.rng.permutation(size) for _ in range(recipe.period)])
    codes = alphabets[np.arange(len(letters)) % recipe.period, letters]
    return Enciphered(
        codes=codes, key={"alphabets": [recipe.alphabet.decode(row) for row in alphabets]}
    )


def _kind(name: str, says: str, tried, encipher) -> CipherKind:
    return CipherKind(
        name=name, says=says, applies=_applies, search=_search(name), control=_control, conclude=conclude_letters,
        encipher=encipher, tried=tried,
        traits=frozenset({"periodic"}),
    )  # fmt: skip


VIGENERE = _kind("vigenere", "shifts by a key word: cipher = plain + key", _tried, _shifted(1, 1))
BEAUFORT = _kind("beaufort", "shifts by a key word: cipher = key - plain", _tried, _shifted(-1, 1))
VARIANT_BEAUFORT = _kind(
    "variant-beaufort", "shifts by a key word: cipher = plain - key", never, _shifted(1, -1)
)
MIXED = _kind("periodic", "several mixed alphabets used in turn", _tried_mixed, _mixed)
