"""Third moments find the directions that a map inverts."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from distmatch.transport.procrustes import procrustes  # noqa: E402
from distmatch.transport.thirdmoments import ThirdMoments, _polar  # noqa: E402


def skewed(n: int, d: int, seed: int):
    """Rows of one skewed distribution whose directions depend on each other, centred; another draw for every seed."""
    random = np.random.default_rng(seed)
    mixing = np.linalg.qr(np.random.default_rng(99).normal(size=(d, d)))[0]
    sources = random.exponential(size=(n, d)) * np.arange(1, d + 1) ** -0.5
    x = np.tanh(sources @ mixing) + 0.3 * sources
    return torch.from_numpy((x - x.mean(0)).astype(np.float32))


def test_agreement_is_the_cosine_of_the_rotated_tensors():
    x, y = skewed(500, 8, 0), skewed(400, 8, 1)
    moments = ThirdMoments.of(x, y, 5)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(5, 5)))[0].astype(np.float32)
    turned = np.einsum("abc,ai,bj,ck->ijk", moments.x, rotation, rotation, rotation)
    expected = (turned * moments.y).sum() / np.linalg.norm(turned) / np.linalg.norm(moments.y)
    assert moments.agreement(rotation) == pytest.approx(expected, abs=1e-4)


def test_polar_factor_is_that_of_the_singular_value_decomposition():
    random = np.random.default_rng(0)
    for k in (3, 24):
        matrix = (np.eye(k) + 0.4 * random.normal(size=(k, k))).astype(np.float32)
        assert np.allclose(_polar(matrix), procrustes(torch.from_numpy(matrix)), atol=5e-3)


@pytest.mark.parametrize("inverted", [0, 3])
def test_an_inverted_direction_is_found_in_other_rows_of_the_same_distribution(inverted):
    d = 10
    rotation = torch.linalg.qr(torch.randn(d, d, generator=torch.Generator().manual_seed(2)))[0]
    x, y = skewed(4000, d, 0), skewed(4000, d, 1) @ rotation
    moments = ThirdMoments.of(x, y, d)
    axis = moments.axes_y[:, inverted]
    wrong = rotation - 2 * torch.outer(rotation @ axis, axis)
    before = moments.agreement(moments.inside(wrong))
    found, value = moments.anneal(moments.inside(wrong), proposals=200, seed=0)
    assert value > 0.9 > before
    error = (moments.outside(found, x) - rotation).norm() / d**0.5
    assert float(error) < 0.3 < float((wrong - rotation).norm()) / d**0.5


def test_the_search_repeats_exactly():
    x, y = skewed(1000, 6, 0), skewed(1000, 6, 1)
    moments = ThirdMoments.of(x, y, 6)
    runs = [moments.anneal(np.eye(6, dtype=np.float32), proposals=50, seed=4) for _ in range(2)]
    assert np.array_equal(runs[0][0], runs[1][0]) and runs[0][1] == runs[1][1]
