"""Figures of word alignment without a dictionary: precision, refusals, peers. The confidence: `calibrate_alignment.py`.

    python benchmarks/alignment.py --data ../shared/data --novels ../vectors/gensim --only pairs refusals --seeds 5

Every figure is of one core (CPU seconds include everything after loading). Rows go to --out as JSON lines.
Peers: VecMap and MUSE are not on PyPI; the figures beside ours in docs/results/alignment.md were measured on their
sources by the issue's author. `--only peers` reruns our own preset of VecMap's settings.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tables import Results

NOVELS = ("fr-en", "de-en", "es-en", "it-en", "ru-en")
"""Pairs of novels."""
COLUMNS = {
    "pair": lambda row: ", ".join(str(row[k]) for k in ("pair", "preset", "from", "kind") if k in row) + f", seed {row['seed']}",
    "P@1, %": lambda row: "" if "kind" in row else f"{row['p1']:.2f}",
    "supervised, %": lambda row: f"{row['supervised']:.2f}" if row["supervised"] else "",
    "CPU s": lambda row: f"{row['cpu_seconds']:.0f}",
    "confidence": lambda row: f"{row['confidence']:.3f}",
}  # fmt: skip
"""Columns of the tables that the page shows."""
PARTS = ("pairs", "refusals", "peers", "adversary")


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--novels", type=Path, help="folder of LANG.vec of the novels' corpora")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS[:3]))
    parser.add_argument("--pairs", nargs="+", help="names such as es-en novels-fr-en")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("alignment.jsonl"))
    parser.add_argument("--json", type=Path, help="file that keeps the figures as tables")
    given = parser.parse_args()
    results = Results(given.json)
    import torch

    torch.set_num_threads(1)
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    parts = {"pairs": pairs, "refusals": refusals, "peers": peers, "adversary": adversary}
    for part in given.only:
        for row in parts[part](given, seeds):
            with given.out.open("a") as file:
                file.write(json.dumps({"part": part, **row}) + "\n")
            print(part, {k: v for k, v in row.items() if k != "evidence"}, flush=True)
            if given.json:
                results.row(part, list(COLUMNS), [cell(row) for cell in COLUMNS.values()])


def data_pairs(given: argparse.Namespace) -> Iterator[tuple[str, Any, Any, Any]]:
    """Name, source, target and gold dictionary of every pair there is data for."""
    from distmatch.embeddings.embeddings import Embeddings

    found = {
        "es-en": (given.data / "vectors/es-en/es.vec.xz", given.data / "vectors/es-en/en.vec.xz")
    }
    for pair in NOVELS if given.novels else ():
        files = tuple(given.novels / f"{language}.vec" for language in pair.split("-"))
        if all(f.exists() for f in files):
            found[f"novels-{pair}"] = files
    for name, files in found.items():
        if name in (given.pairs or [n for n in found if n.endswith("-en")]):
            source, target = (Embeddings.load(f, limit=20_000, lower=True) for f in files)
            yield name, source, target, gold(given.data, name[-5:])


def gold(data: Path, pair: str) -> Any:
    """Both bands of a MUSE list as one dictionary; of pairs that MUSE has not, XLING's training and test words."""
    from distmatch.retrieval.dictionary import Dictionary

    files = sorted((data / "dictionaries/muse").glob(f"{pair}.*.txt"))
    files = files or [
        next((data / f"dictionaries/xling/{pair}").glob(f"*.{part}.*"))
        for part in ("train.freq.5k", "test.freq.2k")
    ]
    return Dictionary.merged([Dictionary.load(file) for file in files])


def precision(linear: Any, source: Any, target: Any, dictionary: Any) -> float:
    """P@1 in per cent, CSLS with k = 10."""
    from distmatch.retrieval.dictionary import evaluate

    found = evaluate((linear(source), linear.map_target(target)), dictionary)
    return 100 * (found.precision[1] or 0.0)


def supervised(source: Any, target: Any, dictionary: Any, *, folds: int = 5) -> float:
    """P@1 in per cent on a fifth of the gold of Procrustes fitted on the rest."""
    from distmatch.matching.vectors.supervised import Procrustes
    from distmatch.retrieval.dictionary import Dictionary

    words = np.random.default_rng(0).permutation(sorted(dictionary.targets)).tolist()
    test = Dictionary({w: dictionary.targets[w] for w in words[::folds]})
    rest = Dictionary({w: t for w, t in dictionary.targets.items() if w not in test.targets})
    return precision(Procrustes(dictionary=rest).match(source, target).map, source, target, test)


def row(
    match: Any, source: Any, target: Any, dictionary: Any, ceiling: float | None
) -> dict[str, Any]:
    """One result."""
    p1 = 0.0 if dictionary is None else precision(match.map, source, target, dictionary)
    return {
        "p1": round(p1, 2), "supervised": ceiling, "confidence": round(match.confidence, 4),
        "cpu_seconds": round(match.cpu_seconds, 1), "seed": match.seed, "method": match.method,
        "evidence": match.extra["evidence"], "start": match.extra.get("start"), "starts": match.extra.get("starts"),
    }  # fmt: skip


def pairs(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """`Auto` on every pair and seed."""
    from distmatch.matching.vectors.auto import Auto

    for name, source, target, dictionary in data_pairs(given):
        ceiling = round(supervised(source, target, dictionary), 2)
        for seed in seeds:
            match = Auto().match(source, target, seed=seed)
            yield {"pair": name, **row(match, source, target, dictionary, ceiling)}


def peers(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """The settings of Artetxe et al. 2018 in our code."""
    from distmatch.matching.vectors.selflearning import SelfLearning

    for name, source, target, dictionary in data_pairs(given):
        match = SelfLearning.vecmap().match(source, target, seed=seeds[0])
        yield {"pair": name, "preset": "vecmap", **row(match, source, target, dictionary, None)}


def adversary(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """`Adversarial` from its own random start; it and `SelfLearning` from the same Gromov-Wasserstein start."""
    from distmatch.matching.vectors.adversarial import Adversarial
    from distmatch.matching.vectors.selflearning import SelfLearning
    from distmatch.matching.vectors.starts import Start

    for name, source, target, dictionary in data_pairs(given):
        for seed in seeds:
            for start, matcher in (
                ("its own start", Adversarial()),
                ("Gromov-Wasserstein", SelfLearning(start=Start())),
                ("Gromov-Wasserstein", Adversarial(start=Start())),
            ):
                match = matcher.match(source, target, seed=seed)
                yield {
                    "pair": name,
                    "from": f"{matcher.__class__.__name__} from {start}",
                    **row(match, source, target, dictionary, None),
                }


def refusals(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """`Auto` on spaces that have nothing to do with each other: Gaussian noise, coordinates of each row shuffled."""
    from distmatch.matching.vectors.auto import Auto

    for name, source, target, _ in data_pairs(given):
        for seed in seeds:
            for kind, other in unrelated(target, seed):
                match = Auto().match(source, other, seed=seed)
                yield {"pair": name, "kind": kind, **row(match, source, other, None, None)}


def unrelated(target: Any, seed: int) -> Iterator[tuple[str, Any]]:
    """Two spaces without a relation to any other."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(target.vectors.shape).astype(np.float32)
    yield "noise", target.with_vectors(noise)
    yield "coordinates", target.with_vectors(rng.permuted(target.vectors, axis=1))


if __name__ == "__main__":
    main()
