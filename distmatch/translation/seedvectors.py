"""Vectors of both sides in one space, learned from unpaired text, and the lexicon that they alone give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.progress import Effort, Progress
from distmatch.text.corpus import SENTENCE_END, Corpus
from distmatch.translation.monolingual import Monolingual
from distmatch.translation.phrasetable import PhraseTable

DIMENSION, MIN_DIMENSION, MIN_COUNT, WINDOW = 100, 10, 3, 5
"""Of the vectors that are learned from the text of both sides."""
MAX_PASSES, RUNNING_WORDS = 20, 8_000_000
"""Passes over the text, at most, and the running words in all that their number aims at."""


def learn_aligned(
    source: Monolingual, target: Monolingual, effort: Effort
) -> tuple[tuple[Embeddings, Embeddings], dict[str, Any]]:
    """Vectors of both sides by skip-gram, aligned without pairs."""
    from distmatch.embeddings.skipgram import SkipGram
    from distmatch.matching.align import align

    sides = []
    for name, side in (("source", source), ("target", target)):
        corpus = side.corpus(more=True)
        passes = min(MAX_PASSES, max(3, RUNNING_WORDS // max(len(corpus.tokens), 1)))
        text = _frequent(corpus)
        dimension = min(DIMENSION, len(text.words) // 3)
        if dimension < MIN_DIMENSION:
            raise InputError(
                f"only {len(text.words)} words of the {name} occur {MIN_COUNT} times. Give more text"
            )
        learner = SkipGram(dimension=dimension, window=WINDOW, epochs=passes, subsample=1e-3)
        found = learner.train(
            text, seed=effort.seed, progress=in_phase(effort, f"vectors of the {name}")
        )
        sides.append(found)

    match = align(*sides, device="cpu", seed=effort.seed, progress=in_phase(effort, "aligning"))
    aligned = match.map(sides[0]), match.map.map_target(sides[1])
    confidence = None if match.confidence is None else round(match.confidence, 4)
    return aligned, {"alignment": {"confidence": confidence, **match.extra.get("evidence", {})}}


def in_phase(effort: Effort, phase: str) -> Progress:
    """Progress of a part of the work that has steps of its own."""

    def tell(done: float, total: float | None = None, /, **figures: object) -> None:
        effort.progress(done, total, phase=phase, **figures)

    return tell


def load_aligned(folder: str) -> tuple[Embeddings, Embeddings]:
    """The vectors that `distmatch align` wrote into a folder.

    Raises:
        InputError: there are none.
    """
    paths = [Path(folder) / name for name in ("source.vec", "target.vec")]
    if not all(p.exists() for p in paths):
        raise InputError(
            "no source.vec and target.vec. Give the folder that `distmatch align` wrote",
            path=folder,
        )
    return Embeddings.load(paths[0]), Embeddings.load(paths[1])


def _frequent(corpus: Corpus) -> Corpus:
    """The text without rare words, the rest ranked."""
    order = np.argsort(-corpus.counts, kind="stable")
    order = order[corpus.counts[order] >= MIN_COUNT]
    ranks = np.full(len(corpus.words) + 1, -2, np.int32)
    ranks[order] = np.arange(len(order))
    tokens = np.where(corpus.tokens < 0, SENTENCE_END, ranks[corpus.tokens])
    words = tuple(corpus.words[i] for i in order)
    return Corpus(tokens[tokens > -2].astype(np.int32), words, corpus.counts[order])


def rows_of(side: Monolingual, vectors: Embeddings) -> np.ndarray:
    """(V, d) vectors of a side's words, zero for those that have none.

    Raises:
        InputError: fewer than a tenth of the words have one.
    """
    out = np.zeros((len(side.words), vectors.dimension), np.float32)
    places = {w: i for i, w in enumerate(vectors.words)}
    known = [(i, places[w]) for i, w in enumerate(side.words) if w in places]
    if len(known) < min(100, len(side.words) // 10):
        raise InputError(
            f"only {len(known)} of {len(side.words)} words have a vector. Align vectors of these languages, lower-cased"
        )
    for i, j in known:
        out[i] = vectors.vectors[j]
    return out


def rare_words(
    x: np.ndarray, y: np.ndarray, first: int, temperature: float, best: int = 10
) -> PhraseTable:
    """Nearest neighbours by CSLS of words beyond the first ones, as a table."""
    from distmatch.retrieval.scoring import csls

    known, other = np.flatnonzero(np.abs(x).sum(axis=1)), np.flatnonzero(np.abs(y).sum(axis=1))
    wanted = np.flatnonzero(known >= first)
    if not len(wanted) or not len(other):
        nothing = np.zeros(0, np.uint64)
        return PhraseTable(nothing, nothing, np.zeros((0, 4), np.float32))
    scores, places = csls(x[known], y[other], min(best, len(other)), queries=wanted)
    logs = np.log(_softmax(scores / temperature) + 1e-7).astype(np.float32)
    rows = np.repeat(known[wanted], logs.shape[1]).astype(np.uint64) + np.uint64(1)
    columns = other[places.ravel()].astype(np.uint64) + np.uint64(1)
    return PhraseTable(rows, columns, np.repeat(logs.reshape(-1, 1), 4, axis=1))


def csls_rows(
    x: np.ndarray, y: np.ndarray, *, temperature: float, k: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Softmax over CSLS of all pairs: p(y | x) as (n, m), and p(x | y) as (m, n)."""
    from distmatch.retrieval.scoring import unit

    cosine = unit(x) @ unit(y).T
    crowd_x = np.sort(cosine, axis=1)[:, -k:].mean(axis=1)
    crowd_y = np.sort(cosine, axis=0)[-k:].mean(axis=0)
    scores = (2 * cosine - crowd_x[:, None] - crowd_y) / temperature
    return _softmax(scores), _softmax(scores.T)


def _softmax(scores: np.ndarray) -> np.ndarray:
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
