import itertools
from dataclasses import replace

import numpy as np

from distmatch.languages.wordtrigram import WordTrigram
from distmatch.text.corpus import Corpus
from distmatch.translation.monolingual import Sentences
from distmatch.translation.phrasedecoder import DECODER_SEARCH, DECODER_WEIGHTS, PhraseDecoder
from distmatch.translation.phrasetable import PhraseTable

WORDS = ("<s>", "</s>", "a", "b", "c", "d", "e", "f")


def language(seed=0):
    """A model in which few words are likely after each."""
    rng = np.random.default_rng(seed)
    chance = rng.gamma(0.2, 1.0, (len(WORDS), len(WORDS)))[:, 2:]
    chance /= chance.sum(axis=1, keepdims=True)
    tokens = []
    for _ in range(600):
        tokens.append(0)
        for _ in range(rng.integers(2, 6)):
            tokens.append(2 + rng.choice(6, p=chance[tokens[-1]]))
        tokens += [1, -1]
    ids = np.array(tokens, np.int32)
    return WordTrigram.train(Corpus(ids, WORDS, np.bincount(ids[ids >= 0], minlength=len(WORDS))))


def words_table(rng):
    """Three random targets for each of the words 2 to 7."""
    sources = np.repeat(np.arange(2, 8), 3)
    targets = np.concatenate([rng.permutation(np.arange(2, 8))[:3] for _ in range(6)])
    logs = np.repeat(-2 * rng.random((18, 1)), 4, axis=1)
    return PhraseTable(
        sources.astype(np.uint64) + 1, targets.astype(np.uint64) + 1, logs.astype(np.float32)
    )


def score(model, weights, table, ids, order, choice):
    """Of one derivation: positions in the order of the target, and the target of each."""
    total, u, v, end = 0.0, -1, 0, 0
    for place, target in zip(order, choice, strict=True):
        entry = np.flatnonzero((table.sources == ids[place] + 1) & (table.targets == target + 1))[0]
        total += (
            float(table.logs[entry] @ np.array(weights.features)) + weights.word + weights.phrase
        )
        total -= weights.distortion * abs(place - end)
        total += weights.model * float(
            model.log_probability(*(np.array([k]) for k in (u, v, target)))[0]
        )
        u, v, end = v, target, place + 1
    return total + weights.model * float(
        model.log_probability(*(np.array([k]) for k in (u, v, 1)))[0]
    )


def test_wide_search_finds_what_exhaustive_search_finds():
    rng, model = np.random.default_rng(1), language()
    wide = replace(DECODER_SEARCH, stack=500, beam=1e9, window=5)
    for _ in range(5):
        table, ids = words_table(rng), rng.integers(2, 8, 4)
        decoder = PhraseDecoder(table, model, np.full(9, 8, np.int32), DECODER_WEIGHTS, wide)
        words, _, scores = decoder.decode(Sentences.of([ids]))
        options = {
            w: [int(t) - 1 for t in table.targets[table.sources == w + 1]]
            for w in set(ids.tolist())
        }
        best = max(
            score(model, DECODER_WEIGHTS, table, ids, order, choice)
            for order in itertools.permutations(range(4))
            for choice in itertools.product(*(options[int(ids[p])] for p in order))
        )
        assert len(words[0]) == 4
        assert np.isclose(scores[0], best, atol=1e-3)


def test_phrases_of_several_words_are_used_whole():
    model = language()
    both = np.uint64(3) | np.uint64(4) << np.uint64(16)  # words 2 3
    swapped = np.uint64(4) | np.uint64(3) << np.uint64(16)
    table = PhraseTable(np.array([both]), np.array([swapped]), np.zeros((1, 4), np.float32))
    decoder = PhraseDecoder(table, model, np.full(9, 8, np.int32), DECODER_WEIGHTS, DECODER_SEARCH)
    words, origin, _ = decoder.decode(Sentences.of([[2, 3], [5, 2, 3], []]))
    assert words[0].tolist() == [3, 2] and origin[0].tolist() == [-1, -1]
    assert words[1].tolist() == [8, 3, 2] and origin[1].tolist() == [0, -1, -1]  # 5 is copied
    assert words[2].tolist() == []


def test_long_sentences_are_cut_and_keep_their_words():
    table = words_table(np.random.default_rng(2))
    decoder = PhraseDecoder(
        table, language(), np.full(9, 8, np.int32), DECODER_WEIGHTS, DECODER_SEARCH
    )
    ids = np.random.default_rng(3).integers(2, 8, 1000)
    words, _, _ = decoder.decode(Sentences.of([ids]))
    assert len(words[0]) == 1000
