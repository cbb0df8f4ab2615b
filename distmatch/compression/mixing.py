"""`ContextMixing`: our own compressor of bytes or letters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.compression import arithmetic
from distmatch.compression.predictor import (
    APM_ROWS,
    BUCKETS,
    LEVELS,
    MATCH_LEVELS,
    SCALARS,
    SET_SIZE,
    SETS,
    State,
)
from distmatch.progress import Progress, silent

PIECE = 1 << 16
"""Symbols between two calls of progress."""
LARGEST_TABLE = 22
"""log2 of the bytes is this plus 6: 256 MiB at most."""


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
        # A decision costs 16 bits at most.
        code = np.zeros(len(data) * 2 * self.width + 8, np.uint8)
        registers = arithmetic.fresh_coder()
        self._run(arithmetic.ENCODE, state, self._symbols(data), code, registers, progress=progress)
        arithmetic.close_encoder(registers, code)
        return code[: registers[arithmetic.CURSOR]].tobytes()

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

    def _state(self, capacity: int) -> State:
        width = self.width
        group = 4 if width > 6 else 3
        word_class = self._word_class()
        contexts = self.order + (2 if word_class.any() else 0)
        groups = -(-width // group)
        wanted = max(capacity, 1) * contexts * groups
        bits = min(max(int(wanted).bit_length(), 10), LARGEST_TABLE + 4 - group)
        inputs = 2 * contexts + 5
        setting = np.array(
            [
                width, group, bits, contexts, self.order, self.minimum, self.count_limit, self.rate,
                int(word_class.any()),
            ]
        )  # fmt: skip
        scalar = np.zeros(SCALARS, np.int64)
        scalar[0] = 1
        match_bits = min(max(int(capacity).bit_length(), 8), 20)
        odds = np.arange(33) * 176 - 2816
        row = np.clip(65536 / (1 + np.exp(-odds / 256)), 16, 65520).astype(np.int32)
        return State(
            scalar=scalar,
            setting=setting,
            history=np.zeros(capacity + 1, np.uint16),
            word_class=word_class,
            table=np.zeros(1 << (bits + group), np.uint32),
            direct=np.zeros(1 << width, np.uint32),
            place=np.zeros(contexts, np.int64),
            hashes=np.arange(contexts, dtype=np.int64),
            confidence=np.zeros((contexts + 1, LEVELS * BUCKETS), np.uint32),
            chosen=np.zeros(contexts + 1, np.int64),
            seen=np.zeros(1 << match_bits, np.int32),
            match_slot=np.zeros(MATCH_LEVELS * 2, np.uint32),
            inputs=np.zeros(inputs, np.int64),
            weights=np.full(SETS * SET_SIZE * inputs, 65536 * 3 // 10, np.int64),
            active=np.zeros(SETS, np.int64),
            outputs=np.zeros(SETS, np.int64),
            final=np.full(SET_SIZE * SETS, 65536 // SETS, np.int64),
            apm=np.tile(row, 2 * APM_ROWS),
        )

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
