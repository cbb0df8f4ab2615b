"""What a rotation cannot change about a row: how crowded its place is, how frequent its neighbours are."""

from __future__ import annotations

import torch
from torch import Tensor

NEIGHBOURS = (1, 5, 20, 100)
"""Sizes of neighbourhoods that features average over."""
QUANTILES = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
"""Places in the sorted similarities of a row."""


def row_invariants(x: Tensor, *, ranked: bool = True) -> Tensor:
    """Features of rows that every rotation of the cloud leaves alone, each made standard normal by its ranks.

    Mean similarity of the nearest rows, quantiles and moments of all similarities, hubness, and, if the order of the rows
    is that of frequency, the row's own log rank and those of its neighbours. Words of two languages that translate each
    other have like features, so they tell an adversary more than frequency alone.

    Args:
        x: (n, d) unit rows, the most frequent first; all (n, n) similarities are held.
        ranked: whether the order means frequency.

    Returns:
        (n, k) float32.
    """
    n = len(x)
    if n < 2:
        return torch.zeros(n, 1, device=x.device)
    similarity = x @ x.T
    similarity.fill_diagonal_(-1)
    falling, order = similarity.sort(dim=1, descending=True)
    sizes = [min(k, n - 1) for k in NEIGHBOURS]
    density = falling[:, : min(10, n - 1)].mean(dim=1)
    hubness = torch.bincount(order[:, : min(10, n - 1)].flatten(), minlength=n).to(x.dtype)
    features = [falling[:, :k].mean(dim=1) for k in sizes]
    features += [density[order[:, :k]].mean(dim=1) for k in sizes[1:3]]
    features += [similarity.pow(p).mean(dim=1) for p in (3, 4)]
    features += [falling[:, int(q * (n - 1))] for q in QUANTILES]
    features.append(hubness)
    if ranked:
        log_rank = torch.log(torch.arange(n, device=x.device, dtype=x.dtype) + 10)
        log_rank = (log_rank - log_rank.mean()) / log_rank.std()
        features.append(log_rank)
        features += [log_rank[order[:, :k]].mean(dim=1) for k in sizes[1:]]
        features += [similarity.pow(p) @ log_rank for p in (1, 2, 3)]
    return torch.stack([_normal_scores(f) for f in features], dim=1)


def _normal_scores(values: Tensor) -> Tensor:
    """Standard normal quantiles of the ranks of (n,) values; equal values share their mean rank."""
    _, place, counts = values.unique(return_inverse=True, return_counts=True)
    ranks = (counts.cumsum(0) - (counts + 1) / 2.0)[place]
    return torch.special.ndtri(((ranks + 0.5) / len(values)).double()).to(values.dtype)


def principal_invariants(
    x: Tensor, y: Tensor, k: int, *, ridge: float = 0.05
) -> tuple[Tensor, Tensor]:
    """The k leading directions of both sides' features together, scaled to unit variance.

    Args:
        x: (n, f) features. y: (m, f).
        k: directions kept.
        ridge: added to each variance, so that weak directions stay small.

    Returns:
        (n, k) and (m, k).
    """
    values, vectors = torch.linalg.eigh(torch.cov(torch.cat([x, y]).double().T))
    axes = vectors[:, -k:] / (values[-k:] + ridge).sqrt()
    return (x.double() @ axes).to(x.dtype), (y.double() @ axes).to(y.dtype)


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
        (n, levels + far + 2) columns of mean 0 and variance 1.
    """
    n = len(x)
    near = torch.logspace(0.30103, torch.log10(torch.tensor(0.7 * n)).item(), levels).round().long()
    last = n - torch.logspace(0, torch.log10(torch.tensor(0.2 * n)).item(), far).round().long()
    ranks = (
        torch.cat([near, last]).to(x.device) - 1
    )  # equal ones in small clouds: k must not depend on n
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
