"""Code length of a linear map: its parameters rounded to a grid; an orthogonal one by its Householder reflectors."""

from __future__ import annotations

from math import log2

import numpy as np

SCALE_BITS = 16.0
"""Bits to state a scale (the mean square of the entries) at a relative precision of 2^-10 over 64 octaves."""


def quantize_map(matrix: np.ndarray, step: float) -> tuple[np.ndarray, float]:
    """A linear map with its parameters rounded to multiples of `step`, and the bits that name it.

    An orthogonal matrix is coded as the d (d - 1) / 2 entries of its Householder reflectors and d signs, so that the
    rounded map is orthogonal too; any other as its entries.

    Args:
        matrix: (d', d).
        step: of a parameter.

    Returns:
        The rounded map, (d', d) float32, and bits, those of the step and of the scale included.
    """
    rows, columns = matrix.shape
    matrix = matrix.astype(np.float64)
    if rows == columns and np.abs(matrix.T @ matrix - np.eye(rows)).max() < 1e-3:
        reflectors, signs = _householder(matrix)
        below = np.tril_indices(rows, -1)
        spread = 1.0 / np.sqrt(rows - below[1])
        codes = np.rint(reflectors[below] / step)
        bits = _gaussian_symbol_bits(codes * step, spread, step) + rows + 8.0
        rounded = np.zeros_like(reflectors)
        rounded[below] = codes * step
        return _from_householder(rounded, signs).astype(np.float32), bits
    codes = np.rint(matrix / step)
    spread = 2.0 ** (round(log2(max(float(matrix.std()), step)) * 8) / 8)
    bits = _gaussian_symbol_bits((codes * step).ravel(), spread, step) + 8.0 + SCALE_BITS
    return (codes * step).astype(np.float32), bits


def _gaussian_symbol_bits(values: np.ndarray, spread: np.ndarray | float, step: float) -> float:
    """Bits of values on a grid under a normal code, with a share of 2^-6 for a Cauchy code of the same scale."""
    from scipy.stats import cauchy, norm

    mass = [
        model.cdf(values + step / 2, scale=spread) - model.cdf(values - step / 2, scale=spread)
        for model in (norm, cauchy)
    ]
    return float(-np.log2((1 - 2.0**-6) * mass[0] + 2.0**-6 * mass[1]).sum())


def _householder(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reflectors (below the diagonal, all within [-1, 1]) and signs of an orthogonal matrix."""
    from scipy.linalg import get_lapack_funcs

    (geqrf,) = get_lapack_funcs(("geqrf",), (matrix,))
    packed, tau, _, _ = geqrf(matrix)
    signs = np.where(np.diag(packed) < 0, -1.0, 1.0)
    # Where a column needs no reflection LAPACK makes none; ours then flips the axis, so flip it back.
    signs[:-1] *= np.where(tau[:-1] == 0, -1.0, 1.0)
    return np.tril(packed, -1), signs


def _from_householder(reflectors: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """The orthogonal matrix of reflectors and signs."""
    out = np.diag(signs)
    for k in range(len(signs) - 1, -1, -1):
        v = reflectors[:, k].copy()
        v[:k], v[k] = 0.0, 1.0
        if k < len(signs) - 1:  # LAPACK makes no reflection of a single entry
            out -= np.outer(v, (2.0 / (v @ v)) * (v @ out))
    return out
