"""The joint transformer: f read off embeddings that agree, seeds apart, windows of both sides."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from distmatch.matching.joint.jointmodel import JointModel  # noqa: E402


def cycle(n: int, size: int, seed: int) -> np.ndarray:
    """Symbols that mostly count upwards: easy to learn, each symbol with a part of its own."""
    rng = np.random.default_rng(seed)
    return np.cumsum(1 + (rng.random(n) < 0.1) * rng.integers(0, 3, n)) % size


def test_f_is_read_off_embeddings_that_agree():
    """Planted: Y's rows are X's rows, permuted, turned by an offset common to the side."""
    rng = np.random.default_rng(0)
    key = rng.permutation(12)
    x = rng.normal(size=(12, 8))
    y = np.empty_like(x)
    y[key] = x + 0.1 * rng.normal(size=x.shape) + 3.0
    table, matched, others = JointModel(width=8)._read(np.vstack([x, y]), 12)
    assert (table[key] == np.arange(12)).all() and matched > 0.9 > 0.3 > abs(others)


def test_an_anchor_is_one_symbol_of_both_sides():
    model = JointModel(anchor=4)
    side = model._side(np.array([0, 4, 3]), 5)
    assert side.tolist() == [5, 4, 8]
    table, _, _ = model._read(np.random.default_rng(0).normal(size=(10, 32)), 5)
    assert table[4] == 4 and sorted(table) == list(range(5))


def test_seeds_together_are_the_seeds_apart_and_learning_learns():
    x, y = cycle(4_000, 6, 0), (cycle(4_000, 6, 1) + 2) % 6
    settings = {"width": 16, "heads": 2, "context": 8, "batch": 4, "steps": 60, "rate": 0.02}
    model = JointModel(**settings, spread=1.0)
    both = model.match_all([y, y], [x, x], size=6, seeds=[3, 4], held_out=[y[:500]] * 2)
    alone = model.match_all([y], [x], size=6, seeds=[4], held_out=[y[:500]])
    assert both[1].extra["held_out_bits"] == pytest.approx(
        alone[0].extra["held_out_bits"], rel=1e-2
    )
    assert both[0].extra["held_out_bits"] != both[1].extra["held_out_bits"]
    first, last = both[0].history[0]["bits"], both[0].history[-1]["bits"]
    assert last < 0.7 * first and both[0].extra["held_out_bits"] < np.log2(6)
    separate = JointModel(**settings, spread=1.0, separate=True)
    assert separate.match(y, x, size=6, seed=3).bits.data < 4_000 * np.log2(6)


def chain(n: int, matrix: np.ndarray, seed: int) -> np.ndarray:
    """A walk by a matrix of transition probabilities."""
    rng = np.random.default_rng(seed)
    out = np.zeros(n, np.int64)
    for t, draw in enumerate(rng.random(n - 1)):
        out[t + 1] = min(np.searchsorted(matrix[out[t]].cumsum(), draw), len(matrix) - 1)
    return out


@pytest.mark.slow
def test_f_is_found_unaided_from_small_embeddings():
    matrix = np.random.default_rng(3).dirichlet(np.full(10, 0.15), 10)
    x, plain = chain(20_000, matrix, 0), chain(20_000, matrix, 1)
    model = JointModel(width=16, heads=2, context=8, batch=16, steps=300, rate=0.02, spread=0.002)
    seeds = [0, 1, 2, 3]
    keys = [np.random.default_rng(seed).permutation(10) for seed in seeds]
    found = model.match_all([key[plain] for key in keys], [x] * 4, size=10, seeds=seeds)
    right = [np.mean(m.map(key[plain]) == plain) for m, key in zip(found, keys, strict=True)]
    # Read at random, a tenth would be right.
    assert np.mean(right) > 0.5 and max(right) > 0.9, right
