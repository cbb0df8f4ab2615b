"""The first lexicon: aligned word vectors, and the likelihood of the text under the other side's word pairs, in one model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.matching.symbols.softlexicon import expected_counts
from distmatch.progress import Effort, Progress, silent
from distmatch.translation.backtranslation import Tables
from distmatch.translation.monolingual import Monolingual, Sentences
from distmatch.translation.phrasetable import PhraseTable
from distmatch.translation.seedvectors import csls_rows, learn_aligned, rare_words, rows_of

CONTROLS, CONTROL_WORDS, CONTROL_STEPS = 3, 600, 10
"""Shuffled lexicons that the vectors' lexicon is compared with, and words and steps of these short searches."""


@dataclass
class Seed:
    """What the first stage finds.

    Args:
        tables: words only.
        evidence: figures of the alignment of vectors and of the expectation maximisation.
    """

    tables: Tables
    evidence: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SeedLexicon:
    """Settings of the expectation maximisation that follows the alignment."""

    words: int = 1_500
    """Most frequent words of each side in the likelihood; the others count as one."""
    steps: int = 24
    flat: float = 0.4
    """First power of the model's probabilities; it reaches 1 after two thirds of the steps."""
    prior: float = 40.0
    """Occurrences that the vectors' lexicon counts for, in each row."""
    temperature: float = 0.1
    """Of the softmax over CSLS."""
    swapped: float = 0.2
    """Share of neighbours that stand in the other order in the other language."""
    apart: float = 0.5
    """Weight of pairs with one word between them."""

    def start(
        self,
        source: Monolingual,
        target: Monolingual,
        *,
        effort: Effort,
        aligned: tuple[Embeddings, Embeddings] | None = None,
    ) -> Seed:
        """Tables of words of both directions.

        Args:
            aligned: vectors of both sides in one space; None learns them from the text.
        """
        evidence: dict[str, Any] = {}
        if aligned is None:
            aligned, evidence = learn_aligned(source, target, effort)
        x, y = (rows_of(side, e) for side, e in zip((source, target), aligned, strict=True))
        h, s = (min(self.words, len(side.words)) for side in (source, target))
        forward, backward = csls_rows(x[:h], y[:s], temperature=self.temperature)
        for prior in (forward, backward):
            prior[:2], prior[:, :2] = 0, 0
            prior[0, 0] = prior[1, 1] = 1
            prior /= np.maximum(prior.sum(axis=1, keepdims=True), 1e-9)

        def tell(done: float, total: float | None = None, /, **figures: object) -> None:
            effort.progress(done, total, phase="lexicon from word pairs", **figures)

        onto, bits = self.learn(forward, source, target, progress=tell)
        back, bits_back = self.learn(backward, target, source, progress=tell)
        onto, back = onto[:h, :s], back[:s, :h]
        evidence["lexicon"] = {
            "mutual": round(_mutual(onto, back, source), 4),
            "gain": [
                round(self.gain(forward, source, target, seed=effort.seed), 4),
                round(self.gain(backward, target, source, seed=effort.seed), 4),
            ],
            "bits per pair": [round(bits, 3), round(bits_back, 3)],
        }
        there = np.sqrt(onto * _bayes(back, target))
        again = np.sqrt(back * _bayes(onto, source))
        rare = rare_words(x, y, h, self.temperature), rare_words(y, x, s, self.temperature)
        tables = Tables(
            PhraseTable.of_lexicon(there, again.T).joined(rare[0]),
            PhraseTable.of_lexicon(again, there.T).joined(rare[1]),
        )
        return Seed(tables, evidence)

    def gain(
        self, prior: np.ndarray, hidden: Monolingual, seen: Monolingual, *, seed: int = 0
    ) -> float:
        """Bits per pair of words that the same search saves when it starts from `prior`, not from shuffled lexicons.

        A shuffled lexicon exchanges words with others of like frequency, so that frequencies explain nothing of the gain.
        """
        rng = np.random.default_rng(seed)
        h, s = (min(CONTROL_WORDS, n) for n in prior.shape)
        small = prior[:h, :s] / np.maximum(prior[:h, :s].sum(axis=1, keepdims=True), 1e-9)
        short = replace(self, steps=CONTROL_STEPS, apart=0.0)
        _, bits = short.learn(small, hidden, seen)
        controls = []
        for _ in range(CONTROLS):
            noisy = np.log(np.arange(2, s) + 8.0) + 0.3 * rng.standard_normal(s - 2)
            order = np.concatenate([[0, 1], 2 + np.argsort(noisy)])
            controls.append(short.learn(small[:, order], hidden, seen)[1])
        return float(np.mean(controls) - bits)

    def learn(
        self,
        prior: np.ndarray,
        hidden: Monolingual,
        seen: Monolingual,
        *,
        progress: Progress = silent,
    ) -> tuple[np.ndarray, float]:
        """p(seen word | hidden word) from the pairs of the seen text and the pair model of the hidden side.

        Args:
            prior: (H, S) rows that sum to one over the first words of both sides, SENTENCE_START and SENTENCE_STOP with them.
            hidden: whose language model is used.
            seen: whose text is explained.

        Returns:
            (H + 1, S + 1) rows that sum to one; the last is all other words. And bits per word of the last step.
        """
        h, s = prior.shape
        lexicon = np.zeros((h + 1, s + 1), np.float32)
        lexicon[:h, :s] = prior
        rare = np.bincount(np.minimum(seen.text.ids, s), minlength=s + 1).astype(np.float32)
        lexicon[h] = 0.5 * rare / rare.sum()
        lexicon[h, s] += 0.5
        lexicon[2:h] = 0.97 * lexicon[2:h]
        lexicon[2:h, s] += 0.03
        pairs, chances = pair_counts(seen.text, s), pair_counts(hidden.text, h)
        pairs2, chances2 = pair_counts(seen.text, s, 2), pair_counts(hidden.text, h, 2)
        base, nats = lexicon.copy(), 0.0
        total = float(pairs.sum())
        for step in range(self.steps):
            beta = min(1.0, self.flat + (1 - self.flat) * step / (0.66 * self.steps))
            joint = _flattened(chances, beta)
            joint = (1 - self.swapped) * joint + self.swapped * joint.T
            counts, nats = expected_counts(lexicon, joint, pairs)
            if self.apart:
                joint = _flattened(chances2, beta)
                joint = (1 - self.swapped) * joint + self.swapped * joint.T
                counts += self.apart * expected_counts(lexicon, joint, pairs2)[0]
            lexicon = counts + self.prior * base
            lexicon[:2], lexicon[:, :2] = 0, 0
            lexicon[0, 0] = lexicon[1, 1] = 1
            lexicon /= np.maximum(lexicon.sum(axis=1, keepdims=True), 1e-30)
            progress(step + 1, self.steps, bits=nats / np.log(2) / total)
        return lexicon, nats / np.log(2) / total


