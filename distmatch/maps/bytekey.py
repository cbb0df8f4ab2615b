"""`ByteKey`: a substitution of bytes for bytes, exactly reversible, and what it costs to name it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.maps.key import bijection_bits

LOWER = np.arange(97, 123)


@dataclass(frozen=True)
class ByteKey:
    """f: a permutation of the 256 bytes.

    Args:
        table: (256,) uint8, byte of X's alphabet for each byte of Y's.
        found_bits: code length of a key that is not of letters, as the search charges it; None for log2 256!.
    """

    table: np.ndarray
    found_bits: float | None = None

    @property
    def name(self) -> str:
        """ "key"."""
        return "key"

    @property
    def bits(self) -> float:
        """log2 26! for a key of letters, whether or not upper case follows."""
        if self.kind() != "any":
            return bijection_bits(26, 26)
        return bijection_bits(256, 256) if self.found_bits is None else self.found_bits

    @classmethod
    def of_letters(cls, letters: np.ndarray, *, cased: bool = True) -> ByteKey:
        """From a permutation of a-z, (26,) of 0..25, that upper-case letters follow if `cased`."""
        table = np.arange(256, dtype=np.uint8)
        table[LOWER] = LOWER[letters]
        if cased:
            table[LOWER - 32] = LOWER[letters] - 32
        return cls(table)

    @classmethod
    def of_pairs(cls, pairs: dict[int, int], found_bits: float | None = None) -> ByteKey:
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
        return cls(table.astype(np.uint8), found_bits)

    def __call__(self, data: np.ndarray) -> np.ndarray:
        """f(Y), (n,) uint8."""
        return self.table[data]

    def inverse(self, data: np.ndarray) -> np.ndarray:
        """Y of f(Y)."""
        back = np.empty(256, np.uint8)
        back[self.table] = np.arange(256, dtype=np.uint8)
        return back[data]

    def kind(self) -> str:
        """ "letters" if a-z move among themselves, "cased" if A-Z follow them, else "any"."""
        moved = np.flatnonzero(self.table != np.arange(256))
        lower = moved[np.isin(moved, LOWER)]
        if len(lower) == len(moved):
            return "letters" if np.isin(self.table[LOWER], LOWER).all() else "any"
        cased = self.table[LOWER].astype(int) - 32 == self.table[LOWER - 32]
        if np.isin(moved, [*LOWER, *(LOWER - 32)]).all() and cased.all():
            return "cased"
        return "any"

    def to_json(self) -> dict[str, str]:
        """Symbols that move, as characters (\\xNN for bytes that are none)."""
        moved = np.flatnonzero(self.table != np.arange(256))
        return {_shown(byte): _shown(int(self.table[byte])) for byte in moved.tolist()}


def _shown(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"
