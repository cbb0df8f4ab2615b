"""A few known pairs beside the search without any: `docs/results/pairs.md`.

    PYTHONPATH=. python benchmarks/pairs.py ../shared/data --vectors VECTORS --case es-en --json docs/results/pairs.json

Known pairs are drawn from one half of the gold, precision is measured on the other half, for `align --pairs` and for
Procrustes on the same pairs alone. `CASES` are the pairs of spaces that the weights were looked at on, `UNTOUCHED` are not.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from alignment import gold
from tables import Results

COUNTS = (0, 5, 20, 100, 1_000)
CASES = ("es-en", "novels fr-en", "novels ru-en", "MiniLM-WordLlama")
UNTOUCHED = (
    "novels it-en",
    "Tatoeba de-en",
    "Bible es-en",
    "captions fr-en, e5-MiniLM",
    "WordLlama-MiniLM",
)
COLUMNS = (
    "case, known pairs",
    "P@1, %",
    "Procrustes on the pairs, %",
    "tested",
    "weight of a pair",
    "confidence",
    "CPU s",
)


class Case(NamedTuple):
    """Two spaces, gold pairs of row numbers to draw known pairs from, and a score of a map on the other ones."""

    source: Any
    target: Any
    known: np.ndarray
    score: Callable[[Any], float]
    tested: int


def words(source: Path, target: Path, dictionary: Any) -> Case:
    """Word vectors; P@1 by CSLS of the words of the other half of the dictionary."""
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.retrieval.dictionary import Dictionary, evaluate

    x, y = (Embeddings.load(path, limit=20_000, lower=True) for path in (source, target))
    queries, partners = dictionary.covered(x, y)
    order = np.random.default_rng(0).permutation(len(queries))
    first, rest = np.array_split(order, 2)
    known = np.array([(queries[i], partners[i][0]) for i in first])
    test = Dictionary({x.words[queries[i]]: tuple(y.words[j] for j in partners[i]) for i in rest})

    def score(f: Any) -> float:
        return 100 * (evaluate((f(x), f.map_target(y)), test).precision[1] or 0.0)

    return Case(x, y, known, score, len(rest))


def rows(sides: tuple[np.ndarray, np.ndarray], tests: tuple[np.ndarray, np.ndarray]) -> Case:
    """Text embeddings of disjoint texts, with half of the paired test rows after them; first by cosine of the other half."""
    from distmatch.embeddings.embeddings import Embeddings

    half = len(tests[0]) // 2
    x, y = (
        Embeddings(tuple(map(str, range(len(own) + half))), np.concatenate([own, test[:half]]), None, False)
        for own, test in zip(sides, tests, strict=True)
    )  # fmt: skip
    known = np.stack([len(own) + np.arange(half) for own in sides], 1)

    def score(f: Any) -> float:
        left, right = f(tests[0][half:]), f.map_target(tests[1][half:])
        left, right = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (left, right))
        return 100 * float(((left @ right.T).argmax(1) == np.arange(len(left))).mean())

    return Case(x, y, known, score, len(tests[0]) - half)


def case(name: str, data: Path, vectors: Path) -> Case:
    """The spaces of a name."""
    if name == "es-en":
        return words(*(data / f"vectors/es-en/{k}.vec.xz" for k in name.split("-")), gold(data, name))  # fmt: skip
    if name.startswith("captions"):
        e5, text = data / "vectors/e5", data / "vectors/text-embeddings"
        own = [_matrix(p) for p in (e5 / "fr.train-second-half.npy", text / "minilm.train-first-half.npy")]  # fmt: skip
        return rows((own[0], own[1]), (_matrix(e5 / "fr.test.npy"), _matrix(text / "minilm.test.npy")))  # fmt: skip
    if "Llama" in name:
        one, other = (part.lower() for part in name.split("-"))
        text = data / "vectors/text-embeddings"
        own = _matrix(text / f"{one}.train-{_half(one)}.npy"), _matrix(text / f"{other}.train-{_half(other)}.npy")  # fmt: skip
        return rows(own, (_matrix(text / f"{one}.test.npy"), _matrix(text / f"{other}.test.npy")))
    kind, pair = name.split()
    source, target = pair.split("-")
    files = {
        "novels": (f"novels.{source}.vec", f"novels.{target}.vec"), "Bible": (f"bible.{source}.vec", f"bible.{target}.vec"),
        "Tatoeba": (f"tatoeba-{source}.{source}.vec", f"tatoeba-{source}.{target}.vec"),
    }[kind]  # fmt: skip
    return words(vectors / files[0], vectors / files[1], gold(data, pair))


def _half(model: str) -> str:
    return {"minilm": "first-half", "wordllama": "second-half"}[model]


def _matrix(path: Path) -> np.ndarray:
    return np.load(path).astype(np.float32)


def procrustes(given: Case, pairs: np.ndarray) -> float:
    """The score of Procrustes on the pairs alone, in the normalisation that `align` uses."""
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.matching.vectors.anchors import Anchors
    from distmatch.matching.vectors.clouds import ITERATIVE, Clouds
    from distmatch.retrieval.dictionary import Dictionary

    def numbered(side: Embeddings) -> Embeddings:
        return Embeddings(tuple(map(str, range(len(side)))), side.vectors, None, side.ranked)

    steps = ITERATIVE if given.source.ranked else ("unit", "center", "unit")
    known = Dictionary({str(i): (str(j),) for i, j in pairs})
    clouds = Clouds.of(numbered(given.source), numbered(given.target), steps=steps, pairs=known)
    anchors: Anchors = clouds.anchors  # pyright: ignore[reportAssignmentType]
    return given.score(clouds.linear(anchors.map()))


def main() -> None:
    """The rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--vectors", type=Path, default=Path("../vectors"), help="folder of novels.fr.vec and so on"
    )
    parser.add_argument("--case", choices=[*CASES, *UNTOUCHED], nargs="+", default=list(CASES))
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    import torch

    import distmatch as dm

    torch.set_num_threads(1)
    results = Results(given.json)
    for name in given.case:
        made = case(name, given.data, given.vectors)
        order = np.random.default_rng(given.seed).permutation(len(made.known))
        for count in given.counts:
            chosen = made.known[order[:count]]
            pairs = [(made.source.words[i], made.target.words[j]) for i, j in chosen]
            match = dm.align(made.source, made.target, pairs=pairs or None, seed=given.seed)
            results.row(
                "tuned" if name in CASES else "untouched", COLUMNS,
                (f"{name}, {len(chosen)}", f"{made.score(match.map):.1f}",
                 f"{procrustes(made, chosen):.1f}" if len(chosen) else "", made.tested, match.extra.get("weight", ""),
                 f"{match.confidence:.3f}", f"{match.cpu_seconds:.0f}"),
            )  # fmt: skip
            print(
                {k: match.extra.get(k) for k in ("start", "starts", "weights", "pairs")}, flush=True
            )


if __name__ == "__main__":
    main()
