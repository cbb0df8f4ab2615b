"""`KeySearch`: simple and homophonic substitution by many short annealing runs, rescored with words."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import PROBABILITY, WORD_SHARE, Language
from distmatch.languages.ngram import UNITS_PER_BIT
from distmatch.maps.key import bijection_bits, emission_bits, homophonic_bits
from distmatch.matching.annealing import anneal_bijection, anneal_homophonic, refine

SEARCHED = 1_200
"""Letters searched on: longer texts are decoded with the key found there, then climbed on whole."""


@dataclass
class Candidate:
    """A key found, with the code length of what it decodes to."""

    key: np.ndarray
    text: float
    key_bits: float
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
    emission: float = 1.0
    """Weight of the bits that name the homophones, in the search."""
    agree: int = 2
    """Stop when so many restarts end at the best key."""
    threads: int = 0
    """Worker threads; 0 for one a core. The result does not depend on it."""
    time_limit: float = float("inf")
    """Wall seconds after which no new round of restarts begins."""
    cribs: dict[int, int] = field(default_factory=dict)
    """Symbol to letter, known for certain."""
    space_enciphered: bool = False
    """Whether the space of the language is one of the letters that symbols may stand for."""

    def _letters(self, target: Language) -> int:
        return target.size if self.space_enciphered else len(target.alphabet)

    def symbols(self, source: Ciphertext, target: Language) -> np.ndarray:
        """What the search decodes: the symbols, with fixed spaces where the word breaks are known."""
        if target.spaces and not self.space_enciphered:
            return with_spaces(source, target)
        return source.symbols

    def search(self, source: Ciphertext, target: Language, *, seed: int = 0, report=None) -> list[Candidate]:
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
        restarts, moves, hot, cold = self._schedule(len(part), count, bijection)
        pool: dict[bytes, Candidate] = {}
        begin = time.monotonic()
        threads = self.threads or min(os.cpu_count() or 1, 4)
        round_size = 4
        with ThreadPoolExecutor(threads) as workers:
            done, interrupted = 0, False
            while done < restarts:
                runs = range(done, min(done + round_size, restarts))
                jobs = [workers.submit(self._run, part, count, target, moves, hot, cold, seed, r) for r in runs]
                try:
                    for job in jobs:
                        _collect(pool, job.result())
                except KeyboardInterrupt:
                    if not pool:
                        raise
                    interrupted = True
                done += len(runs)
                best = min(pool.values(), key=lambda c: c.total)
                if report is not None:
                    report(done, restarts, bits=best.total)
                if interrupted or best.found >= self.agree or time.monotonic() - begin > self.time_limit:
                    break
            leaders = sorted(pool.values(), key=lambda c: c.total)[:6]
        return self._finish(leaders, symbols, source, target)

    def _schedule(self, n: int, count: int, bijection: bool) -> tuple[int, int, float, float]:
        if bijection:
            restarts = self.restarts or (64 if n < 48 else 32 if n < 96 else 16)
            moves = self.moves or 20_000
            hot, cold = (15.0, 5.0) if n < 100 else (10.0, 2.0)
        else:
            restarts = self.restarts or 24
            moves = self.moves or 600 * count + 10_000
            hot, cold = (12.0, 3.0)
        return restarts, moves, hot, cold

    def _run(self, symbols, count, target, moves, hot, cold, seed, restart) -> Candidate:
        """One restart: anneal on n-grams, then refine on words."""
        size, letters = target.size, self._letters(target)
        bijection = self.kind == "simple"
        rng = np.random.default_rng([seed, restart])
        run_seed = int(rng.integers(1, 2**31))
        length = letters if bijection else count
        fixed = np.zeros(length, bool)
        if bijection:
            key = rng.permutation(letters).astype(np.int32)
        else:
            key = rng.integers(0, letters, count).astype(np.int32)
        for symbol, letter in self.cribs.items():
            if bijection:
                other = int(np.flatnonzero(key == letter)[0])
                key[other] = key[symbol]
            key[symbol] = letter
            fixed[symbol] = True
        if len(symbols) >= target.order:
            if bijection:
                anneal_bijection(
                    symbols, key, fixed, count, target.flat_cost, target.guess, target.order, size, moves, hot, cold,
                    run_seed,
                )  # fmt: skip
            else:
                table = UNITS_PER_BIT * np.log2(np.maximum(np.arange(count + 2), 1))
                anneal_homophonic(
                    symbols, key, fixed, target.flat_cost, target.guess, table, target.order, size, letters,
                    self.emission, moves, hot, cold, run_seed,
                )  # fmt: skip
        model = target.words
        n = len(symbols)
        polish = 0 if n > 600 else 2500 if n < 48 else 1200 if n < 100 else 400
        bits = refine(
            symbols, key, bijection, fixed, target.flat_cost, target.guess, target.order, size, letters, target.spaces,
            model.child, model.mass, model.end, PROBABILITY, WORD_SHARE, 0.0 if bijection else 1.0,
            polish, 3.0 if n < 48 else 1.0, run_seed,
        )  # fmt: skip
        key_bits = bijection_bits(count, letters) if bijection else homophonic_bits(count, letters)
        return Candidate(key[:count].copy(), bits, key_bits)

    def _finish(
        self, leaders: list[Candidate], symbols: np.ndarray, source: Ciphertext, target: Language
    ) -> list[Candidate]:
        """Code lengths of the whole text; emission is part of the text's bits."""
        for candidate in leaders:
            letters = decode(symbols, candidate.key)
            candidate.text = target.total_bits(letters)
            if self.kind != "simple":
                candidate.text += emission_bits(candidate.key, source.symbols, target.size)
        return sorted(leaders, key=lambda c: c.total)


def _collect(pool: dict[bytes, Candidate], found: Candidate) -> None:
    known = pool.setdefault(found.key.tobytes(), found)
    if known is not found:
        known.found += 1


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
    return Ciphertext(source.symbols[order], source.names, source.breaks, source.tokens, source.lines)

