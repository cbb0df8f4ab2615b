"""Keys of a few bits: Caesar's shift, Atbash's mirror, and affine maps of the alphabet, all tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import gcd, log2
from typing import TYPE_CHECKING

import numpy as np

from distmatch.matching.keys.simple import conclude_letters
from distmatch.matching.symbols.cipherkind import CipherKind, Enciphered, Recipe, always
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading
from distmatch.progress import Effort
from distmatch.text.orders import orders_of

if TYPE_CHECKING:
    from distmatch.languages.model import Language

MIN_RANKED = 60
"""Letters below which every key is coded whole."""
MAX_CODED = 6
"""Keys that are coded whole, the best by n-grams."""
Factors = Callable[[int], Iterator[tuple[int, int]]]
"""Of alphabet length n: factor a and shift b of plain = (cipher - b) / a, modulo n."""


def _caesar(n: int) -> Iterator[tuple[int, int]]:
    return ((1, shift) for shift in range(n))


def _atbash(n: int) -> Iterator[tuple[int, int]]:
    return iter([(n - 1, n - 1)])


def _affine(n: int) -> Iterator[tuple[int, int]]:
    return ((a, b) for a in range(2, n) if gcd(a, n) == 1 for b in range(n))


def _applies(problem: Problem) -> bool:
    if problem.spaces == "enciphered":
        return False
    return any(_all_in(problem, order) for order in _orders(problem))


def _orders(problem: Problem) -> list[str]:
    return orders_of(problem.language.name, problem.language.alphabet.letters)


def _all_in(problem: Problem, order: str) -> bool:
    return all(len(name) == 1 and name.lower() in order for name in problem.source.names)


def _search(name: str, factors: Factors) -> Callable[[Problem, Effort], list[Reading]]:
    def search(problem: Problem, effort: Effort) -> list[Reading]:
        orders = [order for order in _orders(problem) if _all_in(problem, order)]
        readings = [
            reading for order in orders for reading in _of_order(name, factors, problem, order)
        ]
        choice = log2(len(orders)) if orders else 0.0
        charged = [replace(r, map=replace(r.map, bits=r.map_bits + choice)) for r in readings]
        return [replace(r, map_bits=r.map.bits) for r in charged]

    return search


def _of_order(name: str, factors: Factors, problem: Problem, order: str) -> list[Reading]:
    """Readings of the keys that one order of the alphabet allows and the cribs do not contradict."""
    from distmatch.ciphers.cribs import obeyed
    from distmatch.maps.key import Key
    from distmatch.matching.keys.reading import of_problem, spaced
    from distmatch.text.alphabet import fold

    language, size = problem.language, len(order)
    codes = np.array([order.index(n.lower()) for n in problem.source.names])
    marks = language.alphabet.diacritics
    letters = np.array(
        [_model_letter(language, fold(c, diacritics=marks)) for c in order], np.uint8
    )
    names, symbols = problem.source.names, problem.source.symbols
    keys = list(factors(size))
    places = [(codes - b) * pow(a, -1, size) % size for a, b in keys]
    short = len(symbols) < MIN_RANKED
    cost = language.total_bits if short else lambda text: float(language.ngram_bits(text).sum())
    costs = [cost(spaced(problem, letters[place][symbols])) for place in places]
    readings = []
    for best in np.argsort(costs, kind="stable")[:MAX_CODED]:
        a, b = keys[best]
        plain = [order[p] for p in places[best]]
        key = Key(
            dict(zip(names, plain, strict=True)), name, detail=_detail(name, a, b, order), bits=log2(len(keys))
        )  # fmt: skip
        if not obeyed(problem.cribs, [plain[s] for s in symbols], problem.source):
            continue
        text = spaced(problem, letters[places[best]][symbols])
        bits = language.total_bits(text)
        readings.append(
            of_problem(
                Reading(map=key, letters=text, text=bits, map_bits=key.bits, found=4, language_bits=bits), problem
            )
        )  # fmt: skip
    return readings


def _model_letter(language: Language, folded: str) -> int:
    """The letter of the model that a letter of the order is folded onto: the first of several."""
    code = language.alphabet.encode(folded[:1], spaces=False)
    return int(code[0]) if len(code) else 0


def _detail(name: str, a: int, b: int, order: str) -> dict[str, object]:
    detail: dict[str, object] = {"alphabet": order}
    if name == "caesar":
        return {"shift": b, **detail}
    return {"factor": a, "shift": b, **detail} if name == "affine" else detail


def _control(problem: Problem, reading: Reading, effort: Effort) -> float:
    """The best key of the kind on the shuffled text."""
    from distmatch.matching.keys.tasks import shuffled

    kind = next(kind for kind in SHIFTS if kind.name == reading.map.kind)
    mixed = replace(problem, source=shuffled(problem.source, effort.seed), cribs=())
    return min(found.total for found in kind.search(mixed, effort))


def _encipher(name: str, factors: Factors) -> Callable[[np.ndarray, Recipe], Enciphered]:
    def encipher(letters: np.ndarray, recipe: Recipe) -> Enciphered:
        size = len(recipe.alphabet)
        keys = list(factors(size))
        a, b = keys[int(recipe.rng.integers(name == "caesar", len(keys)))]
        key = _detail(name, a, b, recipe.alphabet.letters)
        return Enciphered(codes=(a * letters + b) % size, key=key)

    return encipher


def _kind(name: str, says: str, factors: Factors) -> CipherKind:
    return CipherKind(
        name=name, says=says, applies=_applies, search=_search(name, factors), control=_control,
        conclude=conclude_letters, encipher=_encipher(name, factors), tried=always, traits=frozenset({"exhaustive"}),
    )  # fmt: skip


CAESAR = _kind("caesar", "every letter shifted by the same number of places", _caesar)
ATBASH = _kind("atbash", "the alphabet mirrored: a stands for z", _atbash)
AFFINE = _kind(
    "affine", "places in the alphabet multiplied by one number and shifted by another", _affine
)
SHIFTS = (CAESAR, ATBASH, AFFINE)
