import numpy as np

from distmatch.languages.wordngram import UNKNOWN, WordNgram
from distmatch.text.corpus import Corpus


def model(sentences):
    words = sorted({w for s in sentences for w in s})
    index = {w: i for i, w in enumerate(words)}
    tokens = [t for s in sentences for t in [*(index[w] for w in s), -1]]
    counts = np.bincount([t for t in tokens if t >= 0], minlength=len(words))
    return WordNgram.train(Corpus(np.array(tokens, np.int32), tuple(words), counts))


def test_probabilities_sum_to_one_after_every_history():
    generator = np.random.default_rng(0)
    sentences = [[f"w{i}" for i in generator.integers(0, 9, 12)] for _ in range(30)]
    lm = model(sentences)
    everything = np.append(np.arange(len(lm.words)), UNKNOWN)
    for before, last in [(0, 1), (3, 3), (UNKNOWN, 2), (4, UNKNOWN), (UNKNOWN, UNKNOWN), (8, 0)]:
        n = len(everything)
        p = np.exp(lm.log_probability(np.full(n, before), np.full(n, last), everything))
        assert np.isclose(p.sum(), 1) and (p > 0).all()


def test_absolute_discounting_by_hand():
    lm = model([["a", "b"], ["a", "b"], ["a", "c"]])
    a, b = lm.numbers(["a", "b"])
    assert lm.numbers(["z"])[0] == UNKNOWN
    unigram_b = (2 - 0.75) / 6
    bigram = (2 - 0.75) / 3 + 0.75 * 2 / 3 * unigram_b
    found = lm.log_probability(np.array([UNKNOWN]), np.array([a]), np.array([b]))
    assert np.isclose(np.exp(found[0]), bigram)
