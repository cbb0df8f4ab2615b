"""Matchers by transport on planted rotations."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from distmatch.embeddings.embeddings import Embeddings  # noqa: E402
from distmatch.matching.vectors.profilegromov import ProfileGromov  # noqa: E402
from distmatch.matching.vectors.proximalgromov import ProximalGromov  # noqa: E402
from distmatch.matching.vectors.wasserstein import WassersteinProcrustes  # noqa: E402
from distmatch.planted import unranked_rotation  # noqa: E402


def planted(n: int, d: int, wide: int, noise: float, seed: int):
    made = unranked_rotation(n, d, wide, noise=noise, seed=seed)
    names = tuple(map(str, range(n)))
    x, y = (Embeddings(names, v, None, False) for v in (made.source, made.target))
    return x, y, made.order


def found(match, source, target, order) -> float:
    """Share of rows whose nearest row is their copy."""
    left, right = match.map(source).vectors, match.map.map_target(target).vectors
    left, right = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (left, right))
    return float((order[(left @ right.T).argmax(1)] == np.arange(len(order))).mean())


@pytest.mark.parametrize("wide", [30, 40])
def test_proximal_gromov_recovers_a_rotation_into_any_dimension(wide):
    x, y, order = planted(1000, 30, wide, 0.2, 0)
    match = ProximalGromov.uniform(rows=1000).match(x, y, seed=0)
    assert found(match, x, y, order) > 0.98


PROFILE = ProfileGromov(
    starts=3,
    rounds=2,
    profiled=1500,
    matched=700,
    stages=((800, 5), (1000, 5), (1500, 5)),
    skewness=((16, 500),),
)


def test_profile_gromov_recovers_a_rotation_without_means_or_order_and_believes_it():
    x, y, order = planted(1500, 30, 40, 0.3, 1)
    match = PROFILE.match(x, y, seed=0)
    assert found(match, x, y, order) > 0.95
    assert match.believed
    assert match.map.source.shape == (30, 30) and match.map.target.shape == (40, 30)
    assert len(match.extra["screen"]) == 3  # one round was enough


@pytest.mark.parametrize("kind", ["noise", "coordinates"])
def test_profile_gromov_refuses_unrelated_clouds(kind):
    x, y, _ = planted(1500, 30, 40, 0.3, 1)
    random = np.random.default_rng(3)
    if kind == "noise":
        other = random.standard_normal(y.vectors.shape).astype(np.float32)
    else:
        other = random.permuted(y.vectors, axis=1)
    match = PROFILE.match(x, y.with_vectors(other), seed=0)
    assert match.confidence <= 0.05
    assert len(match.extra["screen"]) == 6  # both rounds were tried


@pytest.mark.slow
def test_profile_gromov_goes_on_where_it_was_killed(tmp_path):
    from distmatch.checkpoint import Checkpoint

    x, y, _ = planted(1500, 30, 40, 0.3, 1)

    class Killed(Exception):
        pass

    def kill(done, total=None, /, **figures):
        if done == 12:
            raise Killed

    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Killed):
        PROFILE.match(x, y, progress=kill, checkpoint=Checkpoint(path, "run"))
    kept = Checkpoint(path, "run")
    assert set(kept.arrays) == {"start 0.0", "start 0.1"}
    resumed, whole = PROFILE.match(x, y, checkpoint=kept), PROFILE.match(x, y)
    assert len(resumed.history) < len(whole.history)
    np.testing.assert_allclose(resumed.map.source, whole.map.source, atol=1e-5)


def test_an_interrupted_profile_gromov_keeps_the_best_so_far():
    x, y, order = planted(1500, 30, 40, 0.3, 1)

    def interrupt(done, total=None, /, **figures):
        if done == 25:  # the starts have ended
            raise KeyboardInterrupt

    match = PROFILE.match(x, y, progress=interrupt)
    assert "stopped early" in match.reason and len(match.history) == 25  # at once
    assert found(match, x, y, order) > 0.8


@pytest.mark.parametrize("batch", [None, 600])
def test_wasserstein_procrustes_improves_a_poor_map(batch):
    x, y, order = planted(800, 20, 20, 0.2, 2)
    matcher = WassersteinProcrustes(batch=batch, steps=8)
    unit = [torch.from_numpy(e.normalized(matcher.normalization).vectors) for e in (x, y)]
    true = torch.linalg.lstsq(unit[0][torch.from_numpy(order)], unit[1]).solution
    noise = torch.Generator().manual_seed(0)
    u, _, v = torch.linalg.svd(true + 0.3 * torch.randn(20, 20, generator=noise))
    poor = u @ v

    def share(w) -> float:
        best = (unit[0] @ w @ unit[1].T).argmax(1).numpy()
        return float((order[best] == np.arange(len(order))).mean())

    learned, plan = matcher.learn(unit[0], unit[1], poor, noise)
    assert share(poor) < 0.5 and share(learned) > 0.98
    assert plan.error < (0.01 if batch is None else 0.3)
