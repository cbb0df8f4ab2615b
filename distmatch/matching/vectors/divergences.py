"""How far f(X) is from Y after an alignment, by every divergence there is."""

from __future__ import annotations

import numpy as np
import torch

from distmatch.embeddings.embeddings import Embeddings
from distmatch.matching.match import Bits
from distmatch.matching.vectors.induction import mutual_neighbours
from distmatch.transport.discriminator import discriminator_divergence
from distmatch.transport.divergence import (
    maximum_mean_discrepancy,
    sinkhorn_divergence,
    sliced_wasserstein,
)

DIVERGENCE_ROWS = 2_000
"""Most frequent rows of each side that are compared."""


def divergences(
    source: Embeddings, target: Embeddings, bits: Bits | None = None, *, seed: int = 0
) -> dict[str, float]:
    """Divergences of two clouds in one space, on unit rows of the first `DIVERGENCE_ROWS` words.

    Args:
        source: f(X), (n, k).
        target: Y, (m, k).
        bits: of the match; the code length saved is reported with the rest.
        seed: of projections and of the discriminator.

    Returns:
        `sinkhorn` (squared distance), `sliced_wasserstein` (distance), `mmd` (squared), `discriminator` (bits, 0 to
        1), `csls` (mean of mutual neighbours, higher is nearer), and `bits_saved` of Y given f(X) against Y alone.
    """
    x, y = (
        torch.from_numpy(np.ascontiguousarray(e.top(DIVERGENCE_ROWS).normalized(("unit",)).vectors))
        for e in (source, target)
    )
    pairs = mutual_neighbours(x, y)
    # Squared distances of unit rows are 0 to 4, so 0.05 blurs little and still converges.
    found = {
        "sinkhorn": sinkhorn_divergence(x, y, epsilon=0.05).value,
        "sliced_wasserstein": sliced_wasserstein(x, y, seed=seed),
        "mmd": maximum_mean_discrepancy(x, y),
        "discriminator": discriminator_divergence(x, y, seed=seed),
        "csls": float(pairs.score.mean()) if len(pairs) else 0.0,
    }
    if bits is not None and bits.control is not None:
        found["bits_saved"] = bits.control - bits.total
    return found
