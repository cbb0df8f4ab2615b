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
