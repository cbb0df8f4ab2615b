"""Phrases: frequent neighbours joined to one token (word2phrase; Mikolov et al. 2013, section 4)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numba import njit

from distmatch.text.corpus import Corpus

_CHUNK = 1 << 22


def join_phrases(
    corpus: Corpus,
    folder: Path,
    *,
    threshold: float,
    min_count: int = 5,
    vocabulary: int = 200_000,
) -> Corpus:
    """Replace pairs `a b` that score above a threshold by one token `a_b`, from left to right.

    Score of a pair: (count(ab) - min_count) x tokens / (count(a) count(b)).

    Args:
        corpus: encoded text.
        folder: where the new tokens are written (over those of `corpus`).
        threshold: least score.
        min_count: rarer words and pairs are left out.
        vocabulary: words at most.
    """
    n = len(corpus.words)
    pairs, counts = _pair_counts(corpus.tokens, n)
    first, second = np.divmod(pairs, n)
    score = (counts - min_count) * (
        corpus.counts.sum() / (corpus.counts[first] * corpus.counts[second].astype(np.float64))
    )
    kept = score > threshold
    pairs = pairs[kept]
    joined = folder / "tokens.joined"
    totals = np.zeros(n + len(pairs), np.int64)
    with open(joined, "wb") as file:
        for start in range(0, len(corpus.tokens), _CHUNK):
            out = _join(np.asarray(corpus.tokens[start : start + _CHUNK]), pairs, n)
            totals += np.bincount(out[out >= 0], minlength=len(totals))
            file.write(out.tobytes())
    names = [*corpus.words, *(f"{corpus.words[p // n]}_{corpus.words[p % n]}" for p in pairs)]
    frequent = np.flatnonzero(totals >= min_count)
    order = sorted(frequent.tolist(), key=lambda i: (-totals[i], names[i]))[:vocabulary]
    ranks = np.full(len(names) + 1, -2, np.int32)  # the last entry serves -1, the end of a sentence
    ranks[order] = np.arange(len(order))
    ranks[-1] = -1
    written = folder / "tokens.new"
    with open(joined, "rb") as source, open(written, "wb") as file:
        while block := source.read(4 * _CHUNK):
            kept_tokens = ranks[np.frombuffer(block, np.int32)]
            file.write(kept_tokens[kept_tokens >= -1].tobytes())
    joined.unlink()
    written.replace(folder / "tokens.i32")
    return Corpus(
        np.memmap(folder / "tokens.i32", np.int32, "r"),
        tuple(names[i] for i in order),
        totals[order],
    )


def _pair_counts(tokens: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct neighbours as a n + b, ascending, and how often each occurs."""
    keys, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for start in range(0, len(tokens), _CHUNK):
        part = np.asarray(tokens[start : start + _CHUNK + 1], np.int64)
        left, right = part[:-1], part[1:]
        inside = (left >= 0) & (right >= 0)
        found, number = np.unique(left[inside] * n + right[inside], return_counts=True)
        keys, where = np.unique(np.concatenate([keys, found]), return_inverse=True)
        counts = np.bincount(where, np.concatenate([counts, number]), len(keys)).astype(np.int64)
    return keys, counts


@njit(cache=True)
def _join(tokens: np.ndarray, pairs: np.ndarray, n: int) -> np.ndarray:
    """Tokens with each pair in `pairs` (ascending) replaced by n + its place there."""
    out = np.empty(len(tokens), np.int32)
    length = 0
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token >= 0 and i + 1 < len(tokens) and tokens[i + 1] >= 0:
            key = np.int64(token) * n + tokens[i + 1]
            place = np.searchsorted(pairs, key)
            if place < len(pairs) and pairs[place] == key:
                token = np.int32(n + place)
                i += 1
        out[length] = token
        length += 1
        i += 1
    return out[:length]
