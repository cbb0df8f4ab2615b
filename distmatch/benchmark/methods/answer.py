"""`answer`: a `Match` from a method that knows no bits and no confidence of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.errors import InputError
from distmatch.maps.map import Map
from distmatch.maps.relabelling import Relabelling
from distmatch.maps.softmap import SoftMap
from distmatch.matching.match import Bits, Match

CENTRED = ("unit", "center", "unit")
"""Normalisation of peers' vectors, as VecMap does it."""


@dataclass(frozen=True)
class NoMap:
    """What a method answers that finds no map, such as a compressor."""

    name: str = "none"
    bits: float = 0.0

    def __call__(self, x: Any) -> Any:
        """X itself."""
        return x

    def to_json(self) -> dict[str, Any]:
        """Nothing."""
        return {}


def as_map(found: Any) -> Map:
    """A map as it is; an assignment (n,) as a `Relabelling`, a coupling (n, m) as a `SoftMap`, None as `NoMap`.

    Raises:
        InputError: an array of another shape, or an assignment that is not of integers.
    """
    if found is None:
        return NoMap()
    if not isinstance(found, np.ndarray):
        return found
    if found.ndim == 2:
        return SoftMap(found)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise InputError(
            f"an array {found.shape} of {found.dtype} is no map. An assignment is (n,) integers, a coupling (n, m)"
        )
    table = found.astype(np.int64)
    return Relabelling(table, int(table.max(initial=0)) + 1, "homophonic")


def answer(map: Any, *, method: str, seed: int, data: float = math.nan, **extra: Any) -> Match[Any]:
    """A `Match` around a map.

    Args:
        map: see `as_map`.
        method: its name.
        seed: of its random choices.
        data: what the method itself minimised, if that is bits.
        extra: further figures, as JSON values.
    """
    return Match(
        map=as_map(map), bits=Bits(data=data, map=0.0 if data == data else math.nan), confidence=None,
        reason="the method gives no confidence", method=method, seed=seed, seconds=math.nan,
        cpu_seconds=math.nan, extra=extra,
    )  # fmt: skip
