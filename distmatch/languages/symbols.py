"""`SymbolModel`: n-gram costs of any sequence of symbols, learned from the sequence itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from distmatch.languages import ngram

MAX_PROBABILITIES = 3_000_000
"""Entries of the largest n-gram table: order 4 for 27 to 41 symbols, 3 up to 144, 2 for bytes."""


@dataclass(frozen=True)
class SymbolModel:
    """What a sequence over symbols 0 .. size - 1 is like, for a search over maps into it.

    Args:
        probability: (A,) * n float32, P(last | others), interpolated Witten-Bell.
    """

    probability: np.ndarray

    @classmethod
    def fit(cls, sequence: np.ndarray, size: int, *, order: int = 0) -> SymbolModel:
        """Count a sequence.

        Args:
            sequence: (n,) symbols.
            size: of the alphabet; symbols that do not occur have only smoothed probability.
            order: n; 0 for the highest, at most 4, whose table stays below `MAX_PROBABILITIES`.
        """
        size = max(size, 2)
        if not order:
            order = next((n for n in (4, 3) if size**n <= MAX_PROBABILITIES), 2)
        counts = ngram.text_counts(np.asarray(sequence), order, size)
        if not counts.any():
            return cls(np.full((size,) * order, 1.0 / size, np.float32))
        return cls(ngram.interpolate(counts, total=len(sequence)))

    @property
    def order(self) -> int:
        """n of the table."""
        return self.probability.ndim

    @property
    def size(self) -> int:
        """Number of symbols."""
        return self.probability.shape[0]

    @cached_property
    def log2(self) -> np.ndarray:
        """(A,) * n log2 probabilities."""
        return np.log2(self.probability)

    @cached_property
    def marginal(self) -> np.ndarray:
        """(A,) stationary probability of every symbol."""
        joint = np.exp2(ngram.joint_logprob(self.log2)).reshape(-1, self.size).sum(axis=0)
        return joint / joint.sum()

    @cached_property
    def flat_cost(self) -> np.ndarray:
        """Flat uint8 costs in 1 / `ngram.UNITS_PER_BIT` bit, for the annealing kernels."""
        cost = np.clip(np.rint(-ngram.UNITS_PER_BIT * self.log2), 0, 255)
        return cost.astype(np.uint8).reshape(-1)

    @cached_property
    def guess(self) -> np.ndarray:
        """(n, A ** (n - 1)) uint8: the best symbol for each place of a window."""
        return ngram.best_letters(ngram.joint_logprob(self.log2))

    def bits(self, symbols: np.ndarray) -> np.ndarray:
        """Code length of every symbol, (n,) float64; the first order - 1 cost log2 size each."""
        out = np.full(len(symbols), np.log2(self.size))
        if len(symbols) >= self.order:
            end = len(symbols) - self.order + 1
            index = tuple(symbols[k : end + k] for k in range(self.order))
            out[self.order - 1 :] = -self.log2[index]
        return out
