import numpy as np
import pytest

from distmatch.languages.wordtext import WordText
from distmatch.languages.wordtrigram import BEGIN, DISCOUNT, WordTrigram, train
from distmatch.text.corpus import Corpus


def model(sentences):
    words = sorted({w for s in sentences for w in s})
    index = {w: i for i, w in enumerate(words)}
    tokens = [t for s in sentences for t in [*(index[w] for w in s), -1]]
    counts = np.bincount([t for t in tokens if t >= 0], minlength=len(words))
    return WordTrigram.train(Corpus(np.array(tokens, np.int32), tuple(words), counts))


def test_probabilities_sum_to_one_after_every_history():
    generator = np.random.default_rng(0)
    sentences = [[f"w{i}" for i in generator.integers(0, 9, 12)] for _ in range(30)]
    lm = model(sentences)
    everything = np.arange(len(lm.words) + 1)
    other = len(lm.words)
    for before, last in [
        (0, 1),
        (3, 3),
        (BEGIN, 2),
        (4, other),
        (other, 4),
        (BEGIN, BEGIN),
        (8, 0),
    ]:
        n = len(everything)
        p = np.exp(lm.log_probability(np.full(n, before), np.full(n, last), everything))
        assert np.isclose(p.sum(), 1, atol=1e-5) and (p > 0).all()


def test_a_word_cannot_see_over_the_end_of_a_sentence():
    together = model([["a", "b", "c"], ["b", "a"]])
    apart = model([["a", "b"], ["c"], ["b", "a"]])
    a, b, c = together.encode(["a", "b", "c"])
    likelihood = [float(m.log_probability([a], [b], [c])[0]) for m in (together, apart)]
    assert likelihood[0] > likelihood[1]


def test_absolute_discounting_by_hand():
    lm = model([["a", "b"], ["a", "b"], ["a", "c"]])
    a, b = lm.encode(["a", "b"])
    assert lm.encode(["z"])[0] == len(lm.words)
    unigram_b = (2 + 1e-2) / (6 + 4e-2)
    bigram = (2 - DISCOUNT) / 3 + DISCOUNT * 2 / 3 * unigram_b
    found = lm.log_probability(np.array([BEGIN]), np.array([a]), np.array([b]))
    assert np.exp(found[0]) == pytest.approx(bigram, rel=1e-5)


def test_kneser_ney_by_hand():
    """In a b c c a b c c ... the lower orders count contexts: c follows b and c, so it is as likely as a and b together."""
    text = WordText(("a", "b", "c"), np.array([0, 1, 2, 2] * 100, np.int32))
    lm, _ = train(text, np.arange(3), closed=True)
    a, c = lm.encode(["a", "c"])
    assert np.exp2(lm.tables.unigram[c]) == pytest.approx((2 + 1e-2) / (4 + 4e-2), rel=1e-5)
    # After an unseen context, c: the pairs (c, c) and (c, a) have one context each.
    bigram = (1 - DISCOUNT) / 2 + DISCOUNT * (1 + 1e-2) / (4 + 4e-2)
    found = lm.log_probability(np.array([a]), np.array([c]), np.array([a]))
    assert np.exp(found[0]) == pytest.approx(bigram, rel=1e-5)
