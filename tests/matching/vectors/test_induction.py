"""Mutual neighbours by CSLS against the definition, written out."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def unit(n: int, d: int, seed: int):
    rows = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@pytest.mark.parametrize(("n", "m"), [(300, 400), (512, 90)])
def test_pairs_are_those_of_the_definition(n, m):
    from distmatch.matching.vectors.induction import mutual_neighbours

    x, y = unit(n, 12, 0), unit(m, 12, 1)
    cosines = (x @ y.T).numpy().astype(np.float64)
    crowd_x = np.sort(cosines, axis=1)[:, -10:].mean(axis=1)
    crowd_y = np.sort(cosines, axis=0)[-10:].mean(axis=0)
    scores = 2 * cosines - crowd_x[:, None] - crowd_y
    best, back = scores.argmax(axis=1), scores.argmax(axis=0)
    expected = [(i, j) for i, j in enumerate(best) if back[j] == i]
    found = mutual_neighbours(x, y)
    assert list(zip(found.source.tolist(), found.target.tolist(), strict=True)) == expected
    np.testing.assert_allclose(found.score, [scores[p] for p in expected], atol=1e-5)
    both = mutual_neighbours(x, y, union=True)
    assert both.target[:n].tolist() == best.tolist() and both.source[n:].tolist() == back.tolist()


def test_crowds_of_grouped_rows_are_close_to_exact():
    from distmatch.matching.vectors.induction import mutual_neighbours

    x, y = unit(3000, 20, 2), unit(1000, 20, 3)
    exact = (x @ y.T).topk(10, dim=0).values.mean(dim=0)
    assert ((mutual_neighbours(x, y).crowd[1] - exact) / exact).abs().max() < 0.03


def test_symmetric_weights_of_a_rotation_are_the_rotation():
    from distmatch.matching.vectors.reweighting import symmetric_weights

    x = unit(200, 8, 4)
    turn = torch.linalg.qr(torch.from_numpy(np.random.default_rng(5).standard_normal((8, 8))))[0]
    y = x @ turn.float()
    a, b = symmetric_weights(x, y)
    np.testing.assert_allclose((x @ a).numpy(), (y @ b).numpy(), atol=1e-5)
    np.testing.assert_allclose((x @ a).norm(dim=1), 1.0, atol=1e-4)


def test_soft_moment_in_blocks_is_that_of_the_whole_plan(monkeypatch):
    from distmatch.matching.vectors import induction

    random = torch.Generator().manual_seed(4)
    x, y = (torch.randn(n, d, generator=random) for n, d in ((90, 7), (70, 5)))
    a, b = (
        torch.nn.functional.normalize(torch.randn(n, 6, generator=random), dim=1) for n in (90, 70)
    )
    monkeypatch.setattr(induction, "BLOCK", 1000)
    found, best = induction.soft_moment(x, y, (a, b), temperature=0.1)
    cosines = a @ b.T
    crowds = cosines.topk(10, 1).values.mean(1), cosines.topk(10, 0).values.mean(0)
    scores = 2 * cosines - crowds[0][:, None] - crowds[1]
    plan = torch.softmax(scores / 0.1, 1) + torch.softmax(scores / 0.1, 0)
    assert torch.allclose(found, x.T @ plan @ y / 160, atol=1e-5)
    assert abs(best - float(scores.max(1).values.mean())) < 1e-5
