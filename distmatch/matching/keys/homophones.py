"""Homophonic substitution: a heat bath on n-grams, warmed up again and again from the best key, then a climb on words."""

from __future__ import annotations

import numpy as np

from distmatch.languages.model import PROBABILITY, WORD_SHARE
from distmatch.languages.ngram import UNITS_PER_BIT
from distmatch.languages.runningtext import NONE
from distmatch.maps.key import emission_bits, homophonic_bits
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.keys.tasks import SubstitutionTask
from distmatch.matching.symbols.heatbath import heat_bath_homophonic
from distmatch.matching.symbols.heatclimb import climb_homophonic
from distmatch.matching.symbols.reading import Reading

SWEEPS = 7_800
"""Steps per symbol of the first restart, its reheats included; later rounds of two restarts grow."""
HOPELESS = 1.35
"""Times the unicity distance below which a homophonic text is hardly ever read, and one restart is enough to say so."""
REHEATS = 6
"""Times that a run warms up again from the best key it has, instead of starting anew."""
WARM = (12.0, 10.0)
"""Tolerances of a reheat: enough to move groups of homophones, too little to lose the text."""
MAX_STEPS = 20_000_000
"""Steps of the longest restart."""
FLUENT = (0.95, 1.5)
"""A run cools down at once when n-grams need so many bits per letter more than the language's own words,
less the second number times symbols per letter: texts with many symbols are overfitted."""


def steps_of(count: int, done: int, affordable: float, wanted: int) -> int:
    """Steps of the restarts of the next round: doubled every second round, 140,000 at first and 20,000 at least.

    docs/log.md has the measurements that led there.
    """
    grown = max(SWEEPS * count, 140_000) << min(max(done - 1, 0) // 2, 20)
    return int(max(min(wanted or min(grown, MAX_STEPS), affordable), 20_000))


def run(
    task: SubstitutionTask,
    moves: int,
    rng: np.random.Generator,
    *,
    emission: float,
    short: bool,
    stop: np.ndarray,
) -> Reading[Relabelling]:
    """One restart from a random map.

    Args:
        emission: weight of the bits that name the homophones.
        short: search on the shorter table, which needs no large one to be made.
        stop: (1,) uint8, set from outside to end the run early.
    """
    seed = int(rng.integers(1, 2**31))
    target, symbols = task.target, task.symbols
    key = rng.integers(0, task.letters, task.count).astype(np.int32)
    task.obey(key, rng)
    bits = _anneal(task, key, moves, seed, emission, short, stop)
    chosen = emission_bits(key, symbols[symbols >= 0], target.size)
    return task.reading(key, bits, homophonic_bits(task.count, task.letters), bits - chosen)


def _anneal(
    task: SubstitutionTask, key: np.ndarray, moves: int, seed: int, emission: float, short: bool, stop: np.ndarray
) -> float:  # fmt: skip
    """Bits of text and homophones at the best key, which replaces `key`; the fluent answer is climbed on words."""
    symbols, target = task.symbols, task.target
    table, cost, order = _tables(target, short)
    n, size = len(symbols), target.size
    logs = (UNITS_PER_BIT * np.log2(np.maximum(np.arange(len(key) + 2), 1))).astype(np.float32)
    turns = 1 + REHEATS if n >= order else 0
    fluent = target.text_bits + FLUENT[0] - FLUENT[1] * len(key) / n
    enough = fluent * UNITS_PER_BIT * (n - order + 1)
    steps = moves // (1 + 2 * REHEATS)
    # Short runs start cooler: they have no time to come down (docs/log.md, "Temperature of the homophonic search").
    heats = (14.0, 11.0) if steps < 2_000 * len(key) else (17.0, 10.0)
    spoken = least = np.inf
    for turn in range(turns):
        energy, _ = heat_bath_homophonic(
            symbols, key, task.allowed(len(key)), table, cost, logs, order, size, task.letters, emission,
            2 * steps if turn else steps, *(WARM if turn else heats), -np.inf if turn else enough, stop, seed + turn,
        )  # fmt: skip
        spoken = target.total_bits(task.decode(key))
        settled = energy > least - 0.5 and spoken < (target.text_bits + 0.5) * n
        least = min(energy, least)
        if settled or stop[0]:
            break
    if spoken < (target.text_bits + 1.0) * n:
        return _climb(task, key, 3, short)
    if not turns:
        spoken = target.total_bits(task.decode(key))
    return spoken + emission_bits(key, symbols[symbols >= 0], size)


def finish(
    whole: SubstitutionTask, leaders: list[Reading[Relabelling]], searched: int, short: bool
) -> list[Reading[Relabelling]]:
    """Climb with the best key on a text longer than what was searched on, and code all leaders whole."""
    out = []
    for number, leader in enumerate(leaders):
        table = leader.map.table
        if number == 0 and len(whole.symbols) > searched:
            table = table.copy()
            _climb(whole, table, 1, short)
        spoken = whole.target.total_bits(whole.decode(table))
        chosen = emission_bits(table, whole.symbols[whole.symbols >= 0], whole.target.size)
        out.append(whole.reading(table, spoken + chosen, leader.map_bits, spoken, leader.found))
    return out


def _climb(task: SubstitutionTask, key: np.ndarray, sweeps: int, short: bool) -> float:
    target = task.target
    table, cost, order = _tables(target, short)
    model = target.words
    bits = climb_homophonic(
        task.symbols, key, task.allowed(len(key)), table, cost, order, target.size, task.letters, target.spaces,
        model.child, model.mass, model.end, target.flat_cost, target.order, PROBABILITY, NONE, WORD_SHARE, target.pairs, 4,
        sweeps,
    )  # fmt: skip
    return float(bits)


def _tables(target, short: bool) -> tuple[np.ndarray, np.ndarray, int]:
    return target.short_place_costs if short else target.place_costs
