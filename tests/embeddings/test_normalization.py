import numpy as np
import pytest

from distmatch.embeddings.normalization import normalize
from distmatch.errors import InputError


def cloud(n=300, d=12):
    generator = np.random.default_rng(0)
    return generator.standard_normal((n, d)) @ generator.standard_normal((d, d)) + 3


def test_iterative_is_unit_and_centered_at_once():
    out = normalize(cloud(), ["iterative"])
    assert np.allclose(np.linalg.norm(out, axis=1), 1, atol=1e-6)
    assert np.abs(out.mean(axis=0)).max() < 1e-2
    assert np.allclose(out, normalize(cloud(), ("unit", "center") * 5 + ("unit",)), atol=1e-6)


def test_whitened_covariance_is_the_identity_and_the_map_is_symmetric():
    x = cloud()
    out = normalize(x, ["whiten"]).astype(float)
    assert np.allclose(np.cov(out.T, bias=True), np.eye(12), atol=1e-3)
    cross = (x - x.mean(axis=0)).T @ out
    assert np.allclose(cross, cross.T, rtol=1e-3, atol=1e-2)


def test_pca_keeps_the_best_rank_k_and_top_removes_it():
    x = cloud()
    centered = x - x.mean(axis=0)
    s = np.linalg.svd(centered, compute_uv=False)
    assert np.isclose(
        (normalize(x, ["pca:5"]).astype(float) ** 2).sum(), (s[:5] ** 2).sum(), rtol=1e-4
    )
    assert np.isclose(
        (normalize(x, ["top:5"]).astype(float) ** 2).sum(), (s[5:] ** 2).sum(), rtol=1e-3
    )


@pytest.mark.parametrize("step", ["units", "pca", "pca:x", "pca:13", "unit:3"])
def test_steps_that_do_not_exist_are_named(step):
    with pytest.raises(InputError, match=step if step != "pca:13" else "13 principal"):
        normalize(cloud(), [step])


def test_too_few_rows_to_whiten():
    with pytest.raises(InputError, match="pca:K"):
        normalize(cloud(8), ["whiten"])


def test_huge_rows_keep_their_direction(recwarn):
    rows = np.array([[3e30, 4e30], [1e38, 1e38], [3, 4]], np.float32)
    made = normalize(rows, ["unit"])
    assert made.dtype == np.float32 and not recwarn.list
    np.testing.assert_allclose(made, [[0.6, 0.8], [0.5**0.5] * 2, [0.6, 0.8]], rtol=1e-6)
