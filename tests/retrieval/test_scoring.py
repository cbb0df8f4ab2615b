import numpy as np
import pytest

from distmatch.errors import InputError
from distmatch.retrieval.scoring import best_targets, csls, inverted_softmax, mean_similarity, unit


def cloud(n, d=12, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def test_csls_is_its_definition():
    x, y = unit(cloud(80)), unit(cloud(120, seed=1))
    cosine = x @ y.T
    crowd_x = np.sort(cosine, axis=1)[:, -10:].mean(axis=1)
    crowd_y = np.sort(cosine, axis=0)[-10:].mean(axis=0)
    full = 2 * cosine - crowd_x[:, None] - crowd_y
    scores, indices = csls(3 * x, 0.5 * y, 4)  # lengths do not count
    assert np.array_equal(indices, np.argsort(-full, axis=1)[:, :4])
    assert np.allclose(scores, -np.sort(-full, axis=1)[:, :4], atol=1e-5)
    assert np.allclose(mean_similarity(x, y), crowd_x, atol=1e-6)
    some = np.array([7, 3])
    assert np.array_equal(csls(x, y, 4, queries=some)[1], indices[some])


def test_inverted_softmax_is_its_definition():
    x, y = unit(cloud(50)), unit(cloud(60, seed=1))
    scores = 30 * x @ y.T
    full = scores - np.log(np.exp(scores).sum(axis=0))
    found, indices = inverted_softmax(x, y, 3)
    assert np.array_equal(indices, np.argsort(-full, axis=1)[:, :3])
    assert np.allclose(found, -np.sort(-full, axis=1)[:, :3], atol=1e-4)


def test_csls_avoids_a_hub_that_cosine_falls_for():
    y = unit(cloud(400, 40, 1))
    hub = unit(y.mean(axis=0, keepdims=True))
    x = unit(0.65 * y + hub + 0.05 * cloud(400, 40, 2))
    y = np.vstack([y, hub])
    by_cosine = best_targets(x, y, 1, scoring="cosine")[1][:, 0]
    by_csls = best_targets(x, y, 1, scoring="csls")[1][:, 0]
    assert (by_cosine == 400).mean() > 0.9
    assert (by_csls == np.arange(400)).mean() > 0.7


def test_unknown_scoring_names_the_known_ones():
    with pytest.raises(InputError, match="inverted-softmax"):
        best_targets(cloud(3), cloud(3), 1, scoring="euclid")


def test_blocks_of_keys_change_nothing(monkeypatch):
    rng = np.random.default_rng(3)
    x, y = (rng.standard_normal((n, 12)).astype(np.float32) for n in (60, 150))
    y[100:120] = y[:20]  # equal scores across blocks
    whole = csls(x, y, 5)
    monkeypatch.setattr("distmatch.retrieval.scoring._BLOCK", 40)
    parts = csls(x, y, 5)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))
