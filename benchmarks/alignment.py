"""Figures of word alignment without a dictionary: precision, refusals, calibration of the confidence.

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

PARTS = ("pairs", "refusals", "calibration", "peers", "adversary", "fit")


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
    given = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    if given.only == ["fit"]:
        fit(given.out)
        return
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    parts = {"pairs": pairs, "refusals": refusals, "calibration": calibration, "peers": peers,
             "adversary": adversary}  # fmt: skip
    for part in given.only:
        for row in parts[part](given, seeds):
            with given.out.open("a") as file:
                file.write(json.dumps({"part": part, **row}) + "\n")
            print(part, {k: v for k, v in row.items() if k != "evidence"}, flush=True)


def data_pairs(given: argparse.Namespace) -> Iterator[tuple[str, Any, Any, Any]]:
    """Name, source, target and gold dictionary of every pair there is data for."""
    from distmatch.embeddings.embeddings import Embeddings

    found = {
        "es-en": (given.data / "vectors/es-en/es.vec.xz", given.data / "vectors/es-en/en.vec.xz")
    }
    for language in ("fr", "de", "es", "it", "ru") if given.novels else ():
        files = given.novels / f"{language}.vec", given.novels / "en.vec"
        if all(f.exists() for f in files):
            found[f"novels-{language}-en"] = files
    for name, files in found.items():
        if given.pairs is None or name in given.pairs:
            source, target = (Embeddings.load(f, limit=20_000, lower=True) for f in files)
            yield name, source, target, gold(given.data, name[-5:])


def gold(data: Path, pair: str) -> Any:
    """Both bands of a MUSE list as one dictionary."""
    from distmatch.retrieval.dictionary import Dictionary

    table: dict[str, list[str]] = {}
    for band in ("0-5000", "5000-6500"):
        for word, targets in Dictionary.load(
            data / f"dictionaries/muse/{pair}.{band}.txt"
        ).targets.items():
            table.setdefault(word, []).extend(targets)
    return Dictionary({word: tuple(targets) for word, targets in table.items()})


def precision(match: Any, source: Any, target: Any, dictionary: Any) -> float:
    """P@1 in per cent, CSLS with k = 10."""
    from distmatch.retrieval.dictionary import evaluate

    found = evaluate((match.map(source), match.map.map_target(target)), dictionary)
    return 100 * (found.precision[1] or 0.0)


def supervised(source: Any, target: Any, dictionary: Any, *, folds: int = 5) -> float:
    """P@1 in per cent on a fifth of the gold of Procrustes fitted on the rest."""
    from distmatch.matching.procrustes import Procrustes
    from distmatch.retrieval.dictionary import Dictionary

    words = np.random.default_rng(0).permutation(sorted(dictionary.targets)).tolist()
    test = Dictionary({w: dictionary.targets[w] for w in words[::folds]})
    rest = Dictionary({w: t for w, t in dictionary.targets.items() if w not in test.targets})
    return precision(Procrustes(dictionary=rest).match(source, target), source, target, test)


def row(
    match: Any, source: Any, target: Any, dictionary: Any, ceiling: float | None
) -> dict[str, Any]:
    """One result."""
    p1 = 0.0 if dictionary is None else precision(match, source, target, dictionary)
    return {
        "p1": round(p1, 2), "supervised": ceiling, "confidence": round(match.confidence, 4),
        "cpu_seconds": round(match.cpu_seconds, 1), "seed": match.seed, "method": match.method,
        "evidence": match.extra["evidence"], "start": match.extra.get("start"), "starts": match.extra.get("starts"),
    }  # fmt: skip


def pairs(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """`Auto` on every pair and seed."""
    from distmatch.matching.auto import Auto

    for name, source, target, dictionary in data_pairs(given):
        ceiling = round(supervised(source, target, dictionary), 2)
        for seed in seeds:
            match = Auto().match(source, target, seed=seed)
            yield {"pair": name, **row(match, source, target, dictionary, ceiling)}


def peers(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """The settings of Artetxe et al. 2018 in our code."""
    from distmatch.matching.selflearning import SelfLearning

    for name, source, target, dictionary in data_pairs(given):
        match = SelfLearning.vecmap().match(source, target, seed=seeds[0])
        yield {"pair": name, "preset": "vecmap", **row(match, source, target, dictionary, None)}


def adversary(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """`Adversarial` from its own random start; it and `SelfLearning` from the same Gromov-Wasserstein start."""
    from distmatch.matching.adversarial import Adversarial
    from distmatch.matching.selflearning import SelfLearning
    from distmatch.matching.starts import Start

    for name, source, target, dictionary in data_pairs(given):
        for seed in seeds:
            for start, matcher in (
                ("own", Adversarial()),
                ("gromov", SelfLearning(start=Start())),
                ("gromov", Adversarial(start=Start())),
            ):
                match = matcher.match(source, target, seed=seed)
                yield {"pair": name, "from": start, **row(match, source, target, dictionary, None)}


def refusals(given: argparse.Namespace, seeds: range) -> Iterator[dict[str, Any]]:
    """`Auto` on spaces that have nothing to do with each other: Gaussian noise, coordinates of each row shuffled."""
    from distmatch.matching.auto import Auto

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
    """Evidence with the truth: every start of every pair, planted rotations with noise, unrelated spaces.

    The truth is asked on the first 5,000 words of each side, which is cheap and where evidence looks.
    """
    for name, *sides, dictionary in data_pairs(given):
        source, target = (side.top(5000) for side in sides)
        ceiling = supervised(source, target, dictionary)
        for seed in seeds:
            yield from judged(name, "", source, target, dictionary, ceiling, seed, 5)
            for kind, other in unrelated(target, seed):
                yield from judged(name, kind, source, other, None, ceiling, seed, 2)
            for kind, other in planted(source, seed):
                yield from judged(name, kind, source, other, same(source), 100.0, seed, 2)


def judged(
    name: str,
    kind: str,
    source: Any,
    target: Any,
    dictionary: Any,
    ceiling: float,
    seed: int,
    starts: int,
) -> Iterator[dict[str, Any]]:
    """Evidence of some starts of `Auto` after short self-learning, with their agreement and without."""
    from dataclasses import asdict, replace

    from distmatch.device import generator
    from distmatch.matching.alignment import Clouds
    from distmatch.matching.alignment_confidence import Control
    from distmatch.matching.auto import SHORT, STARTS, judge, nearest_agreement
    from distmatch.matching.selflearning import SelfLearning
    from distmatch.retrieval.dictionary import evaluate

    clouds = Clouds.of(source, target)
    control = Control.of(clouds.x, clouds.y, seed=seed)
    short = SelfLearning(stages=(SHORT,))
    found = []
    for number, start in enumerate(STARTS[:starts]):
        first = start.map(clouds.x, clouds.y, generator(seed * 100 + number))
        current = short.learn(clouds, first, seed=seed)
        found.append(judge(clouds, start, current, control, seed=seed, ranked=True))
    for candidate, agreement in zip(found, nearest_agreement(found), strict=True):
        linear = clouds.linear(candidate.map)
        p1 = 0.0
        if dictionary is not None:
            p1 = 100 * (
                evaluate((linear(source), linear.map_target(target)), dictionary).precision[1]
                or 0.0
            )
        for evidence in (candidate.evidence, replace(candidate.evidence, agreement=agreement)):
            yield {
                "pair": name, "kind": f"{kind} {candidate.start.name}".strip(), "seed": seed, "p1": round(p1, 2),
                "supervised": round(ceiling, 2), "evidence": asdict(evidence),
            }  # fmt: skip


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


def fit(path: Path) -> None:
    """Logistic regression of "P@1 is at least half of supervised" on the evidence; leave-one-pair-out AUC and ECE."""
    from distmatch.matching.alignment_confidence import split_odds

    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [r for r in rows if "evidence" in r]
    rows = [r for r in rows if r["part"] in ("calibration", "pairs", "refusals")]
    # Rows without an order of frequency have coefficients of their own, see `alignment_confidence.ROWS_ODDS`.
    for ordered in (True, False):
        some = [r for r in rows if (r["evidence"]["rank"] is not None) == ordered]
        if some:
            print("words" if ordered else "rows without an order")
            for r in some if not ordered else ():
                r["evidence"]["odds"] = split_odds(r["evidence"]["split"], r["evidence"]["excess"])
            fit_rows(
                some, [n for n in some[0]["evidence"] if n != "split"] if ordered else ["odds"]
            )


def fit_rows(rows: list[dict[str, Any]], names: list[str]) -> None:
    """The regression on some of the evidence; `excess` is `split` less the control."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    x = np.array([[r["evidence"][n] for n in names] for r in rows])
    y = np.array([r["supervised"] is not None and r["p1"] >= r["supervised"] / 2 for r in rows])
    groups = np.array([r["pair"] for r in rows])
    out = np.zeros(len(y))
    for group in set(groups):
        rest = groups != group
        model = LogisticRegression(C=1000.0, max_iter=100_000).fit(x[rest], y[rest])
        out[~rest] = model.predict_proba(x[~rest])[:, 1]
    bins = np.clip((out * 10).astype(int), 0, 9)
    error = sum(
        abs(y[bins == b].mean() - out[bins == b].mean()) * (bins == b).mean() for b in set(bins)
    )
    print(
        f"{len(y)} runs, {y.sum()} right; leave one pair out: AUC {roc_auc_score(y, out):.4f} ECE {error:.4f}"
    )
    model = LogisticRegression(C=1000.0, max_iter=100_000).fit(x, y)
    print(
        "INTERCEPT",
        np.round(model.intercept_, 3),
        "WEIGHTS",
        dict(zip(names, np.round(model.coef_[0], 3), strict=True)),
    )


if __name__ == "__main__":
    main()
