"""gensim `KeyedVectors` in memory to and from `Embeddings`."""

from __future__ import annotations

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import missing_package


def from_gensim(vectors: object) -> Embeddings:
    """Embeddings of gensim `KeyedVectors` in memory, with counts where it has them."""
    keys = tuple(str(key) for key in vectors.index_to_key)  # pyright: ignore[reportAttributeAccessIssue]
    matrix = np.ascontiguousarray(vectors.vectors, np.float32)  # pyright: ignore[reportAttributeAccessIssue]
    counts = getattr(vectors, "expandos", {}).get("count")
    return Embeddings(
        keys, matrix, None if counts is None else np.array(counts[: len(keys)], np.float64)
    )


def to_gensim(embeddings: Embeddings) -> object:
    """gensim `KeyedVectors` of embeddings.

    Raises:
        InputError: gensim is not installed.
    """
    try:
        from gensim.models import KeyedVectors
    except ModuleNotFoundError:
        raise missing_package("gensim", "peers") from None
    vectors = KeyedVectors(embeddings.dimension)
    vectors.add_vectors(list(embeddings.words), embeddings.vectors)
    if embeddings.counts is not None:
        for word, count in zip(embeddings.words, embeddings.counts, strict=True):
            vectors.set_vecattr(word, "count", int(count))
    return vectors