def _bayes(channel: np.ndarray, side: Monolingual) -> np.ndarray:
    """p(hidden | seen) as (S, H), from p(seen | hidden) and the hidden side's frequencies."""
    counts = side.counts[: len(channel)] + 0.1
    joint = channel * (counts / counts.sum())[:, None]
    return (joint / np.maximum(joint.sum(axis=0), 1e-20)).T.astype(np.float32)


def _mutual(onto: np.ndarray, back: np.ndarray, source: Monolingual) -> float:
    """Share of the source's running words whose likeliest translation is translated back to them."""
    best = onto.argmax(axis=1)
    returned = back[best].argmax(axis=1) == np.arange(len(onto))
    weight = source.counts[: len(onto)]
    return float(weight[returned].sum() / max(weight.sum(), 1))


def pair_counts(text: Sentences, words: int, apart: int = 1) -> np.ndarray:
    """(words + 1, words + 1) float32 counts of neighbours, marks of the ends included; rarer words count as the last."""
    marked = np.concatenate([np.concatenate([[0], text[i], [1]]) for i in range(len(text))])
    marked = np.minimum(marked, words).astype(np.int64)
    first, second = marked[:-apart], marked[apart:]
    inside = (first != 1) & (marked[1:-1] != 1 if apart == 2 else True)
    size = words + 1
    found = np.bincount(first[inside] * size + second[inside], minlength=size * size)
    return found.reshape(size, size).astype(np.float32)


def _flattened(counts: np.ndarray, beta: float) -> np.ndarray:
    """Pair probabilities, interpolated with single words (Witten-Bell), to a power."""
    rows = counts.sum(axis=1, keepdims=True)
    kinds = (counts > 0).sum(axis=1, keepdims=True)
    single = counts.sum(axis=0) + 0.1
    single /= single.sum()
    chance = (counts + kinds * single) / np.maximum(rows + kinds, 1e-9)
    chance = np.where(rows > 0, chance, single) ** beta
    chance /= chance.sum(axis=1, keepdims=True)
    first = (rows[:, 0] + 0.1) ** beta
    return (chance * (first / first.sum())[:, None]).astype(np.float32)
