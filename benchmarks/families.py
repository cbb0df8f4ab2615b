"""Pairs of vector spaces of many families, each with what is known of it: material for the confidence of alignments.

    python benchmarks/families.py ../shared/data VECTORS           # texts and vectors, once, some 20 CPU minutes

A family is a corpus with a way of making vectors. `DEVELOPED` were looked at while the evidence was chosen; `UNTOUCHED`
only when it was done. A pair without a dictionary is a control: no map of it is right.
"""

from __future__ import annotations

import functools
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.files import read_text

DEVELOPED = (
    "bible:eo~en", "bible:la~en", "bible:eo~la", "bible-d50:es~en", "bible-svd:eo~en", "tatoeba:de~en", "captions:fr~en",
    "ubilexat:es~en", "novels:fr~en", "novels:de~en", "half:de", "cross:bible.es~novels.en", "cross:bible.es~tatoeba.en",
    "same:bible.en~tatoeba.en", "control:random.eo~bible.en", "control:random.de~novels.en", "control:bible.la~captions.en",
    "coordinates:bible:eo~en", "spectrum:bible:eo~en", "noise:ubilexat:es~en", "mirror:bible:la~en",
    "planted 1:bible:eo~en", "planted 2:ubilexat:es~en", "text:wordllama", "unordered:bible:eo~en",
    "unordered:planted 1:ubilexat:es~en", "unordered:coordinates:bible:eo~en", "spectrum:text:wordllama",
)  # fmt: skip
UNTOUCHED = (
    "bible:de~en", "bible:es~la", "bible:de~eo", "bible-d50:de~en", "bible-svd:la~es", "tatoeba:fr~en", "captions:de~en",
    "novels:it~en", "novels:es~en", "novels:ru~en", "half:en", "cross:bible.de~novels.en", "control:random.es~bible.en",
    "control:captions.fr~novels.en", "coordinates:novels:it~en", "spectrum:tatoeba:fr~en", "mirror:novels:it~en",
    "planted 1:bible:de~en", "planted 2:novels:it~en", "text:e5.fr", "text:e5.de",
    "unordered:bible:de~en", "unordered:spectrum:tatoeba:fr~en", "coordinates:text:e5.de",
)  # fmt: skip
TEST = 1_000
"""Pairs that a map of rows without words is tested on."""
ROWS = 6_000
"""Most frequent words of each side."""
EMBED = {
    "captions": ["--dimension", "100", "--epochs", "15", "--min-count", "3"], "bible-d50": ["--dimension", "50"],
    "bible-svd": ["--method", "spectral", "--dimension", "100"], "novels": ["--epochs", "5"], "rest": ["--epochs", "5"],
}  # fmt: skip
"""Options of `distmatch embed` that differ from the default."""


@dataclass(frozen=True)
class Pair:
    """Two spaces. `gold`: a `Dictionary`, or for rows without words two (n, d) arrays whose rows belong together, or None."""

    name: str
    source: Any
    target: Any
    gold: Any


def words_of(line: str) -> list[str]:
    """Lower-case words."""
    return re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", line.lower())


