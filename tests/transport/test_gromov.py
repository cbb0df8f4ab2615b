"""Gromov-Wasserstein on planted rotations."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from distmatch.transport.gromov import gromov_wasserstein  # noqa: E402
from distmatch.transport.procrustes import procrustes  # noqa: E402


def cloud(n: int, d: int, seed: int = 0):
    """Clustered unit vectors with a decaying spectrum and a mean, as word vectors have."""
    random = torch.Generator().manual_seed(seed)
    spectrum = torch.arange(1, d + 1).float() ** -0.5
    centres = torch.randn(n // 10, d, generator=random)
    x = centres[torch.randint(len(centres), (n,), generator=random)]
    x = (
        x + 0.7 * torch.randn(n, d, generator=random) + 0.5 * torch.randn(d, generator=random)
    ) * spectrum
    return torch.nn.functional.normalize(x, dim=1)


def test_recovers_a_planted_rotation_from_the_uniform_start():
    n, d = 1000, 50
    random = torch.Generator().manual_seed(1)
    x = cloud(n, d)
    rotation = torch.linalg.qr(torch.randn(d, d, generator=random))[0]
    order = torch.randperm(n, generator=random)
    y = (x @ rotation + 0.2 / d**0.5 * torch.randn(n, d, generator=random))[order]
    result = gromov_wasserstein(x, y, epsilon=0.05)
    found = (x @ procrustes(result.moment) @ y.T).argmax(1)
    assert float((order[found] == torch.arange(n)).float().mean()) > 0.99
    assert result.coupling.error < 0.2 and result.history[-1]["cost"] < result.history[0]["cost"]


def test_procrustes_is_orthogonal_and_finds_the_rotation():
    x = cloud(200, 20)
    rotation = torch.linalg.qr(torch.randn(20, 20))[0]
    assert torch.allclose(procrustes(x.T @ (x @ rotation)), rotation, atol=1e-4)
    wide = procrustes(torch.randn(10, 20))
    assert torch.allclose(wide @ wide.T, torch.eye(10), atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_matches_pot_proximal_gromov_wasserstein(weighted):
    ot = pytest.importorskip("ot")
    x, y = cloud(70, 6).double(), cloud(60, 5, seed=3).double()
    a = torch.linspace(1, 2, 70).double() if weighted else torch.ones(70).double()
    b = torch.linspace(2, 1, 60).double() if weighted else torch.ones(60).double()
    a, b = a / a.sum(), b / b.sum()
    steps, epsilon = 8, 0.05
    expected = ot.gromov.entropic_gromov_wasserstein(
        x @ x.T, y @ y.T, a, b, "square_loss", epsilon=epsilon, solver="PPA",
        max_iter=steps, tol=0, numItermax=5000, stopThr=1e-13, warn=False,
    )  # fmt: skip
    found = gromov_wasserstein(
        x, y, epsilon, a=a, b=b, steps=steps, inner=3000, tolerance=0, chunk=32
    )
    assert found.steps == steps and found.coupling.error < 1e-8
    assert float((found.coupling.dense() - expected).abs().sum()) < 1e-6
    assert torch.allclose(found.moment, x.T @ expected @ y, atol=1e-8)
    # The reported cost is that of POT's plan up to the constants of the marginals.
    cost = ot.gromov.gwloss(*ot.gromov.init_matrix(x @ x.T, y @ y.T, a, b, "square_loss"), expected)
    constant = float(a @ (x @ x.T).square() @ a + b @ (y @ y.T).square() @ b)
    assert found.history[-1]["cost"] + constant == pytest.approx(float(cost), abs=1e-8)


def test_uniform_start_of_a_rotation_ends_no_worse_than_pot():
    """Conditional gradient of POT and proximal points minimise one cost; on a planted rotation ours must be at least as low."""
    ot = pytest.importorskip("ot")
    x = cloud(150, 8).double()
    random = torch.Generator().manual_seed(2)
    rotation = torch.linalg.qr(torch.randn(8, 8, generator=random).double())[0]
    y = x[torch.randperm(150, generator=random)] @ rotation
    a = torch.full((150,), 1 / 150).double()
    theirs = ot.gromov.gromov_wasserstein2(x @ x.T, y @ y.T, a, a, "square_loss")
    found = gromov_wasserstein(x, y, 0.05, inner=20)
    ours = found.history[-1]["cost"] + 2 * float(a @ (x @ x.T).square() @ a)
    assert ours <= float(theirs) + 1e-4
