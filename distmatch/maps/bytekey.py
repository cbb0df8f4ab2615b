"""`ByteKey`: a substitution of bytes for bytes, exactly reversible, and what it costs to name it."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, log2

import numpy as np

KINDS = ("letters", "cased", "alphabet", "any")
"""Symbols that may move: a-z; A-Z along with a-z; the bytes that occur in X; all bytes. The cheapest that does is used."""
LOWER = np.arange(97, 123)


@dataclass(frozen=True)
class ByteKey:
    """f: a permutation of the 256 bytes.

    Args:
        table: (256,) uint8, byte of X's alphabet for each byte of Y's.
        alphabet: (k,) bytes that occur in X, in order, by which `bits` reckons; None if X is not known.
    """

    table: np.ndarray
    alphabet: np.ndarray | None = None

    @property
    def name(self) -> str:
        """ "key"."""
        return "key"

    @property
    def bits(self) -> float:
        """`bits_after` the X that the key was found on."""
        return self.bits_after(np.arange(256) if self.alphabet is None else self.alphabet)

    @classmethod
    def of_letters(cls, letters: np.ndarray) -> ByteKey:
        """From a permutation of a-z, (26,) of 0..25, that upper-case letters follow."""
        table = np.arange(256, dtype=np.uint8)
        table[LOWER] = LOWER[letters]
        table[LOWER - 32] = LOWER[letters] - 32
        return cls(table)

    @classmethod
    def of_pairs(cls, pairs: dict[int, int], alphabet: np.ndarray | None = None) -> ByteKey:
        """From some bytes and what they stand for; the others keep their places where these are free.

        Raises:
            ValueError: two bytes stand for the same one.
        """
        if len(set(pairs.values())) < len(pairs):
            raise ValueError("not one to one")
        table = np.full(256, -1, np.int64)
        table[list(pairs)] = list(pairs.values())
        taken = set(pairs.values())
        for byte in range(256):
            if table[byte] < 0 and byte not in taken:
                table[byte] = byte
                taken.add(byte)
        table[table < 0] = sorted(set(range(256)) - taken)
        return cls(table.astype(np.uint8), alphabet)

    def __call__(self, data: np.ndarray) -> np.ndarray:
        """f(Y), (n,) uint8."""
        return self.table[data]

    def inverse(self, data: np.ndarray) -> np.ndarray:
        """Y of f(Y)."""
        back = np.empty(256, np.uint8)
        back[self.table] = np.arange(256, dtype=np.uint8)
        return back[data]

    def kind(self, alphabet: np.ndarray) -> str:
        """The cheapest of `KINDS` that can name this key; `alphabet` holds the bytes of X in order."""
        moved = np.flatnonzero(self.table != np.arange(256))
        lower = moved[np.isin(moved, LOWER)]
        if len(lower) == len(moved):
            return "letters"
        cased = self.table[LOWER].astype(int) - 32 == self.table[LOWER - 32]
        if np.isin(moved, [*LOWER, *(LOWER - 32)]).all() and cased.all():
            return "cased"
        if len(np.setdiff1d(moved, alphabet)) == 0:
            return "alphabet"
        return "any"

    def bits_after(self, alphabet: np.ndarray) -> float:
        """log2 of the number of keys of its kind, and 2 bits for the kind, for a reader who knows X.

        Args:
            alphabet: (k,) the bytes that occur in X, in order.
        """
        return log2(factorial(len(_movable(self.kind(alphabet), alphabet)))) + log2(len(KINDS))

    def to_bytes(self, alphabet: np.ndarray) -> bytes:
        """Kind, then the rank of the permutation among all of its kind."""
        kind = self.kind(alphabet)
        movable = _movable(kind, alphabet)
        left = list(range(len(movable)))
        place = {int(byte): k for k, byte in enumerate(movable)}
        rank = 0
        for byte in movable:
            digit = left.index(place[int(self.table[byte])])
            rank = rank * len(left) + digit
            left.pop(digit)
        return bytes([KINDS.index(kind)]) + rank.to_bytes(_rank_bytes(len(movable)), "big")

    @classmethod
    def from_bytes(cls, code: bytes, alphabet: np.ndarray) -> ByteKey:
        """The key that `to_bytes` wrote.

        Raises:
            ValueError: bytes that name no key.
        """
        if not code or code[0] >= len(KINDS):
            raise ValueError("no such kind of key")
        movable = _movable(KINDS[code[0]], alphabet)
        rank = int.from_bytes(code[1:], "big")
        if len(code) != 1 + _rank_bytes(len(movable)) or rank >= factorial(len(movable)):
            raise ValueError("no such key")
        digits = []
        for radix in range(1, len(movable) + 1):
            rank, digit = divmod(rank, radix)
            digits.append(digit)
        left = list(movable)
        table = np.arange(256, dtype=np.uint8)
        for byte, digit in zip(movable, digits[::-1], strict=True):
            table[byte] = left.pop(digit)
        if KINDS[code[0]] == "cased":
            table[LOWER - 32] = table[LOWER] - 32
        return cls(table)

    def to_json(self) -> dict[str, str]:
        """Symbols that move, as characters (\\xNN for bytes that are none)."""
        moved = np.flatnonzero(self.table != np.arange(256))
        return {_shown(byte): _shown(int(self.table[byte])) for byte in moved.tolist()}


def _movable(kind: str, alphabet: np.ndarray) -> np.ndarray:
    if kind in ("letters", "cased"):
        return LOWER
    return np.asarray(alphabet) if kind == "alphabet" else np.arange(256)


def _rank_bytes(symbols: int) -> int:
    return ((factorial(symbols) - 1).bit_length() + 7) // 8


def _shown(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"
