"""The mean similarities of CSLS on disk: what `align` computed for its lexicon, so that `evaluate` need not again."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np

from distmatch.errors import InputError
from distmatch.maps.arrayfile import load_arrays, save_arrays

CROWD = "crowd.safetensors"
"""Name of the file in a folder of `align`."""
_BLOCK = 1 << 14
"""Rows summed at a time."""


def save_crowd(
    path: str | os.PathLike[str], crowd: np.ndarray, k: int, x: np.ndarray, y: np.ndarray
) -> None:
    """Write r_X(y) of every target row.

    Args:
        crowd: (m,) see `scoring.mean_similarity`. k: its neighbours.
        x: (n, d) source rows in the common space. y: (m, d) target rows. Their check sums are kept.
    """
    marks = {"source": _sum(x), "target": _sum(y), "k": str(k)}
    save_arrays(path, {"crowd": crowd}, {"map": "crowd", **marks})


def load_crowd(
    path: str | os.PathLike[str], k: int, x: np.ndarray, y: np.ndarray
) -> np.ndarray | None:
    """What `save_crowd` wrote, (m,), or None: no such file, or one of other rows or another k."""
    if not Path(path).exists():
        return None
    wanted = {"source": _sum(x), "target": _sum(y), "k": str(k)}
    try:
        found, marks = load_arrays(
            path, lambda arrays, marks: (arrays["crowd"], marks), kind="crowd", command="distmatch align"
        )  # fmt: skip
    except InputError:  # a damaged file costs time, no figure
        return None
    fits = len(found) == len(y) and np.isfinite(found).all()
    return found if fits and wanted.items() <= marks.items() else None


def _sum(rows: np.ndarray) -> str:
    total = 0
    for i in range(0, len(rows), _BLOCK):
        total = zlib.crc32(np.ascontiguousarray(rows[i : i + _BLOCK], np.float32).tobytes(), total)
    return f"{rows.shape[0]}x{rows.shape[1]} {total:08x}"
