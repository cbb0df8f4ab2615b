"""Does one transformer on two texts with disjoint alphabets find f unaided? Discovery rates over a grid.

    python benchmarks/joint_model.py --config configs/joint/discovery.yaml [--data ../shared/data]
                                     [--out docs/results/joint_model.json] [--cell 0] [--check]

A cell is a width, an anchor (the space shared or not), a size of Y and a size of the first embeddings; f counts as
discovered if at least 90 % of Y's letters, the anchor left out, are read off the embeddings rightly. Beside each joint
run stands a separate one of the same settings on Y alone; both are judged by bits a letter on unseen letters of Y.
Cells already in the output are not run again. X is the first half of a novel, Y comes from the second; seed s takes
novel s mod 10.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tables
import yaml
from novels import coded_novels

from distmatch.matching.joint.jointmodel import JointModel

SPACE = 26
TOGETHER = 10
"""Seeds in one tensor program."""
KEYS = {"seeds", "width", "anchor", "letters", "spread", "settings"}


def cells(config: dict) -> list[tuple[JointModel, int]]:
    """Every model of the grid with its size of Y."""
    if set(config) != KEYS:
        raise SystemExit(f"the config needs exactly these keys: {' '.join(sorted(KEYS))}")
    grid = itertools.product(config["width"], config["anchor"], config["letters"], config["spread"])
    return [
        (JointModel(width=w, anchor=SPACE if a else None, spread=s, **config["settings"]), int(n))
        for w, a, n, s in grid
    ]


def pairs(novels: list[np.ndarray], seeds: list[int], n: int, anchor: int | None):
    """X, Y, unseen Y, and Y's letters, for each seed."""
    out = []
    for seed in seeds:
        novel = novels[seed % len(novels)].astype(np.int64)
        half = len(novel) // 2
        rng = np.random.default_rng([seed, 11])
        key = rng.permutation(27) if anchor is None else np.r_[rng.permutation(26), SPACE]
        plain, unseen = novel[half : half + n], novel[half + n : half + n + 20_000]
        out.append((novel[:half], key[plain], key[unseen], plain))
    return out


def run_cell(model: JointModel, n: int, seeds: list[int], novels: list[np.ndarray]) -> list[dict]:
    """The joint run and the separate one of some seeds of a cell."""
    rows = []
    xs, ys, unseen, plains = zip(*pairs(novels, seeds, n, model.anchor), strict=True)
    joint = model.match_all(ys, xs, seeds=seeds, held_out=unseen)
    alone = JointModel(**asdict(model) | {"separate": True})
    apart = alone.match_all(ys, xs, seeds=seeds, held_out=unseen)
    for seed, match, other, y, plain in zip(seeds, joint, apart, ys, plains, strict=True):
        counted = plain != SPACE if model.anchor is not None else plain >= 0
        rows.append(
            {
                "width": model.width, "anchor": model.anchor is not None, "letters": n, "seed": seed,
                "spread": model.spread, "steps": model.steps,
                "right": float(np.mean((match.map(y) == plain)[counted])), "matched_cosine": match.extra["matched_cosine"],
                "bits": match.extra["held_out_bits"], "separate_bits": other.extra["held_out_bits"],
                "cpu": match.cpu_seconds + other.cpu_seconds,
            }
        )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/joint_model.json"))
    parser.add_argument("--cell", type=int, help="only this cell of the grid, counted from 0")
    parser.add_argument("--check", action="store_true", help="parse the config and list its cells")
    options = parser.parse_args()
    config = yaml.safe_load(options.config.read_text())
    grid = cells(config)
    if options.cell is not None:
        grid = grid[options.cell : options.cell + 1]
    if options.check:
        for model, n in grid:
            print(f"width {model.width}, anchor {model.anchor is not None}, {n} letters")
        return
    novels = coded_novels(options.data)[:10]
    rows = json.loads(options.out.read_text()) if options.out.exists() else []
    for model, n in grid:
        mark = (model.width, model.anchor is not None, n, model.spread, model.steps)
        done = {
            r["seed"]
            for r in rows
            if mark == tuple(r[k] for k in ("width", "anchor", "letters", "spread", "steps"))
        }
        left = [seed for seed in range(config["seeds"]) if seed not in done]
        for begin in range(0, len(left), TOGETHER):
            rows += run_cell(model, n, left[begin : begin + TOGETHER], novels)
            options.out.write_text(json.dumps(rows).replace("}, {", "},\n{"))
            print(*tables.joint_model(rows).values())


if __name__ == "__main__":
    main()
