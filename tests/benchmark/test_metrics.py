import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from distmatch.benchmark import metrics


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_agrees_with_scipy(n, p):
    k = round(p * n)
    expected = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert metrics.wilson(k, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 49, 1000])
def test_students_t_agrees_with_scipy(degrees):
    assert metrics.student95(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=5e-3)


@given(st.lists(st.integers(0, 6), min_size=3, max_size=30), st.randoms())
def test_ranks_and_correlation_agree_with_scipy(x, random):
    y = [random.randrange(7) for _ in x]
    assert metrics.ranks(x) == pytest.approx(stats.rankdata(x))
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert metrics.rank_correlation(x, y) == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-9)
    else:
        assert np.isnan(metrics.rank_correlation(x, y))


def test_auc_counts_pairs():
    scores, right = [0.1, 0.4, 0.4, 0.9], [False, False, True, True]
    pairs = [(0.4 > 0.1), 0.5, (0.9 > 0.1), (0.9 > 0.4)]
    assert metrics.area_under_curve(scores, right) == pytest.approx(sum(pairs) / 4)


def test_calibration_of_a_calibrated_and_a_boastful_number():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    right = rng.random(20_000) < p
    assert metrics.calibration_error(p, right) < 0.02
    assert metrics.calibration_error(np.full(1000, 0.99), np.zeros(1000, bool)) == pytest.approx(
        0.99
    )


def test_groups_of_answers_are_of_one_size_and_lose_none():
    p = np.random.default_rng(0).random(100)
    groups = metrics.calibration_groups(p, p > 0.5)
    assert [n for *_, n in groups] == [13, 13, 13, 13, 12, 12, 12, 12]
    assert sum(n * mean for mean, _, n in groups) == pytest.approx(p.sum())
    assert groups[0][1] == 0 and groups[-1][1] == 1
    assert len(metrics.calibration_groups([0.2, 0.4], [True, False])) == 1


def test_interval_of_a_mean_covers_it():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        _, low, high = metrics.mean_interval(list(rng.normal(3, 2, 5)))
        covered += low <= 3 <= high
    assert 0.92 <= covered / 400 <= 0.98
    assert metrics.mean_interval([1.0])[1:] == (-np.inf, np.inf)
