"""A last climb on the code length itself: words and n-grams mixed, evaluated whole at each move."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.languages.words import mixed_bits
from distmatch.matching.symbols.annealing import below, draw, informed_letter, random_state


@numba.njit(cache=True, nogil=True)
def _exchange(letters, one, other):
    """Every place of one letter gets the other and the reverse."""
    for t in range(len(letters)):
        if letters[t] == one:
            letters[t] = other
        elif letters[t] == other:
            letters[t] = one


@numba.njit(cache=True, nogil=True)
def refine(
    symbols, key, allowed, cost, guess, order, size, free, spaces, child, mass, end, probability, running, share, pairs,
    moves, hot, seed,
):  # fmt: skip
    """Anneal a bijection on the code length under the mixture of words and n-grams, evaluated whole at each move.

    Arguments as in `annealing.anneal_bijection` and `words.unspaced_bits`; `hot` is the tolerance in bits at the start,
    falling to zero. The tolerance of a move is drawn first, so that its evaluation ends as soon as it exceeds it.

    Returns:
        The bits of the best key, which replaces `key`.
    """
    n = len(symbols)
    letters = np.empty(n, np.uint8)
    scratch = np.empty(n, np.float64)
    holder = np.full(size, -1, np.int32)
    for s in range(len(key)):
        holder[key[s]] = s
    state = random_state(seed + 17)
    current = np.inf
    best = np.inf
    best_key = key.copy()
    a = b = 0
    la = lb = np.int32(0)
    limit = np.inf
    for t in range(n):
        letters[t] = key[symbols[t]] if symbols[t] >= 0 else -1 - symbols[t]
    for move in range(moves + 1):
        if move > 0:
            if below(state, 2) == 0:
                t = below(state, n)
                a = symbols[t]
                if a < 0:
                    continue
                lb = informed_letter(letters, t, n, order, size, guess, state)
            else:
                a = symbols[below(state, n)]
                lb = np.int32(below(state, free))
            if a < 0 or lb < 0 or lb >= free or key[a] == lb or not allowed[a, lb]:
                continue
            la = key[a]
            b = holder[lb]
            if b < 0 or not allowed[b, la]:
                continue
            key[b] = la
            key[a] = lb
            _exchange(letters, la, lb)
            tolerance = hot * (1.0 - move / (moves + 1.0))
            limit = current - np.log((draw(state) + 1.0) / 4294967296.0) * tolerance
        total = mixed_bits(
            letters, spaces, child, mass, end, cost, probability, order, running, share, limit, scratch, pairs
        )  # fmt: skip
        if total <= limit:
            current = total
            if move > 0:
                holder[lb], holder[la] = a, b
            if total < best - 1e-9:
                best = total
                best_key[:] = key
        else:
            key[a] = la
            key[b] = lb
            _exchange(letters, la, lb)
    key[:] = best_key
    return best
