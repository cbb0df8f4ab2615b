"""A language's table as a coder: its archive, its bits, and what it is worth beside one that learns."""

from __future__ import annotations

import numpy as np
import pytest

from distmatch.compression.mixing import ContextMixing
from distmatch.compression.mixture import Mixture
from distmatch.compression.ngramcode import NgramCode
from distmatch.languages import ngram
from distmatch.text.alphabet import LATIN, Alphabet, fold


@pytest.fixture(scope="module")
def table() -> NgramCode:
    rng = np.random.default_rng(0)
    probability = rng.dirichlet(np.full(5, 0.3), (5, 5))
    return NgramCode(cost=np.clip(np.rint(-16 * np.log2(probability)), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 400])
@pytest.mark.parametrize("before", [None, np.array([3]), np.array([1, 4, 2])])
def test_its_archive_comes_back_with_its_bits(table, n, before):
    data = np.random.default_rng(n).integers(0, 5, n).astype(np.uint8)
    archive = table.encode(data, primed_by=before)
    assert np.array_equal(table.decode(archive, n, primed_by=before), data)
    assert abs(table.bits(data, primed_by=before).sum() - 8 * len(archive)) <= 16 + 0.001 * 8 * n


def test_bits_are_those_of_the_table(table):
    data = np.random.default_rng(7).integers(0, 5, 300)
    index = tuple(data[k : len(data) - 2 + k] for k in range(3))
    wanted = table.cost[index] / ngram.UNITS_PER_BIT
    # Costs are rounded to 1/16 bit, so a row of them sums only nearly to one.
    assert table.bits(data)[2:].sum() == pytest.approx(wanted.sum(), rel=0.03)
    assert table.bits(data)[:2] == pytest.approx(np.log2(5), abs=0.01)


def test_beside_a_coder_that_learns(text):
    import distmatch as dm

    language = dm.load_language("en", spaces=True)
    codes = Alphabet(LATIN).encode(fold(text), spaces=True)
    static, learning = NgramCode(cost=language.cost), ContextMixing.letters(27, ranked=False)
    mixture = Mixture(experts=(static, learning), share=1 / 64)
    bits = [code.bits(codes).sum() for code in (static, learning, mixture)]
    assert bits[0] < 2.9 * len(codes) and bits[0] < 0.8 * bits[1] and bits[2] < 1.05 * bits[0]
    archive = mixture.encode(codes[:300])
    assert np.array_equal(mixture.decode(archive, 300), codes[:300])
    assert abs(8 * len(archive) - mixture.bits(codes[:300]).sum()) <= 64
