"""Figures of word alignment without a dictionary: precision, refusals, calibration of the confidence.

    python benchmarks/alignment.py --data ../shared/data --novels ../vectors/gensim --only pairs refusals --seeds 5

Every figure is of one core (CPU seconds include everything after loading). Rows go to --out as JSON lines.
Peers: VecMap and MUSE are not on PyPI; the figures beside ours in docs/results/alignment.md were measured on their
sources by the issue's author. `--only peers` reruns our own preset of VecMap's settings.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tables import Results

NOVELS = ("fr-en", "de-en", "es-en", "it-en", "ru-en", "de-fr", "de-it", "it-fr", "ru-fr", "ru-it", "en-de")  # fmt: skip
"""Pairs of novels; those not into English only where asked for, to calibrate."""
COLUMNS = {
    "pair": lambda row: ", ".join(str(row[k]) for k in ("pair", "preset", "from", "kind") if k in row) + f", seed {row['seed']}",
    "P@1, %": lambda row: "" if "kind" in row else f"{row['p1']:.2f}",
    "supervised, %": lambda row: f"{row['supervised']:.2f}" if row["supervised"] else "",
    "CPU s": lambda row: f"{row['cpu_seconds']:.0f}",
    "confidence": lambda row: f"{row['confidence']:.3f}",
}  # fmt: skip
"""Columns of the tables that the page shows."""
PARTS = ("pairs", "refusals", "calibration", "peers", "adversary")


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--novels", type=Path, help="folder of LANG.vec of the novels' corpora")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS[:4]))
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
    parts = {"pairs": pairs, "refusals": refusals, "calibration": calibration, "peers": peers,
             "adversary": adversary}  # fmt: skip
    for part in given.only:
        for row in parts[part](given, seeds):
            with given.out.open("a") as file:
                file.write(json.dumps({"part": part, **row}) + "\n")
            print(part, {k: v for k, v in row.items() if k != "evidence"}, flush=True)
            if given.json and part != "calibration":
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


def calibration(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """Evidence with the truth of many maps: of every pair, of planted rotations with noise, of unrelated spaces."""
    from distmatch.matching.vectors.clouds import Clouds

    for name, source, target, dictionary in data_pairs(given):
        ceiling = supervised(source, target, dictionary)
        for seed in seeds:
            sides = [("", target, dictionary, ceiling, None)]
            sides += [(kind, other, None, ceiling, 2) for kind, other in unrelated(target, seed)]
            sides += [
                (kind, other, same(source), 100.0, 2) for kind, other in planted(source, seed)
            ]
            for kind, other, gold_of_it, ceiling_of_it, starts in sides:
                clouds = Clouds.of(source, other)
                maps = learned(clouds, seed, starts)
                for found in judged(clouds, source, other, gold_of_it, maps, seed):
                    kind_of_it = f"{kind} {found['kind']}".strip()
                    yield {"pair": name, **found, "kind": kind_of_it, "supervised": round(ceiling_of_it, 2)}  # fmt: skip


def learned(clouds: Any, seed: int, starts: int | None = None) -> Iterator[tuple[str, Any]]:
    """Some starts of `Auto`, or all, and two random rotations, each after short self-learning."""
    import torch

    from distmatch.device import generator
    from distmatch.matching.vectors.auto import SHORT, STARTS
    from distmatch.matching.vectors.selflearning import SelfLearning
    from distmatch.transport.procrustes import procrustes

    short = SelfLearning(stages=(SHORT,))
    for number, start in enumerate(STARTS[:starts]):
        own = seed * len(STARTS) + number
        first = start.map(clouds.x, clouds.y, generator(own))
        yield start.name, short.learn(clouds, first, seed=own)
    for number in range(2):
        shape = clouds.x.shape[1], clouds.y.shape[1]
        random = torch.randn(shape, generator=generator(1000 + 2 * seed + number))
        yield f"random {number}", short.learn(clouds, procrustes(random), seed=seed)


def judged(
    clouds: Any,
    source: Any,
    target: Any,
    dictionary: Any,
    maps: Iterable[tuple[str, Any]],
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Evidence and precision of each distinct map, and of what `Auto` makes of the first seven and of the four worst."""
    from distmatch.matching.vectors.auto import REFINEMENT, TRIED, choose, consensus, judge
    from distmatch.matching.vectors.clouds import nearest_isometry
    from distmatch.matching.vectors.evidence import Control, measure

    control = Control.of(clouds.x, clouds.y, seed=seed)

    def judgement(kind: str, evidence: Any, a: Any, b: Any = None) -> dict[str, Any]:
        p1 = 0.0
        if dictionary is not None:
            p1 = precision(clouds.linear(a, b), source, target, dictionary)
        return {"kind": kind, "seed": seed, "p1": round(p1, 2), "evidence": evidence.to_json()}

    found, seen = [], set()
    for kind, current in maps:
        found.append(judge(clouds, kind, current, control, seed=seed))
        if tuple(found[-1].words.tolist()) not in seen:
            seen.add(tuple(found[-1].words.tolist()))
            yield judgement(kind, found[-1].evidence, current)
    worst = sorted(found, key=lambda one: one.evidence.gain)[:4]
    for kind, some in (("first", found[:TRIED]), ("worst", worst)):
        current = consensus(some, choose(some)[0])
        a, b = REFINEMENT.finish(clouds, current, seed=seed)
        evidence, _ = measure(clouds.x, clouds.y, nearest_isometry(a, b), control, seed=seed)
        yield judgement(f"end of the {kind}", evidence, a, b)


def planted(source: Any, seed: int) -> Iterator[tuple[str, Any]]:
    """The source itself turned, with noise of several sizes relative to its entries."""
    rng = np.random.default_rng(seed)
    d = source.dimension
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    rows = source.normalized().vectors
    for size in (1.0, 3.0):
        noise = size * rows.std() * rng.standard_normal(rows.shape)
        yield f"planted {size}", source.with_vectors((rows @ turn + noise).astype(np.float32))


def same(source: Any) -> Any:
    """Every word of the first 2,000 means itself."""
    from distmatch.retrieval.dictionary import Dictionary

    return Dictionary({word: (word,) for word in source.words[:2000]})


if __name__ == "__main__":
    main()
