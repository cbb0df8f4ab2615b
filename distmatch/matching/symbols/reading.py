"""`Reading`: what every search of symbols returns: a map, what it makes of the text, and both in bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

import numpy as np

from distmatch.matching.match import Bits, F

if TYPE_CHECKING:
    from distmatch.matching.symbols.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Reading(Generic[F]):
    """One candidate for f, with f(X).

    Args:
        map: f.
        letters: (n,) f(X) as symbols of Y (letters, or words of a model).
        text: bits of f(X) under P_Y and of whatever f leaves open (which homophone, where the breaks are).
        map_bits: bits of f among those searched.
        found: independent restarts that ended here.
        language_bits: bits of f(X) under P_Y alone; NaN where a search does not tell them apart.
        problem: what was read, where the search is of a kind of cipher.
    """

    map: F
    letters: np.ndarray
    text: float
    map_bits: float
    found: int = 1
    language_bits: float = math.nan
    problem: Problem | None = None

    @property
    def total(self) -> float:
        """Text and map in bits: what readings are compared by."""
        return self.text + self.map_bits

    @property
    def bits(self) -> Bits:
        """The same as a `Match` states them."""
        return Bits(data=self.text, map=self.map_bits)


def total_bits(reading: Reading) -> float:
    """Key of `sorted` and `min`."""
    return reading.total
