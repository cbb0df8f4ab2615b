"""`Embeddings`: words (or other rows) with their vectors and counts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

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

    def __repr__(self) -> str:
        first = ", ".join(map(repr, self.words[:3])) + (", ..." if len(self) > 3 else "")
        return f"Embeddings({len(self)} x {self.dimension}: {first})"

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def __getitem__(self, word: str) -> np.ndarray:
        """Vector of a word, (d,).

        Raises:
            KeyError: the word is not there.
        """
        return self.vectors[self._index[word]]

    def most_similar(self, word: str | np.ndarray, n: int = 10) -> list[tuple[str, float]]:
        """The n words with the highest cosine, with it, the nearest first; a word itself is left out.

        Args:
            word: a word, or a vector (d,).
            n: words returned.

        Raises:
            KeyError: the word is not there.
        """
        vector = self[word] if isinstance(word, str) else np.asarray(word, np.float32)
        norms = np.linalg.norm(self.vectors, axis=1) * max(float(np.linalg.norm(vector)), 1e-30)
        cosines = self.vectors @ vector / np.maximum(norms, 1e-30)
        if isinstance(word, str):
            cosines[self._index[word]] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(n, len(self) - isinstance(word, str))]
        return [(self.words[i], float(cosines[i])) for i in best]

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

    @classmethod
    def from_gensim(cls, vectors: Any) -> Embeddings:
        """Embeddings of gensim `KeyedVectors` or of a model such as `Word2Vec`."""
        from distmatch.embeddings.gensimrows import gensim_rows

        return cls(*gensim_rows(vectors))

    @classmethod
    def from_sentence_transformer(cls, model: Any, texts: Sequence[str]) -> Embeddings:
        """Embeddings of texts by a sentence-transformers model, or by anything with `encode(texts)`.

        Args:
            model: its `encode` returns (n, d), array or tensor.
            texts: n distinct texts; they name the rows, which have no order of frequency.

        Raises:
            InputError: equal texts, or another shape than (n, d).
        """
        names = tuple(texts)
        if len(set(names)) != len(names):
            raise InputError(
                f"{len(names)} texts, only {len(set(names))} of them distinct. Remove duplicates"
            )
        found = model.encode(list(names))
        found = found.detach().cpu() if hasattr(found, "detach") else found
        return cls(names, np.ascontiguousarray(found, np.float32), None, ranked=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file of vectors, see `embeddings.formats.write_rows`."""
        from distmatch.embeddings.formats import write_rows
        from distmatch.embeddings.rows import Rows

        write_rows(Rows(self.words, self.vectors, self.counts, self.ranked), path)
