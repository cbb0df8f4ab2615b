"""Maps from a moment X'PY: the orthogonal one."""

from __future__ import annotations

import torch

from distmatch.transport.tensors import Array, as_given, as_tensors


def procrustes(moment: Array) -> Array:
    """The matrix with orthonormal rows or columns that maximises tr(W' M), (d, d') (Schönemann 1966).

    Args:
        moment: (d, d') X'PY, tensor or array; x @ W is then closest to its partner in the mean square.

    Returns:
        (d, d') polar factor of the moment, of its kind; orthogonal if d = d', else a partial isometry. A tensor has a
        gradient where the singular values differ.
    """
    (matrix,) = as_tensors(moment, gradient=True)
    u, _, v = torch.linalg.svd(matrix.double(), full_matrices=False)
    return as_given((u @ v).to(matrix.dtype), moment)
