"""Letters as vectors: what a cipher shows to methods that match embeddings."""

from __future__ import annotations

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.maps.linear import LinearMap


def pair_counts(codes: np.ndarray, size: int) -> np.ndarray:
    """(size, size) float64 occurrences of pairs of neighbours in a sequence of codes."""
    pairs = codes[:-1].astype(np.int64) * size + codes[1:]
    return np.bincount(pairs, minlength=size * size).reshape(size, size).astype(float)


def letter_embeddings(names: tuple[str, ...], counts: np.ndarray, dimension: int) -> Embeddings:
    """Letters as vectors: square roots of what follows and what precedes each, the most frequent letter first.

    Relabelling the letters permutes the coordinates, which is a rotation, so two such spaces of one language are
    related by an orthogonal map, exactly so in the limit of long texts, and so are their principal coordinates. Those
    are what is given: matchers of embeddings fit maps only where there are more rows than dimensions.

    Args:
        names: K names.
        counts: (K, K) pairs, the row is the first.
        dimension: coordinates that are kept, at most K; where K has fewer, zeros.

    Returns:
        Embeddings (K, dimension), the cosines of whose rows are the mean of two Bhattacharyya coefficients.
    """
    total = counts.sum(axis=0) + counts.sum(axis=1)
    order = np.argsort(-total, kind="stable")
    pairs = counts[np.ix_(order, order)] / max(counts.sum(), 1)
    after = pairs / np.maximum(pairs.sum(axis=1, keepdims=True), 1e-12)
    before = pairs.T / np.maximum(pairs.T.sum(axis=1, keepdims=True), 1e-12)
    u, spread, _ = np.linalg.svd(np.sqrt(np.hstack([after, before])), full_matrices=False)
    rows = np.zeros((len(names), dimension), np.float32)
    rows[:, : len(spread)] = (u * spread)[:, :dimension]
    return Embeddings(tuple(names[i] for i in order), rows, total[order].astype(np.float64))


def assigned(mapping: LinearMap, source: Embeddings, target: Embeddings) -> dict[str, str]:
    """The key of a linear map of letter embeddings: the assignment of largest total cosine, symbol to letter."""
    from scipy.optimize import linear_sum_assignment

    x = mapping(source).normalized(("unit",)).vectors
    y = mapping.map_target(target).normalized(("unit",)).vectors
    rows, columns = linear_sum_assignment(-(x @ y.T))
    return {source.words[i]: target.words[j] for i, j in zip(rows, columns, strict=True)}
