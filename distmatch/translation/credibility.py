"""The verdict on a translator without references: what it needs to be believed, and the figure that it fails by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.languages.wordtrigram import WordTrigram
from distmatch.translation.backtranslation import BackTranslation, Tables
from distmatch.translation.monolingual import Monolingual, Sentences
from distmatch.translation.seedlexicon import Seed

MEMORY, CACHED = 4, 0.1
"""Sentences that the order test remembers, and the weight of their words in the next one."""
SHUFFLES = 30
"""Orders at random that the order of the text is compared with."""
ORDERED = 5.0
"""Standard deviations from which the order of sentences counts as more than chance."""
MIN_EXPLAINED, MIN_MUTUAL = 0.5, 0.55
"""Share of a side's word order that the other side's model explains through the lexicon, and share of running words that both
lexicons agree on. Captions fr-en and de-en have 0.56 to 0.65 and 0.64; French captions against English Bible verses 0.44 and 0.31;
against captions with all words shuffled -0.2 and 0.13."""
MIN_ROUND_TRIP, MAX_EXCESS_BITS = 15.0, 1.5
"""BLEU of the round trip, and bits per word of the translations beyond those of the target's own text."""
MAX_COPIED, MAX_STRETCH = 0.25, 1.6
"""Share of copied words, and the ratio of sentence lengths or its inverse."""


@dataclass(frozen=True)
class Verdict:
    """Whether the translations are to be believed, why, and the figures."""

    believed: bool
    reason: str
    evidence: dict[str, Any]


def judge_tables(
    source: Monolingual, target: Monolingual, learner: BackTranslation, tables: Tables, seed: Seed
) -> Verdict:
    """The verdict: every test has to pass in both directions."""
    evidence = dict(seed.evidence)
    entry = next(h for h in tables.history if h["iteration"] == tables.iteration)
    tests = _tests(evidence["lexicon"], entry)
    there, _ = learner.decoders(source, target, tables)
    words, *_ = there.decode(source.held)
    order = order_test(source, target, Sentences.of(words))
    evidence["order"] = order
    if order["applies"]:
        tests.append(
            (order["translation"] >= ORDERED, f"the order of its sentences shows in the translation: z {order['translation']:.1f}",
             f"the translation's sentences are no better in their order than shuffled: z {order['translation']:.1f}")
        )  # fmt: skip
    failed = [no for good, _, no in tests if not good]
    lines = failed or [yes for _, yes, _ in tests]
    if not order["applies"]:
        lines.append(
            "order test does not apply: the source's own sentences have no order that a memory of words sees"
        )
    return Verdict(not failed, "\n".join(lines), evidence)


def _tests(lexicon: dict[str, Any], entry: dict[str, Any]) -> list[tuple[bool, str, str]]:
    """Whether each test passes, and its line for either outcome."""
    explained, mutual = min(lexicon["explained"]), lexicon["mutual"]
    tests = [
        (explained >= MIN_EXPLAINED, f"the lexicon explains {100 * explained:.0f} % of the order of words",
         f"the lexicon explains only {100 * explained:.0f} % of the order of words ({100 * MIN_EXPLAINED:.0f} needed)"),
        (mutual >= MIN_MUTUAL, f"lexicons of both directions agree on {100 * mutual:.0f} % of running words",
         f"lexicons of both directions agree on only {100 * mutual:.0f} % of running words ({100 * MIN_MUTUAL:.0f} needed)"),
    ]  # fmt: skip
    for name in ("forward", "backward"):
        f = entry[name]
        excess = f["bits"] - f["own_bits"]
        tests += [
            (f["round_trip"] >= MIN_ROUND_TRIP, f"{name}: the round trip gives {f['round_trip']:.1f} BLEU",
             f"{name}: the round trip gives only {f['round_trip']:.1f} BLEU ({MIN_ROUND_TRIP:.0f} needed)"),
            (excess <= MAX_EXCESS_BITS, f"{name}: {excess:+.2f} bits per word against the target's own text",
             f"{name}: translations need {excess:.2f} bits per word more than the target's own text ({MAX_EXCESS_BITS} allowed)"),
            (f["copied"] <= MAX_COPIED, f"{name}: {100 * f['copied']:.0f} % of words are copied",
             f"{name}: {100 * f['copied']:.0f} % of words are copied ({100 * MAX_COPIED:.0f} allowed)"),
            (1 / MAX_STRETCH <= f["length"] <= MAX_STRETCH, f"{name}: sentences {f['length']:.2f} times as long as the target's",
             f"{name}: sentences {f['length']:.2f} times as long as the target's"),
        ]  # fmt: skip
    return tests


def order_test(source: Monolingual, target: Monolingual, translated: Sentences) -> dict[str, Any]:
    """Whether sentences in their order are coded shorter than shuffled, under a model that remembers words.

    Paradise, Gruber & Kalai 2025 (arXiv 2510.15768). Figures are in standard deviations of the shuffled orders.

    Returns:
        z of the source's held-out sentences and of their translations; the test applies where the first is high.
    """
    own = _order_gain(source.held, source.model)
    if own < ORDERED:
        return {"applies": False, "source": round(own, 2), "translation": None}
    return {
        "applies": True,
        "source": round(own, 2),
        "translation": round(_order_gain(translated, target.model), 2),
    }


def _order_gain(sentences: Sentences, model: WordTrigram) -> float:
    n = len(sentences)
    if n < 10:
        return 0.0
    chances = [_chances(sentences[i], model) for i in range(n)]
    rng = np.random.default_rng(0)
    lengths = [
        _remembered_bits(sentences, chances, model, rng.permutation(n)) for _ in range(SHUFFLES)
    ]
    real = _remembered_bits(sentences, chances, model, np.arange(n))
    return float((np.mean(lengths) - real) / max(np.std(lengths, ddof=1), 1e-9))


def _chances(ids: np.ndarray, model: WordTrigram) -> np.ndarray:
    """(n,) P(word | two before) within a sentence."""
    marked = np.concatenate([[-1, 0], ids]).astype(np.int64)
    return np.exp(model.log_probability(marked[:-2], marked[1:-1], marked[2:]))


def _remembered_bits(
    sentences: Sentences, chances: list[np.ndarray], model: WordTrigram, order: np.ndarray
) -> float:
    """Code length with a share of the probability on words of the sentences before, weighted by their rarity."""
    rarity = np.append(1.0 / np.maximum(model.counts, 1), 1.0)
    total = 0.0
    for place, i in enumerate(order):
        before = [sentences[j] for j in order[max(0, place - MEMORY) : place]]
        memory: dict[int, float] = {}
        for w in np.concatenate([*before, np.zeros(0, np.int32)]).astype(int):
            memory[w] = memory.get(w, 0.0) + float(rarity[w])
        mass = sum(memory.values()) or 1.0
        held = np.array([memory.get(int(w), 0.0) / mass for w in sentences[i]])
        total -= float(np.log2((1 - CACHED) * chances[i] + CACHED * held + 1e-12).sum())
    return total
