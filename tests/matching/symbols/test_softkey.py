"""Soft keys: the planted key at once from a uniform start, properties of the relaxation, a control."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from distmatch.languages.symbols import SymbolModel  # noqa: E402
from distmatch.matching.symbols.softkey import SoftKey, soft_key, soft_nats  # noqa: E402
from distmatch.planted import planted_key  # noqa: E402


def babble(n: int, size: int, draw: int) -> np.ndarray:
    """A sequence of one random order-1 language."""
    chain = np.random.default_rng(1).dirichlet(np.full(size, 0.15), size).cumsum(axis=1)
    rng = np.random.default_rng([draw, 2])
    out = np.zeros(n, np.int64)
    for t, u in enumerate(rng.random(n)):
        out[t] = min(int(np.searchsorted(chain[out[t - 1]], u)), size - 1)
    return out


@pytest.fixture(scope="module")
def model() -> SymbolModel:
    return SymbolModel.fit(babble(20_000, 14, 0), 14, order=3)


@pytest.mark.parametrize("seed", [0, 1])
def test_uniform_start_reaches_the_planted_key(model, seed):
    plain = babble(3_000, 14, draw=5 + seed)
    cipher = planted_key(plain, 14, seed=seed).cipher
    match = SoftKey().match(cipher, model, symbols=14, seed=seed)
    assert np.mean(match.map(cipher) == plain) > 0.95 and match.extra["posterior"] >= 0.9
    assert match.history[0]["bits"] > 1.2 * match.history[-1]["bits"]


def test_homophones(model):
    plain = babble(4_000, 14, draw=9)
    cipher = planted_key(plain, 14, homophones=2).cipher
    match = SoftKey(kind="homophonic", restarts=3).match(cipher, model, symbols=28)
    assert np.mean(match.map(cipher) == plain) > 0.9


def test_noise_is_not_believed(model):
    noise = np.random.default_rng(3).integers(0, 14, 800)
    assert SoftKey().match(noise, model, symbols=14).extra["posterior"] < 0.5


def test_a_hard_key_has_the_likelihood_of_the_model(model):
    """At a permutation matrix the relaxation is the n-gram code length itself."""
    plain = babble(300, 14, draw=3)
    key = np.random.default_rng(0).permutation(14)
    grams, counts = np.unique(
        np.lib.stride_tricks.sliding_window_view(key[plain], 3), axis=0, return_counts=True
    )
    hard = torch.zeros(14, 14)
    hard[torch.from_numpy(key), torch.arange(14)] = 1.0
    nats = soft_nats(
        hard, torch.from_numpy(grams), torch.from_numpy(counts), torch.from_numpy(model.probability)
    )
    assert float(nats) / np.log(2) == pytest.approx(model.bits(plain)[2:].sum(), rel=1e-4)


def test_soft_keys_are_doubly_stochastic():
    logits = 3 * torch.randn(9, 9, generator=torch.Generator().manual_seed(0))
    key = soft_key(logits, "bijection", iterations=60)
    assert torch.allclose(key.sum(0), torch.ones(9), atol=1e-3)
    assert torch.allclose(key.sum(1), torch.ones(9), atol=1e-3)
    assert torch.allclose(soft_key(logits, "homophonic").sum(1), torch.ones(9), atol=1e-5)
