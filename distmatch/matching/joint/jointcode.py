"""`joint_code`: the code lengths of X, of Y, and of both together, and the f that makes them share structure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from distmatch.compression.archive import Entry, pack
from distmatch.compression.coders import NUMBERS, decompress
from distmatch.compression.pair import PairBits, encode_pair
from distmatch.errors import InputError
from distmatch.matching.joint.candidates import MAPS, find_maps, table_of
from distmatch.matching.match import Match
from distmatch.progress import Clock, Progress, silent


@dataclass(frozen=True, kw_only=True)
class JointCode:
    """Code lengths in bits, without container, alphabets and lengths, which cost the same both ways.

    Δ = C(X) + C(Y) - C(X∘Y) is at least -log2 of the number of kinds of f, because Y apart from X is one of them.
    """

    pair: PairBits = field(repr=False)
    x_given_y: float
    """C(X|Y): X after f(Y)."""
    match: Match[Any] | None
    """The map that is used, else the best that was found; None where none was looked for."""
    seconds: float
    cpu_seconds: float
    source: bytes = field(repr=False)
    target: bytes = field(repr=False)

    @property
    def x(self) -> float:
        """C(X)."""
        return self.pair.x

    @property
    def y(self) -> float:
        """C(Y), by the same coder."""
        return self.pair.y

    @property
    def y_given_x(self) -> float:
        """C(Y|X): choice of the kind of map, map, and f(Y) after X."""
        return self.pair.y_given_x

    @property
    def kind(self) -> str:
        """How Y is coded after X, one of `compression.pairmap.FORMS`."""
        return self.pair.kind

    @property
    def map(self) -> float:
        """Bits of the map that is used."""
        return self.pair.map

    @property
    def xy(self) -> float:
        """C(X∘Y): X, then Y given X."""
        return self.x + self.y_given_x

    @property
    def delta(self) -> float:
        """Bits of structure shared."""
        return self.pair.delta

    @property
    def symmetric_gap(self) -> float:
        """C(X) + C(Y|X) - C(Y) - C(X|Y): 0 if the chain rule held in both orders."""
        return self.x + self.y_given_x - self.y - self.x_given_y

    @property
    def posterior(self) -> float:
        """Probability that the structure is real and the map right, uncalibrated: 2^Δ are the odds against separate codes."""
        if self.kind == "separate":
            return 0.0
        # Beyond 60 bits the odds are certainty.
        real = 1.0 / (1.0 + 2.0 ** -min(self.delta, 60.0))
        return real * (
            self.match.extra["posterior"] if self.match and self.kind != "identity" else 1
        )

    @property
    def table(self) -> dict[int, int]:
        """f: byte of Y to byte of X; symbols that stand for none of X's are left out, and so are maps of words."""
        if self.kind in ("separate", "lexicon"):
            return {}
        known = set(self.source)
        pairs = zip(self.target, self.pair.image.tolist(), strict=True)
        return {a: b for a, b in set(pairs) if b in known}

    def encode(self) -> bytes:
        """X and Y as the archive that `distmatch compress` writes; `decode` reads it."""
        entries = [
            Entry.of("X", self.source, self.pair.x_code),
            Entry.of("Y", self.target, self.pair.y_code),
        ]
        return pack(NUMBERS["mix"], entries)


def decode(archive: bytes) -> tuple[bytes, bytes]:
    """X and Y of an archive of two files, byte for byte.

    Raises:
        InputError: a damaged archive, or one of a single file.
    """
    contents = list(decompress(archive).values())
    if len(contents) != 2:
        raise InputError("an archive of one file, not of a pair")
    return contents[0], contents[1]


def joint_code(
    x: bytes, y: bytes, *, map: str = "auto", seed: int = 0, progress: Progress = silent
) -> JointCode:
    """Code lengths of two byte strings, apart and together, with the f that shortens the joint code most.

    Args:
        x, y: any bytes.
        map: kind of f that is looked for, one of `candidates.MAPS`; "none" leaves Y as it is.
        seed: of the search for f.

    Raises:
        ValueError: an unknown kind of map.
    """
    if map not in MAPS:
        raise ValueError(f"unknown kind of map {map!r}. Use one of {' '.join(MAPS)}")
    clock = Clock()
    matches = find_maps(x, y, map, seed=seed, progress=progress)
    source, target = (np.frombuffer(side, np.uint8) for side in (x, y))
    pair = encode_pair(source, target, maps=[match.map for match in matches], progress=progress)
    back = encode_pair(pair.image, source, progress=progress).y_given_x + pair.map
    used = next((match for match in matches if match.map is pair.f), None)
    match = used or min(matches, key=lambda match: match.bits.total, default=None)
    return JointCode(
        pair=pair, x_given_y=back, match=match, seconds=clock.seconds, cpu_seconds=clock.cpu_seconds, source=x, target=y
    )  # fmt: skip


__all__ = ["JointCode", "decode", "joint_code", "table_of"]
