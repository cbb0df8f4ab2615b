"""Figures of docs/results/transport.md: Sinkhorn against POT, planted rotations, text embeddings.

    OMP_NUM_THREADS=1 PYTHONPATH=. python benchmarks/transport.py DATA --only sinkhorn
    ... --only planted --sizes 50 100 500 1000 2000 5000 10000
    ... --only text --seeds 0 1 2
    ... --only words --seeds 0 1

Every row is one JSON line on standard output. CPU seconds are those of the process; memory is the growth of the
peak resident size while the solver ran, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

VECTORS = "vectors/text-embeddings"


def load(data: Path, name: str) -> np.ndarray:
    """A matrix of text embeddings, float32."""
    return np.load(data / VECTORS / f"{name}.npy").astype(np.float32)


def real_cloud(data: Path, n: int, d: int = 300, seed: int = 0) -> np.ndarray:
    """n real caption vectors of MiniLM in their d leading directions, uncentred, unit rows."""
    x = load(data, "minilm.train-first-half")
    _, axes = np.linalg.eigh(x.T @ x)
    x = x[np.random.default_rng(seed).permutation(len(x))[:n]] @ axes[:, ::-1][:, :d]
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def peak() -> float:
    """Peak resident size so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def sinkhorn_row(
    data: Path, solver: str, n: int, iterations: int, epsilon: float
) -> dict[str, Any]:
    """One solver on the Gaussian sphere, n x n, d = 300, float32."""
    import torch

    from distmatch.transport.sinkhorn import sinkhorn

    random = torch.Generator().manual_seed(0)
    x, y = (
        torch.nn.functional.normalize(torch.randn(n, 300, generator=random), dim=1)
        for _ in range(2)
    )
    if solver == "POT":
        import ot

        sinkhorn(x[:300], y[:300], iterations=3)
        a = torch.full((n,), 1 / n)
        before, start = peak(), time.process_time()
        cost = torch.cdist(x, y) ** 2
        plan = ot.sinkhorn(a, a, cost, epsilon, numItermax=iterations, stopThr=0.0, warn=False)
        error = float((plan.sum(1) - a).abs().sum())
    else:
        sinkhorn(x[:300], y[:300], iterations=3)
        before, start = peak(), time.process_time()
        plan = sinkhorn(
            x, y, epsilon=epsilon, iterations=iterations, tolerance=0, dense=solver == "dense"
        )
        error = plan.error
    seconds = time.process_time() - start
    return {
        "task": "sinkhorn", "solver": solver, "n": n, "iterations": iterations, "epsilon": epsilon,
        "cpu_seconds": round(seconds, 2), "ms_an_iteration": round(1000 * seconds / iterations),
        "extra_mib": round(peak() - before), "error": error,
    }  # fmt: skip


def planted_row(data: Path, n: int, noise: float, seed: int) -> dict[str, Any]:
    """A real cloud and its rotated, noisy, shuffled copy, from the uniform plan."""
    import torch

    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.matching.gromov import ProximalGromov

    d = min(300, n - 1)
    x = real_cloud(data, n, d, seed)
    random = np.random.default_rng(seed)
    rotation = np.linalg.qr(random.normal(size=(d, d)))[0]
    order = random.permutation(n)
    clean = x @ rotation + noise / d**0.5 * random.normal(size=(n, d))
    y = clean[order].astype(np.float32)
    names = tuple(map(str, range(n)))
    source, target = (Embeddings(names, v.astype(np.float32), None, False) for v in (x, y))
    before = peak()
    match = ProximalGromov.uniform().match(source, target, seed=seed)
    extra = peak() - before

    def share(left: np.ndarray) -> float:
        right = torch.nn.functional.normalize(torch.from_numpy(y), dim=1)
        parts = torch.from_numpy(left.astype(np.float32)).split(500)
        best = torch.cat([(part @ right.T).argmax(1) for part in parts])
        return float((order[best.numpy()] == np.arange(n)).mean())

    return {
        "task": "planted", "n": n, "d": d, "noise": noise, "seed": seed,
        "right": share(match.map(source).vectors), "with_the_true_rotation": share(x @ rotation),
        "confidence": round(match.confidence, 4), "cpu_seconds": round(match.cpu_seconds, 1),
        "extra_mib": round(extra), **match.extra,
    }  # fmt: skip


