"""Code lengths of vectors: an exact oracle, planted rotations, controls."""

from math import log, pi

import numpy as np
import pytest
from scipy.special import multigammaln

from distmatch.compression.linearcode import quantize_map
from distmatch.compression.vectorcode import (
    alignment_code,
    gaussian_log2,
    vector_bits,
)


def rotation(d: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def clouds(n: int, d: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) / d**0.5
    turn = rotation(d, seed + 1)
    order = np.argsort(np.arange(n) * (1 + 0.2 * rng.normal(size=n)))
    return x, (x @ turn)[order] + noise * rng.normal(size=(n, d)) / d**0.5, turn


def test_gaussian_code_is_the_marginal_likelihood():
    """Sequential t densities multiply to the closed form of the normal-inverse-Wishart evidence."""
    rng = np.random.default_rng(0)
    n, d = 40, 5
    y = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    mean = y.mean(axis=0)
    scatter = (y - mean).T @ (y - mean) + np.outer(mean, mean) * n / (n + 1)
    nu = d + 2.0
    logdet = np.linalg.slogdet(np.eye(d) + scatter)[1]
    evidence = (
        -0.5 * n * d * log(pi) + multigammaln((nu + n) / 2, d) - multigammaln(nu / 2, d)
        - 0.5 * (nu + n) * logdet - 0.5 * d * log(n + 1)
    )  # fmt: skip
    assert gaussian_log2(y).sum() == pytest.approx(evidence / log(2), rel=1e-9)


def test_delta_of_a_planted_rotation_grows_with_n():
    deltas = []
    for n in (300, 600, 1200):
        x, y, turn = clouds(n, 30, 0.4, seed=n)
        deltas.append(alignment_code(x, y, turn).delta)
    assert 0 < deltas[0] < 0.6 * deltas[1] < 0.36 * deltas[2]


@pytest.mark.parametrize("seed", range(4))
def test_unrelated_vectors_cost_only_the_choice(seed):
    rng = np.random.default_rng(seed)
    x, y, _ = clouds(400, 20, 0.4, seed)
    stranger = rng.normal(size=x.shape) / 20**0.5
    assert alignment_code(stranger, y, rotation(20, 9)).delta >= -1.0
    # 2 bits an expert and its share of 1/2 log2 n, without the choice of leaving the map out
    worst = vector_bits(y, given=stranger) - vector_bits(y)
    assert worst < 16


def test_wrong_rotation_saves_nothing_and_identical_cloud_most():
    x, y, turn = clouds(500, 40, 0.5, seed=3)
    right = alignment_code(x, y, turn)
    wrong = alignment_code(x, y, rotation(40, 77))
    same = alignment_code(y, y, np.eye(40))
    assert wrong.map == 0.0 and wrong.delta == -1.0
    assert 0 < right.delta < same.delta


def test_precision_cancels_and_costs_a_bit_an_entry():
    x, y, turn = clouds(200, 10, 0.3, seed=5)
    coarse, fine = (alignment_code(x, y, turn, precision=p) for p in (2.0**-8, 2.0**-9))
    assert fine.delta == pytest.approx(coarse.delta, abs=1e-6)
    assert fine.separate - coarse.separate == pytest.approx(y.size, abs=1e-6)


@pytest.mark.parametrize("d", [1, 2, 17])
def test_quantized_rotation_is_a_rotation_near_it(d):
    turn = rotation(d, d)
    for step in (2.0**-4, 2.0**-12):
        rounded, bits = quantize_map(turn, step)
        assert np.abs(rounded.T @ rounded - np.eye(d)).max() < 1e-5
        assert np.abs(rounded - turn).max() < 4 * step * d**0.5
        assert bits > 0
    shear, bits = quantize_map(np.vstack([turn, turn[:1]]), 2.0**-12)
    assert np.abs(shear[:d] - turn).max() < 2.0**-12 and bits > d * (d + 1) * 5


def test_empty_and_single_rows():
    assert vector_bits(np.zeros((0, 3))) == 0.0
    assert np.isfinite(vector_bits(np.zeros((2, 3)), given=np.zeros((0, 3))))
    assert vector_bits(np.ones((1, 3))) > 0
