"""Figures of docs/results/transport.md: Sinkhorn against POT, planted rotations, text embeddings.

    OMP_NUM_THREADS=1 PYTHONPATH=. python benchmarks/transport.py DATA --only sinkhorn
    ... --only planted --sizes 50 100 500 1000 2000 5000 10000
    ... --only text --seeds 0 1 2
    ... --only raw --first 0 --count 50
    ... --only chosen --sizes 2000 5000

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
from rawproblems import SOLVERS, raw_row
from tables import Results

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


def chosen_row(n: int) -> dict[str, Any]:
    """`sinkhorn` without being told dense or streaming, beside both, and POT: 2-d points, 20 iterations."""
    import ot
    import torch

    from distmatch.transport.sinkhorn import sinkhorn

    random = torch.Generator().manual_seed(0)
    x, y = (torch.rand(n, 2, generator=random) for _ in range(2))
    found: dict[str, Any] = {"task": "chosen", "n": n}
    ways: dict[str, bool | None] = {"by itself": None, "dense": True, "streaming": False}
    for name, dense in ways.items():
        start = time.process_time()
        sinkhorn(x, y, epsilon=0.05, iterations=20, tolerance=0, dense=dense)
        found[name] = time.process_time() - start
    start = time.process_time()
    a = torch.full((n,), 1 / n)
    ot.sinkhorn(a, a, torch.cdist(x, y) ** 2, 0.05, numItermax=20, stopThr=0.0, warn=False)
    return {**found, "POT": time.process_time() - start}


def planted_row(data: Path, n: int, noise: float, seed: int) -> dict[str, Any]:
    """A real cloud and its rotated, noisy, shuffled copy, from the uniform plan."""
    import torch

    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.matching.vectors.proximalgromov import ProximalGromov

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


def text_sides(data: Path) -> tuple[Any, Any]:
    """Both sides' disjoint captions as embeddings without an order."""
    from distmatch.embeddings.embeddings import Embeddings

    names = "minilm.train-first-half", "wordllama.train-second-half"
    x, y = (
        Embeddings(tuple(map(str, range(len(v)))), v, None, False)
        for v in (load(data, name) for name in names)
    )
    return x, y


def text_scores(data: Path, match_map: Any) -> dict[str, float]:
    """Share of 1,000 test captions put first by cosine and by CSLS (k = 10), and the mean rank of the right one.

    The normalisation is that of the training rows: their mean is taken off, not that of the test rows.
    """
    import torch
    from torch.nn.functional import normalize

    mapped = []
    for train, test, w in (
        ("minilm.train-first-half", "minilm.test", match_map.source),
        ("wordllama.train-second-half", "wordllama.test", match_map.target),
    ):
        rows, mean = unit(load(data, test)), unit(load(data, train)).mean(0)
        centred = torch.from_numpy(unit(rows - mean))
        mapped.append(normalize(centred if w is None else centred @ torch.from_numpy(w), dim=1))
    scores = mapped[0] @ mapped[1].T
    crowd = scores.topk(10, 1).values.mean(1)[:, None] + scores.topk(10, 0).values.mean(0)
    gold = torch.arange(len(scores))
    return {
        "first_cosine": float((scores.argmax(1) == gold).double().mean()),
        "first_csls": float(((2 * scores - crowd).argmax(1) == gold).double().mean()),
        "mean_rank": float((scores > scores.diag()[:, None]).sum(1).double().mean() + 1),
    }


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def text_row(data: Path, seed: int) -> dict[str, Any]:
    """Text embeddings of disjoint captions; the paired test captions only score."""
    from distmatch.matching.vectors.profilegromov import ProfileGromov

    match = ProfileGromov().match(*text_sides(data), seed=seed)
    return {
        "task": "text", "seed": seed, **text_scores(data, match.map), "confidence": round(match.confidence, 4),
        "cpu_seconds": round(match.cpu_seconds, 1), **match.extra,
    }  # fmt: skip


