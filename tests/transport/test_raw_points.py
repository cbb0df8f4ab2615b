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


def gromov_problem(seed: int):
    random = np.random.default_rng(seed)
    n, m, d, k = (int(v) for v in (*random.integers(2, 41, 2), *random.integers(1, 8, 2)))
    x, y = random.normal(size=(n, d)), random.normal(size=(m, k))
    if seed % 3 == 1:
        x, y = x + 2 * random.normal(size=d), y + 2 * random.normal(size=k)
    if seed % 3 == 2:  # turned, noisy, shuffled
        turn = np.linalg.qr(random.normal(size=(d, d)))[0]
        y = (x @ turn + 0.1 * random.normal(size=x.shape))[random.permutation(n)]
    scale = 10 ** random.uniform(-3, 3)
    a, b = (random.random(len(z)) + 0.1 if seed % 2 else np.ones(len(z)) for z in (x, y))
    return scale * x, scale * y, a / a.sum(), b / b.sum()


def gromov_cost(x, y, a, b, plan):
    one, two = x @ x.T, y @ y.T
    return a @ one**2 @ a + b @ two**2 @ b - 2 * ((x.T @ plan @ y) ** 2).sum()


@pytest.mark.parametrize("seed", range(9))
def test_gromov_of_raw_points_costs_no_more_than_that_of_pot(seed):
    ot = pytest.importorskip("ot")
    x, y, a, b = gromov_problem(seed)
    found = dm.gromov_wasserstein(x, y, a=a, b=b)
    plan = found.coupling.dense()
    ours, product = (gromov_cost(x, y, a, b, p) for p in (plan, np.outer(a, b)))
    assert abs(plan.sum(1) - a).sum() < 1e-6 > abs(plan.sum(0) - b).sum()
    assert found.converged and found.cost == pytest.approx(ours, rel=1e-4, abs=1e-9 * product)
    assert np.abs(found.moment - x.T @ plan @ y).max() < 1e-2 * np.abs(found.moment).max()
    size = np.abs(x @ x.T).max()
    theirs = ot.gromov.entropic_gromov_wasserstein(
        x @ x.T / size, y @ y.T / size, a, b, "square_loss", epsilon=0.05, solver="PPA", max_iter=100, warn=False,
    )  # fmt: skip
    assert ours <= 1.01 * gromov_cost(x, y, a, b, theirs) + 1e-6 * product


def test_centred_points_do_not_stay_at_the_saddle():
    random = np.random.default_rng(3)
    x = random.normal(size=(60, 4)) * [2, 1.5, 1, 0.5]
    x -= x.mean(0)
    y = x[random.permutation(60)] @ np.linalg.qr(random.normal(size=(4, 4)))[0]
    one = np.full(60, 1 / 60)
    product = gromov_cost(x, y, one, one, np.outer(one, one))
    found = dm.gromov_wasserstein(x, y)
    assert found.converged
    assert gromov_cost(x, y, one, one, found.coupling.dense()) < 1e-3 * product
    # Proximal points that are far too sharp for three Sinkhorn iterations a step say so.
    sharp = dm.gromov_wasserstein(x, y, 0.5)
    off = abs(sharp.coupling.dense().sum(1) - 1 / 60).sum()
    assert sharp.coupling.error == pytest.approx(off, rel=1e-3) and not sharp.converged


@pytest.mark.parametrize(
    "given",
    [{"epsilon": np.inf}, {"epsilon": np.nan}, {"epsilon": -1}, {"steps": 0}, {"frequency": -1.0}, {"a": np.zeros(3)},
     {"a": np.array([1, np.nan, 1])}, {"tolerance": np.nan}, {"starts": 0}],
    ids=str,
)  # fmt: skip
def test_wrong_parameters_of_gromov_are_refused(given):
    with pytest.raises(dm.InputError):
        dm.gromov_wasserstein(np.eye(3), np.eye(3), **given)


def test_one_point_and_points_without_mass_are_fine():
    one = dm.gromov_wasserstein(np.ones((1, 2)), np.ones((3, 1)))
    np.testing.assert_allclose(one.coupling.dense(), np.full((1, 3), 1 / 3), atol=1e-9)
    x = np.random.default_rng(0).normal(size=(12, 3)) + 1
    a = np.r_[np.zeros(4), np.ones(8)]
    found, some = (dm.gromov_wasserstein(p, x, a=w) for p, w in ((x, a), (x[4:], None)))
    np.testing.assert_allclose(found.coupling.dense()[4:], some.coupling.dense(), atol=1e-6)
    assert (found.coupling.dense()[:4] == 0).all() and np.isfinite(
        found.coupling.barycentre()
    ).all()


def test_points_without_mass_on_both_sides_have_no_entries():
    """Near each other and far from all others, they have potentials whose sum overflows exp."""
    generator = torch.Generator().manual_seed(0)
    x, y = (100 * torch.randn(12, 2, generator=generator, dtype=torch.float64) for _ in range(2))
    a, b = (
        torch.cat([torch.ones(8, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)])
        for _ in range(2)
    )
    x[8:] += 1e4
    y[8:] += 1e4
    plan = dm.sinkhorn(x, y, a, b, epsilon=1.0).dense()
    assert plan.isfinite().all() and not plan[8:].any() and not plan[:, 8:].any()
    torch.testing.assert_close(
        plan.sum(), torch.tensor(1.0, dtype=torch.float64), atol=1e-6, rtol=0
    )