def text_row(data: Path, seed: int) -> dict[str, Any]:
    """Text embeddings of disjoint captions; the paired test captions only score."""
    import torch
    from torch.nn.functional import normalize

    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.matching.profilegromov import ProfileGromov

    names = (
        "minilm.train-first-half",
        "wordllama.train-second-half",
        "minilm.test",
        "wordllama.test",
    )
    x, y, s, t = (load(data, name) for name in names)
    sides = [Embeddings(tuple(map(str, range(len(v)))), v, None, False) for v in (x, y)]
    match = ProfileGromov().match(sides[0], sides[1], seed=seed)
    assert match.map.target is not None

    def centred(test: np.ndarray, train: np.ndarray, w: np.ndarray) -> torch.Tensor:
        unit = train / np.linalg.norm(train, axis=1, keepdims=True)
        test = test / np.linalg.norm(test, axis=1, keepdims=True) - unit.mean(0)
        return normalize(torch.from_numpy(test @ w), dim=1)

    scores = centred(s, x, match.map.source) @ centred(t, y, match.map.target).T
    csls = (
        2 * scores - scores.topk(10, 1).values.mean(1)[:, None] - scores.topk(10, 0).values.mean(0)
    )
    gold = torch.arange(len(s))
    rank = (scores > scores.diag()[:, None]).sum(1).double().mean() + 1
    return {
        "task": "text", "seed": seed, "first_cosine": float((scores.argmax(1) == gold).double().mean()),
        "first_csls": float((csls.argmax(1) == gold).double().mean()), "mean_rank": float(rank),
        "confidence": round(match.confidence, 4), "cpu_seconds": round(match.cpu_seconds, 1), **match.extra,
    }  # fmt: skip


def words_row(data: Path, method: str, seed: int) -> dict[str, Any]:
    """es-en (50-d): precision@1 over the whole MUSE list, CSLS k = 10, no pairs."""
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.matching.align import matcher
    from distmatch.retrieval.dictionary import Dictionary, evaluate

    source, target = (
        Embeddings.load(data / f"vectors/es-en/{side}.vec.xz", lower=True) for side in ("es", "en")
    )
    table: dict[str, list[str]] = {}
    for band in ("0-5000", "5000-6500"):
        gold = Dictionary.load(data / f"dictionaries/muse/es-en.{band}.txt")
        for word, targets in gold.targets.items():
            table.setdefault(word, []).extend(targets)
    match = matcher(method).match(source, target, seed=seed)
    found = evaluate(
        (match.map(source), match.map.map_target(target)),
        Dictionary({word: tuple(targets) for word, targets in table.items()}),
    )
    return {
        "task": "words", "pair": "es-en", "method": method, "seed": seed,
        "precision@1": round(100 * (found.precision[1] or 0), 2), "n": found.n,
        "confidence": round(match.confidence, 4), "cpu_seconds": round(match.cpu_seconds, 1), **match.extra,
    }  # fmt: skip


def main() -> None:
    """Run the rows asked for, one after the other, each in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=["sinkhorn", "planted", "text", "words"], required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--solvers", nargs="+", default=["POT", "dense", "streaming"])
    parser.add_argument("--methods", nargs="+", default=["gromov", "wasserstein"])
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--epsilon", type=float, default=0.05)
    parser.add_argument("--noise", type=float, default=0.5)
    given = parser.parse_args()
    calls: list[tuple[Any, tuple[Any, ...]]] = {
        "sinkhorn": [
            (sinkhorn_row, (given.data, solver, n, given.iterations, given.epsilon))
            for n in given.sizes for solver in given.solvers
        ],
        "planted": [
            (planted_row, (given.data, n, given.noise, seed)) for n in given.sizes for seed in given.seeds
        ],
        "words": [
            (words_row, (given.data, method, seed)) for method in given.methods for seed in given.seeds
        ],
        "text": [(text_row, (given.data, seed)) for seed in given.seeds],
    }[given.only]  # fmt: skip
    context = multiprocessing.get_context("spawn")
    for function, arguments in calls:
        with context.Pool(1) as pool:
            print(json.dumps(pool.apply(function, arguments)), flush=True)


if __name__ == "__main__":
    main()
