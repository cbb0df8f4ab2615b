"""Classical compressors as peers: Δ of two byte strings, the container's own overhead subtracted."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distmatch.benchmark.methods.answer import answer
from distmatch.errors import InputError
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "zlib": lambda data: zlib.compress(data, 9),
    "bz2": lambda data: bz2.compress(data, 9),
    "xz": lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
}


@dataclass(frozen=True, kw_only=True)
class Compressor:
    """One compressor on X, on Y and on X followed by Y."""

    name: str = "xz"

    def match(
        self, source: bytes, target: bytes, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """C(X), C(Y) and C(X∘Y) in bits; it finds no map."""
        if self.name not in COMPRESSORS:
            raise InputError(f"unknown compressor {self.name!r}. Known: {' '.join(COMPRESSORS)}")
        compress = COMPRESSORS[self.name]
        empty = len(compress(b""))
        bits = {
            name: 8.0 * (len(compress(data)) - empty)
            for name, data in (("x", source), ("y", target), ("xy", source + target))
        }
        return answer(None, method=self.name, seed=seed, data=bits["xy"], bits=bits)
