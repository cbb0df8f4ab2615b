"""`Mixture`: several codes as one that is never longer than the best of them plus log2 of their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast, runtime_checkable

import numba
import numpy as np

from distmatch.compression import arithmetic
from distmatch.compression.arithmetic import DECODE, ENCODE, code_bit
from distmatch.compression.codelength import Code
from distmatch.compression.decisions import width_of
from distmatch.compression.predictor import State, predict, update
from distmatch.compression.switching import (
    WEIGHT_UNIT,
    mixed_probability,
    reweigh,
    run_two,
    share_weights,
)


class Predictor(Protocol):
    """Predicts one binary decision of a symbol after another, most significant bit first."""

    def predict(self) -> int:
        """Probability that the next decision is 1, in 1 .. 65535 of 65536."""
        ...

    def update(self, bit: int) -> None:
        """Learn the decision."""
        ...


@runtime_checkable
class Sequential(Protocol):
    """A `Code` whose predictions can be had one decision at a time, so that it can be an expert."""

    size: int

    def predictor(self, n: int, *, primed_by: np.ndarray | None = None) -> Predictor:
        """Ready for the first of n symbols."""
        ...


@dataclass(frozen=True, kw_only=True)
class Primed:
    """A code that has always seen `by` first. Implements `Code`."""

    code: Code
    by: np.ndarray

    @property
    def size(self) -> int:
        """Symbols of the alphabet."""
        return self.code.size

    def _before(self, primed_by: np.ndarray | None) -> np.ndarray:
        return self.by if primed_by is None else np.concatenate([self.by, primed_by])

    def bits(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """Code length in bits of every symbol."""
        return self.code.bits(data, primed_by=self._before(primed_by))

    def encode(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> bytes:
        """The archive of the symbols."""
        return self.code.encode(data, primed_by=self._before(primed_by))

    def decode(self, code: bytes, n: int, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """The n symbols of an archive."""
        return self.code.decode(code, n, primed_by=self._before(primed_by))

    def predictor(self, n: int, *, primed_by: np.ndarray | None = None) -> Predictor:
        """See `Sequential`."""
        assert isinstance(self.code, Sequential)
        return self.code.predictor(n, primed_by=self._before(primed_by))


def unranked(code: Code) -> Code:
    """The same code with the plain tree of decisions, the one on which predictions of experts can be mixed."""
    if isinstance(code, Primed):
        return replace(code, code=unranked(code.code))
    if getattr(code, "ranked", False):
        return replace(cast(Any, code), ranked=False)
    return code


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Bayes mixture of experts, or switching between them (fixed share, Herbster & Warmuth 1998).

    With `share` 0 the total is at most that of the best expert + log2 K bits: the mixture's probability of the
    data is a sum of which the best expert's, divided by K, is one term. Experts that are not `Sequential` can
    only be chosen between, for the same bound rounded up to a byte. Implements `Code`, and `Sequential` if the
    experts do.
    """

    experts: tuple[Code, ...]
    share: float = 0.0
    """Weight that moves to all experts alike after every symbol; above 0 the best may change along the data."""

    @property
    def size(self) -> int:
        """Symbols of the alphabet."""
        return self.experts[0].size

    @property
    def sequential(self) -> bool:
        """Whether probabilities are mixed symbol by symbol."""
        return all(isinstance(expert, Sequential) for expert in self.experts)

    def bits(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """Code length in bits of every symbol, (n,) float64, computed in the log domain."""
        costs = np.stack([unranked(e).bits(data, primed_by=primed_by) for e in self.experts])
        if not self.sequential:
            best = costs[int(costs.sum(1).argmin())].copy()
            if len(best):
                best[0] += 8
            return best
        return mixture_bits(costs, self.share)

    def encode(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> bytes:
        """The archive of the symbols."""
        if not self.sequential:
            codes = [unranked(e).encode(data, primed_by=primed_by) for e in self.experts]
            best = min(range(len(codes)), key=lambda k: len(codes[k]))
            return bytes([best]) + codes[best]
        width = width_of(self.size)
        predictor = self.predictor(len(data), primed_by=primed_by)
        code = np.zeros(len(data) * 2 * width + 8, np.uint8)
        registers = arithmetic.fresh_coder()
        symbols = np.ascontiguousarray(data, np.uint16)
        if predictor.run(ENCODE, registers, symbols, code):
            symbols = symbols[:0]
        for symbol in symbols.tolist():
            for k in range(width - 1, -1, -1):
                bit = symbol >> k & 1
                code_bit(ENCODE, registers, code, predictor.predict(), bit)
                predictor.update(bit)
        arithmetic.close_encoder(registers, code)
        return code[: registers[arithmetic.CURSOR]].tobytes()

    def decode(self, code: bytes, n: int, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """The n symbols of an archive."""
        if not self.sequential:
            return unranked(self.experts[code[0]]).decode(code[1:], n, primed_by=primed_by)
        width = width_of(self.size)
        predictor = self.predictor(n, primed_by=primed_by)
        archive = np.frombuffer(code, np.uint8).copy()
        registers = arithmetic.fresh_coder()
        arithmetic.open_decoder(registers, archive)
        out = np.zeros(n, np.uint16)
        compiled = predictor.run(DECODE, registers, out, archive)
        for t in range(0 if compiled else n):
            symbol = 0
            for _ in range(width):
                bit = int(code_bit(DECODE, registers, archive, predictor.predict(), 0))
                predictor.update(bit)
                symbol = symbol * 2 + bit
            out[t] = symbol
        return out.astype(np.uint8 if self.size <= 256 else np.uint16)

    def predictor(self, n: int, *, primed_by: np.ndarray | None = None) -> _MixedPredictor:
        """See `Sequential`."""
        experts = [
            e.predictor(n, primed_by=primed_by) for e in self.experts if isinstance(e, Sequential)
        ]
        return _MixedPredictor(experts, width_of(self.size), self.share)


def mixture_bits(costs: np.ndarray, share: float = 0.0) -> np.ndarray:
    """Code lengths of the mixture from those of its experts.

    Args:
        costs: (K, n) bits.
        share: see `Mixture`.

    Returns:
        (n,) bits.
    """
    if share == 0.0:
        experts = len(costs)
        totals = np.concatenate([np.zeros((experts, 1)), costs.cumsum(axis=1)], axis=1)
        return np.diff(-np.logaddexp2.reduce(-totals, axis=0))
    return _switching_bits(np.ascontiguousarray(costs), share)


@numba.njit(cache=True, nogil=True)
def _switching_bits(costs, share):
    experts, n = costs.shape
    out = np.empty(n)
    weight = np.full(experts, 1.0 / experts)
    for t in range(n):
        least = costs[:, t].min()  # the sum then has a term of at least share / experts
        total = 0.0
        for k in range(experts):
            weight[k] *= 2.0 ** (least - costs[k, t])
            total += weight[k]
        out[t] = least - np.log2(total)
        weight = weight / total * (1.0 - share) + share / experts
    return out


class _MixedPredictor:
    """Integer weights, so that encoder and decoder agree on any machine."""

    def __init__(self, experts: Sequence[Predictor], width: int, share: float) -> None:
        self.experts, self.width, self.depth = experts, width, 0
        self.shares = np.array([round(share * 65536)], np.int64)
        self.weights = np.full(len(experts), WEIGHT_UNIT // len(experts), np.int64)
        self.chances = np.zeros(len(experts), np.int64)

    def run(self, mode, registers, symbols, code) -> bool:
        """Code all symbols in compiled code, if there are two experts and both are states."""
        a, b = self.experts if len(self.experts) == 2 else (None, None)
        if not isinstance(a, StatePredictor) or not isinstance(b, StatePredictor):
            return False
        run_two(
            mode, tuple(a.state), tuple(b.state), self.weights, self.chances, self.shares, registers, symbols,
            0, len(symbols), code, np.zeros(3),
        )  # fmt: skip
        return True

    def predict(self) -> int:
        self.chances[:] = [expert.predict() for expert in self.experts]
        return int(mixed_probability(self.weights, self.chances))

    def update(self, bit: int) -> None:
        reweigh(self.weights, self.chances, bit)
        for expert in self.experts:
            expert.update(bit)
        self.depth += 1
        if self.depth == self.width:
            self.depth = 0
            share_weights(self.weights, self.shares)


class StatePredictor:
    """A `State` as a `Predictor`."""

    def __init__(self, state: State) -> None:
        self.state = state

    def predict(self) -> int:
        """See `Predictor`."""
        return int(predict(*self.state))

    def update(self, bit: int) -> None:
        """See `Predictor`."""
        update(*self.state, bit)
