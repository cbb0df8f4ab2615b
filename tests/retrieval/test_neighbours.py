import numpy as np
import pytest

from distmatch.errors import InputError
from distmatch.retrieval.neighbours import nearest


def rows(n, d, seed):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


@pytest.mark.parametrize("backend", ["faiss", "torch"])
@pytest.mark.parametrize(("n", "m", "k"), [(300, 700, 10), (5, 8, 20), (70, 20_000, 3)])
def test_neighbours_are_those_of_a_full_sort(backend, n, m, k):
    queries, keys = rows(n, 24, 0), rows(m, 24, 1)
    scores, indices = nearest(queries, keys, k, backend=backend)
    full = queries.astype(float) @ keys.T.astype(float)
    order = np.argsort(-full, axis=1, kind="stable")[:, : min(k, m)]
    assert indices.dtype == np.int64 and scores.dtype == np.float32
    assert np.array_equal(indices, order)
    assert np.allclose(scores, np.take_along_axis(full, order, 1), atol=1e-5)


def test_faiss_and_torch_agree_on_ties_and_zero_rows():
    keys = np.repeat(rows(60, 16, 2), 40, axis=0)  # 40 equal keys: more than any margin
    queries = np.vstack([rows(50, 16, 3), np.zeros((2, 16), np.float32), keys[::97]])
    one, other = (nearest(queries, keys, 10, backend=b) for b in ("faiss", "torch"))
    assert np.array_equal(one[1], other[1])
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1][50], np.arange(10))


def test_bad_rows_are_refused():
    with pytest.raises(InputError, match="dimension 4 against keys of dimension 5"):
        nearest(rows(3, 4, 0), rows(3, 5, 0), 1)
    broken = rows(3, 4, 0)
    broken[1, 2] = np.nan
    with pytest.raises(InputError, match="NaN"):
        nearest(broken, rows(3, 4, 0), 1)
