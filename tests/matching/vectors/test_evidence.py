"""The evidence for a map without gold: what it credits, and what it must not."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch.nn.functional import normalize  # noqa: E402

from distmatch.matching.vectors.evidence import (  # noqa: E402
    Evidence,
    Reference,
    confidence,
    explain,
    held_out,
    measure,
)
from distmatch.matching.vectors.fitting import self_learn  # noqa: E402
from distmatch.matching.vectors.induction import mutual_neighbours  # noqa: E402
from distmatch.matching.vectors.null import structureless  # noqa: E402
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


@pytest.fixture(scope="module", params=[True, False], ids=["ranked", "unranked"])
def reference(turned, request):
    return Reference.of(*turned[:2], ranked=request.param), request.param


def random_map(seed: int = 3) -> torch.Tensor:
    return procrustes(torch.randn(D, D, generator=torch.Generator().manual_seed(seed)))


def test_right_map_is_believed_and_learned_wrong_one_is_not(turned, reference):
    x, y, turn = turned
    reference, ranked = reference
    right, _ = measure(x, y, turn, reference, ranked=ranked)
    learned = self_learn(x, y, random_map(), steps=20)[0]
    wrong, _ = measure(x, y, learned, reference, ranked=ranked)
    assert right.fit.skewness > 0.8 and confidence(right) > 0.9
    assert abs(wrong.fit.split - wrong.null.split) < 0.15 and confidence(wrong) < 0.5
    assert (right.fit.rank is None) != ranked
    assert Evidence.from_json(right.to_json()).fit.split == pytest.approx(right.fit.split, abs=1e-4)
    assert len(explain(wrong, 0.1).splitlines()) == (5 if ranked else 4)


def test_rows_that_took_part_do_not_count(turned):
    """A map fitted to its own neighbours brings them close in noise too; rows left out of the fit show it."""
    noise = torch.Generator().manual_seed(1)
    x, y = (normalize(torch.randn(300, D, generator=noise), dim=1) for _ in range(2))
    learned, pairs = self_learn(x, y, random_map(), steps=20)
    start = mutual_neighbours(normalize(x @ random_map(4), dim=1), y)
    assert pairs.score.mean() > start.score.mean() + 0.1
    assert held_out(x, y, learned) < pairs.score.mean() - 0.1


def test_poor_map_is_not_credited_with_what_self_learning_makes_of_it(turned, reference):
    x, y, turn = turned
    poor = procrustes(turn + 0.35 * torch.randn(D, D, generator=torch.Generator().manual_seed(5)))
    better, _ = self_learn(x, y, poor, steps=5)
    assert float((better - turn).norm()) < 0.5 * float((poor - turn).norm())
    reference, ranked = reference
    given, found = (measure(x, y, one, reference, ranked=ranked)[0] for one in (poor, better))
    assert given.held_out < found.held_out - 0.1
    assert confidence(given) < confidence(found) and confidence(found) > 0.9


def test_mirrored_direction_shows_in_third_moments(turned, reference):
    x, y, turn = turned
    mirrored = turn.clone()
    mirrored[0] = -mirrored[0]
    found = [measure(x, y, one, reference[0])[0].fit.skewness for one in (turn, mirrored)]
    assert found[1] < found[0] - 0.1


def test_the_null_keeps_the_spectrum_and_what_frequency_tells_and_loses_the_rest():
    noise = torch.Generator().manual_seed(2)
    centres = 3 * torch.randn(8, D, generator=noise)
    frequent = torch.linspace(2, -2, 2000)[:, None] * torch.eye(D)[0] * 4
    rows = (
        centres[torch.randint(8, (2000,), generator=noise)]
        + frequent
        + torch.randn(2000, D, generator=noise)
    )
    rows = normalize(rows - rows.mean(dim=0), dim=1)
    made = structureless(rows, torch.Generator().manual_seed(0), ranked=True)
    spectra = [torch.linalg.svdvals(z - z.mean(dim=0)) for z in (rows, made)]
    assert float((spectra[0] - spectra[1]).abs().max() / spectra[0][0]) < 0.15
    along = [torch.corrcoef(torch.stack([z[:, 0], frequent[:, 0]]))[0, 1] for z in (rows, made)]
    assert float(along[1]) > float(along[0]) - 0.15
    # Clusters are gone: no row has others as near as its cluster was.
    nearest = [(z @ z.T).topk(20, dim=1).values[:, -1].mean() for z in (rows, made)]
    assert float(nearest[1]) < float(nearest[0]) - 0.1
