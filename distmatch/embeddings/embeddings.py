"""`Embeddings`: words (or other rows) with their vectors and counts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from distmatch.errors import InputError


@dataclass(frozen=True)
class Embeddings:
    """Rows of vectors with names, the most frequent first.

    Args:
        words: n distinct names; "0", "1", ... where the rows are not words.
        vectors: (n, d) float32, C-contiguous, finite.
        counts: (n,) float64 occurrences, or None where only the order of frequency is known.
        ranked: whether the order of the rows is that of frequency (False for sentence embeddings).
    """

    words: tuple[str, ...]
    vectors: np.ndarray
    counts: np.ndarray | None = field(default=None)
    ranked: bool = True

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.words) != len(self.vectors):
            raise InputError(
                f"{len(self.words)} words do not go with vectors of shape {self.vectors.shape}"
            )

    def __len__(self) -> int:
        return len(self.words)

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""
        return self.vectors.shape[1]

    def top(self, n: int) -> Embeddings:
        """The first n rows."""
        counts = None if self.counts is None else self.counts[:n]
        return Embeddings(self.words[:n], self.vectors[:n], counts, self.ranked)

    def with_vectors(self, vectors: np.ndarray) -> Embeddings:
        """The same words with other vectors, (n, d')."""
        return Embeddings(self.words, vectors, self.counts, self.ranked)

    def normalized(self, steps: Sequence[str] = ("unit", "center", "unit")) -> Embeddings:
        """Vectors after the named steps, applied in order, see `embeddings.normalization`."""
        from distmatch.embeddings.normalization import normalize

        return self.with_vectors(normalize(self.vectors, steps))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        limit: int | None = None,
        lower: bool = False,
        duplicates: Literal["first", "error"] = "first",
    ) -> Embeddings:
        """Read a file of vectors, see `embeddings.formats.read_rows`."""
        from distmatch.embeddings.formats import read_rows

        return cls(*read_rows(path, limit=limit, lower=lower, duplicates=duplicates))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file of vectors, see `embeddings.formats.write_rows`."""
        from distmatch.embeddings.formats import write_rows
        from distmatch.embeddings.rows import Rows

        write_rows(Rows(self.words, self.vectors, self.counts, self.ranked), path)
