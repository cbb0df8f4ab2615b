"""The first lexicon: aligned word vectors, and the likelihood of the text under the other side's word pairs, in one model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.matching.symbols.softlexicon import expected_counts
from distmatch.progress import Effort, Progress, silent
from distmatch.retrieval.scoring import unit
from distmatch.translation.backtranslation import Tables
from distmatch.translation.contextvectors import context_rows
from distmatch.translation.monolingual import Monolingual, Sentences
from distmatch.translation.phrasetable import PhraseTable
from distmatch.translation.seedvectors import (
    csls_rows,
    in_phase,
    learn_aligned,
    rare_words,
    rows_of,
)

SCREENED, COMPARED = 600, 4_000
"""Most frequent words of each side on which the starts are compared, and those that get rows over anchors."""
WIDTHS = (0.3, 0.7)
"""Spreads, in log frequency, of the starts that pair words of like frequency."""

Priors = tuple[np.ndarray, np.ndarray]
"""First guesses p(target | source) and p(source | target)."""


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

    words: int = 800
    """Most frequent words of each side in the last likelihoods; the others count as one."""
    steps: int = 24
    flat: float = 0.4
    """First power of the model's probabilities; it reaches 1 after two thirds of the steps."""
    prior: float = 40.0
    """Occurrences that the vectors' lexicon counts for, in each row."""
    temperature: float = 0.1
    """Of the softmax over CSLS."""
    swapped: float = 0.2
    """Share of neighbours that stand in the other order in the other language."""
    distances: tuple[float, ...] = (1.0, 1.0)
    """Weights of pairs of neighbours, of pairs with one word between them, and so on."""

    rounds: int = 2
    """Searches that start from vectors over the anchors of the lexicon before."""
    certain: float = 200.0
    """`prior` of those searches, which begin at the power `late`, take half of the steps, and use half of the temperature."""
    late: float = 0.7

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
        starts = self._starts(source, target, x, y)
        screened = {name: self._screen(priors, source, target) for name, priors in starts.items()}
        best = min(screened, key=lambda name: screened[name]["bits"])
        onto, back = self._lexicons(starts[best], source, target, effort)
        rows = x[:COMPARED], y[:COMPARED]
        for _ in range(self.rounds):
            rows, priors = self._anchored(onto, back, source, target, (x, y))
            later = replace(self, prior=self.certain, flat=self.late, steps=max(1, self.steps // 2))
            onto, back = later._lexicons(priors, source, target, effort)
        evidence["lexicon"] = {
            "start": best, "starts": {name: one["bits"] for name, one in screened.items()},
            "explained": screened[best]["explained"], "mutual": round(_mutual(onto, back, source), 4),
        }  # fmt: skip
        there = np.sqrt(onto * _bayes(back, target))
        again = np.sqrt(back * _bayes(onto, source))
        forward, backward = (
            PhraseTable.of_lexicon(there, again.T),
            PhraseTable.of_lexicon(again, there.T),
        )
        for one, other, temperature in ((*rows, self.temperature / 2), (x, y, self.temperature)):
            forward = forward.joined(rare_words(one, other, len(onto), temperature))
            backward = backward.joined(rare_words(other, one, len(back), temperature))
        tables = Tables(forward, backward)
        return Seed(tables, evidence)

    def _anchored(
        self,
        onto: np.ndarray,
        back: np.ndarray,
        source: Monolingual,
        target: Monolingual,
        vectors: Priors,
    ) -> tuple[Priors, Priors]:
        """Rows of both sides over the lexicon's anchors beside the vectors, and the priors that they give."""
        belief = np.sqrt(onto * _bayes(back, target))
        sizes = min(COMPARED, len(source.words)), min(COMPARED, len(target.words))
        contexts = context_rows(source, target, belief, sizes)
        x, y = (
            np.hstack([one, unit(other[:n])]).astype(np.float32)
            for one, other, n in zip(contexts, vectors, sizes, strict=True)
        )
        h, s = (min(self.words, n) for n in sizes)
        forward, backward = csls_rows(x[:h], y[:s], temperature=self.temperature / 2)
        return (x, y), (_marked(forward), _marked(backward))

    def _starts(
        self, source: Monolingual, target: Monolingual, x: np.ndarray, y: np.ndarray
    ) -> dict[str, Priors]:
        """First guesses for the most frequent words: from vectors, from frequencies, and from both."""
        x, y = x[:SCREENED], y[:SCREENED]
        near = csls_rows(x, y, temperature=self.temperature)
        starts = {"vectors": near}
        for width in WIDTHS:
            like = _like_frequency(source, target, len(x), len(y), width)
            starts[f"frequency {width}"] = like, np.ascontiguousarray(like.T)
        starts["vectors and frequency"] = near[0] * like, near[1] * like.T
        return {name: (_marked(one), _marked(other)) for name, (one, other) in starts.items()}

    def _screen(self, priors: Priors, source: Monolingual, target: Monolingual) -> dict[str, Any]:
        """Bits per pair of words of both directions after a short search, and the share of the order that is explained.

        Of the bits that each side's own pair model saves over independent words, the share that the other side's pair model
        saves through the lexicon: 0 for words in no order, 1 at most.
        """
        short = replace(self, distances=(1.0,))
        total, shares = 0.0, []
        for prior, hidden, seen in ((priors[0], source, target), (priors[1], target, source)):
            _, bits = short.learn(prior, hidden, seen)
            pairs = pair_counts(seen.text, prior.shape[1])
            own = _bits(pairs, _flattened(pairs, 1.0))
            alone = _bits(pairs, np.outer(pairs.sum(axis=1), pairs.sum(axis=0)) / pairs.sum() ** 2)
            total += bits
            shares.append(round(float((alone - bits) / max(alone - own, 1e-9)), 4))
        return {"bits": round(total, 4), "explained": shares}

    def _lexicons(
        self, priors: Priors, source: Monolingual, target: Monolingual, effort: Effort
    ) -> tuple[np.ndarray, np.ndarray]:
        """p(target | source) and p(source | target) after the long search, rare words left out."""

        tell = in_phase(effort, "lexicon from word pairs")
        forward, _ = self.learn(priors[0], source, target, progress=tell)
        backward, _ = self.learn(priors[1], target, source, progress=tell)
        return forward[:-1, :-1], backward[:-1, :-1]

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
        models = [
            (weight, pair_counts(seen.text, s, apart), pair_counts(hidden.text, h, apart))
            for apart, weight in enumerate(self.distances, 1)
        ]
        base, nats, total = lexicon.copy(), 0.0, float(models[0][1].sum())
        for step in range(self.steps):
            beta = min(1.0, self.flat + (1 - self.flat) * step / (0.66 * self.steps))
            made = self.prior * base
            for number, (weight, pairs, chances) in enumerate(models):
                joint = _flattened(chances, beta)
                joint = (1 - self.swapped) * joint + self.swapped * joint.T
                counts, loss = expected_counts(lexicon, joint, pairs)
                made += weight * counts
                nats = nats if number else loss
            lexicon = made
            lexicon[:2], lexicon[:, :2] = 0, 0
            lexicon[0, 0] = lexicon[1, 1] = 1
            lexicon /= np.maximum(lexicon.sum(axis=1, keepdims=True), 1e-30)
            progress(step + 1, self.steps, bits=nats / np.log(2) / total)
        return lexicon, nats / np.log(2) / total


def _like_frequency(
    source: Monolingual, target: Monolingual, h: int, s: int, width: float
) -> np.ndarray:
    """(h, s) high where two words are equally frequent."""
    x, y = (
        np.log((side.counts[:n] + 0.5) / side.counts.sum())
        for side, n in ((source, h), (target, s))
    )
    return np.exp(-0.5 * ((x[:, None] - y) / width) ** 2 + 0.5 * y).astype(np.float32)


def _marked(prior: np.ndarray) -> np.ndarray:
    """Rows that sum to one, the ends of sentences for each other only."""
    prior = prior.copy()
    prior[:2], prior[:, :2] = 0, 0
    prior[0, 0] = prior[1, 1] = 1
    return prior / np.maximum(prior.sum(axis=1, keepdims=True), 1e-9)


def _bits(pairs: np.ndarray, chance: np.ndarray) -> float:
    """Bits per pair of words."""
    seen = pairs > 0
    return float(-(pairs[seen] * np.log2(chance[seen])).sum() / pairs.sum())


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
    sentence = np.cumsum(marked == 0)
    marked = np.minimum(marked, words).astype(np.int64)
    first, second = marked[:-apart], marked[apart:]
    inside = sentence[:-apart] == sentence[apart:]
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
