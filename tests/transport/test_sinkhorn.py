"""Sinkhorn against POT in float64, streaming against dense, marginals, unbalanced masses."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from distmatch.errors import InputError  # noqa: E402
from distmatch.transport.sinkhorn import epsilon_schedule, sinkhorn  # noqa: E402


def points(n: int, m: int, d: int, dtype=torch.float64, seed: int = 0):
    random = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(k, d, generator=random, dtype=dtype) for k in (n, m))
    return torch.nn.functional.normalize(x, dim=1), torch.nn.functional.normalize(y, dim=1)


@pytest.mark.parametrize("epsilon", [0.5, 0.05])
@pytest.mark.parametrize("dense", [True, False])
def test_matches_pot_log_sinkhorn(epsilon, dense):
    ot = pytest.importorskip("ot")
    x, y = points(120, 90, 10)
    a = torch.arange(1, 121, dtype=torch.float64)
    b = torch.ones(90, dtype=torch.float64)
    expected = ot.sinkhorn(
        a / a.sum(), b / b.sum(), torch.cdist(x, y) ** 2, epsilon,
        method="sinkhorn_log", stopThr=1e-11, numItermax=10_000,
    )  # fmt: skip
    found = sinkhorn(x, y, a, b, epsilon, 10_000, 1e-10, dense=dense, chunk=50)
    assert found.converged
    assert float((found.dense() - expected).abs().sum()) < 1e-8


@pytest.mark.parametrize("epsilon", [0.2, 0.02])
def test_streaming_and_dense_agree_in_float32(epsilon):
    x, y = points(700, 500, 50, torch.float32)
    one, two = (
        sinkhorn(x, y, epsilon=epsilon, iterations=300, tolerance=0, dense=dense, chunk=128)
        for dense in (False, True)
    )
    # At tolerance 0 both do all the iterations, so their potentials must be the same numbers.
    assert float((one.f - two.f).abs().max()) < 1e-5
    assert float((one.g - two.g).abs().max()) < 1e-5
    assert float((one.dense() - two.dense()).abs().sum()) < 1e-4


def test_marginals_hold_at_small_epsilon_and_the_error_reported_is_theirs():
    x, y = points(300, 300, 5)
    found = sinkhorn(
        x, y, epsilon=1e-3, iterations=20_000, tolerance=1e-4, schedule=epsilon_schedule(1.0, 1e-3)
    )
    rows, columns = found.marginals()
    assert found.converged and found.error <= 1e-4
    assert abs(float((rows - found.a).abs().sum()) - found.error) < 1e-8
    assert float((columns - found.b).abs().sum()) < 1e-10
    assert abs(float(found.dense().sum()) - 1) < 1e-8


def test_unconverged_is_said_and_its_error_is_true():
    x, y = points(200, 200, 3)
    found = sinkhorn(x, y, epsilon=1e-3, iterations=3, tolerance=1e-6)
    assert not found.converged and found.iterations == 3
    assert float((found.marginals()[0] - found.a).abs().sum()) == pytest.approx(
        found.error, rel=1e-6
    )


def test_columns_out_of_reach_of_float_underflow_still_get_their_mass():
    x, y = points(50, 40, 5, torch.float32)
    y[0] += 10  # its scores are e^-10000 of the others'
    found = sinkhorn(x, y, epsilon=0.05, iterations=2000, tolerance=1e-3)
    assert found.converged
    assert float(found.marginals()[1][0]) == pytest.approx(1 / 40, rel=2e-2)


def test_unbalanced_matches_pot():
    ot = pytest.importorskip("ot")
    x, y = points(60, 50, 5)
    a, b = torch.full((60,), 1 / 60).double(), torch.full((50,), 1 / 50).double()
    expected = ot.unbalanced.sinkhorn_unbalanced(
        a, b, torch.cdist(x, y) ** 2, 0.1, 0.5, reg_type="kl", stopThr=1e-12, numItermax=5000
    )
    found = sinkhorn(x, y, epsilon=0.1, unbalanced=0.5, tolerance=1e-11, iterations=5000)
    assert found.converged
    assert float((found.dense() - expected).abs().sum()) < 1e-7
    assert float(found.dense().sum()) < 0.99  # mass is lost where it costs too much


def test_small_epsilon_approaches_the_exact_plan():
    from distmatch.transport.assignment import exact_plan

    pytest.importorskip("ot")
    x, y = points(60, 45, 4)
    a, cost = torch.arange(1, 61).double(), torch.cdist(x, y) ** 2
    exact = exact_plan(cost, a)
    assert torch.allclose(exact.sum(1), a / a.sum()) and torch.allclose(
        exact.sum(0), torch.full((45,), 1 / 45).double()
    )
    found = sinkhorn(
        x,
        y,
        a,
        epsilon=1e-3,
        iterations=20_000,
        tolerance=1e-4,
        schedule=epsilon_schedule(1.0, 1e-3),
    )
    assert found.converged
    lowest = float((cost * exact).sum())
    assert lowest - 1e-4 <= float((cost * found.dense()).sum()) <= lowest + 5e-3


def test_apply_barycentre_moment_and_best_are_those_of_the_dense_plan():
    x, y = points(80, 70, 6)
    found = sinkhorn(x, y, epsilon=0.1, chunk=32)
    plan = found.dense()
    assert torch.allclose(found.apply(y), plan @ y)
    assert torch.allclose(found.barycentre(), (plan @ y) / plan.sum(1, keepdim=True))
    assert torch.allclose(found.moment(x, y), x.T @ plan @ y)
    assert torch.equal(found.best(), plan.argmax(1))
    assert torch.allclose(found.transposed.dense(), plan.T)


def test_bad_input_is_said():
    x, y = points(5, 6, 3)
    with pytest.raises(InputError, match="same dimension"):
        sinkhorn(x, y[:, :2])
    with pytest.raises(InputError, match="5 positive numbers"):
        sinkhorn(x, y, a=torch.zeros(5))
    with pytest.raises(InputError, match="epsilon"):
        sinkhorn(x, y, epsilon=0.0)
