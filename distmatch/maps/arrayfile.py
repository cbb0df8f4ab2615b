"""Maps on disk: named arrays and metadata in one safetensors file; never pickled."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from distmatch.errors import InputError, missing_package
from distmatch.files import atomic_write

Made = TypeVar("Made")
Arrays = dict[str, np.ndarray]


def save_arrays(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: dict[str, str]
) -> None:
    """Write the arrays, as float32, under their names."""
    try:
        from safetensors.numpy import save
    except ModuleNotFoundError:
        raise missing_package("safetensors", "align") from None
    tensors = {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}
    with atomic_write(path, "wb") as file:
        file.write(save(tensors, metadata))


def load_arrays(
    path: str | os.PathLike[str],
    make: Callable[[Arrays, dict[str, str]], Made],
    *,
    kind: str,
    command: str,
) -> Made:
    """What `make` makes of the arrays and the metadata of a file.

    Args:
        kind: what the file should hold, for the message. command: what writes one.

    Raises:
        InputError: not such a file: unreadable, or `make` misses a name (KeyError) or a form (ValueError).
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError:
        raise missing_package("safetensors", "align") from None
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}
            return make(arrays, file.metadata() or {})
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(
            f"not a {kind} ({error}). Write it again with `{command}`", path=path
        ) from error
