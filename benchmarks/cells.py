"""Spaces that no rotation joins, matched without pairs: FOSCTTM of couplings. Page: `docs/results/cells.md`.

    PYTHONPATH=. python benchmarks/cells.py ../shared/data --only snare --seeds 0 1 2 --json docs/results/cells.json
    PYTHONPATH=. python benchmarks/cells.py ../shared/data --only untouched --json docs/results/cells.json
    PYTHONPATH=. python benchmarks/cells.py ../shared/data --only pot --json docs/results/cells.json
    PYTHONPATH=. python benchmarks/cells.py ../shared/data --only large --json docs/results/cells.json

One side is shuffled; its order only scores. `snare` is what the defaults were looked at on; `untouched` was not. CPU seconds of
the process, memory as the growth of its peak.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tables import Results

from distmatch.matching.vectors.gromovcoupling import GromovCoupling
from distmatch.matching.vectors.rowcosts import row_costs
from distmatch.retrieval.precision import foscttm

Sides = tuple[np.ndarray, np.ndarray]


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def snare(data: Path) -> Sides:
    """SNARE-seq: RNA (10-d) and ATAC (19-d) of 1,047 cells."""
    x, y = (np.load(data / f"cells/snare/{name}.npy").astype(np.float32) for name in ("rna", "atac"))  # fmt: skip
    return unit(x), unit(y)


def swiss_roll(n: int = 800) -> Sides:
    """A sheet of uneven density rolled up, and flat with noise."""
    random = np.random.default_rng(0)
    t, h = 1.5 * np.pi * (1 + 2 * random.beta(1, 2, n)), 6 * random.beta(2, 1, n)
    rolled = np.c_[t * np.cos(t), h, t * np.sin(t)]
    flat = np.c_[t, h, 0.1 * t * h] + 0.2 * random.normal(size=(n, 3))
    return rolled.astype(np.float32), flat.astype(np.float32)


def tree(n: int = 800) -> Sides:
    """A tree with three branches of unequal length and density in 20 dimensions, and through a random network in 15."""
    random = np.random.default_rng(1)
    branch = random.choice(3, n, p=[0.5, 0.3, 0.2])
    along = random.random(n) * np.array([3.0, 2.0, 1.0])[branch]
    ways = random.normal(size=(3, 20)) / 20**0.5
    x = along[:, None] * ways[branch] + 0.02 * random.normal(size=(n, 20))
    one, two = random.normal(size=(20, 60)), random.normal(size=(60, 15))
    y = np.tanh(1.5 * x @ one) @ two / 60**0.5 + 0.05 * random.normal(size=(n, 15))
    return x.astype(np.float32), y.astype(np.float32)


def digits() -> Sides:
    """Pictures of digits by their pixels, and by the absolute values of their two-dimensional spectrum."""
    from sklearn.datasets import load_digits

    pixels = load_digits().data
    spectrum = np.abs(np.fft.fft2(pixels.reshape(-1, 8, 8))).reshape(len(pixels), -1)
    return pixels.astype(np.float32), spectrum.astype(np.float32)


def dropped(data: Path) -> Sides:
    """SNARE-seq's RNA against half of its own dimensions."""
    x, _ = snare(data)
    return x, np.ascontiguousarray(x[:, ::2])


def peak() -> float:
    """Peak resident size so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(name: str, sides: Sides, seed: int, **settings: Any) -> dict[str, Any]:
    """One match of shuffled sides."""
    x, y = sides
    order = np.random.default_rng(seed).permutation(len(y))
    before = peak()
    match = GromovCoupling(**settings).match(x, y[order], seed=seed)
    there = foscttm(match.map(x), y)
    back = foscttm(match.map.back(y[order])[np.argsort(order)], x)
    extra = match.extra
    return {
        "data": name, "seed": seed, "rows": len(x), "FOSCTTM x to y": round(there, 3), "y to x": round(back, 3),
        "GW cost": round(extra["gw_cost"], 4), "of independent rows": round(extra["product_cost"], 4),
        "runner-up": "none" if extra["runner_up"] is None else f"{extra['runner_up']:+.1%}",
        "CPU s": round(match.cpu_seconds, 1), "extra MiB": round(peak() - before),
    }  # fmt: skip


def pot_row(name: str, sides: Sides, epsilon: float = 5e-4) -> dict[str, Any]:
    """POT's proximal points on the same graph distances, over their largest."""
    import ot

    x, y = sides
    order = np.random.default_rng(0).permutation(len(y))
    before, started = peak(), time.process_time()
    whole = []
    for rows in (x, y[order]):
        found = row_costs(rows, rank=len(rows), landmarks=len(rows))
        costs = found.factors * found.signs @ found.factors.T
        whole.append(np.maximum(costs, 0) / costs.max())
    mass = np.full(len(x), 1 / len(x))
    plan = ot.gromov.entropic_gromov_wasserstein(
        *whole, mass, mass, "square_loss", epsilon=epsilon, solver="PPA", max_iter=100, warn=False
    )
    moved = plan @ y[order] / plan.sum(1, keepdims=True)
    back = plan.T @ x / plan.sum(0)[:, None]
    return {
        "data": name, "rows": len(x), "epsilon": epsilon, "FOSCTTM x to y": round(foscttm(moved, y), 3),
        "y to x": round(foscttm(back[np.argsort(order)], x), 3), "marginal error": f"{abs(plan.sum(1) - mass).sum():.0e}",
        "CPU s": round(time.process_time() - started, 1), "extra MiB": round(peak() - before),
    }  # fmt: skip


def main() -> None:
    """The rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=["snare", "untouched", "pot", "large"], required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--names", nargs="+", help="of the untouched data")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    untouched: dict[str, Callable[[], Sides]] = {
        "swiss roll": swiss_roll, "tree": tree, "digits": digits, "half of the dimensions": lambda: dropped(given.data),
    }  # fmt: skip

    def found() -> Iterator[dict[str, Any]]:
        if given.only == "pot":
            yield pot_row("snare", snare(given.data))
        elif given.only == "snare":
            yield from (row("snare", snare(given.data), seed) for seed in given.seeds)
        elif given.only == "large":
            yield from (row("swiss roll", swiss_roll(20_000), seed) for seed in given.seeds)
        else:
            for name in given.names or untouched:
                yield from (row(name, untouched[name](), seed) for seed in given.seeds)

    results = Results(given.json)
    for figures in found():
        results.record(given.only, figures, label=f"{figures['data']} {figures.get('seed', '')}".strip())  # fmt: skip


if __name__ == "__main__":
    main()
