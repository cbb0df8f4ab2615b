"""Letters as vectors: what a cipher shows to methods that match embeddings."""

from __future__ import annotations

import numpy as np

from distmatch.embeddings.embeddings import Embeddings

SIZE = 26
"""Coordinates for what follows, and as many for what precedes; more where there are more symbols."""


def letter_embeddings(names: tuple[str, ...], counts: np.ndarray) -> Embeddings:
    """Letters as vectors: square roots of what follows and what precedes each, the most frequent letter first.

    Relabelling the letters permutes the coordinates, which is a rotation, so two such spaces of one language
    are related by an orthogonal map, exactly so in the limit of long texts.

    Args:
        names: K names.
        counts: (K, K) pairs, the row is the first.

    Returns:
        Embeddings (K, 2 K), padded with zeros to 2 x 26 where K is smaller.
    """
    total = counts.sum(axis=0) + counts.sum(axis=1)
    order = np.argsort(-total, kind="stable")
    pairs = counts[np.ix_(order, order)] / max(counts.sum(), 1)
    size = max(len(names), SIZE)
    rows = np.zeros((len(names), 2 * size), np.float32)
    after = pairs / np.maximum(pairs.sum(axis=1, keepdims=True), 1e-12)
    before = pairs.T / np.maximum(pairs.T.sum(axis=1, keepdims=True), 1e-12)
    rows[:, : len(names)] = np.sqrt(after)
    rows[:, size : size + len(names)] = np.sqrt(before)
    return Embeddings(tuple(names[i] for i in order), rows, total[order].astype(np.float64))