@dataclass(frozen=True)
class Families:
    """All pairs, from the data folder and a folder of vectors."""

    data: Path
    vectors: Path

    @functools.cache  # noqa: B019
    def bible(self, language: str) -> list[str]:
        """Verses, empty where one is missing."""
        return read_text(self.data / f"bible/{language}.txt.xz").split("\n")

    @functools.cache  # noqa: B019
    def tatoeba(self, language: str) -> list[list[str]]:
        """(English, other) sentences in one random order."""
        code = {"fr": "fra", "de": "deu"}[language]
        with zipfile.ZipFile(self.data / f"tatoeba/{code}-eng.zip") as archive:
            (name,) = (
                n for n in archive.namelist() if n.endswith(f"{code}.txt") and "MAC" not in n
            )
            rows = [row.split("\t")[:2] for row in archive.read(name).decode().split("\n") if row]
        random.Random(5).shuffle(rows)
        return rows

    @functools.cache  # noqa: B019
    def captions(self, language: str) -> list[str]:
        """Training captions."""
        return read_text(self.data / f"multi30k/train.{language}.gz").split("\n")

    def novels(self, language: str) -> str:
        """Running text."""
        return read_text(self.data / f"corpora/{language}.txt.xz")

    def text(self, name: str) -> str:
        """The text that vectors are learned from; lines that belong to lines of another side are shuffled or of other halves."""
        kind, _, language = name.partition(".")
        kind = kind.partition("-")[0]
        if kind == "bible":
            return shuffled(self.bible(language))
        if kind == "tatoeba":
            rows = self.tatoeba("de" if language == "en" else language)
            half = len(rows) // 2
            return shuffled(
                [r[0] for r in rows[:half]] if language == "en" else [r[1] for r in rows[half:]]
            )
        if kind == "captions":
            lines = self.captions(language)
            return shuffled(lines[:14_500] if language == "en" else lines[14_500:29_000])
        if kind in ("novels", "rest"):
            whole = self.novels(language)
            cut = int(0.45 * len(whole))
            return whole[:cut] if kind == "novels" else whole[cut:]
        if kind == "random":  # words in random order: only frequencies are left
            words = self.text(f"{'novels' if language == 'de' else 'bible'}.{language}").split()
            random.Random(7).shuffle(words)
            return "\n".join(
                " ".join(words[i : i + 20]) for i in range(0, min(len(words), 1_200_000), 20)
            )
        raise SystemExit(f"no text {name}")

    def embeddings(self, name: str) -> Any:
        """Vectors by name, learned by `distmatch embed` where the folder has none."""
        from distmatch.embeddings.embeddings import Embeddings

        path = self.vectors / f"{name}.vec"
        if not path.exists():
            source = self.vectors / f"{name}.txt"
            source.write_text(self.text(name) + "\n", encoding="utf-8")
            options = EMBED.get(name.partition(".")[0], [])
            command = [
                sys.executable,
                "-m",
                "distmatch",
                "embed",
                str(source),
                "--out",
                str(path),
                "--seed",
                "1",
                "--quiet",
            ]
            subprocess.run([*command, *options], check=True)
        return Embeddings.load(path, limit=ROWS, lower=True)

    def pair(self, name: str) -> Pair:
        """A pair by name, see `DEVELOPED`."""
        kind, _, rest = name.partition(":")
        changed = kind.partition(" ")[0]
        if changed in CHANGES:
            return CHANGES[changed](self.pair(rest), name)
        if kind == "text":
            return self.texts(name, rest)
        a, _, b = rest.partition("~")
        if kind == "ubilexat":
            from distmatch.embeddings.embeddings import Embeddings

            files = (self.data / f"vectors/{a}-{b}/{language}.vec.xz" for language in (a, b))
            source, target = (Embeddings.load(f, limit=ROWS, lower=True) for f in files)
            return Pair(name, source, target, self.lexicon(a, b))
        if kind == "half":
            a, b = f"novels.{rest}", f"rest.{rest}"
        elif kind not in ("cross", "same", "control"):
            a, b = f"{kind}.{a}", f"{kind}.{b}"
        source, target = self.embeddings(a), self.embeddings(b)
        gold = None
        if kind in ("half", "same"):
            gold = identical(source, target)
        elif kind in ("cross", "novels"):
            gold = self.lexicon(*(side.rpartition(".")[2] for side in (a, b)))
        elif kind != "control":
            gold = aligned(*self.parallel(kind, *rest.split("~")), source.words, target.words)
        return Pair(name, source, target, gold)

    def parallel(self, kind: str, a: str, b: str) -> tuple[Sequence[str], Sequence[str]]:
        """Lines of both languages that belong together, for the gold only."""
        if kind == "tatoeba":
            rows = self.tatoeba(a)
            return [r[1] for r in rows], [r[0] for r in rows]
        lines = self.captions if kind == "captions" else self.bible
        return lines(a), lines(b)

    def lexicon(self, a: str, b: str) -> Any:
        """Both bands of a MUSE list as one dictionary."""
        from distmatch.retrieval.dictionary import Dictionary

        files = sorted((self.data / "dictionaries/muse").glob(f"{a}-{b}.*.txt"))
        return Dictionary.merged([Dictionary.load(file) for file in files])

    def texts(self, name: str, encoder: str) -> Pair:
        """Text embeddings: an encoder's captions of one half against MiniLM's of the other."""
        folder = self.data / "vectors"
        other = f"e5/{encoder}" if encoder.startswith("e5") else f"text-embeddings/{encoder}"
        mini = "text-embeddings/minilm"
        files = (
            f"{other}.train-second-half",
            f"{mini}.train-first-half",
            f"{other}.test",
            f"{mini}.test",
        )
        x, y, *test = (unit(np.load(folder / f"{file}.npy")) for file in files)
        return Pair(name, np.random.default_rng(0).permutation(x), y, tuple(test))


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def shuffled(lines: Sequence[str]) -> str:
    """Lines in a random order, empty ones left out."""
    some = [line for line in lines if line.strip()]
    random.Random(3).shuffle(some)
    return "\n".join(some)


def identical(source: Any, target: Any) -> Any:
    """Words of both sides, each its own translation."""
    from distmatch.retrieval.dictionary import Dictionary

    both = set(target.words)
    return Dictionary({word: frozenset([word]) for word in source.words if word in both})


