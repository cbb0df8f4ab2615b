"""Keys: the maps f from cipher symbols to letters, and what they cost in bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import lgamma, log

import numpy as np

from distmatch.maps.transposition import Transposition


@dataclass(frozen=True)
class Key:
    """Which letter each symbol stands for.

    Args:
        letters: symbol to letter ("" for a null); empty for a key of several alphabets.
        kind: name of the kind of cipher.
        period: number of alphabets used in turn, 0 for one.
        detail: what else the kind tells its users (key word, shift), as JSON values.
        bits: code length of the key among those of its kind.
        columns: one table per alphabet of a periodic key.
        order: the order in which the symbols are read before they are looked up.
    """

    letters: dict[str, str]
    kind: str
    period: int = 0
    detail: dict[str, object] = field(default_factory=dict)
    bits: float = 0.0
    columns: tuple[dict[str, str], ...] = ()
    order: Transposition | None = None

    @property
    def name(self) -> str:
        """The noun of the map."""
        return "key"

    def __call__(self, symbols: Sequence[str], /) -> list[str]:
        """f(X): the letter of each symbol, "" for a null and "?" for a symbol that the key lacks."""
        read: list[str] = list(symbols)
        if self.order is not None:
            read = [read[int(i)] for i in self.order.indices(len(read))]
        tables = self.columns or (self.letters,)
        return [tables[i % len(tables)].get(symbol, "?") for i, symbol in enumerate(read)]

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
