"""Couplings of spaces that no rotation joins: costs, the matcher, the map both ways, the metric, the command."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from distmatch.__main__ import main  # noqa: E402
from distmatch.errors import InputError  # noqa: E402
from distmatch.maps.couplingmap import CouplingMap  # noqa: E402
from distmatch.matching.align import known_pairs  # noqa: E402
from distmatch.matching.vectors.gromovcoupling import GromovCoupling  # noqa: E402
from distmatch.matching.vectors.rowcosts import given_costs, row_costs  # noqa: E402
from distmatch.retrieval.precision import foscttm  # noqa: E402


def curve(n: int = 150, seed: int = 0):
    """Points along a line of uneven density, bent into three dimensions and into five: no linear map joins them."""
    random = np.random.default_rng(seed)
    t = np.sort(random.beta(1, 2.5, n))
    x = np.c_[np.cos(4 * t), np.sin(4 * t), t] + 0.01 * random.normal(size=(n, 3))
    y = np.c_[t**2, np.sin(5 * t), np.cos(5 * t), np.exp(t), t] + 0.01 * random.normal(size=(n, 5))
    return x.astype(np.float32), y.astype(np.float32), random.permutation(n)


def test_costs_are_those_of_their_factors():
    x, _, _ = curve()
    exact = np.linalg.norm(x[:, None] - x, axis=2)
    found = row_costs(x, "euclidean", rank=150)
    made = found.factors * found.signs @ found.factors.T
    np.testing.assert_allclose(made, exact / np.sqrt((exact**2).mean()), atol=1e-3)
    some = row_costs(x, "euclidean", rank=30, landmarks=60)
    rough = some.factors * some.signs @ some.factors.T
    assert np.corrcoef(rough.ravel(), exact.ravel())[0, 1] > 0.99
    with pytest.raises(InputError, match="symmetric"):
        given_costs(np.triu(np.ones((4, 4))))
    with pytest.raises(InputError, match="unknown cost"):
        row_costs(x, "manhattan")


def test_graph_costs_count_edges_and_join_parts_that_no_path_does():
    line = np.linspace(0.2, 1.2, 12)
    circle = np.c_[np.cos(line), np.sin(line)]
    both = np.r_[circle, -circle]
    found = row_costs(both, "graph", neighbours=1, rank=24)
    made = found.factors * found.signs @ found.factors.T
    assert np.allclose(np.diag(made), 0, atol=1e-6) and (made[:12, 12:] > 0.99 * made.max()).all()


def test_a_bent_curve_is_matched_without_pairs_and_moved_both_ways():
    x, y, order = curve()
    match = GromovCoupling(neighbours=8).match(x, y[order], seed=0)
    assert match.confidence is None and not match.believed
    inverse = np.argsort(order)
    assert foscttm(match.map(x), y) < 0.15
    assert foscttm(match.map.back(y[order])[inverse], x) < 0.15
    plan = match.map.dense()
    assert abs(plan.sum(1) - 1 / 150).sum() < 1e-2 and abs(plan.sum(0) - 1 / 150).sum() < 1e-2
    np.testing.assert_allclose(match.map(x), plan @ y[order] / plan.sum(1, keepdims=True), atol=1e-4)  # fmt: skip
    assert match.extra["gw_cost"] < 0.5 * match.extra["product_cost"]
    with pytest.raises(InputError, match="no others"):
        match.map(x[:100])


def test_foscttm_by_hand():
    x = np.array([[0.0], [1.0], [2.0]])
    assert foscttm(x, x) == 0
    # Row 0 is at 2 and its partner at 0: both others are nearer from either side, and so on by hand.
    moved = np.array([[2.0], [1.0], [0.0]])
    assert foscttm(moved, x) == pytest.approx((2 + 0 + 2 + 2 + 0 + 2) / 12)
    random = np.random.default_rng(0)
    assert foscttm(random.normal(size=(500, 3)), random.normal(size=(500, 3))) == pytest.approx(0.5, abs=0.05)  # fmt: skip


def test_the_command_writes_a_coupling(tmp_path, capsys):
    x, y, order = curve()
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y[order])
    sides = [str(tmp_path / "x.npy"), str(tmp_path / "y.npy")]
    out = tmp_path / "d"
    code = main(["align", *sides, "--map", "coupling", "--cost", "graph", "--json", "--out", str(out)])  # fmt: skip
    result = json.loads(capsys.readouterr().out)
    assert code == 1 and result["confidence"] is None and result["bits"] is None
    assert result["method"] == "coupling" and 0 < result["evidence"]["gw_cost"] < 1
    loaded = CouplingMap.load(out / "map.safetensors")
    assert loaded.dense().sum() == pytest.approx(1, abs=0.05)
    assert main(["align", *sides, "--cost", "graph"]) == 2
    assert "add --map coupling" in capsys.readouterr().err
    assert main(["align", *sides, "--map", "coupling", "--method", "gromov"]) == 2
    assert "Leave out --method" in capsys.readouterr().err


def test_a_sample_of_the_rows_carries_the_others():
    """A branching tree: half of the rows are matched, and all have their marginals and a place near their own."""
    random = np.random.default_rng(1)
    branch = random.choice(3, 400, p=[0.5, 0.3, 0.2])
    along = random.random(400) * np.array([3.0, 2.0, 1.0])[branch]
    x = along[:, None] * random.normal(size=(3, 12))[branch] + 0.02 * random.normal(size=(400, 12))
    y = np.tanh(x @ random.normal(size=(12, 9)) / 3)
    order = random.permutation(400)
    match = GromovCoupling(rows=200).match(x.astype(np.float32), y[order].astype(np.float32))
    assert match.extra["marginal_error"] < 2e-3
    assert match.extra["sample_cost"] is not None
    assert foscttm(match.map(x.astype(np.float32)), y) < 0.25


def test_known_pairs_turn_a_coupling_to_their_side():
    """A circle with a bump has a mirror image of nearly one cost; pairs say which side is which."""
    angle = np.linspace(0, 2 * np.pi, 150, endpoint=False)
    x = np.stack([np.cos(angle), np.sin(angle), 0.3 * np.cos(2 * angle)], 1).astype(np.float32)
    for there in (np.arange(150), -np.arange(150) % 150):
        pairs = [(i, int(there[i])) for i in range(0, 150, 15)]
        match = GromovCoupling(neighbours=6, pairs=known_pairs(pairs)).match(x, x)
        assert np.abs(match.map(x) - x[there]).mean() < 0.2
