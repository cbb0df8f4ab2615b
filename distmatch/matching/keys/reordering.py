"""`TranspositionScreen`: substitution and transposition together; which reading order makes a language possible.

A language repeats its pairs and triples of letters, and so do the symbols in the right order: repeats rank all
orders first. Short annealing runs of a homophonic key on the reordered text pick a few of the best; they tell where
symbols are few, and say nothing where they are many, so the best few by repeats alone go on with them to long runs,
and the leaders of those to longer ones, the best of which counts.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import Language
from distmatch.languages.ngram import UNITS_PER_BIT
from distmatch.maps.key import Key, emission_bits
from distmatch.maps.transposition import Transposition, candidates
from distmatch.matching.keys.columnkernel import climb_columns, repeats
from distmatch.matching.keys.substitution import KeySearch
from distmatch.matching.keys.tasks import decode
from distmatch.matching.symbols.heatbath import heat_bath_homophonic
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.progress import Clock


@dataclass(frozen=True, kw_only=True)
class TranspositionScreen:
    """Settings of the screen."""

    widths: tuple[int, ...] = ()
    """Widths of the grid; empty: the width of the ciphertext's own lines, else divisors of its length."""
    moves: int = 2_000
    """Steps of the first short run; those of the second are 8 times as many."""
    kept: tuple[int, ...] = (40, 16, 3, 1)
    """Orders in the first and second short runs, from the second to the long ones, and in the whole search."""
    repeated: tuple[int, int] = (4, 1)
    """Orders, fixed and keyed, that repeats alone send to the long runs; keyed ones are climbed for on repeats."""
    long_runs: tuple[tuple[int, int, int], ...] = ((8, 1, 10_000), (3, 2, 12_000))
    """Rounds of long runs: orders, runs of each, and steps a symbol."""
    keyed: tuple[int, ...] = (4, 5, 6, 7, 8, 9, 10, 11, 12)
    """Widths for which the order of the columns is climbed for on repeats, where the text has 12 rows or more."""
    clock: Clock = field(default_factory=Clock)
    """After its limits no new round begins."""
    patient: bool = False
    """Whether a time limit is to be used up, see `KeySearch`."""
    long_moves: int = 2_000_000
    """Steps of each restart of the whole search, if homophonic; 0 lets them grow."""
    restarts: int = 5
    """Most restarts of the whole search, if homophonic, 0 for the usual; it ends earlier when they agree."""
    threads: int = 2

    def rank(
        self, source: Ciphertext, target: Language, *, seed: int = 0
    ) -> list[tuple[float, Transposition]]:
        """Orders by the cost of their last annealing run (units of the search table), the best first."""
        n, deadline = len(source), self.clock.deadline
        distinct: dict[bytes, Transposition] = {}
        for width in self.widths or _widths(source):
            for order in candidates(n, width):
                distinct.setdefault(order.indices(n).tobytes(), order)
        for width in self.keyed:
            # Twelve rows at least: with fewer an order of columns fits noise. 40 rounds are a bound; a climb ends sooner.
            if n >= 12 * width and time.monotonic() < deadline:
                columns = climb_columns(
                    source.symbols, width, len(source.names), 40, seed + width, _starts(n, width)
                )
                order = Transposition("keyed", width, order=tuple(map(int, columns)))
                distinct.setdefault(order.indices(n).tobytes(), order)
        orders = list(distinct.values())
        counted = np.array(
            [repeats(source.symbols[order.indices(n)], len(source.names)) for order in orders],
            float,
        )
        worth = ((counted - counted.mean(axis=0)) / (counted.std(axis=0) + 1e-9)).sum(axis=1)
        best = np.argsort(-worth, kind="stable")
        ranked = [(math.inf, orders[i]) for i in best]
        speed = math.inf  # steps a second
        count = len(source.names)
        rounds = [(self.kept[0], 1, self.moves), (self.kept[1], 1, 8 * self.moves)]
        rounds += [(keep, runs, steps * count) for keep, runs, steps in self.long_runs]
        for number, (keep, runs, moves) in enumerate(rounds):
            begin = time.monotonic()
            if number == 2:
                ranked = self._shortlist(ranked, [orders[i] for i in best])
            tried = [order for _, order in ranked[:keep]]
            if begin > deadline or not tried:
                break
            affordable = speed * max(deadline - begin, 0.0) / (runs * len(tried))
            moves = int(max(min(moves, affordable), 1_000))
            costs = self._round(source, target, tried * runs, moves, seed + number)
            if math.isfinite(deadline):
                speed = moves * runs * len(tried) / max(time.monotonic() - begin, 1e-6)
            lowest = np.min(np.reshape(costs, (runs, len(tried))), axis=0)
            if number == len(rounds) - 1:
                lowest = np.minimum(lowest, [cost for cost, _ in ranked[:keep]])
            better = sorted(zip(lowest.tolist(), tried, strict=True), key=lambda pair: pair[0])
            ranked = better + ranked[keep:]
        return ranked

    def _shortlist(
        self, ranked: list[tuple[float, Transposition]], by_repeats: list[Transposition]
    ) -> list[tuple[float, Transposition]]:
        """The best of the short runs, then the orders with the most repeats, then the rest."""
        fixed = [order for order in by_repeats if order.family != "keyed"][: self.repeated[0]]
        keyed = [order for order in by_repeats if order.family == "keyed"][: self.repeated[1]]
        first = ranked[: self.kept[2]]
        known = {id(order) for _, order in first}
        first += [(math.inf, order) for order in (*fixed, *keyed) if id(order) not in known]
        known |= {id(order) for _, order in first}
        return first + [pair for pair in ranked if id(pair[1]) not in known]

    def search(self, source: Ciphertext, target: Language, *, seed: int = 0) -> list[Reading[Key]]:
        """The best orders with their keys, the shortest total code first."""
        ranked = self.rank(source, target, seed=seed)
        found = []
        for _, order in ranked[: self.kept[-1]]:
            found.append(self.read(source, target, order, seed=seed, orders=len(ranked)))
        return sorted(found, key=total_bits)

    def read(
        self,
        source: Ciphertext,
        target: Language,
        order: Transposition,
        *,
        seed: int = 0,
        orders: int = 1,
    ) -> Reading[Key]:
        """The best key for one reading order; rows that the sections leave over are decoded, not searched on.

        Args:
            source: the ciphertext as written.
            target: the language, without spaces.
            order: how to read it.
            seed: of the search.
            orders: how many orders there were to choose from: the choice is charged.
        """
        text = reordered(source, order)
        kind = "simple" if len(source.names) <= len(target.alphabet) else "homophonic"
        covered = sum(order.sections) * order.width if len(order.sections) > 1 else len(source)
        part, names = _first(text, covered)
        many = kind == "homophonic"
        search = KeySearch(
            kind=kind, threads=self.threads, moves=self.long_moves * many, restarts=self.restarts * many,
            time_limit=self.clock.wall_left, budget=self.clock, patient=self.patient,
        )  # fmt: skip
        best = search.search(part, target, seed=seed)[0]
        key = np.zeros(len(source.names), np.int32)
        key[names] = best.map.table
        letters = decode(text.symbols, key)
        spoken = target.total_bits(letters)
        bits = spoken + emission_bits(key, text.symbols, target.size)
        key_bits = best.map_bits + math.log2(orders)
        table = dict(zip(source.names, target.alphabet.decode(key), strict=True))
        made = Key(
            table,
            "transposition",
            detail={"transposition": order.label},
            bits=key_bits,
            order=order,
        )
        return Reading(
            map=made, letters=letters, text=bits, map_bits=key_bits, language_bits=spoken
        )

    def _round(
        self, source: Ciphertext, target: Language, pool: list[Transposition], moves: int, seed: int
    ) -> list[float]:
        count, letters = len(source.names), len(target.alphabet)
        logs = (UNITS_PER_BIT * np.log2(np.maximum(np.arange(count + 2), 1))).astype(np.float32)
        table, flat, order = target.place_costs

        def cost(number: int) -> float:
            rng = np.random.default_rng([seed, number])
            key = rng.integers(0, letters, count).astype(np.int32)
            symbols = source.symbols[pool[number].indices(len(source))]
            chosen = UNITS_PER_BIT * math.lgamma(len(pool[number].order) + 1) / math.log(2)
            # Temperatures and weight of a short homophonic run (`homophones`): it only ranks the orders.
            return chosen + heat_bath_homophonic(
                symbols, key, np.ones((count, target.size), bool), table, flat, logs, order, target.size, letters, 0.7,
                moves, 14.0, 11.0, -1.0, np.zeros(1, np.uint8), int(rng.integers(1, 2**31)),
            )[0]  # fmt: skip

        with ThreadPoolExecutor(self.threads) as workers:
            return list(workers.map(cost, range(len(pool))))


