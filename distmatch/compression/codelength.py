"""`Code`: the protocol of everything that compresses, and code lengths in bits."""

from __future__ import annotations

from collections.abc import Iterable
from math import lgamma, log
from typing import Protocol

import numpy as np


class Code(Protocol):
    """A sequential code for symbols 0 .. size - 1.

    `bits` is prequential: the cost of symbol t depends on the symbols before it only, so that its sum is the
    length of the archive that `encode` writes, within 0.1 % + 64 bits.
    """

    @property
    def size(self) -> int:
        """Symbols of the alphabet (256 for bytes)."""
        ...

    def bits(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """Code length in bits of every symbol, (n,) float64; `primed_by` has been coded before and is free."""
        ...

    def encode(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> bytes:
        """The archive of the symbols, without header or length."""
        ...

    def decode(self, code: bytes, n: int, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """The n symbols of an archive, (n,) of the dtype that `encode` took."""
        ...


def adaptive_bits(counts: Iterable[int]) -> float:
    """Code length of symbols that occur so often, by frequencies learned on the way (Krichevsky and Trofimov 1981).

    Args:
        counts: of every symbol of the alphabet, zeros included.
    """
    counts = [int(c) for c in counts]
    if not counts:
        return 0.0
    nats = lgamma(sum(counts) + len(counts) / 2) - lgamma(len(counts) / 2)
    nats -= sum(lgamma(c + 0.5) - lgamma(0.5) for c in counts)
    return nats / log(2)
