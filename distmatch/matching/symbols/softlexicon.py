"""`WordLexicon`: a row-stochastic lexicon p(y | x) by expectation maximisation, from Y's word pairs alone.

Y is taken for words of X's language, each replaced by a word y with probability p(y | x). X's model of word pairs is
frozen and flattened, p^beta with beta rising to 1, as in `matching.softkey`. Only pair counts enter, so a step costs
V^3 whatever the length of Y.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from distmatch.compression.codelength import adaptive_bits
from distmatch.errors import InputError
from distmatch.languages.symbols import SymbolModel
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.match import Bits, Match
from distmatch.matching.symbols.search import CLIMBED, climb, symbol_count
from distmatch.progress import Clock, Progress, silent


@dataclass(frozen=True, kw_only=True)
class WordLexicon:
    """Settings of the expectation maximisation."""

    kind: str = "homophonic"
    """What the soft lexicon is read out as: "homophonic" (the likeliest x of each y) or "bijection" (assignment)."""
    steps: int = 80
    flat: float = 0.3
    """First beta; it reaches 1 after three quarters of the steps."""
    width: float = 0.7
    """Spread, in log frequency, of the first guess, which pairs words of like frequency."""

    def match(
        self,
        source: np.ndarray,
        target: SymbolModel,
        *,
        symbols: int = 0,
        known: tuple[tuple[int, int], ...] = (),
        seed: int = 0,
        progress: Progress = silent,
    ) -> Match[Relabelling]:
        """f from Y's words to X's, read out of the soft lexicon that `learn` returns.

        Args:
            source: (n,) words of Y.
            target: pair model (order 2) of X.
            symbols: number of Y's words; 0 for those that occur.
            known: pairs (y, x) that are certain, such as the sign of all other words.
            seed: of the last climb's proposals; the rest is not random.
            progress: called once per step; an interrupt keeps the lexicon so far.

        Returns:
            The match; `extra["posterior"]` is the mean probability of a token's likeliest word.

        Raises:
            InputError: fewer than two words, or more different ones than a bijection has words for.
        """
        clock = Clock()
        source = np.asarray(source, np.int64)
        count = symbol_count(source, symbols, target.size, self.kind)
        if len(source) < 2:
            raise InputError("one word has no neighbours. Give a text of at least two words")
        lexicon, history = self.learn(source, target, symbols=count, known=known, progress=progress)
        f, sure = self._read(lexicon, target, source, count)
        if self.kind == "bijection":
            table = climb(source[:CLIMBED].astype(np.int32), f.table, target, self.kind, seed=seed)
            f = Relabelling(table, target.size, self.kind)
        data = float(target.bits(f(source)).sum()) + choice_bits(f, source)
        return Match(
            map=f,
            bits=Bits(data=data, map=f.bits),
            confidence=None,
            reason=f"the likeliest word of a token has probability {sure:.2f} on average",
            method="lexicon",
            seed=seed,
            seconds=clock.seconds,
            cpu_seconds=clock.cpu_seconds,
            history=history,
            extra={"posterior": sure},
        )

    def learn(
        self,
        source: np.ndarray,
        target: SymbolModel,
        *,
        symbols: int,
        known: tuple[tuple[int, int], ...] = (),
        progress: Progress = silent,
    ) -> tuple[np.ndarray, list[dict[str, Any]]]:
        """The soft lexicon p(y | x), (X words, Y words) float32 with rows that sum to one, and the history of its steps.

        Args: as of `match`.
        """
        count = symbols
        pairs = np.bincount(source[:-1] * count + source[1:], minlength=count * count)
        pairs = pairs.reshape(count, count).astype(np.float32)
        lexicon = self._first(source, count, target, known)
        history = []
        for step in range(self.steps):
            # Full from three quarters of the steps on; the rest sharpens what was found.
            beta = min(1.0, self.flat + (1 - self.flat) * step / (0.75 * self.steps))
            joint = _flattened(target, beta)
            try:
                counts, nats = expected_counts(lexicon, joint, pairs)
                lexicon = _stochastic(counts + 1e-6, known)
                history.append({"step": step, "beta": beta, "bits": nats / log(2)})
                progress(step + 1, self.steps, bits=nats / log(2))
            except KeyboardInterrupt:
                break
        return lexicon, history

    def _first(self, source, count, target, known) -> np.ndarray:
        frequency = np.bincount(source, minlength=count) + 0.5
        rarity = np.log(frequency / frequency.sum())
        distance = np.log(target.marginal + 1e-9)[:, None] - rarity
        return _stochastic(np.exp(-0.5 * (distance / self.width) ** 2 + rarity), known)

    def _read(self, lexicon, target, source, count) -> tuple[Relabelling, float]:
        belief = lexicon * target.marginal[:, None].astype(np.float32)
        belief = belief / belief.sum(axis=0, keepdims=True)
        if self.kind == "bijection":
            from scipy.optimize import linear_sum_assignment

            x, y = linear_sum_assignment(-np.log(belief + 1e-12))
            table = np.zeros(count, np.int32)
            table[y] = x
        else:
            table = belief.argmax(axis=0).astype(np.int32)
        frequency = np.bincount(source, minlength=count) / max(len(source), 1)
        return Relabelling(table, target.size, self.kind), float(
            belief[table, np.arange(count)] @ frequency
        )


def expected_counts(
    lexicon: np.ndarray, joint: np.ndarray, pairs: np.ndarray
) -> tuple[np.ndarray, float]:
    """One expectation step of the pair model Q = E' J E.

    Args:
        lexicon: (X, Y) rows p(y | x), E.
        joint: (X, X) probabilities of word pairs of X, J.
        pairs: (Y, Y) counts of word pairs of Y.

    Returns:
        Expected number of times that x stood behind y, (X, Y), and the -log likelihood of the pairs in nats.
    """
    before, after = joint @ lexicon, joint.T @ lexicon
    chance = np.maximum(lexicon.T @ before, 1e-20)
    ratio = pairs / chance
    counts = lexicon * (before @ ratio.T + after @ ratio)
    seen = pairs > 0
    return counts, -float((pairs[seen] * np.log(chance[seen])).sum())


def choice_bits(f: Relabelling, source: np.ndarray) -> float:
    """Bits to say which y stands for its x at each place, with frequencies learned on the way, per group."""
    counts = np.bincount(source, minlength=len(f.table))
    return sum((adaptive_bits(counts[group]) for group in f.homophones if len(group) > 1), 0.0)


def _flattened(target: SymbolModel, beta: float) -> np.ndarray:
    """(X, X) pair probabilities of the flattened model."""
    rows = np.exp2(beta * target.log2)
    first = target.marginal**beta
    rows *= (first / first.sum())[:, None] / rows.sum(axis=1, keepdims=True)
    return rows.astype(np.float32)


def _stochastic(counts: np.ndarray, known) -> np.ndarray:
    lexicon = counts.astype(np.float32)
    for y, x in known:
        lexicon[x], lexicon[:, y] = 0.0, 0.0
        lexicon[x, y] = 1.0
    return lexicon / np.maximum(lexicon.sum(axis=1, keepdims=True), 1e-30)
