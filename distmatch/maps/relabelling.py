"""`Relabelling`: a map of Y's symbols to X's, with an exact code of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.errors import InputError
from distmatch.maps.key import bijection_bits, emission_bits, homophonic_bits

RELABELLINGS = ("identity", "bijection", "homophonic")
DECODED_SYMBOLS = 8192
"""Symbols whose homophones are written as one number."""


@dataclass(frozen=True)
class Relabelling:
    """Which of `letters` symbols of X each symbol of Y stands for.

    Args:
        table: (K,) int32, for each symbol of Y.
        letters: number of symbols of X.
        kind: "identity" (free), "bijection" (no letter twice) or "homophonic" (any map).
    """

    table: np.ndarray
    letters: int
    kind: str = "bijection"

    def __post_init__(self) -> None:
        table = self.table
        if self.kind not in RELABELLINGS:
            raise InputError(
                f"unknown kind of map {self.kind!r}. Use one of {' '.join(RELABELLINGS)}"
            )
        if len(table) and not (0 <= table.min() and table.max() < self.letters):
            raise InputError(f"a map into {self.letters} symbols names a symbol outside them")
        if self.kind != "homophonic" and len(np.unique(table)) != len(table):
            raise InputError("a one-to-one map names a symbol twice")

    @property
    def name(self) -> str:
        """ "relabelling"."""
        return "relabelling"

    def __call__(self, symbols: np.ndarray) -> np.ndarray:
        """f(Y): (n,) symbols of X."""
        return self.table[np.asarray(symbols, np.int64)]

    @property
    def bits(self) -> float:
        """Bits to name the map, the sizes being known."""
        if self.kind == "identity":
            return 0.0
        if self.kind == "bijection":
            return bijection_bits(len(self.table), self.letters)
        return homophonic_bits(len(self.table), self.letters)

    def choice_bits(self, symbols: np.ndarray) -> float:
        """Bits to say which homophone of its letter stands at each place; 0 for one-to-one maps."""
        if self.kind != "homophonic":
            return 0.0
        return emission_bits(self.table, np.asarray(symbols, np.int64), self.letters)

    def choices(self, symbols: np.ndarray) -> bytes:
        """Which homophone of its letter stands at each place: `choice_bits` rounded up to bytes.

        Args:
            symbols: (n,) symbols of Y.
        """
        count, place = self._homophones(), np.zeros(len(self.table), np.int64)
        for group in self.homophones:
            place[group] = np.arange(len(group))
        out = []
        for begin in range(0, len(symbols), DECODED_SYMBOLS):
            part = np.asarray(symbols[begin : begin + DECODED_SYMBOLS], np.int64)
            number, limit = 0, 1
            for radix, digit in zip(count[self(part)].tolist(), place[part].tolist(), strict=True):
                number, limit = number * radix + digit, limit * radix
            out.append(number.to_bytes(_bytes_below(limit), "big"))
        return b"".join(out)

    def chosen(self, code: bytes, letters: np.ndarray) -> np.ndarray:
        """(n,) symbols of Y from f(Y) and the choices.

        Raises:
            InputError: choices that `choices` did not write.
        """
        count, groups = self._homophones(), self.homophones
        out, cursor = np.zeros(len(letters), np.int64), 0
        for begin in range(0, len(letters), DECODED_SYMBOLS):
            part = letters[begin : begin + DECODED_SYMBOLS]
            limit = 1
            for radix in count[part].tolist():
                limit *= radix
            end = cursor + _bytes_below(limit)
            number, cursor = int.from_bytes(code[cursor:end], "big"), end
            if number >= limit or end > len(code):
                raise InputError("the choice of homophones is out of range. The archive is damaged")
            for t in range(len(part) - 1, -1, -1):
                number, digit = divmod(number, int(count[part[t]]))
                group = groups[part[t]]
                if not len(group):
                    raise InputError("a symbol outside the map. The archive is damaged")
                out[begin + t] = group[digit]
        return out

    def _homophones(self) -> np.ndarray:
        return np.maximum(np.bincount(self.table, minlength=self.letters), 1)

    @property
    def homophones(self) -> list[np.ndarray]:
        """Symbols of Y that stand for each letter of X."""
        return [np.flatnonzero(self.table == letter) for letter in range(self.letters)]

    def to_json(self) -> dict[str, Any]:
        """Kind, number of X's symbols, and the table."""
        return {"kind": self.kind, "letters": self.letters, "table": self.table.tolist()}

    def to_bytes(self) -> bytes:
        """The map as one number below the number of maps, big-endian: `bits` rounded up to bytes."""
        number = 0
        free = list(range(self.letters))
        for letter in self.table.tolist():
            if self.kind == "bijection":
                place = free.index(letter)
                number = number * len(free) + place
                del free[place]
            elif self.kind == "homophonic":
                number = number * self.letters + letter
        return number.to_bytes(self.byte_length(len(self.table), self.letters, self.kind), "big")

    @classmethod
    def from_bytes(cls, code: bytes, symbols: int, letters: int, kind: str) -> Relabelling:
        """The map that `to_bytes` wrote, its sizes and kind being known.

        Raises:
            InputError: bytes that name no map.
        """
        number = int.from_bytes(code, "big")
        radices = [letters - k if kind == "bijection" else letters for k in range(symbols)]
        places = []
        if kind == "identity":
            return cls(np.arange(symbols, dtype=np.int32), letters, kind)
        for radix in reversed(radices):
            number, place = divmod(number, max(radix, 1))
            places.append(place)
        if number:
            raise InputError("the archive's map is out of range. It is damaged")
        table = places[::-1]
        if kind == "bijection":
            free = list(range(letters))
            table = [free.pop(place) for place in table]
        return cls(np.array(table, np.int32), letters, kind)

    @staticmethod
    def byte_length(symbols: int, letters: int, kind: str) -> int:
        """Bytes that `to_bytes` takes."""
        count = 1
        for k in range(symbols if kind != "identity" else 0):
            count *= letters - k if kind == "bijection" else letters
        return _bytes_below(count)


def _bytes_below(limit: int) -> int:
    return ((limit - 1).bit_length() + 7) // 8
