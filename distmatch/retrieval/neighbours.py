"""Exact nearest neighbours by inner product: faiss where it is installed, else chunked torch, one answer."""

from __future__ import annotations

import importlib.util

import numpy as np

from distmatch.errors import InputError, missing_package

MARGIN = 16
"""Candidates fetched beyond k, so that rounding in either library cannot change the k that are kept."""
_SCORES = 1 << 22
"""Scores held at a time by the torch path: 16 MiB of float32."""


def nearest(
    queries: np.ndarray,
    keys: np.ndarray,
    k: int,
    *,
    device: str | None = None,
    backend: str = "auto",
) -> tuple[np.ndarray, np.ndarray]:
    """The k keys with the largest inner product with each query, exact, in O(n k) extra memory.

    The candidates of either library are scored again in float64, so both give the same neighbours;
    equal scores are ordered by index.

    Args:
        queries: (n, d) float32.
        keys: (m, d) float32.
        k: neighbours a query; at most m are returned.
        device: torch device; None or "cpu" allows faiss.
        backend: "auto", "faiss" or "torch".

    Returns:
        scores (n, k) float32, falling along a row, and indices (n, k) int64.

    Raises:
        InputError: shapes that do not go together, NaN or inf, or neither library installed.
    """
    queries, keys = _contiguous(queries), _contiguous(keys)
    if queries.shape[1] != keys.shape[1]:
        raise InputError(
            f"queries of dimension {queries.shape[1]} against keys of dimension {keys.shape[1]}. "
            "Map one side into the space of the other first"
        )
    if not (_finite(queries) and _finite(keys)):
        raise InputError("vectors with NaN or inf have no neighbours. Remove those rows")
    k = min(k, len(keys))
    if k == 0 or len(queries) == 0:
        return np.zeros((len(queries), k), np.float32), np.zeros((len(queries), k), np.int64)
    wanted = min(len(keys), k + MARGIN)
    if _backend(device, backend) == "faiss":
        candidates = _faiss(queries, keys, wanted)
    else:
        candidates = _torch(queries, keys, wanted, device)
    return _rescore(queries, keys, candidates, k)


def _contiguous(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows, np.float32)


def _finite(rows: np.ndarray) -> bool:
    return all(np.isfinite(rows[i : i + 4096]).all() for i in range(0, len(rows), 4096))


def _backend(device: str | None, backend: str) -> str:
    if backend == "auto":
        on_cpu = device in (None, "cpu")
        backend = "faiss" if on_cpu and importlib.util.find_spec("faiss") else "torch"
    if backend == "faiss" and not importlib.util.find_spec("faiss"):
        raise missing_package("faiss", "faiss")
    if backend == "torch" and not importlib.util.find_spec("torch"):
        raise missing_package("torch", "align")
    return backend


def _faiss(queries: np.ndarray, keys: np.ndarray, k: int) -> np.ndarray:
    """Candidates (n, k) int64 of faiss, which reads the keys where they lie."""
    import faiss

    found = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), 1024):
        rows = slice(start, start + 1024)
        found[rows] = faiss.knn(queries[rows], keys, k, metric=faiss.METRIC_INNER_PRODUCT)[1]
    return found


def _torch(queries: np.ndarray, keys: np.ndarray, k: int, device: str | None) -> np.ndarray:
    """Candidates (n, k) int64 of torch, a block of scores at a time."""
    import torch

    place = torch.device(device or "cpu")
    block = max(k, 1 << 14)
    chunk = max(1, _SCORES // block)
    targets = torch.from_numpy(keys).to(place)
    found = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), chunk):
        rows = torch.from_numpy(queries[start : start + chunk]).to(place)
        best_score: torch.Tensor | None = None
        best_index: torch.Tensor | None = None
        for first in range(0, len(keys), block):
            scores = rows @ targets[first : first + block].T
            score, index = scores.topk(min(k, scores.shape[1]), dim=1)
            index += first
            if best_score is not None and best_index is not None:
                score = torch.cat([best_score, score], 1)
                index = torch.cat([best_index, index], 1)
                score, order = score.topk(min(k, score.shape[1]), dim=1)
                index = index.gather(1, order)
            best_score, best_index = score, index
        assert best_index is not None
        found[start : start + chunk] = best_index.cpu().numpy()
    return found


def _rescore(
    queries: np.ndarray, keys: np.ndarray, candidates: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The best k of the candidates by float64 scores rounded to float32, ties by index."""
    scores = np.empty((len(queries), k), np.float32)
    indices = np.empty((len(queries), k), np.int64)
    chunk = max(1, (1 << 21) // (candidates.shape[1] * keys.shape[1]))
    complete = candidates.shape[1] == len(keys)
    for start in range(0, len(queries), chunk):
        rows = slice(start, start + chunk)
        found = candidates[rows]
        exact = np.einsum(
            "nd,nkd->nk", queries[rows].astype(np.float64), keys[found].astype(np.float64)
        )
        scores[rows], indices[rows] = _sorted(exact, found, k)
        if complete:
            continue
        # A tie that reaches past the candidates (many equal keys, or a zero query): look at all keys.
        slack = 1e-5 * np.maximum(np.abs(exact).max(axis=1), 1e-30)
        for row in np.flatnonzero(exact.min(axis=1) >= scores[rows][:, -1] - slack) + start:
            exact_row = keys @ queries[row].astype(np.float64)
            best = _sorted(exact_row[None], np.arange(len(keys))[None], k)
            scores[row], indices[row] = best[0][0], best[1][0]
    return scores, indices


def _sorted(exact: np.ndarray, found: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    rounded = exact.astype(np.float32)
    order = np.lexsort((found, -rounded), axis=1)[:, :k]
    return np.take_along_axis(rounded, order, 1), np.take_along_axis(found, order, 1)
