"""Simple substitution: anneal a permutation of the letters, then climb on words."""

from __future__ import annotations

import numpy as np

from distmatch.languages.model import PROBABILITY, WORD_SHARE
from distmatch.languages.runningtext import NONE
from distmatch.languages.wordpairs import NO_PAIRS
from distmatch.maps.key import bijection_bits
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.keys.climbing import refine
from distmatch.matching.keys.exchangekernel import exchange_bits
from distmatch.matching.keys.tasks import SubstitutionTask
from distmatch.matching.symbols.annealing import anneal_bijection
from distmatch.matching.symbols.reading import Reading

MAX_EXCHANGED = 4_000
"""Letters up to which every exchange is coded."""
MAX_EXCHANGES = 30
"""Exchanges in a row."""
RESCORED = 24
"""Best keys of a short text that are climbed again on all that the language knows."""


def restarts_of(n: int, spaces: bool) -> int:
    """Maximum number of restarts for n letters (docs/log.md has the measurements)."""
    return (320 if spaces else 160) if n < 40 else 100 if n < 48 else 96 if n < 96 else 48


def moves_of(n: int) -> int:
    """Proposals of one restart on n letters (docs/log.md has the measurements)."""
    return 8_000 if n < 48 else 20_000 if n < 180 else 10_000


def run(task: SubstitutionTask, moves: int, rng: np.random.Generator) -> Reading[Relabelling]:
    """One restart: anneal on n-grams from a random permutation, then refine on words."""
    # Short texts have many false minima: hotter starts, longer climbs (docs/log.md has the measurements).
    seed = int(rng.integers(1, 2**31))
    symbols, target, n = task.symbols, task.target, len(task.symbols)
    key = rng.permutation(task.letters).astype(np.int32)
    task.obey(key, rng)
    if n >= target.order:
        hot, cold = (20.0, 8.0) if n < 48 else (15.0, 5.0) if n < 100 else (10.0, 2.0)
        anneal_bijection(
            symbols, key, task.allowed(len(key)), task.count, task.letters, target.flat_cost, target.guess, target.order,
            target.size, moves, hot, cold, seed,
        )  # fmt: skip
    polish = 0 if n > 600 else 2500 if n < 48 else 1200 if n < 100 else 300
    bits = _refine(task, key, polish, 4.0 if n < 48 else 1.0, seed)
    return task.reading(
        key[: task.count].copy(), bits, bijection_bits(task.count, task.letters), bits
    )


def finish(
    whole: SubstitutionTask, leaders: list[Reading[Relabelling]], polish: int, seed: int
) -> list[Reading[Relabelling]]:
    """Climb with the best key (short texts: with all leaders) on the whole text, on all that the language knows."""
    n = len(whole.symbols)
    # A climb over words costs in proportion to n, and what is left to find falls with n.
    moves = polish if n < 2000 else 60
    several = n < 100
    out = []
    for number, leader in enumerate(leaders):
        table = leader.map.table
        if number == 0 or several:
            key = _complete(table, whole.letters)
            warm = n < 400 and number < 12 and polish > 0
            heat = 0.0 if not warm else 4.0 if n < 48 else 2.0
            _refine(whole, key, moves + (900 if warm else 0), heat, seed + 1, whole=True)
            table = key[: whole.count].copy()
        if number == 0 or several:
            table = _exchanged(whole, table)
        bits = whole.target.total_bits(whole.decode(table))
        out.append(whole.reading(table, bits, leader.map_bits, bits, leader.found))
    return out


def _exchanged(whole: SubstitutionTask, table: np.ndarray) -> np.ndarray:
    """The key after the best exchange of two letters, again and again until none shortens the code."""
    target, model = whole.target, whole.target.words
    if len(whole.symbols) > MAX_EXCHANGED:
        return table
    key = _complete(table, whole.letters)
    allowed = whole.allowed(len(key))
    for _ in range(MAX_EXCHANGES):
        costs = exchange_bits(
            whole.symbols, key, whole.count, whole.letters, True, target.spaces, model.child, model.mass, model.end,
            target.flat_cost, PROBABILITY, target.order, target.running, target.share, target.pairs, 0.0,
        )  # fmt: skip
        # An exchange gives the other symbol this one's letter, which that must be allowed too.
        other = np.argsort(key)[: whole.letters]
        costs[
            ~(allowed[: whole.count, : whole.letters] & allowed[other][:, key[: whole.count]].T)
        ] = np.inf
        symbol, letter = np.unravel_index(int(costs.argmin()), costs.shape)
        if costs[symbol, letter] > -1e-6:
            break
        other = int(np.flatnonzero(key == letter)[0])
        key[other], key[symbol] = key[symbol], letter
    return key[: whole.count].copy()


def _refine(
    task: SubstitutionTask,
    key: np.ndarray,
    moves: int,
    hot: float,
    seed: int,
    *,
    whole: bool = False,
) -> float:
    """Climb on words and short n-grams, or, `whole`, on all that the language knows; `key` is replaced."""
    target = task.target
    model = target.words
    running, share = (target.running, target.share) if whole else (NONE, WORD_SHARE)
    pairs = target.pairs if whole else NO_PAIRS
    return refine(
        task.symbols, key, task.allowed(len(key)), target.flat_cost, target.guess, target.order, target.size, task.letters,
        target.spaces, model.child, model.mass, model.end, PROBABILITY, running, share, pairs,
        moves, hot, seed,
    )  # fmt: skip


def _complete(key: np.ndarray, letters: int) -> np.ndarray:
    """A permutation: the letters that no symbol has go to spare symbols."""
    rest = np.setdiff1d(np.arange(letters, dtype=np.int32), key)
    return np.concatenate([key, rest]).astype(np.int32)
