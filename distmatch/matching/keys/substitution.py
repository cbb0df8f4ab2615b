"""`KeySearch`: simple and homophonic substitution by many short annealing runs, rescored with words."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import PROBABILITY, WORD_SHARE, Language
from distmatch.languages.ngram import UNITS_PER_BIT
from distmatch.languages.runningtext import NONE
from distmatch.maps.key import bijection_bits, emission_bits, homophonic_bits
from distmatch.matching.keys.climbing import refine
from distmatch.matching.symbols.annealing import anneal_bijection
from distmatch.matching.symbols.heatbath import climb_homophonic, heat_bath_homophonic

SEARCHED = 1_200
"""Letters searched on: longer texts are decoded with the key found there, then climbed on whole."""


UNTIL_TIME = 1_000_000
"""Restarts with a time limit: the limit ends the search, unless restarts agree before."""
SWEEPS = 7_800
"""Steps a symbol of the first homophonic restart, its reheats included; later rounds of two restarts grow."""
HOPELESS = 1.35
"""Times the unicity distance below which a homophonic text is hardly ever read, and one restart is enough to say so."""
REHEATS = 6
"""Times that a homophonic run warms up again from the best key it has, instead of starting anew."""
WARM = (12.0, 10.0)
"""Tolerances of a reheat: enough to move groups of homophones, too little to lose the text."""
LONGEST = 20_000_000
"""Steps of the longest homophonic restart."""
RESCORED = 24
"""Best keys of a short text that are climbed again on all that the language knows."""
FLUENT = (0.95, 1.5)
"""A homophonic run cools down at once when n-grams need so many bits a letter more than the language's own words,
less the second number times symbols a letter: texts with many symbols are overfitted."""


@dataclass
class Candidate:
    """A key found, with the code length of what it decodes to."""

    key: np.ndarray
    text: float
    key_bits: float
    language_bits: float = 0.0
    """Of the text alone, without the choice of homophones."""
    found: int = 1
    """Independent restarts that ended at this key."""

    @property
    def total(self) -> float:
        return self.text + self.key_bits


@dataclass(frozen=True, kw_only=True)
class KeySearch:
    """Settings of the search.

    Source: the scheme of simulated annealing on n-gram costs; see docs/log.md for what was measured.
    """

    kind: str = "simple"
    """"simple" (a letter a symbol, each once) or "homophonic" (any map)."""
    restarts: int = 0
    """Most annealing runs; 0 chooses by length."""
    moves: int = 0
    """Proposals a run; 0 chooses by length."""
    emission: float = 0.7
    """Weight of the bits that name the homophones, in the search."""
    short: bool = False
    """Search a homophonic key on the shorter table, which needs no large one to be made."""
    agree: int = 0
    """Stop when so many restarts end at the best key; 0 chooses by length."""
    polish: int = 600
    """Moves of the last climb on the code length of the whole text."""
    threads: int = 0
    """Worker threads; 0 for one a core. The result does not depend on it."""
    time_limit: float = float("inf")
    """Wall seconds after which no new round of restarts begins."""
    cribs: dict[int, int] = field(default_factory=dict)
    """Symbol to letter, known for certain."""
    space_enciphered: bool = False
    """Whether the space of the language is one of the letters that symbols may stand for."""

    def letters(self, target: Language) -> int:
        """Number of letters that symbols may stand for."""
        return target.size if self.space_enciphered else len(target.alphabet)

    def symbols(self, source: Ciphertext, target: Language) -> np.ndarray:
        """What the search decodes: the symbols, with fixed spaces where the word breaks are known."""
        if target.spaces and not self.space_enciphered:
            return with_spaces(source, target)
        return source.symbols

    def search(
        self, source: Ciphertext, target: Language, *, seed: int = 0, report=None
    ) -> list[Candidate]:
        """Distinct keys, the shortest total code first (at most 6).

        Args:
            source: the ciphertext.
            target: the language, with spaces if the ciphertext shows word breaks.
            seed: of all random choices.
            report: called with restarts done, restarts at most, and `bits`.
        """
        symbols = self.symbols(source, target)
        bijection = self.kind == "simple"
        part = np.ascontiguousarray(symbols[:SEARCHED], np.int32)
        count = len(source.names)
        restarts = self._restarts(len(part), bijection, target.spaces)
        if self.time_limit < float("inf") and not self.restarts:
            restarts = UNTIL_TIME
        elif not bijection and not self.restarts:
            key_bits = homophonic_bits(count, self.letters(target))
            if len(part) < HOPELESS * key_bits / redundancy(target):
                restarts = 1
        agree = self.agree or (6 if len(part) < 48 else 3 if len(part) < 100 else 2)
        pool: dict[bytes, Candidate] = {}
        begin = time.monotonic()
        threads = self.threads or min(os.cpu_count() or 1, 4)
        stop = np.zeros(1, np.uint8)
        speed = np.inf  # homophonic steps a second, all threads of a round together
        with ThreadPoolExecutor(threads) as workers:
            done, interrupted = 0, False
            while done < restarts:
                size = (4 if len(part) < 100 else 2) if bijection or done else 1
                runs = range(done, min(done + size, restarts))
                started = time.monotonic()
                left = self.time_limit - (started - begin)
                moves = self._moves(len(part), count, bijection, done, speed * left / len(runs))
                jobs = [
                    workers.submit(self._run, part, count, target, moves, seed, r, stop)
                    for r in runs
                ]
                try:
                    wait(jobs, None if left == np.inf else max(left, 0.0))
                except KeyboardInterrupt:
                    interrupted = True
                stop[0] = interrupted or time.monotonic() - begin >= self.time_limit
                for job in jobs:
                    _collect(pool, job.result())
                done += len(runs)
                now = time.monotonic()
                speed = moves * len(runs) / max(now - started, 1e-6)
                best = min(pool.values(), key=lambda c: c.total)
                if report is not None and restarts == UNTIL_TIME:
                    report(round(now - begin, 1), self.time_limit, restarts=done, bits=best.total)
                elif report is not None:
                    report(done, restarts, bits=best.total)
                settled = best.found >= agree or self._convincing(best, len(part), target)
                if interrupted or settled or now - begin > 0.95 * self.time_limit:
                    break
            many = RESCORED if bijection else 6
            leaders = sorted(pool.values(), key=lambda c: c.total)[:many]
        return self._finish(leaders, symbols, source, target, seed)

    def _restarts(self, n: int, bijection: bool, spaces: bool) -> int:
        """Most restarts (docs/log.md has the measurements)."""
        if bijection:
            return self.restarts or (
                (320 if spaces else 160) if n < 40 else 100 if n < 48 else 96 if n < 96 else 48
            )
        return self.restarts or 3

    def _moves(self, n: int, count: int, bijection: bool, done: int, affordable: float) -> int:
        """Moves of the restarts of the next round."""
        if bijection:
            return self.moves or (8_000 if n < 48 else 20_000 if n < 180 else 10_000)
        wanted = self.moves or min(
            max(SWEEPS * count, 140_000) << min(max(done - 1, 0) // 2, 20), LONGEST
        )
        return int(max(min(wanted, affordable), 20_000))

    def _convincing(self, candidate: Candidate, n: int, target: Language) -> bool:
        """Whether the text is so near to the language that no second restart need confirm it."""
        unicity = candidate.key_bits / redundancy(target)
        excess = candidate.language_bits / n - target.text_bits
        return convincing(excess, n / unicity, homophonic=self.kind == "homophonic")

    def _run(self, symbols, count, target, moves, seed, restart, stop) -> Candidate:
        """One restart: anneal on n-grams, then refine on words."""
        letters = self.letters(target)
        bijection = self.kind == "simple"
        rng = np.random.default_rng([seed, restart])
        run_seed = int(rng.integers(1, 2**31))
        if bijection:
            key = rng.permutation(letters).astype(np.int32)
        else:
            key = rng.integers(0, letters, count).astype(np.int32)
        for symbol, letter in self.cribs.items():
            if bijection:
                other = int(np.flatnonzero(key == letter)[0])
                key[other] = key[symbol]
            key[symbol] = letter
        fixed = self._fixed(len(key))
        if bijection:
            bits = self._anneal_simple(symbols, key, fixed, count, target, moves, run_seed)
            key = key[:count].copy()
            return Candidate(key, bits, bijection_bits(count, letters), language_bits=bits)
        bits = self._anneal_homophonic(symbols, key, fixed, target, moves, run_seed, stop)
        chosen = emission_bits(key, symbols[symbols >= 0], target.size)
        return Candidate(key, bits, homophonic_bits(count, letters), language_bits=bits - chosen)

    def _fixed(self, length: int) -> np.ndarray:
        fixed = np.zeros(length, bool)
        fixed[list(self.cribs)] = True
        return fixed

    def _anneal_simple(self, symbols, key, fixed, count, target, moves, seed) -> float:
        n = len(symbols)
        if n >= target.order:
            hot, cold = (20.0, 8.0) if n < 48 else (15.0, 5.0) if n < 100 else (10.0, 2.0)
            anneal_bijection(
                symbols, key, fixed, count, self.letters(target), target.flat_cost, target.guess, target.order, target.size,
                moves, hot, cold, seed,
            )  # fmt: skip
        polish = 0 if n > 600 else 2500 if n < 48 else 1200 if n < 100 else 300
        return self._refine(symbols, key, fixed, target, polish, 4.0 if n < 48 else 1.0, seed)

    def _refine(self, symbols, key, fixed, target, moves, hot, seed, *, whole=False) -> float:
        """Climb on words and short n-grams, or, `whole`, on all that the language knows."""
        model = target.words
        running, share = (target.running, target.share) if whole else (NONE, WORD_SHARE)
        return refine(
            symbols, key, fixed, target.flat_cost, target.guess, target.order, target.size, self.letters(target),
            target.spaces, model.child, model.mass, model.end, PROBABILITY, running, share, moves, hot, seed,
        )  # fmt: skip

    def _anneal_homophonic(self, symbols, key, fixed, target, moves, seed, stop) -> float:
        """Anneal, warm up again and again from the best; the fluent answer is climbed on words."""
        table, cost, order = self._tables(target)
        n, size, letters = len(symbols), target.size, self.letters(target)
        logs = (UNITS_PER_BIT * np.log2(np.maximum(np.arange(len(key) + 2), 1))).astype(np.float32)
        turns = 1 + REHEATS if n >= order else 0
        fluent = target.text_bits + FLUENT[0] - FLUENT[1] * len(key) / n
        enough = fluent * UNITS_PER_BIT * (n - order + 1)
        short = moves // (1 + 2 * REHEATS)
        heats = (14.0, 11.0) if short < 2_000 * len(key) else (17.0, 10.0)
        spoken = least = np.inf
        for turn in range(turns):
            energy, _ = heat_bath_homophonic(
                symbols, key, fixed, table, cost, logs, order, size, letters, self.emission,
                2 * short if turn else short, *(WARM if turn else heats), -np.inf if turn else enough, stop, seed + turn,
            )  # fmt: skip
            spoken = target.total_bits(decode(symbols, key))
            settled = energy > least - 0.5 and spoken < (target.text_bits + 0.5) * n
            least = min(energy, least)
            if settled or stop[0]:
                break
        if spoken < (target.text_bits + 1.0) * n:
            return self._climb(symbols, key, fixed, target, 3)
        if not turns:
            spoken = target.total_bits(decode(symbols, key))
        return spoken + emission_bits(key, symbols[symbols >= 0], size)

    def _climb(self, symbols, key, fixed, target, sweeps) -> float:
        table, cost, order = self._tables(target)
        model = target.words
        bits = climb_homophonic(
            symbols, key, fixed, table, cost, order, target.size, self.letters(target), target.spaces,
            model.child, model.mass, model.end, target.flat_cost, target.order, PROBABILITY, NONE, WORD_SHARE, 4, sweeps,
        )  # fmt: skip
        return float(bits)

    def _tables(self, target: Language) -> tuple[np.ndarray, np.ndarray, int]:
        return target.short_place_costs if self.short else target.place_costs

    def _finish(
        self,
        leaders: list[Candidate],
        symbols: np.ndarray,
        source: Ciphertext,
        target: Language,
        seed: int,
    ) -> list[Candidate]:
        """Climb with the best key on the whole text, and code all of them whole."""
        best = leaders[0]
        size, letters = target.size, self.letters(target)
        bijection = self.kind == "simple"
        whole = np.ascontiguousarray(symbols, np.int32)
        if bijection:
            moves = self.polish if len(symbols) < 2000 else 60
            several = len(symbols) < 100
            for number, candidate in enumerate(leaders if several else leaders[:1]):
                key = _complete(candidate.key, letters)
                warm = len(symbols) < 400 and number < 12 and self.polish > 0
                heat = 0.0 if not warm else 4.0 if len(symbols) < 48 else 2.0
                self._refine(
                    whole, key, self._fixed(len(key)), target, moves + (900 if warm else 0), heat, seed + 1, whole=True,
                )  # fmt: skip
                candidate.key = key[: len(source.names)].copy()
        elif len(symbols) > SEARCHED:
            self._climb(whole, best.key, self._fixed(len(best.key)), target, 1)
        for candidate in leaders:
            candidate.text = candidate.language_bits = target.total_bits(
                decode(symbols, candidate.key)
            )
            if not bijection:
                candidate.text += emission_bits(candidate.key, source.symbols, size)
        return sorted(_merged(leaders), key=lambda c: c.total)[:6]


def redundancy(language: Language) -> float:
    """Bits a letter that the language saves against random letters; at least 0.3."""
    return max(float(np.log2(language.size)) - language.text_bits, 0.3)


def convincing(excess: float, determined: float, *, homophonic: bool) -> bool:
    """Whether a text so near to the language is hardly ever wrong.

    Args:
        excess: bits a letter more than the language's own words need.
        determined: length of the text over the unicity distance.
        homophonic: of which kind the key is.
    """
    if homophonic:
        return (determined > 1.5 and excess < 0.25) or (determined > 2.5 and excess < 0.5)
    return (determined > 2.5 and excess < 0.1) or (determined > 8.0 and excess < 0.5)


def _complete(key: np.ndarray, letters: int) -> np.ndarray:
    """A permutation: the letters that no symbol has go to spare symbols."""
    return np.concatenate([key, np.setdiff1d(np.arange(letters, dtype=np.int32), key)]).astype(
        np.int32
    )


def _merged(candidates: list[Candidate]) -> list[Candidate]:
    """One candidate a key, after a last climb that may have brought several to the same."""
    pool: dict[bytes, Candidate] = {}
    for candidate in candidates:
        _collect(pool, candidate)
    return list(pool.values())


def _collect(pool: dict[bytes, Candidate], found: Candidate) -> None:
    known = pool.setdefault(found.key.tobytes(), found)
    if known is not found:
        known.found += found.found


def with_spaces(source: Ciphertext, target: Language) -> np.ndarray:
    """Symbols with the fixed symbol of the space after every word, (n + words,) int32."""
    space = -1 - len(target.alphabet)
    ends = np.flatnonzero(source.breaks[:-1]) + 1
    return np.insert(source.symbols, ends, space).astype(np.int32)


def decode(symbols: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Letters (uint8) of symbols under a key; negative symbols are fixed letters."""
    return np.where(symbols >= 0, key[np.maximum(symbols, 0)], -1 - symbols).astype(np.uint8)


def shuffled(source: Ciphertext, seed: int) -> Ciphertext:
    """The control: the same symbols in random order, word lengths kept."""
    order = np.random.default_rng([seed, 77]).permutation(len(source))
    return Ciphertext(
        source.symbols[order], source.names, source.breaks, source.tokens, source.lines
    )