def aligned(
    left: Sequence[str], right: Sequence[str], sources: Sequence[str], targets: Sequence[str]
) -> Any:
    """A dictionary from parallel lines: words whose Dice coefficient is the best, or nearly, of the row and of the column."""
    from scipy import sparse

    from distmatch.retrieval.dictionary import Dictionary

    def occurrences(lines: Sequence[str], vocabulary: Sequence[str]) -> Any:
        number = {word: i for i, word in enumerate(vocabulary)}
        cells = [
            (k, number[w])
            for k, line in enumerate(lines)
            for w in set(words_of(line))
            if w in number
        ]
        rows, columns = zip(*cells, strict=True)
        return sparse.csr_matrix(
            (np.ones(len(cells), np.float32), (rows, columns)), (len(lines), len(vocabulary))
        )

    a, b = occurrences(left, sources), occurrences(right, targets)
    both = (a.T @ b).tocoo()
    counts = [np.asarray(side.sum(axis=0)).ravel() for side in (a, b)]
    dice = 2 * both.data / (counts[0][both.row] + counts[1][both.col])
    dice[both.data < 3] = 0
    scores = sparse.csr_matrix((dice, (both.row, both.col)), both.shape)
    best = [np.asarray(scores.max(axis=axis).todense()).ravel() for axis in (1, 0)]
    found = scores.tocoo()
    good = (
        (found.data > 0.15)
        & (found.data >= 0.9 * best[0][found.row])
        & (found.data >= 0.5 * best[1][found.col])
    )
    pairs: dict[str, set[str]] = {}
    for i, j in zip(found.row[good], found.col[good], strict=True):
        pairs.setdefault(sources[i], set()).add(targets[j])
    return Dictionary({word: frozenset(partners) for word, partners in pairs.items()})


def rows_of(side: Any) -> np.ndarray:
    """Vectors of `Embeddings` or of an array."""
    return getattr(side, "vectors", side)


def _vectors(pair: Pair, name: str, vectors: np.ndarray, gold: Any = None) -> Pair:
    made = vectors.astype(np.float32)
    target = pair.target.with_vectors(made) if hasattr(pair.target, "words") else made
    return Pair(name, pair.source, target, gold)


def _coordinates(pair: Pair, name: str) -> Pair:
    return _vectors(pair, name, np.random.default_rng(3).permuted(rows_of(pair.target), axis=1))


def _noise(pair: Pair, name: str) -> Pair:
    shape = rows_of(pair.target).shape
    return _vectors(pair, name, np.random.default_rng(3).standard_normal(shape))


def _unordered(pair: Pair, name: str) -> Pair:
    """Arrays of the rows in a random order: neither words nor frequencies."""
    rng = np.random.default_rng(5)
    gold = None
    if pair.gold is not None:
        left, right = (
            {w: i for i, w in enumerate(side.words)} for side in (pair.source, pair.target)
        )
        known = [
            (left[a], right[min(b)])
            for a, b in pair.gold.targets.items()
            if a in left and min(b) in right
        ]
        some = rng.permutation(known)[:TEST]
        gold = pair.source.vectors[some[:, 0]], pair.target.vectors[some[:, 1]]
    return Pair(
        name, rng.permutation(pair.source.vectors), rng.permutation(pair.target.vectors), gold
    )


def _spectrum(pair: Pair, name: str) -> Pair:
    v = rows_of(pair.target).astype(float)
    rng = np.random.default_rng(3)
    return _vectors(
        pair, name, rng.multivariate_normal(v.mean(axis=0), np.cov(v.T), len(v), method="eigh")
    )


def _mirror(pair: Pair, name: str) -> Pair:
    return _vectors(pair, name, -pair.target.vectors, pair.gold)


def _planted(pair: Pair, name: str) -> Pair:
    """The source turned, with noise of the given size relative to its entries, and ranks jittered."""
    from distmatch.embeddings.embeddings import Embeddings

    size, source = float(name.partition(":")[0].split()[1]), pair.source
    rng = np.random.default_rng(4)
    turn = np.linalg.qr(rng.standard_normal((source.dimension, source.dimension)))[0]
    rows = source.vectors @ turn
    rows = rows + size * source.vectors.std() * rng.standard_normal(rows.shape)
    order = np.argsort(np.arange(len(rows)) * np.exp(0.1 * rng.standard_normal(len(rows))))
    target = Embeddings(tuple(source.words[i] for i in order), rows[order].astype(np.float32))
    return Pair(name, source, target, identical(source, target))


CHANGES = {
    "coordinates": _coordinates, "noise": _noise, "spectrum": _spectrum, "mirror": _mirror, "planted": _planted,
    "unordered": _unordered,
}  # fmt: skip


def pairs(data: Path, vectors: Path, names: Sequence[str]) -> Iterator[Pair]:
    """The pairs of the names."""
    families = Families(data, vectors)
    vectors.mkdir(parents=True, exist_ok=True)
    for name in names:
        yield families.pair(name)


if __name__ == "__main__":
    for found in pairs(Path(sys.argv[1]), Path(sys.argv[2]), DEVELOPED + UNTOUCHED):
        size = (
            "control"
            if found.gold is None
            else f"{len(getattr(found.gold, 'targets', found.gold[0]))} known"
        )
        print(found.name, len(found.source), len(found.target), size, flush=True)
