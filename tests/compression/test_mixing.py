"""Round trips and code lengths of the context mixing coder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distmatch.compression.decisions import NEXT, PATH, PATH_LENGTH, build_tree, ranking_of
from distmatch.compression.mixing import ContextMixing
from distmatch.text.alphabet import LATIN, Alphabet, fold

BYTES = ContextMixing()


def symbols(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=50))
def test_any_bytes_come_back_and_bits_are_the_archive(data, primer):
    data, primer = np.frombuffer(data, np.uint8), np.frombuffer(primer, np.uint8)
    archive = BYTES.encode(data, primed_by=primer)
    assert np.array_equal(BYTES.decode(archive, len(data), primed_by=primer), data)
    assert abs(BYTES.bits(data, primed_by=primer).sum() - 8 * len(archive)) <= 64


@pytest.mark.parametrize("size", [2, 3, 27, 33, 500])
def test_any_alphabet_comes_back(size):
    data = np.random.default_rng(size).integers(0, size, 2000)
    code = ContextMixing(size=size)
    archive = code.encode(data)
    assert np.array_equal(code.decode(archive, len(data)), data)
    bits = code.bits(data).sum()
    assert abs(bits - 8 * len(archive)) <= 0.001 * bits + 64
    assert bits < 1.1 * len(data) * np.log2(size) + 200


def test_text_gets_shorter_and_shorter_still_when_primed(text):
    code = ContextMixing.letters()
    folded = Alphabet(LATIN).encode(fold(text), spaces=True)
    half = len(folded) // 2
    alone = code.bits(folded[half:]).sum()
    assert alone < 4.3 * (len(folded) - half)
    assert code.bits(folded[half:], primed_by=folded[:half]).sum() < 0.97 * alone
    assert code.bits(folded, primed_by=folded).sum() < 0.15 * code.bits(folded).sum()


def test_bits_are_prequential(text):
    data = symbols(text)
    changed = data.copy()
    changed[300:] = 120
    a, b = BYTES.bits(data), BYTES.bits(changed)
    assert np.array_equal(a[:300], b[:300]) and not np.array_equal(a[300:], b[300:])


def test_symbols_outside_the_alphabet_are_refused():
    with pytest.raises(ValueError):
        ContextMixing.letters().bits(np.array([27]))


@pytest.mark.parametrize("size", [17, 27, 31, 32, 256, 300])
def test_a_ranking_reaches_every_symbol_once(size):
    weight = np.arange(size) % 7 + 40 * (np.arange(size) % 5 == 0)
    data = np.random.default_rng(0).choice(size, 70_000, p=weight / weight.sum())
    for ranking in ((), ranking_of(size, data)):
        tree = build_tree(size, ranking)
        assert (tree[:size, PATH_LENGTH] > 0).all()
        for symbol in range(size):
            node = 1
            for k in range(tree[symbol, PATH_LENGTH] - 1, -1, -1):
                assert node > 0
                node = tree[node, NEXT + (tree[symbol, PATH] >> k & 1)]
            assert ~node == symbol


@pytest.mark.parametrize("size", [27, 256])
def test_a_ranking_is_paid_for_and_comes_back(size):
    data = np.random.default_rng(1).zipf(1.5, 70_000) % size
    code = ContextMixing(size=size)
    assert ranking_of(size, data)
    archive = code.encode(data)
    assert archive[0] > 0
    assert np.array_equal(code.decode(archive, len(data)), data)
    bits = code.bits(data)
    assert abs(bits.sum() - 8 * len(archive)) <= 0.001 * bits.sum() + 64
    assert bits[0] > 8 * archive[0]
    primed = code.encode(data[:500], primed_by=data)
    assert np.array_equal(code.decode(primed, 500, primed_by=data), data[:500])
