"""`Lexicon`: word pairs read out of a map, with scores and ranks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.files import atomic_write, read_lines

HEADER = "source\ttarget\tscore\trank"


@dataclass(frozen=True)
class Lexicon:
    """Pairs found, grouped by source word, the best target first.

    Args:
        source: p source words.
        target: p target words.
        score: (p,) float32, comparable within one lexicon.
        rank: (p,) int64, from 1 within a source word.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    score: np.ndarray
    rank: np.ndarray

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[tuple[str, str, float, int]]:
        return zip(self.source, self.target, self.score.tolist(), self.rank.tolist(), strict=True)

    def best(self) -> dict[str, list[tuple[str, float]]]:
        """Source word to its targets and scores, the best first."""
        table: dict[str, list[tuple[str, float]]] = {}
        for source, target, score, _ in self:
            table.setdefault(source, []).append((target, score))
        return table

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a tab-separated file with one header line."""
        with atomic_write(path) as file:
            file.write(HEADER + "\n")
            for source, target, score, rank in self:
                file.write(f"{source}\t{target}\t{score:.6g}\t{rank}\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Lexicon:
        """Read what `save` wrote.

        Raises:
            InputError: not such a file, with the line.
        """
        rows: list[tuple[str, str, float, int]] = []
        for number, line in read_lines(path):
            if number == 1 and line == HEADER:
                continue
            fields = line.split("\t")
            try:
                source, target, score, rank = fields
                rows.append((source, target, float(score), int(rank)))
            except ValueError:
                raise InputError(
                    f"expected source, target, score and rank between tabs, found {len(fields)} fields. "
                    "Write the lexicon again with `distmatch align`",
                    path=path,
                    line=number,
                ) from None
        if not rows:
            raise InputError("an empty lexicon. Run `distmatch align` again", path=path)
        source, target, score, rank = zip(*rows, strict=True)
        return cls(source, target, np.array(score, np.float32), np.array(rank, np.int64))


def translate_words(
    aligned: Embeddings,
    target: Embeddings,
    *,
    k: int = 10,
    best: int = 5,
    scoring: str = "csls",
    limit: int | None = 20_000,
    device: str | None = None,
    crowd: np.ndarray | None = None,
) -> Lexicon:
    """The best targets of the first `limit` source words.

    Args:
        aligned: source words in the common space (all of them count as neighbours).
        target: target words in the common space.
        k: neighbourhood of CSLS.
        best: targets a word.
        scoring: see `scoring.SCORINGS`.
        limit: source words translated, the most frequent first; None is all.
        crowd: see `scoring.csls`.
    """
    from distmatch.retrieval.scoring import best_targets

    queries = np.arange(len(aligned) if limit is None else min(limit, len(aligned)))
    scores, indices = best_targets(
        aligned.vectors, target.vectors, best, scoring=scoring, k=k, queries=queries, device=device, crowd=crowd
    )  # fmt: skip
    width = indices.shape[1]
    return Lexicon(
        tuple(aligned.words[i] for i in queries for _ in range(width)),
        tuple(target.words[j] for j in indices.ravel()),
        scores.ravel(),
        np.tile(np.arange(1, width + 1), len(queries)),
    )
