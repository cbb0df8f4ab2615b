"""`ContextMixing`: our own compressor of bytes or letters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.compression import arithmetic
from distmatch.compression.logistic import FRESH, LIMIT, SQUASH
from distmatch.compression.mixture import Predictor, StatePredictor
from distmatch.compression.predictor import (
    APM,
    APM_CELLS,
    APM_MASK,
    APM_STEP,
    BUCKETS,
    CLASS,
    CONFIDENCE,
    CONTEXTS,
    COUNT_LIMIT,
    GROUP,
    HASH,
    INPUTS,
    LANES,
    LEVELS,
    MATCH_LEVELS,
    MATCHES,
    MINIMUM,
    ORDER,
    PARTIAL,
    RATE,
    ROWS,
    SEEN,
    SEEN_BITS,
    SET_SIZE,
    SETS,
    TABLE,
    TABLE_BITS,
    WIDTH,
    WORDS,
    State,
)  # fmt: skip
from distmatch.progress import Progress, silent

PIECE = 1 << 16
"""Symbols between two calls of progress."""
LARGEST_TABLE = 26
"""log2 of the slots of 4 bytes: 256 MiB at most."""


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
    minimum: int = 6
    """Shortest repetition that the match model follows."""
    count_limit: int = 255
    """Observations after which a probability starts to forget."""
    rate: int = 96
    """Step of the mixer, in units of 1/65536 a nat."""

    @classmethod
    def letters(cls, size: int = 27, *, space: int | None = -1, **settings) -> ContextMixing:
        """For letters; the space is the last symbol unless given, None for text without spaces."""
        words = () if space is None else (space % size,)
        return cls(**{"size": size, "words": words, "minimum": 8} | settings)

    @property
    def width(self) -> int:
        """Binary decisions a symbol."""
        return max(int(self.size - 1).bit_length(), 1)

    def start(
        self, n: int, *, primed_by: np.ndarray | None = None, progress: Progress = silent
    ) -> State:
        """A predictor for n symbols that has learned `primed_by`."""
        before = 0 if primed_by is None else len(primed_by)
        state = self._state(n + before)
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
        """Code length in bits of every symbol, (n,) float64."""
        state = self.start(len(data), primed_by=primed_by, progress=progress)
        costs = np.zeros(len(data))
        self._run(arithmetic.BITS, state, self._symbols(data), costs=costs, progress=progress)
        return costs

    def encode(
        self,
        data: np.ndarray,
        *,
        primed_by: np.ndarray | None = None,
        progress: Progress = silent,
    ) -> bytes:
        """The archive of the symbols, without header or length."""
        state = self.start(len(data), primed_by=primed_by, progress=progress)
        return self.run_encoder(state, data, progress=progress)[1]

    def decode(
        self,
        code: bytes,
        n: int,
        *,
        primed_by: np.ndarray | None = None,
        progress: Progress = silent,
    ) -> np.ndarray:
        """The n symbols of an archive, (n,) uint8 (uint16 for more than 256 symbols)."""
        state = self.start(n, primed_by=primed_by, progress=progress)
        return self.run_decoder(state, code, n, progress=progress)

    def run_encoder(
        self, state: State, data: np.ndarray, *, progress: Progress = silent
    ) -> tuple[float, bytes]:
        """Bits and archive of symbols coded with a predictor, which goes on from there."""
        # A decision costs 16 bits at most.
        code = np.zeros(len(data) * 2 * self.width + 8, np.uint8)
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

    @staticmethod
    def copied(state: State) -> State:
        """A second predictor in the same state."""
        return State(*(array.copy() for array in state))

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

    def _state(self, capacity: int) -> State:
        width = self.width
        group = 4 if width > 6 else 3
        word_class = self._word_class()
        contexts = self.order + (2 if word_class.any() else 0)
        if 2 * contexts + 4 > LANES:
            raise ValueError(f"at most {LANES // 2 - 2} contexts, not {contexts}")
        wanted = max(capacity, 1) * contexts * -(-width // group)
        table_bits = min(max(wanted.bit_length(), 8), LARGEST_TABLE - group)
        seen_bits = min(max(capacity.bit_length(), 8), 20)
        register = np.zeros(CLASS + len(word_class), np.int64)
        register[PARTIAL] = 1
        register[HASH : HASH + contexts] = np.arange(contexts)
        register[CLASS:] = word_class
        places = (WIDTH, GROUP, TABLE_BITS, CONTEXTS, ORDER, MINIMUM, COUNT_LIMIT, RATE, WORDS)
        values = (
            width, group, table_bits, contexts, self.order, self.minimum, self.count_limit,
            self.rate, int(word_class.any()),
        )  # fmt: skip
        register[list(places)] = values
        register[SEEN_BITS] = seen_bits
        rows = 1 << min(max(capacity.bit_length(), 8), 16)
        register[APM_MASK] = rows - 1
        end = 1 << width
        for place, length in (
            (CONFIDENCE, (contexts + 1) * LEVELS * BUCKETS),
            (MATCHES, MATCH_LEVELS),
            (APM, (SET_SIZE + rows) * APM_CELLS),
            (SEEN, 1 << seen_bits),
            (TABLE, 1 << (table_bits + group)),
        ):
            register[place] = end
            end += length
        slots = np.zeros(end, np.uint32)
        odds = np.minimum(np.arange(APM_CELLS) * APM_STEP - LIMIT - 1, LIMIT)
        row = (SQUASH[odds + LIMIT].astype(np.int64) << 16 | 6) ^ FRESH
        slots[register[APM] : register[SEEN]] = np.tile(row, SET_SIZE + rows)
        lanes = -(-(2 * contexts + 4) // 8) * 8
        level = np.arange(MATCH_LEVELS)
        slots[register[MATCHES] : register[MATCHES] + MATCH_LEVELS] = (
            (level + 2) * (1 << 22) // (level + 3) << 10 | 4
        ) ^ FRESH
        weights = np.zeros((ROWS, lanes), np.int32)
        weights[:, : 2 * contexts + 4] = 65536 * 3 // 10
        final = np.zeros((SET_SIZE, 8), np.int32)
        final[:, :SETS] = 65536 // SETS
        register[INPUTS] = lanes
        inputs = np.zeros(2 * LANES, np.int32)
        return State(register, inputs, weights, final, slots, np.zeros(capacity + 1, np.uint16))

    def _word_class(self) -> np.ndarray:
        """(2 ** width,) int64: 0 where a word ends; bytes are folded to lower case."""
        kinds = np.zeros(1 << self.width, np.int64)
        if self.words is None:
            if self.size != 256:
                return kinds
            for byte in range(256):
                char = chr(byte).lower()
                if byte > 127 or char.isalpha():
                    kinds[byte] = ord(char) + 1 if byte < 128 else byte + 1
        elif self.words:
            kinds[: self.size] = np.arange(self.size) + 1
            kinds[list(self.words)] = 0
        return kinds
