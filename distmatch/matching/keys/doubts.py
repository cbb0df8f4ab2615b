"""Letters in doubt: for every symbol the best other reading, what it costs in bits, and the share of letters likely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np

from distmatch.languages.model import PROBABILITY
from distmatch.maps.key import Key, bijection_bits
from distmatch.matching.keys.exchangekernel import exchange_bits
from distmatch.matching.keys.tasks import with_spaces
from distmatch.matching.symbols.reading import Reading

MAX_COST = 16.0
"""Bits above the answer beyond which a neighbour is no doubt at all."""
DOUBTFUL = 7.0
"""Bits below which another letter is named: odds of 1 in 128."""
MAX_LETTERS = 4_000
"""First symbols of a long text that the neighbours are coded on."""


@dataclass(frozen=True)
class Doubt:
    """A symbol that may stand for another letter.

    Args:
        symbol: as it is named.
        letter: in the answer.
        other: the best other letter.
        bits: what that costs; the odds against it are 2 ** bits.
    """

    symbol: str
    letter: str
    other: str
    bits: float

    def to_json(self) -> dict[str, object]:
        """As JSON values."""
        return {
            "symbol": self.symbol, "letter": self.letter, "other": self.other, "bits": round(self.bits, 2),
        }  # fmt: skip


@dataclass(frozen=True)
class Doubts:
    """The neighbours of one answer.

    Args:
        named: symbols whose best other letter costs less than `DOUBTFUL` bits, the most doubtful first.
        wrong: expected share of letters that are wrong, by the posterior over the neighbours.
        costs: (K, A) bits of every neighbour, infinity where it is of no interest.
    """

    named: tuple[Doubt, ...]
    wrong: float
    costs: np.ndarray


def doubts_of(reading: Reading[Key], traits: frozenset[str]) -> Doubts | None:
    """Doubts about a key with one letter per symbol; None for other keys.

    Args:
        reading: the answer.
        traits: of its kind, see `CipherKind`.
    """
    problem, key = reading.problem, reading.map
    if problem is None or "exchangeable" not in traits:
        return None
    source, language = problem.text, problem.language
    letters = language.alphabet.letters + (" " if problem.spaces == "enciphered" else "")
    table = np.array([letters.find(key.letters[name]) for name in source.names], np.int32)
    if (table < 0).any():
        return None
    one_to_one = "homophonic" not in traits
    symbols = with_spaces(source, language) if problem.kept and language.spaces else source.symbols
    symbols = np.ascontiguousarray(symbols[:MAX_LETTERS], np.int32)
    full = table
    if one_to_one:
        rest = np.setdiff1d(np.arange(len(letters), dtype=np.int32), table)
        full = np.concatenate([table, rest]).astype(np.int32)
    model = language.words
    costs = exchange_bits(
        symbols, full, len(table), len(letters), one_to_one, language.spaces, model.child, model.mass, model.end,
        language.flat_cost, PROBABILITY, language.order, language.running, language.share,
        language.pairs, MAX_COST,
    )  # fmt: skip
    if "keyword" in key.detail:  # an exchange makes it a free key
        away = bijection_bits(len(table), len(letters)) - key.bits
        costs = np.where(np.arange(len(letters)) == table[:, None], costs, costs + away)
    counts = np.bincount(source.symbols, minlength=len(table))
    if not one_to_one:
        costs = costs + _emission_changes(table, counts, len(letters))
    return _summed(costs, table, counts, source.names, letters, one_to_one)


def _emission_changes(table: np.ndarray, counts: np.ndarray, letters: int) -> np.ndarray:
    """(K, A) change of the bits that name homophones when a symbol gets another letter."""
    homophones = np.bincount(table, minlength=letters).astype(float)
    places = np.bincount(table, counts, minlength=letters)

    def bits(group: np.ndarray, occurrences: np.ndarray) -> np.ndarray:
        return occurrences * np.log2(np.maximum(group, 1.0))

    now = bits(homophones, places)
    without = bits(homophones[table] - 1, places[table] - counts) - now[table]
    with_it = bits(homophones[None] + 1, places[None] + counts[:, None]) - now[None]
    change = without[:, None] + with_it
    change[np.arange(len(table)), table] = 0.0
    return change


def _summed(
    costs: np.ndarray,
    table: np.ndarray,
    counts: np.ndarray,
    names: tuple[str, ...],
    letters: str,
    one_to_one: bool,
) -> Doubts:
    """Named doubts and the expected share of wrong letters."""
    others = costs.copy()
    others[np.arange(len(table)), table] = np.inf
    weights = np.exp2(-np.maximum(others, -MAX_COST))
    total = 1.0 + weights.sum() / (2.0 if one_to_one else 1.0)
    chance = np.minimum(weights.sum(axis=1) / total, 1.0)
    wrong = float(counts @ chance) / max(int(counts.sum()), 1)
    best = others.argmin(axis=1)
    named = [
        Doubt(names[s], letters[table[s]], letters[best[s]], float(others[s, best[s]]))
        for s in range(len(table))
        if others[s, best[s]] < DOUBTFUL
    ]
    return Doubts(tuple(sorted(named, key=lambda doubt: doubt.bits)), wrong, costs)


def odds(bits: float) -> str:
    """Bits as odds for people; beyond 1e6 to one nobody needs the figure."""
    return f"1 in {round(2 ** max(bits, 0.0))}" if bits < log2(1e6) else "hardly any"
