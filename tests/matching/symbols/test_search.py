"""Keys planted in a random language are found by code length alone; controls are not believed."""

import numpy as np
import pytest

from distmatch.errors import InputError
from distmatch.languages.symbols import SymbolModel
from distmatch.matching.symbols.search import SymbolSearch
from distmatch.planted import planted_key, symbol_text


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n", [200, 5000])
def test_finds_a_planted_permutation(seed, n):
    model = SymbolModel.fit(symbol_text(20_000, 20, language=seed), 20)
    plain = symbol_text(n, 20, language=seed, draw=1)
    made = planted_key(plain, 20, seed=seed + 9)
    names, cipher = np.unique(made.cipher, return_inverse=True)
    match = SymbolSearch().match(cipher, model, seed=seed)
    assert np.mean(match.map(cipher) == plain) > 0.95
    assert match.extra["posterior"] >= 0.9 and len(match.map.table) == len(names)
    assert match.bits.total <= model.bits(plain).sum() + match.map.bits + 1e-6


def test_finds_planted_homophones():
    model = SymbolModel.fit(symbol_text(20_000, 15, language=4), 15)
    plain = symbol_text(1200, 15, language=4, draw=1)
    cipher = planted_key(plain, 15, homophones=3).cipher
    match = SymbolSearch(kind="homophonic").match(cipher, model, symbols=45, seed=1)
    assert np.mean(match.map(cipher) == plain) > 0.95
    assert match.extra["posterior"] >= 0.9


def test_another_language_and_noise_are_not_believed():
    model = SymbolModel.fit(symbol_text(20_000, 20, language=0), 20)
    rng = np.random.default_rng(1)
    for strange in (symbol_text(400, 20, language=77), rng.integers(0, 20, 400)):
        match = SymbolSearch(restarts=8).match(strange, model, symbols=20)
        assert match.confidence is None and match.extra["posterior"] < 0.5


def test_the_result_is_that_of_the_seed():
    model = SymbolModel.fit(symbol_text(5_000, 12, language=0), 12)
    cipher = symbol_text(60, 12, language=0, draw=3)
    a, b = (SymbolSearch(restarts=5).match(cipher, model, seed=3) for _ in range(2))
    assert (a.map.table == b.map.table).all() and a.bits == b.bits


def test_too_many_symbols_for_one_to_one():
    with pytest.raises(InputError, match="one to one"):
        SymbolSearch().match(np.arange(30), SymbolModel.fit(np.arange(20), 20))


def test_model_probabilities_sum_to_one_and_charge_unseen_symbols():
    model = SymbolModel.fit(symbol_text(3_000, 10, language=0), 12)
    assert model.probability.sum(axis=-1) == pytest.approx(1.0, abs=1e-4)
    assert model.bits(np.array([10, 11, 10, 11, 10])).sum() > 20
    assert SymbolModel.fit(np.zeros(0, np.int64), 5).bits(np.arange(5)).sum() == pytest.approx(
        5 * np.log2(5)
    )
