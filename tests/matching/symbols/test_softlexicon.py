"""Word lexicons by expectation maximisation: planted lexicons, the likelihood it climbs, Δ with the lexicon paid."""

import numpy as np
import pytest

from distmatch.compression.pairmap import CHOICE_BITS
from distmatch.languages.symbols import SymbolModel
from distmatch.matching.joint.jointwords import joint_words
from distmatch.matching.symbols.softlexicon import WordLexicon, choice_bits, expected_counts
from distmatch.planted import planted_key

V = 40


def speech(n: int, draw: int) -> np.ndarray:
    """A text of one random language of word pairs with frequencies like Zipf's."""
    rng = np.random.default_rng(7)
    weight = 1 / np.arange(1, V + 1)
    chain = (rng.dirichlet(np.full(V, 0.1), V) * weight + 1e-4).cumsum(axis=1)
    chain /= chain[:, -1:]
    rng = np.random.default_rng([draw, 4])
    out = np.zeros(n, np.int64)
    for t, u in enumerate(rng.random(n)):
        out[t] = min(int(np.searchsorted(chain[out[t - 1]], u)), V - 1)
    return out


@pytest.fixture(scope="module")
def model() -> SymbolModel:
    return SymbolModel.fit(speech(30_000, 0), V, order=2)


def test_planted_bijection(model):
    plain = speech(6_000, 1)
    y = planted_key(plain, V).cipher
    search = WordLexicon(kind="bijection", steps=60)
    match = search.match(y, model, symbols=V)
    assert np.mean(match.map(y) == plain) > 0.95 and match.confidence is None
    lexicon, history = search.learn(y, model, symbols=V)
    assert lexicon.sum(axis=1) == pytest.approx(1.0, abs=1e-4) and len(history) == 60


def test_planted_synonyms_many_to_one(model):
    plain = speech(12_000, 2)
    rng = np.random.default_rng(0)
    y = rng.permutation(2 * V)[2 * plain + (rng.random(len(plain)) < 0.3)]
    match = WordLexicon(steps=60).match(y, model, symbols=2 * V)
    assert np.mean(match.map(y) == plain) > 0.9


def test_each_step_climbs_the_likelihood(model):
    """Without flattening an EM step never lowers the likelihood of the pairs."""
    y = speech(3_000, 3)
    pairs = np.bincount(y[:-1] * V + y[1:], minlength=V * V).reshape(V, V).astype(np.float64)
    joint = np.exp2(model.log2.astype(np.float64)) * model.marginal[:, None]
    lexicon = np.random.default_rng(0).dirichlet(np.ones(V), V)
    before = np.inf
    for _ in range(8):
        counts, nats = expected_counts(lexicon, joint, pairs)
        assert nats <= before + 1e-6
        assert counts.sum() == pytest.approx(2 * pairs.sum(), rel=1e-6)
        before, lexicon = nats, counts / counts.sum(axis=1, keepdims=True)


def test_delta_pays_for_the_lexicon_and_controls_do_not(model):
    x, plain = speech(12_000, 0), speech(4_000, 5)
    y = planted_key(plain, V, seed=1).cipher
    search = WordLexicon(kind="bijection", steps=60)
    code = joint_words(x, y, sizes=(V, V), lexicon=search)
    assert code.delta > 0.02 * code.y and code.match.map.bits > 150
    noise = np.random.default_rng(2).permutation(y)
    control = joint_words(x, noise, sizes=(V, V), lexicon=search)
    assert control.delta >= -CHOICE_BITS - 1e-6


def test_choice_of_synonyms_costs_their_entropy():
    from distmatch.maps.relabelling import Relabelling

    f = Relabelling(np.array([0, 0, 1]), 2, "homophonic")
    y = np.random.default_rng(0).choice(3, 4000, p=[0.45, 0.05, 0.5])
    share = np.mean(y[y < 2] == 1)
    entropy = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    assert choice_bits(f, y) == pytest.approx(np.sum(y < 2) * entropy, abs=12)
