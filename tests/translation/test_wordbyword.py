import itertools

import numpy as np
import pytest

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.languages.wordtrigram import BEGIN, WordTrigram
from distmatch.text.corpus import Corpus
from distmatch.translation.wordbyword import WordByWord, candidates, closest, decode, split_sentence


def language():
    generator = np.random.default_rng(0)
    tokens = generator.integers(0, 8, 4000).astype(np.int32)
    tokens[1::2] = (tokens[::2] * 3 + 1) % 8  # every second word follows from the one before
    words = tuple(f"t{i}" for i in range(8))
    return WordTrigram.train(Corpus(tokens, words, np.bincount(tokens, minlength=8)))


def score(lm, words, columns, weight):
    numbers = [BEGIN, BEGIN, *lm.encode(words)]
    total = 0.0
    for i, (word, column) in enumerate(zip(words, columns, strict=True), 2):
        a, b, c = (np.array([n]) for n in numbers[i - 2 : i + 1])
        total += dict(column)[word] + weight * float(lm.log_probability(a, b, c)[0])
    return total


def test_beam_finds_what_exhaustive_search_finds():
    lm, generator = language(), np.random.default_rng(1)
    for _ in range(20):
        columns = [
            [(f"t{j}", float(-generator.random())) for j in generator.permutation(8)[:3]]
            for _ in range(5)
        ]
        every = itertools.product(*[[w for w, _ in c] for c in columns])
        best = max(every, key=lambda words: score(lm, words, columns, 0.7))
        found = decode(columns, lm, weight=0.7, beam=64)
        assert np.isclose(score(lm, found, columns, 0.7), score(lm, best, columns, 0.7))


def test_the_model_chooses_between_equal_candidates():
    table = {"x": [("t1", -0.7), ("t4", -0.7)], "start": [("t0", 0.0)], "start1": [("t1", 0.0)]}
    one = WordByWord(candidates=table, model=language(), weight=1.0)
    assert one.translate(["start", "x"]) == ["t0", "t1"]
    assert one.translate(["start1", "x"]) == ["t1", "t4"]


def test_unknown_words_are_treated_as_told():
    table = {"le": [("the", 0.0)]}
    sentence = split_sentence("Le Professeur, 12!")
    assert sentence == ["le", "professeur", ",", "12", "!"]
    spelling = ("professor", "process")
    results = {
        how: WordByWord(candidates=table, unknown=how, spelling=spelling).translate(sentence)
        for how in ("copy", "drop", "spell")
    }
    assert results["copy"] == ["the", "professeur", ",", "12", "!"]
    assert results["drop"] == ["the", ",", "12", "!"]
    assert results["spell"] == ["the", "professor", ",", "12", "!"]
    assert closest("zzz", spelling) == "zzz"
    with pytest.raises(InputError, match="copy drop spell"):
        WordByWord(candidates=table, unknown="guess")


def test_candidates_are_a_distribution_with_the_right_word_first():
    rows = np.random.default_rng(0).standard_normal((50, 10)).astype(np.float32)
    source = Embeddings(tuple(f"s{i}" for i in range(50)), rows)
    target = Embeddings(tuple(f"t{i}" for i in range(50)), rows)
    found = candidates(source, target, ["s3", "s7", "missing"], best=4)
    assert set(found) == {"s3", "s7"}
    assert found["s7"][0][0] == "t7"
    assert np.isclose(sum(np.exp(p) for _, p in found["s7"]), 1)
