import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distmatch.benchmark import metrics
from distmatch.retrieval.precision import wilson


@settings(deadline=None)  # the first example imports scipy.stats
@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilsons_ends_are_where_the_score_test_is_at_its_limit(n, p):
    k = round(p * n)
    low, high = wilson(k, n)
    for end in {low, high} - {0.0, 1.0}:
        assert (k / n - end) ** 2 == pytest.approx(1.959964**2 * end * (1 - end) / n, abs=1e-6)
    assert low <= k / n <= high


def test_the_interval_of_two_values_is_students():
    mean, low, high = metrics.mean_interval([1.0, 3.0])
    assert mean == 2.0 and high - 2.0 == pytest.approx(12.7062, rel=1e-4) == 2.0 - low


def test_rank_correlation_of_a_monotone_a_reversed_and_a_constant_side():
    assert metrics.rank_correlation([1, 2, 9], [4, 5, 6]) == pytest.approx(1)
    assert metrics.rank_correlation([1, 2, 9], [6, 5, 4]) == pytest.approx(-1)
    assert np.isnan(metrics.rank_correlation([1, 1, 1], [4, 5, 6]))
    assert np.isnan(metrics.rank_correlation([1, 2], [4, 5]))


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
