"""Normalisation that was fitted once: vectors that come later are centred by the means of those that a map was found with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distmatch.embeddings.normalization import mean_row, normalize
from distmatch.errors import InputError

ROWWISE = ("unit", "center")
"""Steps that treat every row by itself once the means are known."""


def fitted(vectors: np.ndarray, steps: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
    """Vectors after the steps, see `embeddings.normalization.normalize`, and the mean that each "center" took off.

    Args:
        vectors: (n, d).

    Returns:
        (n, d) float32, and (c, d) float32 in order of the steps; None where a step is neither "unit" nor "center".
    """
    if not set(steps) <= set(ROWWISE):
        return normalize(vectors, steps), None
    means = []
    out = np.array(vectors, np.float32)
    for step in steps:
        if step == "center":
            means.append(mean_row(out))
            out -= means[-1]
        else:
            out = normalize(out, (step,))
    return out, np.array(means, np.float32).reshape(len(means), out.shape[1])


def normalized_alike(vectors: np.ndarray, steps: Sequence[str], means: np.ndarray) -> np.ndarray:
    """Rows (n, d) after the steps, with means (c, d) of other rows, as `fitted` returned them.

    Raises:
        InputError: a number of means, or a dimension, that does not go with the steps.
    """
    if means.ndim != 2 or len(means) != list(steps).count("center") or means.shape[1] != vectors.shape[1]:  # fmt: skip
        raise InputError(
            f"means of shape {means.shape} do not go with the steps {' '.join(steps)} of vectors of dimension "
            f"{vectors.shape[1]}. Write the map again with `distmatch align`"
        )
    out, taken = np.array(vectors, np.float32), iter(means)
    for step in steps:
        out = out - next(taken) if step == "center" else normalize(out, (step,))
    return out
