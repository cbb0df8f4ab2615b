"""The mixture's bound, and its archive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from distmatch.compression.mixing import ContextMixing
from distmatch.compression.mixture import Mixture, Primed, mixture_bits

COSTS = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 40)),
    elements=st.floats(0.001, 60, allow_nan=False),
)


@settings(max_examples=300, deadline=None)
@given(COSTS)
def test_never_longer_than_the_best_expert_and_the_choice(costs):
    total = mixture_bits(costs).sum()
    assert total <= costs.sum(1).min() + np.log2(len(costs)) + 1e-6
    assert total >= costs.sum(1).min() - np.log2(len(costs)) - costs.shape[1] * 64


@settings(max_examples=200, deadline=None)
@given(COSTS, st.floats(0.001, 0.3))
def test_switching_pays_for_its_switches_only(costs, share):
    experts, n = costs.shape
    half = n // 2
    for a in range(experts):
        for b in range(experts):
            route = costs[a, :half].sum() + costs[b, half:].sum()
            stay = -n * np.log2(1 - share * (1 - 1 / experts))
            switch = np.log2(experts / share)
            assert (
                mixture_bits(costs, share).sum() <= route + np.log2(experts) + stay + switch + 1e-6
            )


@dataclass(frozen=True)
class Biased:
    """A memoryless expert that thinks 1 comes with a fixed probability."""

    chance: int
    size: int = 2

    def bits(self, data, *, primed_by=None):
        p = self.chance / 65536
        return np.where(np.asarray(data) == 1, -np.log2(p), -np.log2(1 - p))

    def encode(self, data, *, primed_by=None):
        raise NotImplementedError

    decode = encode

    def predictor(self, n, *, primed_by=None):
        return self

    def predict(self):
        return self.chance

    def update(self, bit):
        pass


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 1), max_size=400),
    st.lists(st.integers(1, 65535), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.01]),
)
def test_the_archive_of_a_mixture_has_its_bits_and_comes_back(data, chances, share):
    data = np.array(data, np.uint8)
    code = Mixture(experts=tuple(map(Biased, chances)), share=share)
    archive = code.encode(data)
    assert np.array_equal(code.decode(archive, len(data)), data)
    bits = code.bits(data).sum()
    assert abs(8 * len(archive) - bits) <= 0.001 * bits + 64


def test_mixing_a_primed_and_a_fresh_coder_follows_the_better(text):
    data = np.frombuffer(text.encode(), np.uint8)
    fresh = ContextMixing()
    noise = np.random.default_rng(0).integers(0, 256, 300).astype(np.uint8)
    for primer, y in ((data[:300], data[200:500]), (noise, data[200:500]), (data, noise)):
        code = Mixture(experts=(fresh, Primed(code=fresh, by=primer)))
        best = min(fresh.bits(y).sum(), fresh.bits(y, primed_by=primer).sum())
        archive = code.encode(y)
        assert np.array_equal(code.decode(archive, len(y)), y)
        assert code.bits(y).sum() <= best + 1 + 1e-6
        assert abs(8 * len(archive) - code.bits(y).sum()) <= 64


class Fixed:
    """An expert that gives no probabilities."""

    size = 256

    def __init__(self, header: int) -> None:
        self.header = header

    def encode(self, data, *, primed_by=None):
        return bytes(self.header) + np.asarray(data, np.uint8).tobytes()

    def decode(self, code, n, *, primed_by=None):
        return np.frombuffer(code[self.header :], np.uint8)

    def bits(self, data, *, primed_by=None):
        return np.full(len(data), 8 + 8 * self.header / max(len(data), 1))


@pytest.mark.parametrize("headers", [(9, 2, 5), (0,)])
def test_experts_without_probabilities_are_chosen_between(headers):
    data = np.arange(50, dtype=np.uint8)
    code = Mixture(experts=tuple(map(Fixed, headers)))
    archive = code.encode(data)
    assert len(archive) == 50 + min(headers) + 1
    assert np.array_equal(code.decode(archive, 50), data)
    assert code.bits(data).sum() == pytest.approx(8 * len(archive))
