"""Normalisation of vectors, each step under the name that the field gives it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distmatch.errors import InputError

STEPS = ("unit", "center")


def normalize(vectors: np.ndarray, steps: Sequence[str]) -> np.ndarray:
    """Apply steps in order.

    Args:
        vectors: (n, d).
        steps: "unit" (rows of length 1; zero rows stay), "center" (subtract the mean row).

    Returns:
        (n, d) float32, a copy.

    Raises:
        InputError: an unknown step.
    """
    out = np.array(vectors, np.float32)
    for step in steps:
        if step == "unit":
            norms = np.linalg.norm(out, axis=1, keepdims=True)
            out /= np.where(norms > 0, norms, 1)
        elif step == "center":
            out -= out.mean(axis=0, dtype=np.float64).astype(np.float32)
        else:
            raise InputError(f"unknown normalisation step {step!r}. Steps: {' '.join(STEPS)}")
    return out
