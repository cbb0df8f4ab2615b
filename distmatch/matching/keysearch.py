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
from distmatch.matching.annealing import anneal_bijection, anneal_homophonic
from distmatch.matching.refinement import refine

SEARCHED = 1_200
"""Letters searched on: longer texts are decoded with the key found there, then climbed on whole."""


UNTIL_TIME = 1_000_000
"""Restarts with a time limit: the limit ends the search, unless restarts agree before."""
LONGEST = 3_000_000
"""Moves of the longest homophonic restart; every second restart is twice as long as the two before."""


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
    emission: float = 0.5
    """Weight of the bits that name the homophones, in the search."""
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
        restarts, moves, hot, cold = self._schedule(len(part), count, bijection)
        if self.time_limit < float("inf") and not self.restarts:
            restarts = UNTIL_TIME
        agree = self.agree or (6 if len(part) < 48 else 3 if len(part) < 100 else 2)

        def longer(restart: int) -> int:
            if bijection or self.moves:
                return moves
            return min(moves << min(restart // 2, 20), max(LONGEST, moves))

        pool: dict[bytes, Candidate] = {}
        begin = time.monotonic()
        threads = self.threads or min(os.cpu_count() or 1, 4)
        round_size = 4 if len(part) < 100 else 2
        with ThreadPoolExecutor(threads) as workers:
            done, interrupted = 0, False
            while done < restarts:
                runs = range(done, min(done + round_size, restarts))
                jobs = [
                    workers.submit(self._run, part, count, target, longer(r), hot, cold, seed, r)
                    for r in runs
                ]
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
                settled = best.found >= agree or self._convincing(best, len(part), target)
                if interrupted or settled or time.monotonic() - begin > self.time_limit:
                    break
            leaders = sorted(pool.values(), key=lambda c: c.total)[:6]
        return self._finish(leaders, symbols, source, target, seed)

    def _schedule(self, n: int, count: int, bijection: bool) -> tuple[int, int, float, float]:
        """Restarts, moves a restart, tolerance at the start and the end (docs/log.md has the measurements)."""
        if bijection:
            restarts = self.restarts or (160 if n < 40 else 80 if n < 48 else 32 if n < 96 else 16)
            moves = self.moves or (20_000 if n < 180 else 10_000)
            return restarts, moves, *((15.0, 5.0) if n < 100 else (10.0, 2.0))
        return self.restarts or 6, self.moves or 50_000 + 400 * count, 20.0, 13.0

    def _convincing(self, candidate: Candidate, n: int, target: Language) -> bool:
        """Whether the text is so near to the language that no second restart need confirm it."""
        unicity = candidate.key_bits / max(np.log2(target.size) - target.text_bits, 0.3)
        return n > 2.5 * unicity and candidate.language_bits < (target.text_bits + 0.5) * n

    def _run(self, symbols, count, target, moves, hot, cold, seed, restart) -> Candidate:
        """One restart: anneal on n-grams, then refine on words."""
        size, letters = target.size, self.letters(target)
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
                    symbols, key, fixed, count, letters, target.flat_cost, target.guess, target.order, size, moves, hot, cold,
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
        polish = 0 if n > 600 else 2500 if n < 48 else 1200 if n < 100 else 300 if bijection else 0
        bits = refine(
            symbols, key, bijection, fixed, target.flat_cost, target.guess, target.order, size, letters, target.spaces,
            model.child, model.mass, model.end, PROBABILITY, WORD_SHARE, 0.0 if bijection else 1.0,
            polish, 3.0 if n < 48 else 1.0, run_seed,
        )  # fmt: skip
        key_bits = bijection_bits(count, letters) if bijection else homophonic_bits(count, letters)
        key = key[:count].copy()
        chosen = 0.0 if bijection else emission_bits(key, symbols[symbols >= 0], size)
        return Candidate(key, bits, key_bits, language_bits=bits - chosen)

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
        key = _complete(best.key, letters) if bijection else best.key.copy()
        fixed = np.zeros(len(key), bool)
        fixed[list(self.cribs)] = True
        model = target.words
        refine(
            np.ascontiguousarray(symbols, np.int32), key, bijection, fixed, target.flat_cost, target.guess,
            target.order, size, letters, target.spaces, model.child, model.mass, model.end, PROBABILITY, WORD_SHARE,
            0.0 if bijection else 1.0, self.polish if len(symbols) < 2000 else 60, 0.0, seed + 1,
        )  # fmt: skip
        best.key = key[: len(source.names)].copy()
        for candidate in leaders:
            candidate.text = candidate.language_bits = target.total_bits(
                decode(symbols, candidate.key)
            )
            if not bijection:
                candidate.text += emission_bits(candidate.key, source.symbols, size)
        return sorted(leaders, key=lambda c: c.total)


def _complete(key: np.ndarray, letters: int) -> np.ndarray:
    """A permutation: the letters that no symbol has go to spare symbols."""
    return np.concatenate([key, np.setdiff1d(np.arange(letters, dtype=np.int32), key)]).astype(
        np.int32
    )


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
    return Ciphertext(
        source.symbols[order], source.names, source.breaks, source.tokens, source.lines
    )
