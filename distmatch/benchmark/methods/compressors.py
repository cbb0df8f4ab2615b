"""Classical compressors as peers: Δ of two byte strings, the container's own overhead subtracted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.benchmark.methods.answer import answer
from distmatch.compression.peers import PEERS, Peer
from distmatch.errors import InputError
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class Compressor:
    """One compressor on X, on Y and on X followed by Y."""

    name: str = "xz"

    def match(
        self, source: bytes, target: bytes, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """C(X), C(Y) and C(X∘Y) in bits; it finds no map.

        Raises:
            InputError: an unknown compressor, or one whose package is missing.
        """
        if self.name not in PEERS:
            raise InputError(f"unknown compressor {self.name!r}. Known: {' '.join(PEERS)}")
        peer = Peer(name=self.name)

        def size(data: bytes) -> int:
            return len(peer.encode(np.frombuffer(data, np.uint8)))

        empty = size(b"")
        bits = {
            name: 8.0 * (size(data) - empty)
            for name, data in (("x", source), ("y", target), ("xy", source + target))
        }
        return answer(None, method=self.name, seed=seed, data=bits["xy"], bits=bits)
