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
