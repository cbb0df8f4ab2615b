"""Simple substitution: every letter has one symbol of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from distmatch.matching.symbols.cipherkind import CipherKind, Enciphered, Recipe, always
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.progress import Effort

if TYPE_CHECKING:
    from distmatch.matching.decipherment import Decipherment

QUICK_RESTARTS = 6
"""Annealing runs where the language is one of many."""
QUICK_CONTROL = 20_000
"""Steps of the homophonic control where the reading is fluent and the text long."""


def letters_of(problem: Problem) -> int:
    """Number of letters that symbols may stand for."""
    enciphered = problem.spaces == "enciphered"
    return problem.language.size if enciphered else len(problem.language.alphabet)


def substitutions(kind: str, problem: Problem, effort: Effort) -> list[Reading]:
    """Readings by `KeySearch`, once for every way to obey the cribs."""
    from distmatch.ciphers.cribs import crib_keys, excluded
    from distmatch.maps.key import Key
    from distmatch.matching.keys.reading import of_problem
    from distmatch.matching.keys.substitution import KeySearch

    language, names = problem.language, problem.source.names
    never = excluded(problem.cribs, problem.text, language)
    readings = []
    for fixed, bonus in crib_keys(problem.cribs, problem.text, language, kind == "simple"):
        search = KeySearch(
            kind=kind, threads=effort.threads, cribs=fixed, time_limit=effort.clock.wall_left,
            budget=effort.clock, patient=problem.patient,
            restarts=QUICK_RESTARTS if problem.quick else problem.restarts,
            space_enciphered=problem.spaces == "enciphered", excluded=never,
        )  # fmt: skip
        for found in search.search(
            problem.text, language, seed=effort.seed, progress=effort.progress
        ):
            letters = language.alphabet.decode(found.map.table)
            key = Key(dict(zip(names, letters, strict=True)), kind, bits=found.map_bits - bonus)
            readings.append(
                of_problem(
                    Reading(
                        map=key, letters=found.letters, text=found.text, map_bits=key.bits, found=found.found,
                        language_bits=found.language_bits,
                    ), problem,
                )
            )  # fmt: skip
    return readings


def substitution_control(kind: str, problem: Problem, reading: Reading, effort: Effort) -> float:
    """Total bits of one restart on the shuffled ciphertext; a short one where the text is fluent, since the gain is then
    large whatever the control.
    """
    from distmatch.matching.keys.reading import excess, unicity_of
    from distmatch.matching.keys.substitution import KeySearch
    from distmatch.matching.keys.tasks import convincing, shuffled

    determined = len(reading.letters) / unicity_of(reading)
    quick = kind == "homophonic" and convincing(excess(reading), determined, homophonic=True)
    search = KeySearch(
        kind=kind, threads=1, restarts=1, polish=0, space_enciphered=problem.spaces == "enciphered",
        moves=QUICK_CONTROL if quick else 0, time_limit=effort.clock.wall_left,
    )  # fmt: skip
    text = shuffled(problem.text, effort.seed)
    return search.search(text, problem.language, seed=effort.seed)[0].total


def conclude_letters(
    readings: Sequence[Reading], control: float | None, effort: Effort, traits: frozenset[str]
) -> Decipherment:
    """The verdict of every kind whose symbols stand for letters."""
    from distmatch.matching.keys.verdict import conclude

    return conclude(readings, control, effort, traits)


def _applies(problem: Problem) -> bool:
    return len(problem.source.names) <= letters_of(problem)


def _search(problem: Problem, effort: Effort) -> list[Reading]:
    from distmatch.matching.keys.keyed import keyed_reading

    readings = substitutions("simple", problem, effort)
    keyed = keyed_reading(problem, min(readings, key=total_bits)) if readings else None
    return readings if keyed is None else [keyed, *readings]


def _control(problem: Problem, reading: Reading, effort: Effort) -> float:
    return substitution_control("simple", problem, reading, effort)


def _encipher(letters: np.ndarray, recipe: Recipe) -> Enciphered:
    permutation = recipe.rng.permutation(len(recipe.alphabet))
    names = recipe.alphabet.letters
    key: dict[str, object] = {names[c]: names[p] for p, c in enumerate(permutation)}
    return Enciphered(codes=permutation[letters], key=key)


SIMPLE = CipherKind(
    name="simple", says="every letter has one symbol of its own", applies=_applies, search=_search, control=_control,
    conclude=conclude_letters, encipher=_encipher, tried=always, traits=frozenset({"exchangeable"}),
)  # fmt: skip
