"""Compiled: what every exchange of two letters of a key, or every other letter of a symbol, costs in bits."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.languages.words import mixed_bits


@numba.njit(cache=True, nogil=True)
def exchange_bits(
    symbols, key, count, free, one_to_one, spaces, child, mass, end, cost, probability, order, running, share, pairs,
    margin,
):  # fmt: skip
    """Bits of the text under every neighbour of a key, less those under the key itself.

    Args:
        symbols: (n,) int32; negative ones are fixed letters.
        key: (K,) int32 letter of each symbol; a permutation of the letters if `one_to_one`.
        count: symbols that occur, the first of `key`.
        free: letters that symbols may stand for.
        one_to_one: the symbol that holds the other letter gets this one's in exchange.
        margin: neighbours that cost more are not told apart: they get infinity.
        Others as in `words.spaced_bits`.

    Returns:
        (count, free) float64; 0 at the key's own letters.
    """
    n = len(symbols)
    letters = np.empty(n, np.uint8)
    for t in range(n):
        letters[t] = key[symbols[t]] if symbols[t] >= 0 else -1 - symbols[t]
    scratch = np.empty(n, np.float64)
    base = mixed_bits(
        letters,
        spaces,
        child,
        mass,
        end,
        cost,
        probability,
        order,
        running,
        share,
        np.inf,
        scratch,
        pairs,
    )
    holder = np.full(free, -1, np.int32)
    for s in range(len(key)):
        holder[key[s]] = s
    out = np.full((count, free), np.inf)
    trial = letters.copy()
    for s in range(count):
        for b in range(free):
            if b == key[s]:
                out[s, b] = 0.0
                continue
            other = holder[b] if one_to_one else -1
            if other >= 0 and other < s:
                out[s, b] = out[other, key[s]]
                continue
            for t in range(n):
                if symbols[t] == s:
                    trial[t] = b
                elif other >= 0 and symbols[t] == other:
                    trial[t] = key[s]
                else:
                    trial[t] = letters[t]
            total = mixed_bits(
                trial, spaces, child, mass, end, cost, probability, order, running, share, base + margin, scratch,
                pairs,
            )  # fmt: skip
            if total <= base + margin:
                out[s, b] = total - base
    return out
