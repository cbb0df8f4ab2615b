"""Recall of a search index that was moved to another embedding model: `docs/migration.md`.

    PYTHONPATH=. python benchmarks/migration.py ../shared/data --pairs 500 --json docs/results/migration.json
    PYTHONPATH=. python benchmarks/migration.py ../shared/data --pairs 0 --json docs/results/migration.json

The index holds 1,000 test captions (without the pairs that a map is fitted on), the queries are the same captions in the new
model. Recall@10 is the share of the ten nearest captions under re-embedding that the moved index returns, each query left out
of its own list. Without pairs the map comes from the disjoint halves of the training captions.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from tables import Results

import distmatch as dm
from distmatch.maps.linear import LinearMap

MODELS = {"MiniLM to WordLlama": ("minilm", "wordllama"), "WordLlama to MiniLM": ("wordllama", "minilm")}  # fmt: skip
HALVES = {"minilm": "train-first-half", "wordllama": "train-second-half"}


def load(data: Path, model: str, part: str) -> np.ndarray:
    """Vectors of one model, float32."""
    return np.load(data / f"vectors/text-embeddings/{model}.{part}.npy").astype(np.float32)


def nearest(queries: np.ndarray, keys: np.ndarray, k: int = 10) -> np.ndarray:
    """(n, k) nearest keys by cosine, a query's own row left out."""
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (queries, keys))
    scores = a @ b.T
    np.fill_diagonal(scores, -np.inf)
    return np.argsort(-scores, axis=1)[:, :k]


def recall(found: np.ndarray, wanted: np.ndarray) -> float:
    """Mean share of the wanted rows that were found."""
    return float(np.mean([np.isin(w, f).mean() for f, w in zip(found, wanted, strict=True)]))


def main() -> None:
    """One row per direction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    results = Results(given.json)
    for name, (old, new) in MODELS.items():
        before, after = load(given.data, old, "test"), load(given.data, new, "test")
        order = np.random.default_rng(given.seed).permutation(len(before))
        fit, test = order[: given.pairs], order[given.pairs :]
        started = time.process_time()
        if given.pairs:
            steps, means = ("unit", "center", "unit"), []
            sides = []
            for rows in (before[fit], after[fit]):
                unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
                means.append(unit.mean(0, keepdims=True))
                centred = unit - means[-1]
                sides.append(centred / np.linalg.norm(centred, axis=1, keepdims=True))
            turn = dm.procrustes(sides[0].T @ sides[1]).astype(np.float32)
            f, confidence = LinearMap(turn, None, steps, means=(means[0], means[1])), ""
        else:
            match = dm.align(*(load(given.data, m, HALVES[m]) for m in (old, new)), seed=given.seed)
            f, confidence = match.map, f"{match.confidence:.3f}"
        seconds = time.process_time() - started
        index, queries = f(before[test]), f.map_target(after[test])
        wanted = nearest(after[test], after[test])
        first = (index / np.linalg.norm(index, axis=1, keepdims=True)) @ (
            queries / np.linalg.norm(queries, axis=1, keepdims=True)
        ).T
        results.row(
            "recall",
            ("case", "captions", "recall@10 of the moved index", "recall@10 of the old index, old queries",
             "own caption first", "confidence", "CPU s"),
            (f"{name}, {given.pairs} pairs", len(test), f"{recall(nearest(queries, index), wanted):.3f}",
             f"{recall(nearest(before[test], before[test]), wanted):.3f}",
             f"{(first.argmax(0) == np.arange(len(test))).mean():.3f}", confidence, f"{seconds:.1f}"),
        )  # fmt: skip


if __name__ == "__main__":
    main()
