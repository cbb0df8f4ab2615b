"""`NgramCode`: a language's n-gram table as a static coder, to be an expert beside coders that learn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numba
import numpy as np

from distmatch.compression.arithmetic import LOG2
from distmatch.compression.decisions import width_of
from distmatch.compression.logistic import NO_RUNTIME
from distmatch.compression.mixture import Mixture, Predictor
from distmatch.languages.ngram import UNITS_PER_BIT

WEIGHTS = np.rint(2.0 ** (30 - np.arange(256) / UNITS_PER_BIT)).astype(np.int64)
"""Probability of a cost in 1/16 bit, as an integer: decoder and encoder add the same numbers."""


@dataclass(frozen=True, kw_only=True)
class NgramCode:
    """Symbols by P(last | others) of a fixed table, such as `Language.cost`. Implements `Code` and `Sequential`.

    It learns nothing: what it is primed by is only the context of the first symbols. Nothing about the table is in
    the archive, so whoever decodes needs the same one.
    """

    cost: np.ndarray = field(repr=False)
    """(A,) * n uint8, -log2 P in 1/16 bit."""

    @property
    def size(self) -> int:
        """Symbols of the alphabet."""
        return self.cost.shape[0]

    def bits(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """Code length in bits of every symbol, (n,) float64, under the integer probabilities."""
        symbols = np.concatenate([self._context(primed_by), np.asarray(data, np.int64)])
        known = 0 if primed_by is None else min(len(primed_by), self.cost.ndim - 1)
        out = np.zeros(len(data))
        width = width_of(self.size)
        _costs(self.cost.reshape(-1), self.size, self.cost.ndim, width, symbols, known, out)
        return out

    def encode(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> bytes:
        """The archive of the symbols."""
        return Mixture(experts=(self,)).encode(data, primed_by=primed_by)

    def decode(self, code: bytes, n: int, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """The n symbols of an archive."""
        return Mixture(experts=(self,)).decode(code, n, primed_by=primed_by)

    def predictor(self, n: int, *, primed_by: np.ndarray | None = None) -> Predictor:
        """See `Sequential`."""
        known = 0 if primed_by is None else min(len(primed_by), self.cost.ndim - 1)
        return _TablePredictor(self, self._context(primed_by).tolist(), known)

    def _context(self, primed_by: np.ndarray | None) -> np.ndarray:
        """(n - 1,) symbols before the first one."""
        context = np.zeros(self.cost.ndim - 1, np.int64)
        if primed_by is not None and len(primed_by) and len(context):
            last = np.asarray(primed_by, np.int64)[-len(context) :]
            context[len(context) - len(last) :] = last
        return context


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def chance_of_one(flat, size, row, flatly, width, prefix, depth):
    """16-bit probability that the next decision of a symbol is 1, its first `depth` decisions being `prefix`.

    Args:
        flat: costs; those of the context begin at `row`.
        flatly: whether all symbols are taken to be equally likely, there being no context yet.
    """
    low = prefix << (width - depth)
    middle = low + (1 << (width - depth - 1))
    high = low + (1 << (width - depth))
    zeros, ones = np.int64(1), np.int64(1)
    for symbol in range(low, min(high, size)):
        weight = np.int64(1 << 20) if flatly else WEIGHTS[flat[row + symbol]]
        if symbol < middle:
            zeros += weight
        else:
            ones += weight
    p = ((ones << 16) + (zeros + ones) // 2) // (zeros + ones)
    return min(max(p, 1), 65535)


@numba.njit(cache=True, nogil=True, **NO_RUNTIME)
def _costs(flat, size, order, width, symbols, known, out):
    for t in range(len(out)):
        row = np.int64(0)
        for k in range(order - 1):
            row = row * size + symbols[t + k]
        symbol = symbols[t + order - 1]
        for depth in range(width):
            prefix = symbol >> (width - depth)
            p = chance_of_one(flat, size, row * size, known + t < order - 1, width, prefix, depth)
            bit = (symbol >> (width - depth - 1)) & 1
            out[t] += LOG2[p if bit else 65536 - p]


class _TablePredictor:
    """The table as a `Predictor`, one decision at a time."""

    def __init__(self, code: NgramCode, context: list[int], known: int) -> None:
        self.flat, self.size, self.order = code.cost.reshape(-1), code.size, code.cost.ndim
        self.context, self.known = context, known
        self.width, self.prefix, self.depth = width_of(code.size), 0, 0

    def predict(self) -> int:
        row = 0
        for symbol in self.context:
            row = row * self.size + symbol
        flatly = self.known < self.order - 1
        return int(
            chance_of_one(
                self.flat, self.size, row * self.size, flatly, self.width, self.prefix, self.depth
            )
        )

    def update(self, bit: int) -> None:
        self.prefix, self.depth = 2 * self.prefix + bit, self.depth + 1
        if self.depth == self.width:
            # A decoder of a damaged archive may read a symbol that the table lacks.
            symbol = min(self.prefix, self.size - 1)
            self.context = [*self.context, symbol][1:] if self.order > 1 else []
            self.known += 1
            self.prefix = self.depth = 0
