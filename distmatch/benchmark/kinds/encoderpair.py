"""Kind `embeddings`: two encoders on different texts; the answer is a map, judged on texts that both encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.alignment import ALIGNMENT_VIEWS, METRICS, AlignmentProblem, anchored
from distmatch.benchmark.kinds.kind import Axis, DoesNotApply, Kind, MetricKind, Score, unmeasured
from distmatch.benchmark.kinds.wordvectors import vectors
from distmatch.benchmark.metrics import Metric
from distmatch.embeddings.embeddings import Embeddings


@dataclass(frozen=True)
class EncodersProblem:
    """Two spaces, and paired rows of both for scoring."""

    source: Embeddings
    target: Embeddings
    source_test: Embeddings
    target_test: Embeddings
    anchors: int
    right: float
    data_sha256: dict[str, str]
    context: dict[str, Any]

    def view(self, name: str) -> tuple[Any, Any]:
        if name == "embeddings":
            return self.source, self.target
        if name == "anchored" and self.anchors:
            pairs = np.arange(self.anchors)
            return anchored(self.source_test, self.target_test, pairs, pairs, self.anchors)
        reason = (
            "set the axis `anchors`" if name == "anchored" else "sentences have no graph to match"
        )
        raise DoesNotApply(f"two encoders are not given as {name}: {reason}")

    def score(self, match: Any) -> Score:
        if match.map.name != "linear":
            raise unmeasured(match.map, "a LinearMap, which maps new rows too")
        asked = np.arange(self.anchors, len(self.source_test))
        x, y = (_rows(side, asked) for side in (self.source_test, self.target_test))
        gold = [np.array([i]) for i in range(len(asked))]
        problem = AlignmentProblem(x, y, np.arange(len(asked)), gold, right=self.right, bits=False)
        score = problem.score(match)
        mapped = match.map(x).normalized(("unit",)).vectors
        scores = mapped @ match.map.map_target(y).normalized(("unit",)).vectors.T
        rank = 1 + (scores > np.diag(scores)[:, None]).sum(axis=1)
        score.metrics["mean_rank"] = Metric(
            value=float(rank.mean()), n=len(rank), higher_is_better=False
        )
        return score


def _rows(side: Embeddings, rows: np.ndarray) -> Embeddings:
    return Embeddings(tuple(side.words[i] for i in rows), side.vectors[rows], None, False)


def build(axes: Mapping[str, Any], paths: Mapping[str, Path], seed: int) -> EncodersProblem:
    """Read the four matrices; the seed is the method's alone."""
    source, target = (vectors(paths[side], axes["limit"]) for side in ("source", "target"))
    x, y = (vectors(paths[side], None) for side in ("source_test", "target_test"))
    anchors, right = int(axes["anchors"]), float(axes["right"])
    context = {"rows": len(source), "columns": len(target), "asked": len(x) - anchors}
    return EncodersProblem(source, target, x, y, anchors, right, {}, context)


KIND = Kind(
    name="embeddings",
    hidden="which texts go together",
    axes={
        "limit": Axis(None, "rows of each side, or null", low=10),
        "anchors": Axis(0, "test pairs given away to supervised methods, and not asked of anyone", low=0),
        "right": Axis(0.5, "precision@1 from which the map counts as right", low=0, high=1),
        "instance": Axis(None, "unused: the data is the same for all seeds", low=0),
    },
    metrics=METRICS | {"mean_rank": MetricKind(False, "mean rank of the right text by cosine")},
    views=ALIGNMENT_VIEWS,
    files={
        "source": "rows of one encoder", "target": "rows of the other, of different texts",
        "source_test": "rows for scoring", "target_test": "their partners, in the same order",
    },
    build=build,
)  # fmt: skip
