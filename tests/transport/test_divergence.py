"""Divergences: zero for equal clouds, known values, and order."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from distmatch.transport.assignment import assign, exact_plan  # noqa: E402
from distmatch.transport.divergence import (  # noqa: E402
    maximum_mean_discrepancy,
    sinkhorn_divergence,
    sliced_wasserstein,
)


def gaussian(n: int, d: int, seed: int):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_translation_moves_the_sinkhorn_divergence_by_its_square():
    # S(x, x + t) is |t|^2 exactly, at any epsilon (Feydy et al. 2019).
    x = gaussian(100, 3, 0)
    found = sinkhorn_divergence(x, x + torch.tensor([1.0, 2.0, 0.0]), 0.5, 5000, 1e-9)
    assert found.converged and found.value == pytest.approx(5.0, abs=1e-5)
    assert sinkhorn_divergence(x, x.flip(0), 0.5, 5000, 1e-9).value == pytest.approx(0, abs=1e-6)


def test_sliced_wasserstein_of_a_translation_is_its_length_over_the_root_of_d():
    x = gaussian(300, 4, 1)
    moved = x + torch.tensor([3.0, 0, 0, 0])
    assert sliced_wasserstein(x, moved, projections=4000) == pytest.approx(3 / 2, rel=0.05)
    assert sliced_wasserstein(x, x.flip(0)) == pytest.approx(0, abs=1e-9)
    assert sliced_wasserstein(x, gaussian(200, 4, 2)) < 0.5 * sliced_wasserstein(x, moved)


def test_mmd_tells_clouds_apart_and_is_zero_in_the_mean_for_equal_ones():
    same = [
        maximum_mean_discrepancy(gaussian(80, 3, s), gaussian(60, 3, s + 50)) for s in range(20)
    ]
    other = maximum_mean_discrepancy(gaussian(80, 3, 0), gaussian(60, 3, 50) + 1)
    assert abs(sum(same) / 20) < 5e-3 and other > 5 * max(same)
    assert maximum_mean_discrepancy(
        gaussian(80, 3, 0), gaussian(60, 3, 50), chunk=7
    ) == pytest.approx(same[0])


def test_exact_plan_of_equal_masses_is_the_assignment():
    pytest.importorskip("ot")
    cost = torch.cdist(gaussian(30, 2, 0), gaussian(30, 2, 1)) ** 2
    rows, columns = assign(-cost)
    plan = exact_plan(cost)
    assert float((plan * cost).sum()) == pytest.approx(float(cost[rows, columns].mean()))
    assert torch.allclose(plan.sum(1), torch.full((30,), 1 / 30, dtype=torch.float64))
