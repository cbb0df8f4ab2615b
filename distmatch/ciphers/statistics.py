"""What can be counted of a ciphertext without reading it: index of coincidence, repeats, periods."""

from __future__ import annotations

from collections import Counter

import numpy as np

from distmatch.ciphers.reading import Ciphertext

MAX_PERIOD = 30
MIN_STRETCH = 3
"""Symbols from which on a stretch that occurs twice is listed."""


def index_of_coincidence(symbols: np.ndarray, period: int = 1) -> float:
    """Probability that two places hold the same symbol (Friedman 1922): 0.067 for English letters, 0.038 for random ones.

    Args:
        symbols: (n,) integers from 0.
        period: only places a multiple of it apart are compared.
    """
    same = pairs = 0
    for column in range(period):
        counts = np.bincount(symbols[column::period])
        same += int((counts * (counts - 1)).sum())
        pairs += int(counts.sum() * (counts.sum() - 1))
    return same / max(pairs, 1)


def period_coincidences(symbols: np.ndarray, longest: int = MAX_PERIOD) -> list[float]:
    """Index of coincidence of each period from 1 on; the true period of a periodic key stands out."""
    periods = range(1, min(longest, len(symbols) // 4) + 1)
    return [index_of_coincidence(symbols, period) for period in periods]


def repeated_stretches(source: Ciphertext, most: int = 8) -> list[tuple[str, int]]:
    """The longest stretches that occur more than once, with how often."""
    symbols = source.symbols
    found: dict[tuple[int, ...], int] = {}
    for length in range(min(12, len(symbols) // 2), MIN_STRETCH - 1, -1):
        windows = Counter(
            tuple(symbols[i : i + length].tolist()) for i in range(len(symbols) - length + 1)
        )
        for window, count in windows.most_common(most):
            if count > 1 and not any(_inside(window, longer) for longer in found):
                found[window] = count
        if len(found) >= most:
            break
    glue = " " if source.tokens else ""
    return [(glue.join(source.names[s] for s in w), n) for w, n in list(found.items())[:most]]


def _inside(short: tuple[int, ...], long: tuple[int, ...]) -> bool:
    return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))
