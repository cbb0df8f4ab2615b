"""Pairs of words: probabilities that sum to one, contractions of wordfreq, the package of English pairs that may be absent."""

from dataclasses import replace

import numpy as np
import pytest

from distmatch.languages import wordpairs
from distmatch.languages.build import build_language
from distmatch.languages.language import load_language
from distmatch.languages.wordpairs import NO_PAIRS, pair_probability
from distmatch.progress import silent


@pytest.fixture(scope="module")
def english():
    return load_language("en", spaces=True)


def node_of(language, word: str) -> int:
    node = 0
    for code in language.alphabet.encode(word, spaces=False):
        node = int(language.words.child[node, code])
    return node


def after(language, before: str, node: int) -> float:
    """P of the words at and below a node after a word."""
    pairs = language.pairs
    return pair_probability(
        int(pairs.low[node_of(language, before)]), int(pairs.low[node]), int(pairs.high[node]),
        float(language.words.mass[node]), pairs,
    )  # fmt: skip


def bits(language, text: str) -> float:
    codes = language.alphabet.encode(text, spaces=True)
    return language.total_bits(np.ascontiguousarray(codes, np.uint8))


@pytest.mark.parametrize("before", ["the", "don", "mrs", "was"])
def test_what_follows_a_word_sums_to_one(english, before):
    assert after(english, before, 0) == pytest.approx(1.0, abs=1e-5)
    children = [int(node) for node in english.words.child[0] if node > 0]
    assert sum(after(english, before, node) for node in children) == pytest.approx(1.0, abs=1e-5)


def test_a_prefix_has_the_mass_of_its_words(english):
    pairs, model = english.pairs, english.words
    node, before = node_of(english, "was"), int(english.pairs.low[node_of(english, "it")])
    below = [node, *(int(c) for c in model.child[node] if c > 0)]
    whole = pair_probability(
        before, int(pairs.low[node]), int(pairs.low[node]) + 1, float(model.mass[node] * model.end[node]), pairs
    )  # fmt: skip
    parts = whole + sum(after(english, "it", child) for child in below[1:])
    assert parts == pytest.approx(after(english, "it", node), abs=1e-6) and whole > 0.04


def test_words_that_belong_together_are_shorter(english):
    single = replace(english, pairs=NO_PAIRS)
    for text in ("i don t know", "one of the men said that he had been there"):
        assert bits(english, text) < bits(single, text) - 3
    gained = bits(single, "hot of can is") - bits(english, "hot of can is")
    assert gained < 1


def test_contractions_are_pairs_without_the_package(monkeypatch, english):
    monkeypatch.setattr(wordpairs, "books", lambda: None)
    bare = build_language("en", "en", True, False, [], silent)
    assert 100 < len(bare.pairs.second) < 0.2 * len(english.pairs.second)
    assert after(bare, "don", node_of(bare, "t")) > 0.6
    assert bits(bare, "i don t know") < bits(replace(bare, pairs=NO_PAIRS), "i don t know") - 3


def test_a_limit_never_hides_a_text_below_it(english):
    from distmatch.languages.model import PROBABILITY
    from distmatch.languages.words import spaced_bits

    text = "one of the men said that he had been there before"
    codes = np.ascontiguousarray(english.alphabet.encode(text, spaces=True), np.uint8)
    total, model, out = bits(english, text), english.words, np.empty(len(codes))

    def limited(limit: float) -> float:
        return spaced_bits(
            codes, model.child, model.mass, model.end, english.flat_cost, PROBABILITY, english.order, english.running,
            english.share, limit, out, english.pairs,
        )  # fmt: skip

    assert limited(total + 1e-6) == pytest.approx(total)
    assert limited(total - 30) > total - 30
