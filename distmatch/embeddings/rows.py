"""`Rows`: what a file of vectors holds, before it is an `Embeddings`, and the checks that every format passes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from distmatch.errors import InputError


class Rows(NamedTuple):
    """Names and vectors of one file, see `embeddings.Embeddings` for shapes."""

    words: tuple[str, ...]
    vectors: np.ndarray
    counts: np.ndarray | None = None
    ranked: bool = True


def distinct(found: Rows, path: Path, lower: bool, duplicates: str = "first") -> Rows:
    """Lower-cased if asked, the first of equal words kept: with a warning, or an error, if they were equal as written."""
    words = [w.lower() for w in found.words] if lower else found.words
    first: dict[str, int] = {}
    for i, word in enumerate(words):
        if first.setdefault(word, i) != i and not lower and duplicates == "error":
            raise InputError(
                f"word {word!r} is there twice (rows {first[word] + 1} and {i + 1}). "
                "Remove one, or keep the first with --duplicates first",
                path=path,
            )
    if len(first) < len(words) and not lower:
        word = next(w for i, w in enumerate(words) if first[w] != i)
        warnings.warn(
            f"{path}: {len(words) - len(first)} rows repeat a word ({word!r}); the first of each is kept",
            stacklevel=2,
        )
    if len(first) == len(words):
        return Rows(tuple(words), found.vectors, found.counts, found.ranked)
    keep = np.fromiter(first.values(), np.int64, len(first))
    counts = None
    if found.counts is not None:
        index = np.fromiter((np.searchsorted(keep, first[w]) for w in words), np.int64, len(words))
        counts = np.bincount(index, found.counts, len(keep))
    return Rows(tuple(first), found.vectors[keep], counts, found.ranked)


def check_rows(vectors: np.ndarray, words: Iterable[str] | None, path: Path) -> None:
    """Refuse NaN, inf and zero rows, naming the first.

    Raises:
        InputError: with the row, counted from 1, and its word.
    """
    names = None if words is None else list(words)
    for start in range(0, len(vectors), 8192):
        block = vectors[start : start + 8192]
        with np.errstate(invalid="ignore"):  # a signalling NaN, which is refused below
            finite = np.asarray(np.isfinite(block).all(axis=1))
            bad = ~finite | ~block.any(axis=1)
        if bad.any():
            row = start + int(np.argmax(bad))
            word = "" if names is None else f" (word {names[row]!r})"
            what = "a zero vector has no direction" if finite[row - start] else "NaN or inf"
            raise InputError(
                f"row {row + 1}{word}: {what}. Remove the row, or pass --limit {max(row, 1)}",
                path=path,
            )
