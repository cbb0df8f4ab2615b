"""What kinds of task with two clouds of vectors have in common: views, precision, bits, the drawn coupling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.kind import DoesNotApply, MetricKind, Score, WrongAnswer, unmeasured
from distmatch.benchmark.metrics import Metric, share
from distmatch.embeddings.embeddings import Embeddings
from distmatch.retrieval.precision import hit_ranks

METRICS = {
    "precision@1": MetricKind(
        True, "share of source rows whose best target is right (CSLS, k = 10)"
    ),
    "precision@5": MetricKind(True, "share with a right target among the best five"),
    "precision@10": MetricKind(True, "share with a right target among the best ten"),
}
ALIGNMENT_VIEWS = {
    "embeddings": "Embeddings of both sides",
    "graph": "(n, n) cosines within each side, rows and columns being the vectors",
    "anchored": "Embeddings of both sides, the source an `Anchored` with pairs given away",
}
MAX_GRAPH_ROWS = 2000
DRAWN = 24
MAX_CODED_ROWS = 2000
"""Rows per side whose vectors are coded for the bits of an alignment."""


@dataclass(frozen=True)
class Anchored:
    """Source embeddings with pairs that supervised methods may use.

    Args:
        embeddings: the source.
        pairs: (k, 2) int64 rows of source and of target.
    """

    embeddings: Embeddings
    pairs: np.ndarray


def anchored(
    source: Embeddings, target: Embeddings, rows: np.ndarray, partners: np.ndarray, count: int
) -> tuple[Anchored, Embeddings]:
    """The view of supervised methods: `count` of the pairs, spread evenly."""
    chosen = np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.int64)
    return Anchored(source, np.stack([rows[chosen], partners[chosen]], axis=1)), target


def graph_of(source: Embeddings, target: Embeddings) -> tuple[np.ndarray, np.ndarray]:
    """Cosines within each side.

    Raises:
        DoesNotApply: sides of different size, or too large for dense matrices.
    """
    n, m = len(source), len(target)
    if n != m:
        raise DoesNotApply(f"graphs of {n} and {m} vertices are not matched one to one")
    if n > MAX_GRAPH_ROWS:
        raise DoesNotApply(f"{n} rows are too many for dense graphs (at most {MAX_GRAPH_ROWS})")
    sides = [e.normalized(("unit",)).vectors.astype(np.float64) for e in (source, target)]
    return sides[0] @ sides[0].T, sides[1] @ sides[1].T


@dataclass(frozen=True)
class AlignmentProblem:
    """Two clouds and which rows go together.

    Args:
        source, target: both sides.
        rows: (q,) source rows that are asked.
        gold: for each, its right target rows.
        right: precision@1 from which the answer counts as right.
        bits: whether to code the target's vectors with the map, and to draw the coupling.
    """

    source: Embeddings
    target: Embeddings
    rows: np.ndarray
    gold: Sequence[np.ndarray]
    right: float
    bits: bool = True

    def score(self, match: Any) -> Score:
        """Precision of a linear map, of an assignment (n,), or of a coupling (n, m)."""
        best = self._targets(match.map, self.rows)
        ranks = hit_ranks(best, self.gold)
        metrics: dict[str, Metric] = {}
        for k in (1, 5, 10):
            if best.shape[1] >= k:
                metrics[f"precision@{k}"] = share(int((ranks <= k).sum()), len(self.rows))
        right = metrics["precision@1"].value >= self.right
        if not self.bits:
            return Score(metrics=metrics, right=right)
        top = np.arange(min(MAX_CODED_ROWS, len(self.source)))
        x, y = (e.normalized().vectors for e in (self.source, self.target))
        fitted = fitted_map(x[top], y[self._targets(match.map, top)[:, 0]])
        bits = self._bits(match, x[top], y[:MAX_CODED_ROWS], fitted)
        drawing = self._drawing(best, x @ fitted, y)
        return Score(metrics=metrics, bits=bits, right=right, artefacts=drawing)

    def _targets(self, answer: Any, rows: np.ndarray) -> np.ndarray:
        """(q, k) best target rows of some source rows, k up to 10."""
        if answer.name == "linear":
            from distmatch.retrieval.scoring import csls

            x, y = answer(self.source).vectors, answer.map_target(self.target).vectors
            return csls(x, y, 10, queries=rows)[1]
        size = len(answer.table) if answer.name == "relabelling" else len(self.source)
        if answer.name == "coupling":
            size = len(answer.weights)
        if size != len(self.source):
            raise WrongAnswer(f"a map of {size} rows; the source has {len(self.source)}")
        if answer.name == "relabelling":
            return np.asarray(answer(rows), np.int64)[:, None]
        if answer.name == "coupling":
            return np.argsort(-answer(rows), axis=1)[:, :10]
        raise unmeasured(answer, "a LinearMap, an assignment (n,) or a coupling (n, m)")

    def _bits(
        self, match: Any, x: np.ndarray, y: np.ndarray, fitted: np.ndarray
    ) -> dict[str, float | None] | None:
        """Code of the target's vectors given the source and the map that fits the answer's own pairs.

        Every answer is turned into one map of one space, so that bits compare between methods.
        """
        try:
            from distmatch.compression.vectorcode import alignment_code
        except ImportError:
            return None
        code = alignment_code(x, y, fitted, ranked=self.source.ranked)
        found = getattr(match, "bits", None)
        return {
            "data": code.conditional, "map": code.map, "saved": code.delta, "truth": None,
            "reported": getattr(found, "total", None), "control": getattr(found, "control", None),
        }  # fmt: skip

    def _drawing(self, best: np.ndarray, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        """Cosines of the first rows that are asked against their right targets: a picture of the coupling."""
        some = list(range(min(DRAWN, len(self.rows))))
        left = _unit(x[self.rows[some]])
        right = _unit(y[[int(self.gold[i][0]) for i in some]])
        return {
            "coupling.json": {
                "rows": [self.source.words[int(self.rows[i])] for i in some],
                "columns": [self.target.words[int(self.gold[i][0])] for i in some],
                "values": np.round(left @ right.T, 3).tolist(),
                "right": [bool(np.isin(best[i, 0], self.gold[i])) for i in some],
            }
        }


def fitted_map(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(d, d') orthogonal map of rows of x onto those of y, or the least-squares one for two dimensions."""
    if x.shape[1] != y.shape[1]:
        return np.linalg.lstsq(x, y, rcond=None)[0]
    from distmatch.transport.procrustes import procrustes

    return procrustes(x.T.astype(np.float64) @ y)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
