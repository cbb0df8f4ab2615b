"""What fits both sides to pairs beyond a rotation: symmetric re-weighting and contrastive steps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def symmetric_weights(
    x: Tensor, y: Tensor, *, power: float = 0.5, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Maps of both sides that weight each canonical direction by its correlation to a power.

    Whitening, rotation, re-weighting, de-whitening in the rotated frame (Artetxe et al. 2018, section 3.4).

    Args:
        x: (p, d) source rows of the pairs. y: (p, d') their targets.
        power: 0 leaves a rotation; 0.5 a side is the paper's.
        weights: (p,) of the pairs; None is equal.

    Returns:
        (d, k) and (d', k), k the smaller of d and d'.
    """
    left, right = x.double(), y.double()
    weighted = left if weights is None else left * weights.double()[:, None]
    other = right if weights is None else right * weights.double()[:, None]
    white_x, colour_x = _whitening(weighted.T @ left)
    white_y, colour_y = _whitening(other.T @ right)
    u, s, vt = torch.linalg.svd(white_x @ (weighted.T @ right) @ white_y, full_matrices=False)
    scale = s.clamp(0, 1) ** power
    a = (white_x @ u * scale) @ (u.T @ colour_x @ u)
    b = (white_y @ vt.T * scale) @ (vt @ colour_y @ vt.T)
    return a.to(x.dtype), b.to(y.dtype)


def _whitening(moment: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse square root of a second moment and the square root."""
    values, vectors = torch.linalg.eigh(moment)
    root = values.clamp(min=float(values[-1]) * 1e-8).sqrt()
    return (vectors / root) @ vectors.T, (vectors * root) @ vectors.T


def contrast(
    x: Tensor,
    y: Tensor,
    maps: tuple[Tensor, Tensor],
    *,
    temperature: float = 0.2,
    steps: int = 50,
    rate: float = 2e-3,
    batch: int = 1024,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Move both maps so that each pair is closer than the batch's other pairs, for a few steps of Adam.

    The loss is the symmetric softmax cross-entropy of cosines over the temperature, which is to retrieval what
    least squares is not; stopping early keeps the maps near where the unsupervised pairs came from.

    Args:
        x: (p, d) source rows of the pairs. y: (p, d') their targets.
        maps: (d, k) of the source and (d', k) of the target, to start from.

    Returns:
        both maps.
    """
    a, b = (m.clone().requires_grad_() for m in maps)
    optimizer = torch.optim.Adam([a, b], lr=rate)
    for _ in range(steps):
        chosen = torch.randperm(len(x), generator=generator, device=x.device)[:batch]
        left = normalize(x[chosen] @ a, dim=1)
        right = normalize(y[chosen] @ b, dim=1)
        logits = left @ right.T / temperature
        labels = torch.arange(len(chosen), device=x.device)
        loss = cross_entropy(logits, labels) + cross_entropy(logits.T, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return a.detach(), b.detach()