TABLES: dict[str, dict[str, Any]] = {
    "sinkhorn": {
        "solver": lambda r: f"{r['solver']}, {r['n']:,} x {r['n']:,}, {r['iterations']} iterations",
        "CPU s": lambda r: f"{r['cpu_seconds']:.2f}",
        "extra MiB": lambda r: f"{r['extra_mib']:,}",
        "marginal error": lambda r: f"{r['error']:.1e}",
    },
    "planted": {
        "rows, noise, seed": lambda r: f"{r['n']:,}, {r['noise']}, {r['seed']}",
        "right, %": lambda r: f"{100 * r['right']:.2f}",
        "with the true rotation, %": lambda r: f"{100 * r['with_the_true_rotation']:.2f}",
        "CPU s": lambda r: f"{r['cpu_seconds']:.1f}",
        "extra MiB": lambda r: f"{r['extra_mib']:,}",
        "confidence": lambda r: f"{r['confidence']:.3f}",
    },
    "chosen": {
        "points per side": lambda r: f"{r['n']:,}",
        **{
            f"{name}, CPU s": lambda r, name=name: f"{r[name]:.2f}"
            for name in ("by itself", "dense", "streaming", "POT")
        },
    },
    "raw": {
        "solver, first seed": lambda r: f"{r['solver']}, {r['first']}",
        "problems": lambda r: r["problems"],
        "cost within 1 % of POT's or lower": lambda r: r["cost"],
        "lower by 1 % or more": lambda r: r["lower"],
        "POT without an answer": lambda r: r["no_answer"],
        "marginals to 1e-6": lambda r: r["marginals"],
        "`converged`": lambda r: r["converged"],
        "`converged` without marginals": lambda r: r["dishonest"],
        "largest excess of cost, %": lambda r: f"{100 * r['worst']:.2f}",
        "CPU s, ours and POT's": lambda r: f"{r['seconds']:.1f}, {r['their_seconds']:.1f}",
    },
    "text": {
        "seed": lambda r: r["seed"],
        "first by cosine, %": lambda r: f"{100 * r['first_cosine']:.1f}",
        "by CSLS, %": lambda r: f"{100 * r['first_csls']:.1f}",
        "mean rank": lambda r: f"{r['mean_rank']:.1f}",
        "CPU s": lambda r: f"{r['cpu_seconds']:.0f}",
        "confidence": lambda r: f"{r['confidence']:.2f}",
    },
}  # fmt: skip
"""Columns of the tables that the page shows: heading to what makes a cell of a row's figures."""


def main() -> None:
    """Run the rows asked for, one after the other, each in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--only", choices=["sinkhorn", "planted", "text", "raw", "chosen"], required=True
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument(
        "--solvers", nargs="+", help="of the parts sinkhorn and raw; all by default"
    )
    parser.add_argument("--first", type=int, default=0, help="seed of the first raw problem")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--epsilon", type=float, default=0.05)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--json", type=Path, help="file that keeps the figures")
    given = parser.parse_args()
    results = Results(given.json)
    calls: list[tuple[Any, tuple[Any, ...]]] = {
        "sinkhorn": [
            (sinkhorn_row, (given.data, solver, n, given.iterations, given.epsilon))
            for n in given.sizes for solver in given.solvers or ("POT", "dense", "streaming")
        ],
        "planted": [
            (planted_row, (given.data, n, given.noise, seed)) for n in given.sizes for seed in given.seeds
        ],
        "text": [(text_row, (given.data, seed)) for seed in given.seeds],
        "raw": [(raw_row, (solver, given.first, given.count)) for solver in given.solvers or SOLVERS],
        "chosen": [(chosen_row, (n,)) for n in given.sizes],
    }[given.only]  # fmt: skip
    context = multiprocessing.get_context("spawn")
    for function, arguments in calls:
        with context.Pool(1) as pool:
            found = pool.apply(function, arguments)
            for row in found if isinstance(found, list) else [found]:
                print(json.dumps(row), flush=True)
                if given.json:
                    columns = TABLES[given.only]
                    results.row(given.only, list(columns), [cell(row) for cell in columns.values()])


if __name__ == "__main__":
    main()
