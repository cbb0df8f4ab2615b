import numpy as np
import pytest

from distmatch.translation.credibility import ORDERED, order_test
from distmatch.translation.monolingual import Monolingual, Sentences
from distmatch.translation.roundtrip import bits_per_word, corpus_bleu


def story(*, ordered, seed=0, n=4_000):
    """Sentences of six words about one of 20 topics; in an ordered text a topic stays for ten sentences."""
    rng = np.random.default_rng(seed)
    topics = np.repeat(rng.integers(0, 20, n // 10), 10) if ordered else rng.integers(0, 20, n)
    return [[f"w{20 * rng.integers(0, 15) + t}" for _ in range(6)] for t in topics]


def test_order_shows_where_there_is_one():
    side = Monolingual.read(story(ordered=True))
    kept = order_test(side, side, side.held)
    lost = order_test(
        side, side, side.held.select(np.random.default_rng(1).permutation(len(side.held)))
    )
    assert kept["applies"] and kept["translation"] > ORDERED > lost["translation"]


def test_captions_without_an_order_are_not_tested():
    side = Monolingual.read(story(ordered=False))
    found = order_test(side, side, side.held)
    assert not found["applies"] and found["translation"] is None and abs(found["source"]) < ORDERED


def test_nothing_of_the_held_out_sentences_is_learned():
    lines = story(ordered=False, n=1_000)
    lines[-1] = ["only", "here"]
    side = Monolingual.read(lines)
    assert "only" not in side.number and len(side.held) == 40 and len(side.text) == 960
    assert side.held[39].tolist() == [len(side.words)] * 2


def test_bits_are_lower_for_text_of_the_language():
    side = Monolingual.read(story(ordered=False))
    rng = np.random.default_rng(0)
    noise = Sentences.of(rng.integers(2, len(side.words), 6) for _ in range(100))
    assert bits_per_word(side.held, side.model) < bits_per_word(noise, side.model) - 1


def test_bleu_is_sacrebleus():
    sacrebleu = pytest.importorskip("sacrebleu")
    rng = np.random.default_rng(0)
    wanted = [rng.integers(0, 9, rng.integers(5, 12)).tolist() for _ in range(50)]
    found = [
        [w if rng.random() < 0.8 else 9 for w in line][: len(line) - i % 2]
        for i, line in enumerate(wanted)
    ]
    text = [[" ".join(map(str, line)) for line in part] for part in (found, wanted)]
    theirs = sacrebleu.metrics.BLEU(tokenize="none").corpus_score(text[0], [text[1]]).score
    assert abs(corpus_bleu(found, wanted) - theirs) < 0.1
