"""Bytes as symbols 0 .. k - 1 of the alphabet that occurs, and what it costs to name that alphabet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np


@dataclass(frozen=True)
class Symbols:
    """A sequence over its own alphabet.

    Args:
        names: (k,) uint8, the distinct bytes in ascending order.
        codes: (n,) uint8, places in `names`.
    """

    names: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, data: bytes) -> Symbols:
        """The symbols of bytes."""
        raw = np.frombuffer(data, np.uint8)
        names, codes = np.unique(raw, return_inverse=True)
        return cls(names, codes.astype(np.uint8))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def size(self) -> int:
        """Number of distinct symbols."""
        return len(self.names)

    def to_bytes(self) -> bytes:
        """The bytes again."""
        return self.names[self.codes].tobytes()

    @cached_property
    def breaks(self) -> tuple[int, ...]:
        """Symbols that end a word if the bytes are text: all ASCII but letters."""
        return tuple(
            code for code, name in enumerate(self.names) if name < 128 and not chr(name).isalpha()
        )

    @property
    def commonest(self) -> tuple[int, ...]:
        """The most frequent symbol, the space of an enciphered text."""
        return (int(np.bincount(self.codes).argmax()),) if len(self.codes) else ()


def pack_alphabet(names: np.ndarray) -> bytes:
    """The set of bytes that occur: their number, then the set's place among all of that size."""
    k = len(names)
    if k == 0:
        return b""
    rank = sum(comb(int(name), place + 1) for place, name in enumerate(names))
    return bytes([k - 1]) + rank.to_bytes(_set_bytes(k), "big")


def unpack_alphabet(code: bytes) -> tuple[np.ndarray, int]:
    """Names of the alphabet at the front of `code`, and the number of bytes read.

    Raises:
        ValueError: bytes that name no set.
    """
    k = code[0] + 1
    end = 1 + _set_bytes(k)
    rank = int.from_bytes(code[1:end], "big")
    if rank >= comb(256, k):
        raise ValueError("no such alphabet")
    names = []
    name = 255
    for place in range(k, 0, -1):
        while comb(name, place) > rank:
            name -= 1
        rank -= comb(name, place)
        names.append(name)
    return np.array(names[::-1], np.uint8), end


def _set_bytes(k: int) -> int:
    return ((comb(256, k) - 1).bit_length() + 7) // 8
