"""Peers on a known figure of their own, through our adapters: that an adapter is no handicap.

    python benchmarks/peers.py [--colossus ../colossus] [--only NAME,...] [--json docs/results/peers.json]

vigenere-solver-ng: random stretches of its own texts, 400 letters, keys of 4 to 12 letters; its page says 30 of 30.
colossus: the test ciphers in its repository with their solutions. mini-vec2vec: 2,000 rows in 20 clusters, rotated.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tables import Results

from distmatch.benchmark.configuration import catalogue, read_yaml
from distmatch.benchmark.execution import make
from distmatch.benchmark.kinds.plaintext import Plain
from distmatch.benchmark.plan import Method
from distmatch.ciphers.reading import from_symbols, read_ciphertext

COLUMNS = ("peer and problem", "its own figure", "through the adapter", "CPU s, mean")
COLOSSUS = {
    "colossus": "aristocrat_pp",
    "colossus-vigenere": "cipher_vigenere",
    "colossus-homophonic": "homophonic_test",
}
"""Method to the test cipher of its repository."""


def method(name: str, **settings: Any) -> Any:
    """A method of the catalogue, with settings changed."""
    told = read_yaml(catalogue("methods")[name])
    given = {**told.get("settings", {}), **settings}
    return make(Method(name=name, matcher=told["class"], takes=told["takes"], settings=given))


def seconds() -> float:
    """CPU seconds of this process and the programs that it ran."""
    import os

    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def vigenere(count: int = 30) -> Iterator[tuple[str, str, str, float]]:
    """Exact keys among random stretches of the package's texts."""
    from vigenere import clean_letters, encrypt, random_key
    from vigenere.data.corpus import CORPUS_SOURCES

    texts = [clean_letters(text) for text in CORPUS_SOURCES.values()]
    texts = [text for text in texts if len(text) > 400]
    rng, solver = random.Random(0), method("vigenere-solver")
    exact, begin = 0, seconds()
    for seed in range(count):
        random.seed(seed)
        text = rng.choice(texts)
        start = rng.randrange(len(text) - 400)
        key = random_key(rng.randint(4, 12))
        cipher = read_ciphertext(encrypt(text[start : start + 400], key))
        found = solver.match(cipher, Plain("en", False, None), seed=seed)
        exact += found.extra["key"] == key.lower()
    took = (seconds() - begin) / count
    yield (
        "vigenere-solver-ng 0.1.1, 400 letters, key 4 to 12",
        "30 of 30 keys",
        f"{exact} of {count} keys",
        took,
    )


def colossus(checkout: str) -> Iterator[tuple[str, str, str, float]]:
    """Letters right of the test ciphers of the repository."""
    folder = Path(checkout) / "ciphers" / "tests"
    for name, file in COLOSSUS.items():
        text = (folder / f"{file}.txt").read_text()
        gold = "".join((folder / f"{file}.solution").read_text().lower().split())
        if name == "colossus-homophonic":
            cipher = from_symbols([symbol.strip() for symbol in text.split(",")])
        else:
            cipher = read_ciphertext("".join(text.split()))
        begin = seconds()
        found = method(name, checkout=checkout).match(cipher, Plain("en", False, None), seed=1)
        right = np.mean([a == b for a, b in zip(found.extra["plaintext"], gold, strict=True)])
        yield (
            f"{name}, {file} of its repository",
            "its solution",
            f"{100 * right:.1f} % of letters",
            seconds() - begin,
        )


def minivec(count: int = 3) -> Iterator[tuple[str, str, str, float]]:
    """Rows put first of a cloud of clusters and its rotation."""
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.planted import clustered_rotation

    shares, begin = [], seconds()
    for seed in range(count):
        planted = clustered_rotation(seed=seed)
        names = tuple(map(str, range(len(planted.order))))
        source, target = (Embeddings(names, v, None, False) for v in planted[:2])
        found = method("mini-vec2vec").match(source, target, seed=seed)
        scores = found.map(source).vectors @ found.map.map_target(target).vectors.T
        shares.append(float((planted.order[scores.argmax(1)] == np.arange(len(scores))).mean()))
    shown = ", ".join(f"{100 * share:.1f}" for share in shares)
    took = (seconds() - begin) / count
    yield (
        "mini-vec2vec 0.1.2, 2,000 rows in 20 clusters, rotated",
        "no figure published",
        f"{shown} % of rows first",
        took,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="vigenere-solver,colossus,mini-vec2vec")
    parser.add_argument("--colossus", default="../colossus", help="folder with its build")
    parser.add_argument("--json", type=Path, help="file that keeps the rows")
    options = parser.parse_args()
    results = Results(options.json)
    parts = {
        "vigenere-solver": vigenere, "colossus": lambda: colossus(options.colossus), "mini-vec2vec": minivec,
    }  # fmt: skip
    for name in options.only.split(","):
        for problem, own, ours, took in parts[name]():
            results.row("peers", COLUMNS, (problem, own, ours, f"{took:.2f}"))


if __name__ == "__main__":
    main()
