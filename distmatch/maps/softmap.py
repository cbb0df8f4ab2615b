"""`SoftMap`: a coupling as a map: how much of each symbol or row of X goes to each of Y."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class SoftMap:
    """Rows of weights.

    Args:
        weights: (n, m), larger where a row of X and one of Y belong together; rows need not sum to one.
        bits: code length of the weights; NaN if nobody coded them.
    """

    weights: np.ndarray
    bits: float = math.nan

    @property
    def name(self) -> str:
        """ "coupling"."""
        return "coupling"

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """(k, m) weights of some rows."""
        return self.weights[rows]

    def to_json(self) -> dict[str, Any]:
        """The weights as lists."""
        return {"weights": self.weights.tolist()}
