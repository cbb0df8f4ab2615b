"""Kind `lexicon`: word vectors of two languages; the answer is a map, judged by a gold dictionary."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.alignment import (
    ALIGNMENT_VIEWS,
    METRICS,
    AlignmentProblem,
    anchored,
    graph_of,
)  # fmt: skip
from distmatch.benchmark.kinds.kind import Axis, DoesNotApply, Kind, Score
from distmatch.embeddings.embeddings import Embeddings


@dataclass(frozen=True)
class LexiconProblem:
    """Two vocabularies and the dictionary between them."""

    source: Embeddings
    target: Embeddings
    rows: np.ndarray = field(repr=False)
    gold: list[np.ndarray] = field(repr=False)
    given: np.ndarray = field(repr=False)
    """(k,) which of `rows` are given away, and not asked."""
    right: float
    data_sha256: dict[str, str]
    context: dict[str, Any]

    def view(self, name: str) -> tuple[Any, Any]:
        if name == "embeddings":
            return self.source, self.target
        if name == "graph":
            return graph_of(self.source, self.target)
        if name == "anchored":
            if not len(self.given):
                raise DoesNotApply("no pairs are given away; set the axis `anchors`")
            partners = np.array([self.gold[i][0] for i in self.given])
            return anchored(
                self.source, self.target, self.rows[self.given], partners, len(self.given)
            )
        raise DoesNotApply(f"a lexicon task is not given as {name}")

    def score(self, match: Any) -> Score:
        asked = np.setdiff1d(np.arange(len(self.rows)), self.given)
        problem = AlignmentProblem(
            self.source,
            self.target,
            self.rows[asked],
            [self.gold[i] for i in asked],
            right=self.right,
        )
        return problem.score(match)


@functools.lru_cache(maxsize=6)
def vectors(path: Path, limit: int | None) -> Embeddings:
    """Vectors of a file, the first `limit` rows."""
    return Embeddings.load(path, limit=limit)


def build(axes: Mapping[str, Any], paths: Mapping[str, Path], seed: int) -> LexiconProblem:
    """Read both sides and the dictionary; the seed is the method's alone."""
    from distmatch.retrieval.dictionary import Dictionary

    source, target = (vectors(paths[side], axes["limit"]) for side in ("source", "target"))
    gold: dict[str, tuple[str, ...]] = {}
    for name in ("dictionary", "dictionary_more"):
        if name in paths:
            for word, targets in Dictionary.load(paths[name]).targets.items():
                gold[word] = gold.get(word, ()) + targets
    rows, answers = Dictionary(gold).covered(source, target)
    given = np.linspace(0, len(rows) - 1, min(int(axes["anchors"]), len(rows) // 2)).astype(
        np.int64
    )
    context = {"rows": len(source), "columns": len(target), "asked": len(rows) - len(given)}
    return LexiconProblem(
        source, target, rows, answers, np.unique(given), float(axes["right"]), {}, context
    )


KIND = Kind(
    name="lexicon",
    hidden="the dictionary",
    axes={
        "limit": Axis(None, "most frequent words of each side, or null", low=10),
        "anchors": Axis(0, "pairs given away to supervised methods, and not asked of anyone", low=0),
        "right": Axis(0.4, "precision@1 from which the map counts as right", low=0, high=1),
        "instance": Axis(None, "unused: the data is the same for all seeds", low=0),
    },
    metrics=METRICS,
    views=ALIGNMENT_VIEWS,
    files={
        "source": "vectors", "target": "vectors", "dictionary": "gold pairs", "dictionary_more": "further gold pairs",
    },
    build=build,
)  # fmt: skip
