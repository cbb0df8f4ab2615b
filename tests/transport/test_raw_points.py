"""Solvers on raw points of any scale against POT, in float64: costs, marginals, masses, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import distmatch as dm  # noqa: E402


def clouds(seed: int):
    """Raw points of a random size, scale, offset and mass; every third has points without mass."""
    random = np.random.default_rng(seed)
    n, m = random.integers(1, 61, 2)
    d, scale = int(random.integers(1, 12)), 10 ** random.uniform(-3, 3)
    x = scale * random.normal(size=(n, d))
    y = scale * (random.normal(size=(m, d)) + 3 * random.normal(size=d) * (seed % 2))
    a, b = random.random(n), random.random(m)
    if seed % 3 == 0:
        a[: n // 3] = 0
    return x, y, a / a.sum(), b / b.sum(), random


def squared(x, y):
    return ((x[:, None] - y) ** 2).sum(-1)


@pytest.mark.parametrize("seed", range(6))
def test_sinkhorn_of_raw_points_is_that_of_pot(seed):
    ot = pytest.importorskip("ot")
    x, y, a, b, _ = clouds(seed)
    cost, some = squared(x, y), a > 0
    epsilon = (None, 0.05, 0.005)[seed % 3]
    found = dm.sinkhorn(x, y, a, b, None if epsilon is None else epsilon * cost.mean())
    plan = found.dense()
    assert found.converged and abs(plan.sum(1) - a).sum() < 1e-6 > abs(plan.sum(0) - b).sum()
    theirs = ot.sinkhorn(
        a[some], b, cost[some], found.epsilon, method="sinkhorn_log", stopThr=1e-9, numItermax=10_000, warn=False
    )  # fmt: skip
    assert (plan * cost).sum() <= 1.001 * (theirs * cost[some]).sum()
    assert np.isfinite(found.barycentre()).all() and np.isfinite(found.f).all()


@pytest.mark.parametrize("seed", range(4))
def test_unbalanced_masses_are_respected(seed):
    """No other plan near it has a lower objective, and the mass moves with the masses given."""
    x, y, a, b, random = clouds(seed)
    a, b = 3.0 * a, 0.7 * b
    cost = squared(x, y)
    rho, epsilon = cost.mean() * 10 ** random.uniform(-1.5, 0.5), 0.05 * cost.mean()

    def kl(p, q):
        return (
            np.where(p > 0, p * np.log(np.maximum(p, 1e-300) / np.maximum(q, 1e-300)), 0) - p + q
        ).sum()

    def objective(plan):
        reference = np.outer(a, b)
        sides = kl(plan.sum(1), a) + kl(plan.sum(0), b)
        return (plan * cost).sum() + epsilon * kl(plan, reference) + rho * sides

    found = dm.sinkhorn(x, y, a, b, epsilon, unbalanced=rho)
    plan = found.dense()
    assert found.converged
    for _ in range(5):
        other = plan * np.exp(0.01 * random.normal(size=plan.shape))
        assert objective(plan) <= objective(other)
    assert objective(plan) <= min(objective(0.99 * plan), objective(1.01 * plan))


def test_one_side_may_be_held_exactly():
    x, y, a, b, _ = clouds(1)
    found = dm.sinkhorn(x, y, 2 * a, b, unbalanced=(None, float(squared(x, y).mean())))
    assert found.converged and np.abs(found.marginals()[0] - 2 * a).sum() < 1e-6
    assert found.dense().sum() == pytest.approx(2)


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("epsilon", [0.05, 1e-30])
def test_epsilon_far_below_the_cost_never_claims_what_the_plan_is_not(scale, epsilon):
    random = np.random.default_rng(0)
    x, y = (scale * random.normal(size=(n, 10)).astype(np.float32) for n in (60, 50))
    found = dm.sinkhorn(x, y, epsilon=epsilon, iterations=100)
    plan = found.dense()
    assert plan.sum() == pytest.approx(1, abs=1e-3) and found.epsilon >= epsilon
    if found.converged:
        assert abs(plan.sum(1) - 1 / 60).sum() < 2e-3
    else:
        assert found.error > 1e-7


def test_units_do_not_change_the_plan():
    x, y, a, b, _ = clouds(2)
    one, two = (dm.sinkhorn(s * x, s * y, a, b).dense() for s in (1.0, 1e3))
    assert np.abs(one - two).sum() < 1e-6
    far = dm.sinkhorn(x + 1e4, y + 1e4, a, b).dense()
    assert np.abs(one - far).sum() < 1e-4


WRONG = [
    {"epsilon": np.inf}, {"epsilon": np.nan}, {"epsilon": -1.0}, {"epsilon": 0}, {"tolerance": np.nan}, {"iterations": 0},
    {"unbalanced": np.inf}, {"unbalanced": -1.0}, {"unbalanced": (1.0, np.nan)}, {"a": np.array([1.0, -1, 1])},
    {"a": np.array([1.0, np.nan, 1])}, {"a": np.zeros(3)}, {"a": np.ones(2)}, {"a": np.array([1, 1, np.inf])},
    {"chunk": 0}, {"schedule": [np.inf]},
]  # fmt: skip


@pytest.mark.parametrize("given", WRONG, ids=str)
def test_wrong_parameters_are_refused(given):
    with pytest.raises(dm.InputError):
        dm.sinkhorn(np.eye(3), np.eye(3), **given)


def test_points_that_are_not_finite_are_refused():
    bad = np.eye(3)
    bad[1, 1] = np.nan
    with pytest.raises(dm.InputError, match="y: row 1 has NaN"):
        dm.sinkhorn(np.eye(3), bad)
