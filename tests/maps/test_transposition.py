import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distmatch.errors import InputError
from distmatch.maps.transposition import Transposition, candidates, parse_transposition


@settings(max_examples=30, deadline=None)
@given(st.integers(30, 130), st.integers(5, 13))
def test_every_candidate_is_a_permutation(n, width):
    number = 0
    for order in candidates(n, width):
        assert np.array_equal(np.sort(order.indices(n)), np.arange(n)), order.label
        number += 1
    assert number > 20


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("columns", [0, 3, 6, 1, 4, 7, 2, 5, 8]),
        ("boustrophedon", [0, 1, 2, 5, 4, 3, 6, 7, 8]),
        ("spiral", [0, 1, 2, 5, 8, 7, 6, 3, 4]),
        ("diagonals", [0, 3, 1, 6, 4, 2, 7, 5, 8]),
    ],
)
def test_routes_over_a_square(family, expected):
    found = list(Transposition(family, 3).indices(9))
    if (
        family == "diagonals"
    ):  # either direction along a diagonal is a route; each diagonal stays together
        cuts = [0, 1, 3, 6, 8, 9]
        assert [sorted(found[a:b]) for a, b in itertools.pairwise(cuts)] == [
            [0],
            [1, 3],
            [2, 4, 6],
            [5, 7],
            [8],
        ]
    else:
        assert found == expected


def test_a_knight_like_step_over_the_torus():
    order = Transposition("step", 5, (3,), 1, 2).indices(15)
    assert list(order[:4]) == [0, 7, 14, 1]


def test_sections_are_read_one_after_the_other():
    order = Transposition("columns", 2, (2, 1)).indices(8)
    assert list(order) == [0, 2, 1, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "order",
    [
        Transposition("step", 17, (9, 9), 1, 2),
        Transposition("columns", 8, backwards=True),
        Transposition("decimation", 10, (), 0, 7),
        Transposition("keyed", 5, order=(3, 0, 4, 1, 2)),
    ],
)
def test_a_label_is_read_back(order):
    assert parse_transposition(order.label) == order


@pytest.mark.parametrize(
    "bad",
    ["", "zigzag width 3", "columns", "columns width x", "columns width", "keyed order 0,0,1", "step width 5"],
)  # fmt: skip
def test_bad_transpositions(bad):
    with pytest.raises(InputError):
        parse_transposition(bad)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(6)), st.integers(6, 50))
def test_keyed_columns_are_a_permutation_and_undo_the_writing(order, n):
    keyed = Transposition("keyed", 6, order=tuple(order))
    assert np.array_equal(np.sort(keyed.indices(n)), np.arange(n))
    rows = [list(range(n))[i : i + 6] for i in range(0, n, 6)]
    cipher = [row[c] for c in order for row in rows if c < len(row)]
    assert list(np.array(cipher)[keyed.indices(n)]) == list(range(n))
