"""The confidence of alignments: maps of many families with their evidence and the truth, and the regression on them.

    python benchmarks/calibrate_alignment.py ../shared/data VECTORS --save maps.jsonl                  # families developed on
    python benchmarks/calibrate_alignment.py ../shared/data VECTORS --save maps.jsonl --untouched      # the others
    python benchmarks/calibrate_alignment.py ../shared/data VECTORS --save maps.jsonl --fit --json docs/results/families.json

The event is "precision@1 is at least half of a supervised map's". The coefficients come from the families developed on, each
corpus left out in turn; the untouched ones are judged by them as they stand in `calibration.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from families import DEVELOPED, UNTOUCHED, Pair, pairs
from tables import Results

TURNS = (0.6, 1.0)
"""Weights of a random rotation that is added to the map found, to have maps that are nearly and half right."""
FOLDS = 5
MAPS = 7
"""Number of maps that every pair weighs as much as, however many its search passed."""
PRIOR = 30.0
"""C of the regression, of features of unit spread."""


def main() -> None:
    """Measure maps, or fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("vectors", type=Path)
    parser.add_argument(
        "--save",
        type=Path,
        required=True,
        help="JSON lines, added to; pairs in it are not measured again",
    )
    parser.add_argument(
        "--untouched",
        action="store_true",
        help="measure the families that nothing was developed on",
    )
    parser.add_argument("--only", nargs="+", help="names of pairs")
    parser.add_argument("--fit", action="store_true", help="fit and print instead of measuring")
    parser.add_argument("--json", type=Path, help="file that keeps the table of families")
    given = parser.parse_args()
    if given.fit:
        fit([json.loads(line) for line in given.save.read_text().splitlines()], Results(given.json))
        return
    done = (
        {json.loads(line)["pair"] for line in given.save.read_text().splitlines()}
        if given.save.exists()
        else set()
    )
    names = given.only or (UNTOUCHED if given.untouched else DEVELOPED)
    for pair in pairs(given.data, given.vectors, [name for name in names if name not in done]):
        rows = list(measured(pair))
        with given.save.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        final = rows[-1]
        print(
            pair.name,
            {k: final[k] for k in ("p1", "supervised", "confidence", "cpu_seconds", "evidence")},
            flush=True,
        )


def measured(pair: Pair) -> Iterator[dict[str, Any]]:
    """Rows of the maps of a pair: those that the search passed, a rotation learned at random, turned ones, the final one."""
    import torch

    torch.set_num_threads(1)
    from distmatch.device import generator
    from distmatch.matching.vectors.evidence import Evidence, Reference, fit_of, looked_at
    from distmatch.matching.vectors.selflearning import SHORT, SelfLearning
    from distmatch.transport.procrustes import procrustes

    began = time.process_time()
    match, clouds, maps = searched(pair)
    seconds = time.process_time() - began
    isometry = list(maps.values())[-1]
    noise = torch.randn(isometry.shape, generator=generator(6))
    learned = SelfLearning(stages=(SHORT,)).learn(clouds, procrustes(noise), seed=1)
    turned = {f"turned {size}": procrustes(isometry + size * procrustes(noise)) for size in TURNS}
    reference = Reference.of(clouds.x, clouds.y, seed=0, ranked=clouds.ranked)
    ceiling = supervised(pair)
    for kind, current in {**maps, "random": learned, **turned}.items():
        # Without `held_out`, which compares maps and has no part in the confidence, and takes half of the time.
        sides = (looked_at(side, clouds.ranked) for side in (clouds.x, clouds.y))
        found, _ = fit_of(*sides, current, reference.moments, seed=0, ranked=clouds.ranked)
        yield {
            "pair": pair.name, "map": kind, "p1": precision(pair, clouds.linear(current)), "supervised": ceiling,
            "evidence": Evidence(found, reference.null, 0.0).to_json(),
        }  # fmt: skip
    yield {
        "pair": pair.name, "map": "final", "p1": precision(pair, match.map), "supervised": ceiling,
        "evidence": match.extra["evidence"], "confidence": round(match.confidence, 4), "cpu_seconds": round(seconds, 1),
        "rows": [len(pair.source), len(pair.target)], "delta": round(match.bits.control - match.bits.total),
    }  # fmt: skip


