"""Letters as vectors: what a cipher shows to methods that match embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from distmatch.benchmark.kinds.kind import WrongAnswer
from distmatch.embeddings.embeddings import Embeddings
from distmatch.maps.linear import LinearMap
from distmatch.maps.map import Map


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


def letters_read(
    answer: Map,
    names: Sequence[str],
    letters: Sequence[str],
    sides: Callable[[], tuple[Embeddings, Embeddings]],
) -> np.ndarray | None:
    """What an answer takes each symbol for: (K,) place in `letters`, -1 where it has none.

    Args:
        answer: a key, a relabelling of `names` to `letters`, or a linear map of their embeddings.
        names: K symbols.
        letters: what they stand for.
        sides: the embeddings of both, called only for a linear map.

    Returns:
        None for a map of any other kind, or one of no symbol.
    """
    place = {letter: k for k, letter in enumerate(letters)}
    found = getattr(answer, "letters", None)
    if not isinstance(found, dict):  # no key
        if answer.name == "relabelling":
            if len(answer.table) < len(names):  # type: ignore[attr-defined]
                raise WrongAnswer(
                    f"an assignment of {len(answer.table)} symbols; there are {len(names)}"  # type: ignore[attr-defined]
                )
            table = np.asarray(answer(np.arange(len(names))), np.int64)
            return np.where(table < len(letters), table, -1)
        found = assigned(answer, *sides()) if answer.name == "linear" else {}  # type: ignore[arg-type]
    if not found:
        return None
    return np.array([place.get(found.get(name, ""), -1) for name in names], np.int64)


def assigned(mapping: LinearMap, source: Embeddings, target: Embeddings) -> dict[str, str]:
    """The key of a linear map of letter embeddings: the assignment of largest total cosine, symbol to letter."""
    from scipy.optimize import linear_sum_assignment

    x = mapping(source).normalized(("unit",)).vectors
    y = mapping.map_target(target).normalized(("unit",)).vectors
    rows, columns = linear_sum_assignment(-(x @ y.T))
    return {source.words[i]: target.words[j] for i, j in zip(rows, columns, strict=True)}
