"""Figures of a pair of decoders that need no references: round trip, bits under the target's model, copies, lengths."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from distmatch.languages.wordtrigram import WordTrigram
from distmatch.translation.monolingual import Monolingual, Sentences
from distmatch.translation.phrasedecoder import PhraseDecoder


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One direction on held-out sentences.

    Args:
        round_trip: BLEU of sentences translated there and back against themselves.
        bits: per word, of the translations under the target's model. own_bits: of the target's held-out sentences.
        copied: share of words that are copied. length: words of the translations per word of the target's sentences,
            each per sentence.
    """

    round_trip: float
    bits: float
    own_bits: float
    copied: float
    length: float

    def to_json(self) -> dict[str, float]:
        """Rounded."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def measure_pair(
    source: Monolingual, target: Monolingual, forward: PhraseDecoder, backward: PhraseDecoder
) -> tuple[Figures, Figures]:
    """Figures of both directions, forward first."""
    return _measure(source, target, forward, backward), _measure(target, source, backward, forward)


def _measure(source, target, there, back) -> Figures:
    sentences = source.held
    words, *_ = there.decode(sentences)
    translated = Sentences.of(words)
    again, *_ = back.decode(translated)
    unknown = len(target.words)
    return Figures(
        round_trip=corpus_bleu(
            [list(w) for w in again], [list(sentences[i]) for i in range(len(sentences))]
        ),
        bits=bits_per_word(translated, target.model),
        own_bits=bits_per_word(target.held, target.model),
        copied=float(np.mean(translated.ids == unknown)) if len(translated.ids) else 1.0,
        length=(len(translated.ids) / max(len(translated), 1))
        / (len(target.held.ids) / max(len(target.held), 1)),
    )


def bits_per_word(sentences: Sentences, model: WordTrigram) -> float:
    """Code length per word, with SENTENCE_START and SENTENCE_STOP as words."""
    parts = [np.concatenate([[0], sentences[i], [1]]) for i in range(len(sentences))]
    return sum(model.bits(p) for p in parts) / max(1, sum(map(len, parts)))


def corpus_bleu(found: list[list[int]], wanted: list[list[int]]) -> float:
    """BLEU of numbers of words (Papineni et al. 2002), smoothed by a hundredth of a match."""
    from collections import Counter

    matches, totals = np.full(4, 1e-2), np.full(4, 1e-2)
    for one, other in zip(found, wanted, strict=True):
        for n in range(4):
            a = Counter(tuple(one[i : i + n + 1]) for i in range(len(one) - n))
            b = Counter(tuple(other[i : i + n + 1]) for i in range(len(other) - n))
            matches[n] += sum(min(c, b[g]) for g, c in a.items())
            totals[n] += sum(a.values())
    lengths = sum(map(len, found)), sum(map(len, wanted))
    brevity = min(0.0, 1 - lengths[1] / max(lengths[0], 1))
    return float(100 * np.exp(brevity + np.log(matches / totals).mean()))
