"""gensim `KeyedVectors` in memory to and from `Embeddings`."""

from __future__ import annotations

from typing import Any

from distmatch.embeddings.embeddings import Embeddings
from distmatch.embeddings.gensimrows import gensim_rows
from distmatch.errors import missing_package


def from_gensim(vectors: Any) -> Embeddings:
    """Embeddings of gensim `KeyedVectors`, or of a model such as `Word2Vec`, with counts where it has them.

    Raises:
        InputError: another type.
    """
    return Embeddings(*gensim_rows(vectors))


def to_gensim(embeddings: Embeddings) -> Any:
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
