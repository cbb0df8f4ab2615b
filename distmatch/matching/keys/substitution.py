"""`KeySearch`: simple and homophonic substitution by many short annealing runs, rescored with words."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import Language
from distmatch.maps.key import homophonic_bits
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.keys import bijection, homophones
from distmatch.matching.keys.tasks import (
    SubstitutionTask,
    convincing,
    redundancy,
    with_spaces,
)
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.progress import Clock, Progress, silent

SEARCHED = 1_200
"""Letters searched on: longer texts are decoded with the key found there, then climbed on whole."""
UNTIL_TIME = 1_000_000
"""Restarts with a time limit: the limit ends the search, unless restarts agree before."""
MAX_KEYS = 6
"""Keys returned, the best first."""


@dataclass(frozen=True, kw_only=True)
class KeySearch:
    """Settings of the search.

    Source: the scheme of simulated annealing on n-gram costs; see docs/log.md for what was measured.
    """

    kind: str = "simple"
    """"simple" (each letter has one symbol) or "homophonic" (any map)."""
    restarts: int = 0
    """Maximum number of annealing runs; 0 depends on length."""
    moves: int = 0
    """Proposals per run; 0 depends on length."""
    emission: float = 0.7
    """Weight of the bits that name the homophones, in the search."""
    short: bool = False
    """Search a homophonic key on the shorter table, which needs no large one to be made."""
    agree: int = 0
    """Stop when so many restarts end at the best key; 0 depends on length."""
    polish: int = 600
    """Moves of the last climb on the code length of the whole text."""
    threads: int = 0
    """Worker threads; 0 for one per core. The result does not depend on it."""
    time_limit: float = float("inf")
    """Wall seconds after which no new round of restarts begins."""
    budget: Clock | None = None
    """Ends the rounds of restarts, but never one that runs, when it has expired."""
    patient: bool = True
    """Whether a time limit is to be used up: restarts go on until it, unless they agree."""
    cribs: dict[int, int] = field(default_factory=dict)
    """Symbol to letter, known for certain."""
    excluded: frozenset[tuple[int, int]] = frozenset()
    """Symbol and letter that it does not stand for."""
    space_enciphered: bool = False
    """Whether the space of the language is one of the letters that symbols may stand for."""

    def search(
        self, source: Ciphertext, target: Language, *, seed: int = 0, progress: Progress = silent
    ) -> list[Reading[Relabelling]]:
        """Distinct keys, the shortest total code first (at most 6).

        Args:
            source: the ciphertext.
            target: the language, with spaces if the ciphertext shows word breaks.
            seed: of all random choices.
            progress: called with restarts done, maximum restarts, and `bits`.
        """
        whole = self.task(source, target)
        part = replace(whole, symbols=np.ascontiguousarray(whole.symbols[:SEARCHED], np.int32))
        pool = self._restarts(part, seed, progress)
        simple = self.kind == "simple"
        leaders = sorted(pool.values(), key=total_bits)[
            : bijection.RESCORED if simple else MAX_KEYS
        ]
        if simple:
            made = bijection.finish(whole, leaders, self.polish, seed)
        else:
            made = homophones.finish(whole, leaders, SEARCHED, self.short)
        return sorted(_pooled(made, {}).values(), key=total_bits)[:MAX_KEYS]

    def task(self, source: Ciphertext, target: Language) -> SubstitutionTask:
        """What the search decodes: the symbols, with fixed spaces where the word breaks are known."""
        spaced = target.spaces and not self.space_enciphered
        symbols = with_spaces(source, target) if spaced else source.symbols
        return SubstitutionTask(
            symbols=np.ascontiguousarray(symbols, np.int32), count=len(source.names), target=target,
            letters=target.size if self.space_enciphered else len(target.alphabet),
            kind="bijection" if self.kind == "simple" else "homophonic", cribs=self.cribs, excluded=self.excluded,
        )  # fmt: skip

    def _restarts(
        self, part: SubstitutionTask, seed: int, progress: Progress
    ) -> dict[bytes, Reading[Relabelling]]:
        """Rounds of restarts until they agree, are sure, or time is up."""
        n = len(part.symbols)
        simple = self.kind == "simple"
        restarts = self._limit(part)
        # How many restarts must end in one key: chance agreement is likelier on short texts.
        agree = self.agree or (6 if n < 48 else 3 if n < 100 else 2)
        pool: dict[bytes, Reading[Relabelling]] = {}
        begin = time.monotonic()
        threads = self.threads or min(os.cpu_count() or 1, 4)
        stop = np.zeros(1, np.uint8)
        speed = np.inf  # homophonic steps a second, all threads of a round together
        with ThreadPoolExecutor(threads) as workers:
            done, interrupted = 0, False
            while done < restarts:
                size = (4 if n < 100 else 2) if simple or done else 1
                runs = range(done, min(done + size, restarts))
                started = time.monotonic()
                left = self.time_limit - (started - begin)
                moves = self._moves(part, done, speed * left / len(runs))
                jobs = [workers.submit(self._run, part, moves, seed, r, stop) for r in runs]
                try:
                    wait(jobs, None if left == np.inf else max(left, 0.0))
                except KeyboardInterrupt:
                    interrupted = True
                stop[0] = interrupted or time.monotonic() - begin >= self.time_limit
                _pooled((job.result() for job in jobs), pool)
                done += len(runs)
                now = time.monotonic()
                speed = moves * len(runs) / max(now - started, 1e-6)
                best = min(pool.values(), key=total_bits)
                try:
                    if restarts == UNTIL_TIME:
                        elapsed = round(now - begin, 1)
                        progress(elapsed, self.time_limit, restarts=done, bits=best.total)
                    else:
                        progress(done, restarts, bits=best.total)
                except KeyboardInterrupt:
                    interrupted = True
                settled = best.found >= agree or self._convincing(best, part)
                # No round is begun in the last twentieth of the time: it could not end.
                spent = self.budget is not None and self.budget.expired
                if interrupted or settled or spent or now - begin > 0.95 * self.time_limit:
                    break
        return pool

    def _limit(self, part: SubstitutionTask) -> int:
        """Maximum number of restarts."""
        if self.restarts:
            return self.restarts
        if self.patient and self.time_limit < float("inf"):
            return UNTIL_TIME
        n = len(part.symbols)
        if self.kind == "simple":
            return bijection.restarts_of(n, part.target.spaces)
        key_bits = homophonic_bits(part.count, part.letters)
        return 1 if n < homophones.HOPELESS * key_bits / redundancy(part.target) else 3

    def _moves(self, part: SubstitutionTask, done: int, affordable: float) -> int:
        if self.kind == "simple":
            return self.moves or bijection.moves_of(len(part.symbols))
        return homophones.steps_of(part.count, done, affordable, self.moves)

    def _run(
        self, part: SubstitutionTask, moves: int, seed: int, restart: int, stop: np.ndarray
    ) -> Reading[Relabelling]:
        rng = np.random.default_rng([seed, restart])
        if self.kind == "simple":
            return bijection.run(part, moves, rng)
        one = partial(homophones.run, emission=self.emission, short=self.short, stop=stop)
        return one(part, moves, rng)

    def _convincing(self, best: Reading[Relabelling], part: SubstitutionTask) -> bool:
        """Whether the text is so near to the language that no second restart need confirm it."""
        n = len(part.symbols)
        unicity = best.map_bits / redundancy(part.target)
        excess = best.language_bits / n - part.target.text_bits
        return convincing(excess, n / unicity, homophonic=self.kind == "homophonic")


def _pooled(readings, pool: dict[bytes, Reading[Relabelling]]) -> dict[bytes, Reading[Relabelling]]:
    """Readings by key; restarts that end at one key are counted."""
    for reading in readings:
        mark = reading.map.table.tobytes()
        known = pool.get(mark)
        pool[mark] = reading if known is None else replace(known, found=known.found + reading.found)
    return pool
