"""Density profiles: what a point's distances to the whole cloud say about it, whatever the rotation."""

from __future__ import annotations

import torch
from torch import Tensor


def density_profiles(x: Tensor, *, levels: int = 14, far: int = 5, chunk: int = 512) -> Tensor:
    """Rotation-invariant features of each point: quantiles and moments of its cosines with the cloud.

    Near quantiles tell how crowded the neighbourhood is at several scales, far ones how far the rest
    reaches. Every feature is replaced by its normal score, so clouds of two encoders are comparable.

    Args:
        x: (n, d) unit rows, n at least 50.
        levels: near quantiles, at geometric ranks from 2 to 0.7 n.
        far: far quantiles, at geometric ranks from the end.
        chunk: rows at a time.

    Returns:
        (n, k) columns of mean 0 and variance 1.
    """
    n = len(x)
    near = torch.logspace(0.30103, torch.log10(torch.tensor(0.7 * n)).item(), levels).round().long()
    last = n - torch.logspace(0, torch.log10(torch.tensor(0.2 * n)).item(), far).round().long()
    ranks = torch.cat([near, last]).unique().to(x.device) - 1
    found = []
    for i in range(0, n, chunk):
        cosines = x[i : i + chunk] @ x.T
        moments = torch.stack([cosines.var(1), cosines.pow(3).mean(1)], 1)
        found.append(torch.cat([cosines.sort(1, descending=True).values[:, ranks], moments], 1))
    return normal_scores(torch.cat(found))


def normal_scores(features: Tensor) -> Tensor:
    """Each column replaced by the normal quantiles of its ranks, (n, k)."""
    ranks = features.argsort(0).argsort(0).double()
    return (((ranks + 0.5) / len(features)).mul(2).sub(1).erfinv() * 2**0.5).to(features.dtype)


def shared_components(x: Tensor, y: Tensor, components: int) -> tuple[Tensor, Tensor]:
    """Leading principal components of two sets of features together, half whitened.

    Division by the fourth root of the variance keeps the strong components in front and the weak,
    which are mostly noise, behind.

    Args:
        x: (n, k). y: (m, k).

    Returns:
        (n, components) and (m, components), of mean variance 1.
    """
    values, axes = torch.linalg.eigh(torch.cov(torch.cat([x, y]).T))
    axes = axes.flip(1)[:, :components] * values.flip(0)[:components].clamp(min=1e-6) ** -0.25
    x, y = x @ axes, y @ axes
    scale = x.std().clamp(min=1e-12)
    return x / scale, y / scale
