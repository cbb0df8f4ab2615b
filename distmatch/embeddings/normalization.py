"""Normalisation of vectors, each step under the name that the field gives it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distmatch.errors import InputError

STEPS = ("unit", "center", "pca:K", "top:K", "iterative", "whiten")


def normalize(vectors: np.ndarray, steps: Sequence[str]) -> np.ndarray:
    """Apply steps in order.

    Args:
        vectors: (n, d).
        steps: "unit" (rows of length 1; zero rows stay), "center" (subtract the mean row), "pca:K" (coordinates in the
            K leading principal directions), "top:K" (remove the K leading directions: all-but-the-top, Mu et al.
            2018), "iterative" (unit and center five times, then unit: Zhang et al. 2019) or "iterative:N", "whiten"
            (symmetric, identity covariance; needs more rows than dimensions).

    Returns:
        (n, d) float32, a copy; (n, K) after "pca:K".

    Raises:
        InputError: an unknown step, or one that these vectors do not allow.
    """
    out = np.array(vectors, np.float32)
    for step in steps:
        name, _, number = step.partition(":")
        if name == "unit" and not number:
            out = _unit(out)
        elif name == "center" and not number:
            out -= mean_row(out)
        elif name == "iterative":
            for _ in range(_number(step, number or "5")):
                out = _unit(out)
                out -= mean_row(out)
            out = _unit(out)
        elif name == "pca":
            out = (out - mean_row(out)) @ _principal(out, _number(step, number))
        elif name == "top":
            axes = _principal(out, _number(step, number))
            out -= mean_row(out)
            out -= out @ axes @ axes.T
        elif name == "whiten" and not number:
            out = _whitened(out)
        else:
            raise InputError(f"unknown normalisation step {step!r}. Steps: {' '.join(STEPS)}")
    return out


def _number(step: str, number: str) -> int:
    if not number.isdigit() or int(number) < 1:
        raise InputError(f"normalisation step {step!r} needs a number, as in 'pca:100'")
    return int(number)


def _unit(rows: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(norms).all():  # finite rows whose squares are beyond float32
        norms = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)


def mean_row(rows: np.ndarray) -> np.ndarray:
    """What "center" takes off rows (n, d): their mean, (d,) float32, summed in float64."""
    return rows.mean(axis=0, dtype=np.float64).astype(np.float32)


def _covariance(rows: np.ndarray) -> np.ndarray:
    centered = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    return centered.T @ centered / len(rows)


def _principal(rows: np.ndarray, k: int) -> np.ndarray:
    """(d, k) leading directions; the largest entry of each is positive."""
    if k > rows.shape[1]:
        raise InputError(f"{k} principal directions of {rows.shape[1]} dimensions. Ask for fewer")
    axes = np.linalg.eigh(_covariance(rows))[1][:, ::-1][:, :k]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(k)])
    return (axes * signs).astype(np.float32)


def _whitened(rows: np.ndarray) -> np.ndarray:
    values, axes = np.linalg.eigh(_covariance(rows))
    if len(rows) <= rows.shape[1] or values[0] <= 1e-10 * values[-1]:
        raise InputError(
            f"{len(rows)} rows do not span {rows.shape[1]} dimensions, so they cannot be whitened. "
            "Put 'pca:K' before 'whiten'"
        )
    return (rows - mean_row(rows)) @ (axes / np.sqrt(values) @ axes.T).astype(np.float32)