def searched(pair: Pair) -> tuple[Any, Any, dict[str, Any]]:
    """The match, the clouds, and isometries that the search passed."""
    from distmatch.checkpoint import Checkpoint
    from distmatch.matching.vectors.auto import Auto
    from distmatch.matching.vectors.clouds import Clouds
    from distmatch.matching.vectors.profilegromov import ProfileGromov

    class Kept(Checkpoint):
        """Hands on every map learned."""

        def put(self, name: str, array: np.ndarray) -> None:
            self.arrays[name] = array

    kept = Kept()
    matcher = Auto() if hasattr(pair.source, "words") else ProfileGromov()
    match = matcher.match(pair.source, pair.target, seed=0, checkpoint=kept)
    steps = getattr(matcher, "normalization", None) or matcher.refinement.normalization
    clouds = Clouds.of(pair.source, pair.target, steps=steps)
    passed = {
        name: clouds.x.new_tensor(array if array.shape[0] == clouds.x.shape[1] else array[:-1])
        for name, array in kept.arrays.items()
        if not name.startswith("straight")
    }
    some = dict(list(passed.items())[:3] + list(passed.items())[-2:])
    return match, clouds, some


def precision(pair: Pair, linear: Any) -> float:
    """P@1 in per cent: CSLS with k = 10 over a dictionary; by cosine among the test rows for text embeddings; 0 for controls."""
    from distmatch.retrieval.dictionary import evaluate

    if pair.gold is None:
        return 0.0
    if isinstance(pair.gold, tuple):
        x, y = (
            centred(rows, side)
            for rows, side in zip(pair.gold, (pair.source, pair.target), strict=True)
        )
        a, b = x @ linear.source, y if linear.target is None else y @ linear.target
        a, b = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (a, b))
        return round(100 * float(((a @ b.T).argmax(axis=1) == np.arange(len(a))).mean()), 2)
    found = evaluate((linear(pair.source), linear.map_target(pair.target)), pair.gold)
    return round(100 * (found.precision[1] or 0.0), 2)


