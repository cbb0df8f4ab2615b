"""Rows of gensim's `KeyedVectors` in memory, and of models that have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from distmatch.embeddings.rows import Rows
from distmatch.errors import InputError


def is_gensim(value: object) -> bool:
    """Whether it is `KeyedVectors` or a model that has them as `wv` (Word2Vec, FastText)."""
    vectors = getattr(value, "wv", value)
    return hasattr(vectors, "index_to_key") and hasattr(vectors, "vectors")


def gensim_rows(vectors: Any) -> Rows:
    """Rows of `KeyedVectors` or of a model, with counts where it has them.

    Raises:
        InputError: another type.
    """
    if not is_gensim(vectors):
        raise InputError(
            f"{type(vectors).__name__} is neither gensim KeyedVectors nor a model with them. Give model.wv"
        )
    vectors = getattr(vectors, "wv", vectors)
    keys = tuple(str(key) for key in vectors.index_to_key)
    matrix = np.array(vectors.vectors[: len(keys)], np.float32)
    counts = getattr(vectors, "expandos", {}).get("count")
    return Rows(keys, matrix, None if counts is None else np.array(counts[: len(keys)], np.float64))
