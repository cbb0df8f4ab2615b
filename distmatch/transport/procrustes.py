"""Maps from a moment X'PY: the orthogonal one."""

from __future__ import annotations

import torch
from torch import Tensor


def procrustes(moment: Tensor) -> Tensor:
    """The matrix with orthonormal rows or columns that maximises tr(W' M), (d, d') (Schönemann 1966).

    Args:
        moment: (d, d') X'PY; x @ W is then closest to its partner in the mean square.

    Returns:
        (d, d') polar factor of the moment; orthogonal if d = d', else a partial isometry.
    """
    u, _, v = torch.linalg.svd(moment.double(), full_matrices=False)
    return (u @ v).to(moment.dtype)
