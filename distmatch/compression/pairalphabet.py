"""Alphabets of the pair coder: the bytes that occur, where they are few, or all 256; how they stand in an archive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.compression.mixing import ContextMixing
from distmatch.text.bytesymbols import pack_alphabet, unpack_alphabet

MAX_NAMED = 64
"""Distinct bytes up to which a file is coded over these alone; more are coded as well over all 256."""


@dataclass(frozen=True)
class Alphabet:
    """Symbols of a coder: the bytes that they stand for, or None for all 256."""

    names: np.ndarray | None

    @classmethod
    def of(cls, names: np.ndarray) -> Alphabet:
        """Some bytes if they are few, else all."""
        return cls(names if len(names) <= MAX_NAMED else None)

    def coder(self) -> ContextMixing:
        """Context mixing over the symbols."""
        if self.names is None:
            return ContextMixing()
        return ContextMixing(size=max(len(self.names), 2), names=tuple(self.names.tolist()))

    def codes(self, data: np.ndarray) -> np.ndarray:
        """(n,) symbols of bytes."""
        if self.names is None:
            return data
        table = np.zeros(256, np.uint8)
        table[self.names] = np.arange(len(self.names))
        return table[data]

    def bytes_of(self, codes: np.ndarray) -> np.ndarray:
        """(n,) bytes of symbols.

        Raises:
            ValueError: a symbol outside the alphabet.
        """
        if self.names is None:
            return codes.astype(np.uint8)
        if len(codes) and codes.max() >= len(self.names):
            raise ValueError("a symbol outside the alphabet")
        return self.names[codes].astype(np.uint8)


def write_alphabet(alphabet: Alphabet) -> bytes:
    """Their number and which they are; 255 for all."""
    if alphabet.names is None:
        return b"\xff"
    names = np.sort(alphabet.names)
    return bytes([len(names)]) + pack_alphabet(names)[1:]


def read_alphabet(code: bytes, cursor: int) -> tuple[Alphabet, int]:
    """What `write_alphabet` wrote at `cursor`, and where it ends.

    Raises:
        ValueError, IndexError: bytes that it did not write.
    """
    if code[cursor] == 255:
        return Alphabet(None), cursor + 1
    if code[cursor] == 0:
        return Alphabet(np.zeros(0, np.uint8)), cursor + 1
    if code[cursor] > MAX_NAMED:
        raise ValueError("no such alphabet")
    names, used = unpack_alphabet(bytes([code[cursor] - 1]) + code[cursor + 1 :])
    return Alphabet(names), cursor + used
