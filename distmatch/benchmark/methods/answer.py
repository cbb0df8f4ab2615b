"""`answer`: a `Match` from a method that knows no bits and no confidence of its own."""

from __future__ import annotations

import math
from typing import Any

from distmatch.matching.match import Bits, Match


def answer(map: Any, *, method: str, seed: int, data: float = math.nan, **extra: Any) -> Match[Any]:
    """A `Match` around a map.

    Args:
        map: a Key, a LinearMap, an assignment (n,) or a coupling (n, m).
        method: its name.
        seed: of its random choices.
        data: what the method itself minimised, if that is bits.
        extra: further figures, as JSON values.
    """
    return Match(
        map=map, bits=Bits(data=data, map=0.0 if data == data else math.nan), confidence=math.nan,
        reason="the method says nothing about how sure it is", method=method, seed=seed, seconds=math.nan,
        cpu_seconds=math.nan, extra=extra,
    )  # fmt: skip
