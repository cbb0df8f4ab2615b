"""`ContextMixing`: our own compressor of bytes or letters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.compression import arithmetic
from distmatch.compression.decisions import MAX_RANKING, MIN_RANKED_SYMBOLS, ranking_of, width_of
from distmatch.compression.mixture import Predictor, StatePredictor
from distmatch.compression.predictor import State
from distmatch.compression.states import new_state
from distmatch.progress import Progress, silent

PIECE = 1 << 16
"""Symbols between two calls of progress."""


@dataclass(frozen=True, kw_only=True)
class ContextMixing:
    """Order-n context mixing with a match model and word contexts over a binary decomposition.

    Implements `Code`. The default settings suit bytes; `ContextMixing.letters()` suits folded text.
    """

    size: int = 256
    """Symbols of the alphabet, 2 to 65536."""
    order: int = 6
    """Longest n-gram context."""
    words: tuple[int, ...] | None = None
    """Symbols that end a word; empty: no word contexts; None: all bytes but letters and those above 127."""
    names: tuple[int, ...] | None = None
    """Byte that each symbol stands for, where the alphabet is a part of the bytes and words are to end as in bytes."""
    minimum: int = 6
    """Shortest repetition that the match model follows."""
    count_limit: int = 127
    """Observations after which a probability starts to forget."""
    rate: int = 160
    """Step of the mixer, in units of 1/65536 a nat."""

    ranked: bool = True
    """Let long data (2^16 symbols) name its most frequent symbols, which then take few decisions; see `decisions`."""

    @classmethod
    def letters(cls, size: int = 27, *, space: int | None = -1, **settings) -> ContextMixing:
        """For letters; the space is the last symbol unless given, None for text without spaces."""
        words = () if space is None else (space % size,)
        return cls(**{"size": size, "words": words, "minimum": 8} | settings)

    def start(
        self,
        n: int,
        *,
        primed_by: np.ndarray | None = None,
        ranking: tuple[int, ...] = (),
        progress: Progress = silent,
    ) -> State:
        """A predictor for n symbols that has learned `primed_by`; `ranking` shapes its tree of decisions."""
        before = 0 if primed_by is None else len(primed_by)
        state = new_state(
            n + before, size=self.size, order=self.order, word_class=self._word_class(), minimum=self.minimum,
            count_limit=self.count_limit, rate=self.rate, ranking=ranking,
        )  # fmt: skip
        if primed_by is not None:
            self._run(arithmetic.PRIME, state, self._symbols(primed_by), progress=progress)
        return state

    def predictor(self, n: int, *, primed_by: np.ndarray | None = None) -> Predictor:
        """Ready for the first decision of n symbols, to be one of the experts of a `Mixture`."""
        return StatePredictor(self.start(n, primed_by=primed_by))

    def bits(
        self,
        data: np.ndarray,
        *,
        primed_by: np.ndarray | None = None,
        progress: Progress = silent,
    ) -> np.ndarray:
        """Code length in bits of every symbol, (n,) float64; the first one pays for the ranking."""
        ranking, header = self._ranking(data, primed_by)
        state = self.start(len(data), primed_by=primed_by, ranking=ranking, progress=progress)
        costs = np.zeros(len(data))
        self._run(arithmetic.BITS, state, self._symbols(data), costs=costs, progress=progress)
        costs[:1] += 8 * len(header)
        return costs

    def encode(
        self,
        data: np.ndarray,
        *,
        primed_by: np.ndarray | None = None,
        progress: Progress = silent,
    ) -> bytes:
        """The archive of the symbols, without header or length."""
        return self.measured(data, primed_by=primed_by, progress=progress)[1]

    def measured(
        self,
        data: np.ndarray,
        *,
        primed_by: np.ndarray | None = None,
        progress: Progress = silent,
    ) -> tuple[float, bytes]:
        """Total bits and the archive in one pass."""
        ranking, header = self._ranking(data, primed_by)
        state = self.start(len(data), primed_by=primed_by, ranking=ranking, progress=progress)
        bits, code = self.run_encoder(state, data, progress=progress)
        return bits + 8 * len(header), header + code

    def decode(
        self,
        code: bytes,
        n: int,
        *,
        primed_by: np.ndarray | None = None,
        progress: Progress = silent,
    ) -> np.ndarray:
        """The n symbols of an archive, (n,) uint8 (uint16 for more than 256 symbols).

        Raises:
            ValueError: an archive whose ranking is none.
        """
        ranking, cursor = self._ranking(np.zeros(0, np.int64), primed_by)[0], 0
        if self.ranked and not self._ranked_by(primed_by):
            ranking, cursor = self.read_ranking(code)
        state = self.start(n, primed_by=primed_by, ranking=ranking, progress=progress)
        return self.run_decoder(state, code[cursor:], n, progress=progress)

    def _ranked_by(self, primed_by: np.ndarray | None) -> bool:
        """Whether what was seen before is long enough to tell the frequent symbols, so that none need be sent."""
        return self.ranked and primed_by is not None and len(primed_by) >= MIN_RANKED_SYMBOLS

    def _ranking(
        self, data: np.ndarray, primed_by: np.ndarray | None
    ) -> tuple[tuple[int, ...], bytes]:
        if primed_by is not None and self._ranked_by(primed_by):
            return ranking_of(self.size, self._symbols(primed_by)), b""
        if not self.ranked:
            return (), b""
        ranking = ranking_of(self.size, self._symbols(data))
        return ranking, self.write_ranking(ranking)

    def write_ranking(self, ranking: tuple[int, ...]) -> bytes:
        """Their number and the most frequent symbols."""
        wide = 1 if self.size <= 256 else 2
        return bytes([len(ranking)]) + b"".join(s.to_bytes(wide, "big") for s in ranking)

    def read_ranking(self, code: bytes) -> tuple[tuple[int, ...], int]:
        """Ranking at the front of `code`, and the number of bytes read.

        Raises:
            ValueError: what stands there is none.
        """
        wide = 1 if self.size <= 256 else 2
        end = 1 + wide * code[0] if code else 0
        ranking = tuple(int.from_bytes(code[k : k + wide], "big") for k in range(1, end, wide))
        bad = ranking and (max(ranking) >= self.size or len(ranking) > MAX_RANKING)
        if not code or len(code) < end or bad or len(set(ranking)) < len(ranking):
            raise ValueError("no ranking of symbols at the front of the code")
        return ranking, end

    def run_encoder(
        self, state: State, data: np.ndarray, *, progress: Progress = silent
    ) -> tuple[float, bytes]:
        """Bits and archive of symbols coded with a predictor, which goes on from there."""
        # A decision costs 16 bits at most.
        code = np.zeros(len(data) * 2 * (width_of(self.size) + 8) + 8, np.uint8)
        registers = arithmetic.fresh_coder()
        costs = np.zeros(1)
        self._run(
            arithmetic.ENCODE,
            state,
            self._symbols(data),
            code,
            registers,
            costs=costs,
            progress=progress,
        )
        arithmetic.close_encoder(registers, code)
        return float(costs.sum()), code[: registers[arithmetic.CURSOR]].tobytes()

    def run_decoder(
        self, state: State, code: bytes, n: int, *, progress: Progress = silent
    ) -> np.ndarray:
        """n symbols of an archive, decoded with a predictor, which goes on from there."""
        symbols = np.zeros(n, np.uint16)
        archive = np.frombuffer(code, np.uint8).copy()
        registers = arithmetic.fresh_coder()
        arithmetic.open_decoder(registers, archive)
        self._run(arithmetic.DECODE, state, symbols, archive, registers, progress=progress)
        return symbols.astype(np.uint8 if self.size <= 256 else np.uint16)

    def _symbols(self, data: np.ndarray) -> np.ndarray:
        data = np.asarray(data)
        if len(data) and not (0 <= data.min() and data.max() < self.size):
            raise ValueError(f"symbols must lie in 0 .. {self.size - 1}")
        return np.ascontiguousarray(data, np.uint16)

    def _run(self, mode, state, symbols, code=None, registers=None, *, costs=None, progress):
        code = np.zeros(0, np.uint8) if code is None else code
        registers = arithmetic.fresh_coder() if registers is None else registers
        costs = np.zeros(0) if costs is None else costs
        for begin in range(0, len(symbols), PIECE):
            end = min(begin + PIECE, len(symbols))
            arithmetic.run(mode, state, registers, symbols, begin, end, code, costs)
            progress(end, len(symbols))

    def _word_class(self) -> np.ndarray:
        """(2 ** width,) int64: 0 where a word ends; bytes are folded to lower case."""
        kinds = np.zeros(1 << width_of(self.size), np.int64)
        if self.words is None:
            if self.size != 256 and self.names is None:
                return kinds
            for symbol, byte in enumerate(range(256) if self.names is None else self.names):
                char = chr(byte).lower()
                if byte > 127 or char.isalpha():
                    kinds[symbol] = ord(char) + 1 if byte < 128 else byte + 1
        elif self.words:
            kinds[: self.size] = np.arange(self.size) + 1
            kinds[list(self.words)] = 0
        return kinds
