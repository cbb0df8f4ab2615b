"""The null of the evidence: a space with nothing to find that resembles the given one in all else."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

BAND = 50
"""Neighbours in the order of frequency within which coordinates are exchanged, so that what depends on frequency stays."""
ROUNDS = 5
"""Rounds of unit length and centring, as in iterative normalisation."""


def structureless(
    rows: Tensor, generator: torch.Generator, *, ranked: bool, band: int = BAND
) -> Tensor:
    """The rows with each principal coordinate permuted by itself, normalised again.

    Variances, the distribution along every principal direction and, in bands, what depends on frequency are kept; which values
    go together, all that a map could find, is lost.

    Args:
        rows: (n, d), the most frequent first if `ranked`.
        generator: of the permutations.
        ranked: permute within bands of frequency; else among all rows.
        band: rows in a band.

    Returns:
        (n, d) unit rows.
    """
    mean = rows.mean(dim=0)
    centred = rows - mean
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors
    coordinates = centred @ axes
    size = band if ranked else len(rows)
    for block in coordinates.split(max(size, 1)):
        order = torch.rand(block.shape, generator=generator).argsort(dim=0)
        block.copy_(block.gather(0, order))
    permuted = coordinates @ axes.T + mean
    for _ in range(ROUNDS):
        permuted = normalize(permuted, dim=1)
        permuted = permuted - permuted.mean(dim=0)
    return normalize(permuted, dim=1)
