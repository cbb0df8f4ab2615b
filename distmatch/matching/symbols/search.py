"""`SymbolSearch`: the relabelling of one sequence's symbols that codes it best under a model of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.compression.codelength import adaptive_bits
from distmatch.errors import InputError
from distmatch.languages.ngram import UNITS_PER_BIT
from distmatch.languages.symbols import SymbolModel
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.match import Bits, Match
from distmatch.matching.symbols.annealing import anneal_bijection
from distmatch.matching.symbols.homophonicannealing import anneal_homophonic
from distmatch.progress import Clock, Progress, silent

MAX_ANNEALED = 2_000
"""Symbols annealed on; a longer sequence is then climbed on whole."""
CLIMBED = 100_000
"""Symbols of the last climb."""


@dataclass(frozen=True, kw_only=True)
class SymbolSearch:
    """Annealing on the n-gram code length of f(Y) under counts of X, key included.

    Restarts stop early when enough of them end at the best map.
    """

    kind: str = "bijection"
    """"bijection" or "homophonic"."""
    restarts: int = 0
    """Maximum number of annealing restarts; 0 depends on length."""
    moves: int = 0
    """Proposals per restart; 0 depends on length and alphabet."""
    agree: int = 4
    """Stop when this many restarts end at the best map."""

    def match(
        self,
        source: np.ndarray,
        target: SymbolModel,
        *,
        symbols: int = 0,
        seed: int = 0,
        progress: Progress = silent,
    ) -> Match[Relabelling]:
        """The best map found, with its runners-up.

        Args:
            source: (n,) symbols of Y.
            target: model of X, whose size is at least that of Y for a bijection.
            symbols: number of Y's symbols; 0 for those that occur.
            seed: of all random choices.
            progress: called with restarts done; an interrupt after the first keeps the best map so far.

        Returns:
            The best match; `extra["posterior"]` is its probability among the maps found and Y's own frequencies, all
            equally likely beforehand, which no calibration backs.

        Raises:
            InputError: an empty sequence, or more symbols than a bijection has letters for.
        """
        clock = Clock()
        source = np.ascontiguousarray(source, np.int32)
        count = symbol_count(source, symbols, target.size, self.kind)
        part = source[:MAX_ANNEALED]
        # Short texts have more false minima, and a restart on them costs less.
        restarts = self.restarts or (120 if len(part) < 64 else 40 if len(part) < 400 else 16)
        pool: dict[bytes, list] = {}
        history = []
        for restart in range(restarts):
            rng = np.random.default_rng([seed, restart])
            try:
                table, cost = self._run(part, count, target, rng, start=restart == 0)
                entry = pool.setdefault(table.tobytes(), [cost, 0, table])
                entry[1] += 1
                best = min(pool.values(), key=lambda e: e[0])
                history.append({"restart": restart + 1, "bits": best[0], "agree": best[1]})
                progress(restart + 1, restarts, bits=best[0])
            except KeyboardInterrupt:
                if not pool:
                    raise
                break
            if best[1] >= self.agree:
                break
        leaders = sorted(pool.values(), key=lambda e: e[0])[:6]
        if len(source) > len(part):
            leaders[0][2] = climb(source[:CLIMBED], leaders[0][2], target, self.kind, seed=seed)
        found = [Relabelling(table, target.size, self.kind) for _, _, table in leaders]
        lengths = [float(target.bits(f(source)).sum()) + f.choice_bits(source) for f in found]
        order = np.argsort([n + f.bits for n, f in zip(lengths, found, strict=True)], kind="stable")
        alone = adaptive_bits(np.bincount(source))
        matches = []
        for place in order:
            total = lengths[place] + found[place].bits
            posterior = _posterior(place, order, lengths, found, source, alone)
            agree = leaders[place][1]
            matches.append(
                Match(
                    map=found[place],
                    bits=Bits(data=lengths[place], map=found[place].bits),
                    confidence=None,
                    reason=f"{alone - total:.0f} bits shorter than Y's own frequencies, {agree} restarts agree",
                    method="symbol-search",
                    seed=seed,
                    seconds=clock.seconds,
                    cpu_seconds=clock.cpu_seconds,
                    extra={"posterior": posterior},
                )
            )  # fmt: skip
        best = matches[0]
        best.history.extend(history)
        best.alternatives.extend(matches[1:])
        return best

    def _run(self, part, count, target, rng, *, start) -> tuple[np.ndarray, float]:
        """One restart; the first starts from equal ranks of frequency (moves and temperatures: docs/log.md)."""
        seed = int(rng.integers(1, 2**31))
        size = target.size
        n = len(part)
        moves = self.moves or max(10_000, 300 * count)
        hot, cold = (15.0, 5.0) if n < 100 else (10.0, 2.0)
        if self.kind == "bijection":
            table = rng.permutation(size).astype(np.int32)
            if start:
                table = _by_rank(part, count, target)
            allowed = np.ones((size, size), bool)
            if n >= target.order:
                anneal_bijection(
                    part, table, allowed, count, size, target.flat_cost, target.guess, target.order, size, moves, hot,
                    cold, seed,
                )  # fmt: skip
            table = table[:count].copy()
        else:
            table = rng.integers(0, size, count).astype(np.int32)
            if n >= target.order:
                logs = UNITS_PER_BIT * np.log2(np.maximum(np.arange(count + 2), 1))
                anneal_homophonic(
                    part, table, np.zeros(count, bool), target.flat_cost, target.guess, logs, target.order, size, size,
                    0.5, self.moves or 50_000 + 400 * count, 20.0, 13.0, seed,
                )  # fmt: skip
        f = Relabelling(table, size, self.kind)
        return table, float(target.bits(table[part]).sum()) + f.choice_bits(part)


def symbol_count(source: np.ndarray, symbols: int, letters: int, kind: str) -> int:
    """Number of Y's symbols: `symbols`, or where it is 0 those that occur.

    Raises:
        InputError: an empty sequence, or more symbols than a bijection has letters for.
    """
    if len(source) == 0:
        raise InputError("the sequence is empty. Give at least one symbol")
    count = symbols or int(source.max()) + 1
    if kind == "bijection" and count > letters:
        raise InputError(
            f"{count} symbols do not fit one to one into {letters}. Use kind homophonic"
        )
    return count


def climb(
    source: np.ndarray, table: np.ndarray, target: SymbolModel, kind: str, *, seed: int = 0
) -> np.ndarray:
    """The map improved on a whole sequence, all but without tolerance: rare symbols find their place.

    60 proposals per symbol of a bijection, 100 of a homophonic map, whose proposals change one symbol each; 4,000 and
    8,000 at least; 0.05 units of cost are no tolerance to speak of.

    Args:
        source: (n,) int32 symbols of Y.
        table: (K,) int32 letters to start from.
        target: model of X.
        kind: "bijection" or "homophonic".
        seed: of the proposals.

    Returns:
        (K,) int32.
    """
    size, count = target.size, len(table)
    if kind == "bijection":
        rest = np.setdiff1d(np.arange(size, dtype=np.int32), table)
        table = np.concatenate([table, rest]).astype(np.int32)
        anneal_bijection(
            source, table, np.ones((size, size), bool), count, size, target.flat_cost, target.guess, target.order, size,
            max(4_000, 60 * count), 0.05, 0.0, seed + 1,
        )  # fmt: skip
        return table[:count].copy()
    table = table.copy()
    logs = UNITS_PER_BIT * np.log2(np.maximum(np.arange(count + 2), 1))
    anneal_homophonic(
        source, table, np.zeros(count, bool), target.flat_cost, target.guess, logs, target.order, size, size, 1.0,
        max(8_000, 100 * count), 0.05, 0.0, seed + 1,
    )  # fmt: skip
    return table


def _by_rank(part: np.ndarray, count: int, target: SymbolModel) -> np.ndarray:
    """A permutation that pairs symbols by frequency."""
    table = np.empty(target.size, np.int32)
    ranks = np.argsort(-np.bincount(part, minlength=target.size)[: target.size], kind="stable")
    table[ranks] = np.argsort(-target.marginal, kind="stable")
    return table


def _posterior(place, order, lengths, found, source, alone) -> float:
    """Probability of one map among those found that decode otherwise, and Y's own frequencies, a priori equal."""
    # Beyond 60 bits the odds are certainty. Maps that differ in less than a twentieth of the text are one answer.
    own = lengths[place] + found[place].bits
    here = found[place](source)
    odds = 2.0 ** min(own - alone, 60.0)
    for other in order:
        if other != place and np.mean(found[other](source) != here) > 0.05:
            odds += 2.0 ** min(own - lengths[other] - found[other].bits, 60.0)
    return float(1.0 / (1.0 + odds))
