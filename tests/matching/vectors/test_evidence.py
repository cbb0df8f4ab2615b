"""The evidence for a map without gold: what it credits, and what it must not."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch.nn.functional import normalize  # noqa: E402

from distmatch.matching.vectors.evidence import Control, confidence, held_out, measure  # noqa: E402
from distmatch.matching.vectors.fitting import self_learn  # noqa: E402
from distmatch.matching.vectors.induction import mutual_neighbours  # noqa: E402
from distmatch.transport.procrustes import procrustes  # noqa: E402

D = 30


@pytest.fixture(scope="module")
def turned():
    """Skewed cloud, the same turned with noise, and the turn."""
    noise = torch.Generator().manual_seed(0)
    spread = torch.linspace(1.5, 0.5, D)
    x = (torch.rand(2000, D, generator=noise).log().neg() - 1) * spread
    turn = procrustes(torch.randn(D, D, generator=noise))
    y = x @ turn + 0.4 * torch.randn(2000, D, generator=noise)
    x, y = (normalize(z - z.mean(dim=0), dim=1) for z in (x, y))
    return x, y, turn


def random_map(seed: int = 3) -> torch.Tensor:
    return procrustes(torch.randn(D, D, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("ranked", [True, False])
def test_right_map_is_believed_and_learned_wrong_one_is_not(turned, ranked):
    x, y, turn = turned
    control = Control.of(x, y)
    right, _ = measure(x, y, turn, control, ranked=ranked)
    wrong, _ = measure(x, y, self_learn(x, y, random_map(), steps=20)[0], control, ranked=ranked)
    assert right.skewness > 0.8 and confidence(right) > 0.9
    assert abs(wrong.gain) < 0.3 and confidence(wrong) < 0.5


def test_rows_that_took_part_do_not_count(turned):
    """A map fitted to its own neighbours brings them close in noise too; rows left out of the fit show it."""
    noise = torch.Generator().manual_seed(1)
    x, y = (normalize(torch.randn(300, D, generator=noise), dim=1) for _ in range(2))
    learned, pairs = self_learn(x, y, random_map(), steps=20)
    start = mutual_neighbours(normalize(x @ random_map(4), dim=1), y)
    assert pairs.score.mean() > start.score.mean() + 0.1
    assert held_out(x, y, learned) < pairs.score.mean() - 0.1


def test_poor_map_is_not_credited_with_what_self_learning_makes_of_it(turned):
    x, y, turn = turned
    poor = procrustes(turn + 0.35 * torch.randn(D, D, generator=torch.Generator().manual_seed(5)))
    better, _ = self_learn(x, y, poor, steps=5)
    assert float((better - turn).norm()) < 0.5 * float((poor - turn).norm())
    control = Control.of(x, y)
    given, found = (measure(x, y, one, control)[0] for one in (poor, better))
    assert given.gain < found.gain - 0.5
    assert confidence(given) < 0.1 < 0.9 < confidence(found)


def test_mirrored_direction_shows_in_third_moments(turned):
    x, y, turn = turned
    control = Control.of(x, y)
    mirrored = turn.clone()
    mirrored[0] = -mirrored[0]
    right, wrong = (measure(x, y, one, control)[0].skewness for one in (turn, mirrored))
    assert wrong < right - 0.1