def _starts(n: int, width: int) -> int:
    """Starts of the climb over column orders: more for more columns, fewer for longer texts.

    Six per column, 20,000 letters read in all, so that the time does not depend on the length.
    """
    return max(4, min(6 * width, 20_000 // n))


def reordered(source: Ciphertext, order: Transposition) -> Ciphertext:
    """The ciphertext in reading order, without breaks."""
    index = order.indices(len(source))
    return Ciphertext(
        source.symbols[index],
        source.names,
        np.zeros(len(source), bool),
        source.tokens,
        source.lines,
    )


def _first(text: Ciphertext, n: int) -> tuple[Ciphertext, np.ndarray]:
    """The first n symbols as a ciphertext of its own, and which symbols of `text` its symbols are."""
    used, symbols = np.unique(text.symbols[:n], return_inverse=True)
    names = tuple(text.names[s] for s in used)
    part = Ciphertext(symbols.astype(np.int32), names, text.breaks[:n], text.tokens, text.lines[:n])
    return part, used


def _widths(source: Ciphertext) -> list[int]:
    lengths = np.bincount(source.lines)
    if len(lengths) > 2 and len(set(lengths[:-1].tolist())) == 1:
        return [int(lengths[0])]
    n = len(source)
    return [width for width in range(5, n // 4 + 1) if n % width == 0] or [round(math.sqrt(n))]
