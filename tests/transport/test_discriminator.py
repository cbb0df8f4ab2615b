import pytest

torch = pytest.importorskip("torch")

from distmatch.transport.discriminator import discriminator_divergence  # noqa: E402
from distmatch.transport.invariants import principal_invariants, row_invariants  # noqa: E402


def cloud(n, d, seed, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator) + shift


def test_divergence_is_zero_for_one_law_and_grows_to_one_bit():
    x = cloud(600, 8, 0)
    values = [discriminator_divergence(x, cloud(600, 8, 1, shift)) for shift in (0.0, 1.0, 4.0)]
    assert values[0] < 0.03
    assert values[0] + 0.1 < values[1] < values[2]
    assert values[2] > 0.98
    again = [discriminator_divergence(x, x + 1, seed=3, steps=5) for _ in range(2)]
    assert again[0] == again[1]


def test_divergence_is_near_that_of_two_gaussians():
    """JS of N(0, 1) and N(2, 1) is 0.486 bits (numerical integral)."""
    x, y = cloud(2000, 1, 0), cloud(2000, 1, 1, 2.0)
    grid = torch.linspace(-8, 10, 20001, dtype=torch.float64)
    p, q = (torch.exp(-0.5 * (grid - m) ** 2) / (2 * torch.pi) ** 0.5 for m in (0, 2))
    m = (p + q) / 2
    step = float(grid[1] - grid[0])
    exact = float(((p * (p / m).log2() + q * (q / m).log2()) / 2).nan_to_num().sum()) * step
    assert abs(exact - 0.486) < 0.01
    assert abs(discriminator_divergence(x, y) - exact) < 0.05


def test_invariants_do_not_change_under_rotation_and_follow_permutations():
    x = torch.nn.functional.normalize(cloud(200, 12, 0) * torch.linspace(0.5, 2, 12), dim=1)
    rotation = torch.linalg.qr(cloud(12, 12, 3))[0]
    one, two = row_invariants(x), row_invariants(x @ rotation)
    assert torch.allclose(one, two, atol=0.1)
    assert (one - two).abs().mean() < 2e-3
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    unranked = row_invariants(x, ranked=False)
    moved = row_invariants(x[order], ranked=False)
    assert (moved - unranked[order]).abs().mean() < 5e-3
    a, b = principal_invariants(one, two, 5)
    assert a.shape == (200, 5)
    assert torch.allclose(torch.cov(torch.cat([a, b]).T), torch.eye(5), atol=0.3)
