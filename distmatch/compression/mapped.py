"""`MappedCode`: Y coded by the coder of X, through a map of Y's symbols to X's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.compression.codelength import Code
from distmatch.errors import InputError
from distmatch.maps.relabelling import Relabelling

CHUNK = 8192
"""Symbols whose homophones are written as one number."""


@dataclass(frozen=True, kw_only=True)
class MappedCode:
    """f(Y) under a coder of X's symbols, then which homophone of its letter stands at each place.

    Implements `Code` over Y's symbols; `primed_by` is X itself. The map is not part of the code: whoever
    writes the archive writes `map.to_bytes()` before it and charges `map.bits`.
    """

    coder: Code
    """Over `map.letters` symbols or more."""
    map: Relabelling

    @property
    def size(self) -> int:
        """Symbols of Y."""
        return len(self.map.table)

    def bits(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """Code length in bits of every symbol, (n,) float64, the map not included."""
        out = self.coder.bits(self.map(data), primed_by=primed_by)
        if self.map.kind == "homophonic":
            out = out + np.log2(self._homophones()[self.map(data)])
        return out

    def encode(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> bytes:
        """The homophones, then the archive of f(Y)."""
        code = self.coder.encode(self.map(data), primed_by=primed_by)
        if self.map.kind != "homophonic":
            return code
        chosen = self._choices(data)
        return len(chosen).to_bytes(4, "big") + chosen + code

    def decode(self, code: bytes, n: int, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """The n symbols of Y."""
        if self.map.kind == "homophonic":
            end = 4 + int.from_bytes(code[:4], "big")
            letters = self.coder.decode(code[end:], n, primed_by=primed_by)
            return self._chosen(code[4:end], letters)
        inverse = np.full(max(self.coder.size, self.map.letters), -1, np.int64)
        inverse[self.map.table] = np.arange(self.size)
        out = inverse[self.coder.decode(code, n, primed_by=primed_by)]
        if n and out.min() < 0:
            raise InputError("a symbol outside the map. The archive is damaged")
        return out

    def _homophones(self) -> np.ndarray:
        return np.maximum(np.bincount(self.map.table, minlength=self.map.letters), 1)

    def _choices(self, data: np.ndarray) -> bytes:
        """Places among the homophones, a chunk at a time as one number of mixed radix."""
        count, place = self._homophones(), np.zeros(self.size, np.int64)
        for symbols in self.map.homophones:
            place[symbols] = np.arange(len(symbols))
        out = []
        for begin in range(0, len(data), CHUNK):
            part = np.asarray(data[begin : begin + CHUNK], np.int64)
            number, limit = 0, 1
            for radix, digit in zip(
                count[self.map(part)].tolist(), place[part].tolist(), strict=True
            ):
                number, limit = number * radix + digit, limit * radix
            out.append(number.to_bytes(_bytes_below(limit), "big"))
        return b"".join(out)

    def _chosen(self, code: bytes, letters: np.ndarray) -> np.ndarray:
        count, groups = self._homophones(), self.map.homophones
        out, cursor = np.zeros(len(letters), np.int64), 0
        for begin in range(0, len(letters), CHUNK):
            part = letters[begin : begin + CHUNK]
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


def _bytes_below(limit: int) -> int:
    return ((limit - 1).bit_length() + 7) // 8
