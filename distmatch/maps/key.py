"""Keys: the maps f from cipher symbols to letters, and what they cost in bits."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import lgamma, log

import numpy as np


@dataclass(frozen=True)
class Key:
    """Which letter each symbol stands for.

    Args:
        letters: symbol name to letter; for a periodic key, the shift or alphabet of each place.
        kind: kind of cipher, one of `ciphers.kinds.KINDS`.
        period: number of alphabets of a periodic key, else 0.
        detail: what else the kind needs (transposition, rotation), as JSON values.
    """

    letters: dict[str, str]
    kind: str
    period: int = 0
    detail: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """The key as one JSON object."""
        out: dict[str, object] = {"letters": self.letters}
        if self.period:
            out["period"] = self.period
        return out | self.detail


def bijection_bits(symbols: int, letters: int) -> float:
    """Bits to name an injective map: log2 of letters! / (letters - symbols)!."""
    symbols = min(symbols, letters)
    return (lgamma(letters + 1) - lgamma(letters - symbols + 1)) / log(2)


def homophonic_bits(symbols: int, letters: int) -> float:
    """Bits to name any map of symbols to letters: symbols x log2 letters."""
    return symbols * float(np.log2(letters))


def emission_bits(key: np.ndarray, symbols: np.ndarray, letters: int) -> float:
    """Bits to say which homophone of its letter stands at each place, all being equally likely.

    Args:
        key: (K,) letter of each symbol.
        symbols: (n,) the ciphertext.
        letters: size of the alphabet.
    """
    homophones = np.bincount(key, minlength=letters)
    return float(np.log2(homophones[key[symbols]]).sum())
