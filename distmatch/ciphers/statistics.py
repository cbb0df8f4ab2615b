"""What can be counted of a ciphertext without reading it: index of coincidence, repeats, periods."""

from __future__ import annotations

from collections import Counter

import numpy as np

from distmatch.ciphers.reading import Ciphertext

MAX_PERIOD = 30
MIN_STRETCH = 3
"""Symbols from which on a stretch that occurs twice is listed."""


def index_of_coincidence(symbols: np.ndarray) -> float:
    """Probability that two places hold the same symbol (Friedman 1922): 0.067 for English letters, 0.038 for random ones."""
    counts = np.bincount(symbols).astype(float)
    n = counts.sum()
    return float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 else 0.0


def period_coincidences(symbols: np.ndarray, longest: int = MAX_PERIOD) -> list[float]:
    """Mean index of coincidence of the columns of each period from 1 on; the true period of a periodic key stands out."""
    out = []
    for period in range(1, min(longest, len(symbols) // 4) + 1):
        columns = [symbols[k::period] for k in range(period)]
        out.append(float(np.mean([index_of_coincidence(column) for column in columns])))
    return out


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
