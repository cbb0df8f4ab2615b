"""Entropic Gromov-Wasserstein of a few hundred frequent words, annealed, with a frequency term: a start for matchers."""

from __future__ import annotations

import torch
from torch import Tensor


def annealed_gromov(
    x: Tensor,
    y: Tensor,
    *,
    frequency: float,
    epsilons: tuple[float, float] = (1.0, 0.02),
    steps: tuple[int, int] = (40, 10),
    jitter: float = 0.0,
    generator: torch.Generator | None = None,
    known: tuple[Tensor, Tensor, float] | None = None,
) -> Tensor:
    """A soft matching of rows whose cosines agree, found by fixed points at falling epsilon.

    Each step balances exp(gain / epsilon) with gain_ij = mean_k,l A_ik P_kl B_jl - w (log rank_i - log rank_j)^2,
    where A and B are the cosines off the diagonal, standardised (fused Gromov-Wasserstein, Vayer et al. 2019). The
    frequency term breaks the symmetry of the uniform plan; without it the fixed point is another local optimum.

    Args:
        x: (n, d) rows, the most frequent first. y: (m, d') rows.
        frequency: weight w of the squared difference of log relative ranks; 0 needs `jitter`.
        epsilons: of the first and the last step; geometric in between.
        steps: fixed-point steps, and Sinkhorn iterations per step.
        jitter: standard deviation of log-normal noise on the first plan, for other starts.
        generator: of the noise.
        known: (p, d) and (p, d') rows whose partners are known, and how many rows each weighs: the plan is fixed
            for them, which makes a linear term of the others.

    Returns:
        (n, m) plan whose rows sum to 1.
    """
    n, m = len(x), len(y)
    first, last = epsilons
    a, b = _Cosines(x), _Cosines(y)
    u = torch.arange(1, n + 1, device=x.device, dtype=x.dtype).div(n).log()
    v = torch.arange(1, m + 1, device=x.device, dtype=x.dtype).div(m).log()
    fused = -frequency * (u[:, None] - v).square()
    if known is not None:
        fused += (known[2] / n) * a.across(x, known[0]) @ b.across(y, known[1]).T
    plan = x.new_full((n, m), 1 / m)
    if jitter:
        noise = torch.randn(n, m, generator=generator, device=x.device, dtype=x.dtype)
        plan = torch.softmax(jitter * noise, dim=1)
    f, g = x.new_zeros(n), x.new_zeros(m)
    for step in range(steps[0]):
        epsilon = first * (last / first) ** (step / max(steps[0] - 1, 1))
        scores = b.times(a.times(plan).T).T.div(n).add_(fused).div_(epsilon)
        f = -torch.logsumexp(scores + g, dim=1)
        kernel = torch.exp(scores.add_(f[:, None]).add_(g))
        # Scaling in the kernel domain around the potentials of the step before: one exponential a step.
        left, right = x.new_ones(n), x.new_ones(m)
        for _ in range(steps[1]):
            right = (n / m) / (left @ kernel).clamp_(min=1e-30)
            left = 1 / (kernel @ right).clamp_(min=1e-30)
        g = g + right.clamp(1e-12, 1e12).log()
        plan = kernel.mul_(left[:, None]).mul_(right)
    return plan


class _Cosines:
    """Off-diagonal cosines with mean 0 and variance 1 and a zero diagonal, as a factored matrix.

    With K = xx', mu and sigma the mean and deviation off the diagonal: (K - mu 11' - (1 - mu) I) / sigma.
    """

    def __init__(self, x: Tensor) -> None:
        n = len(x)
        off = n * (n - 1)
        mean = float((x.sum(dim=0).square().sum() - x.square().sum()) / off)
        gram = x.T @ x
        square = float((gram.square().sum() - x.square().sum(dim=1).square().sum()) / off)
        self.mean = mean
        self.deviation = max(square - mean * mean, 1e-12) ** 0.5
        self.rows = torch.cat([x, x.new_ones(n, 1)], dim=1)
        self.signs = torch.cat([x.new_ones(x.shape[1]), x.new_full((1,), -mean)])
        self.diagonal = (x.square().sum(dim=1) - mean)[:, None]

    def across(self, x: Tensor, others: Tensor) -> Tensor:
        """Cosines (n, p) of the rows with others, standardised by the same mean and deviation."""
        return (x @ others.T - self.mean) / self.deviation

    def times(self, other: Tensor) -> Tensor:
        """The product with (n, k), in O(n k d)."""
        product = (self.rows * self.signs) @ (self.rows.T @ other)
        return product.sub_(self.diagonal * other).div_(self.deviation)