def centred(rows: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Test rows normalised as the training rows were."""
    moved = rows - side.mean(axis=0)
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def supervised(pair: Pair) -> float | None:
    """P@1 of Procrustes fitted on four fifths of the gold and tested on the rest; None for controls."""
    from distmatch.matching.vectors.supervised import Procrustes
    from distmatch.retrieval.dictionary import Dictionary

    if pair.gold is None:
        return None
    if isinstance(pair.gold, tuple):
        return supervised_rows(pair)
    words = np.random.default_rng(0).permutation(sorted(pair.gold.targets)).tolist()
    test = Dictionary({w: pair.gold.targets[w] for w in words[::FOLDS]})
    rest = Dictionary({w: t for w, t in pair.gold.targets.items() if w not in test.targets})
    linear = Procrustes(dictionary=rest).match(pair.source, pair.target).map
    return precision(Pair(pair.name, pair.source, pair.target, test), linear)


def supervised_rows(pair: Pair) -> float:
    """The same from the paired test rows."""
    x, y = (
        centred(rows, side)
        for rows, side in zip(pair.gold, (pair.source, pair.target), strict=True)
    )
    order, right = np.random.default_rng(0).permutation(len(x)), 0.0
    for fold in range(FOLDS):
        test = order[fold::FOLDS]
        rest = np.setdiff1d(order, test)
        u, _, vt = np.linalg.svd(x[rest].T @ y[rest], full_matrices=False)
        best = (x[test] @ (u @ vt) @ y.T).argmax(axis=1)
        right += float((best == test).sum())
    return round(100 * right / len(x), 2)


def corpus(name: str) -> str:
    """What is left out together: all pairs of one corpus, whatever the languages, vectors and changes."""
    bare = (
        name.rpartition(":")[0].rpartition(":")[2]
        if name.count(":") > 1
        else name.partition(":")[0]
    )
    bare = bare.partition("-")[0]
    return name.partition(":")[2] if bare in ("cross", "same", "control") else bare


def fit(rows: list[dict[str, Any]], results: Results) -> None:
    """Coefficients from the families developed on, and how they and those that ship do on both."""
    from distmatch.matching import calibration
    from distmatch.matching.vectors.evidence import Evidence, features

    x = np.array([features(Evidence.from_json(row["evidence"])) for row in rows])
    y = np.array([bool(row["supervised"]) and row["p1"] >= row["supervised"] / 2 for row in rows])
    groups = np.array([corpus(row["pair"]) for row in rows])
    fresh = np.array([row["pair"] in UNTOUCHED for row in rows])
    # No search ends in a turned map: they only show that maps which are half right are not believed for nothing.
    turned = np.array([row["map"].startswith("turned") for row in rows])
    counts = {name: sum(r["pair"] == name for r in rows) for name in {r["pair"] for r in rows}}
    weight = np.array([MAPS / counts[row["pair"]] for row in rows])
    used = ~fresh & ~turned
    out = np.zeros(len(y))
    for group in set(groups[~fresh]):
        some, held = used & (groups != group), ~fresh & (groups == group)
        out[held] = probabilities(x[held], regression(x[some], y[some], weight[some]))
    weights = regression(x[used], y[used], weight[used])
    print(
        "intercept",
        round(weights[-1], 3),
        "weights",
        weights[:-1].round(3).tolist(),
        "n",
        int(used.sum()),
    )
    shipped = np.array([calibration.confidence("vectors", tuple(one)) for one in x])
    for name, found, some in (
        ("developed on, each corpus left out in turn", out, used),
        ("developed on, turned maps", out, ~fresh & turned),
        ("untouched, the coefficients that ship", shipped, fresh & ~turned),
        ("untouched, turned maps", shipped, fresh & turned),
    ):
        if some.any():
            summary(results, name, found[some], y[some])
    for row, right, left_out, ships, new in zip(rows, y, out, shipped, fresh, strict=True):
        if row["map"] == "final":
            ceiling = "control" if row["supervised"] is None else f"{row['supervised']:.1f}"
            results.row(
                "families", ("pair", "untouched", "P@1", "supervised", "right", "confidence", "CPU s"),
                (row["pair"], "yes" if new else "no", f"{row['p1']:.1f}", ceiling, "yes" if right else "no",
                 f"{ships if new else left_out:.3f}", f"{row['cpu_seconds']:.0f}"),
            )  # fmt: skip


def regression(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights and intercept of a logistic regression with L2 prior whose weights are not negative.

    Each feature is evidence for a map, so more of it may not tell against it; the last one, rows without ranks, is free.
    """
    from scipy.optimize import minimize

    spread = np.maximum(x.std(axis=0), 1e-9)
    sign = np.where(y, 1.0, -1.0)

    def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
        z = x / spread @ p[:-1] + p[-1]
        slope = -weight * sign / (1 + np.exp(sign * z))
        value = (weight * np.logaddexp(0, -sign * z)).sum() + (p[:-1] ** 2).sum() / (2 * PRIOR)
        return value, np.append((x / spread).T @ slope + p[:-1] / PRIOR, slope.sum())

    bounds = [(0, None)] * (x.shape[1] - 1) + [(None, None)] * 2
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return np.append(found[:-1] / spread, found[-1])


def probabilities(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What the regression makes of features."""
    return 1 / (1 + np.exp(-(x @ weights[:-1] + weights[-1])))


def summary(results: Results, name: str, found: np.ndarray, right: np.ndarray) -> None:
    """AUC, ECE and the counts that matter."""
    from distmatch.benchmark.metrics import area_under_curve, calibration_error
    from distmatch.matching.match import BELIEF

    results.row(
        "confidence", ("maps", "n", "right", "AUC", "ECE", "wrong and believed", "right and believed"),
        (name, len(right), int(right.sum()), f"{area_under_curve(found, right):.3f}", f"{calibration_error(found, right):.3f}",
         int((found[~right] >= BELIEF).sum()), f"{(found[right] >= BELIEF).mean():.0%}"),
    )  # fmt: skip


if __name__ == "__main__":
    main()
