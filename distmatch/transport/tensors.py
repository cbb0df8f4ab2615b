"""Points of any kind as tensors of one type, and results in the kind that came in."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from distmatch.embeddings.arrays import as_matrix, is_tensor, no_gradient
from distmatch.errors import InputError

Array = TypeVar("Array", Tensor, np.ndarray)
"""The kind that comes in and goes out."""


def as_tensors(*arrays: Any, gradient: bool = False) -> list[Any]:
    """Tensors of one floating type on one device; None stays None.

    The type is the widest of those given, float32 at least. The device is that of the tensors given.

    Args:
        arrays: tensors, arrays or what `embeddings.arrays.as_matrix` reads.
        gradient: whether tensors that require a gradient are allowed.

    Raises:
        InputError: something else, tensors on several devices, or a gradient where there is none.
    """
    found = [None if a is None else _tensor(a, gradient) for a in arrays]
    given = [t for t in found if t is not None]
    kind = torch.float32
    for tensor in given:
        kind = torch.promote_types(kind, tensor.dtype)
    if kind.is_complex:
        raise InputError("complex points have no order of distance here. Give real numbers")
    devices = {a.device for a in arrays if is_tensor(a)}
    if len(devices) > 1:
        raise InputError(
            f"tensors on {' and '.join(sorted(map(str, devices)))}. Move them to one device"
        )
    where = devices.pop() if devices else torch.device("cpu")
    return [None if t is None else t.to(where, kind) for t in found]


def _tensor(array: Any, gradient: bool) -> Tensor:
    if is_tensor(array):
        if not gradient:
            no_gradient(array, "a tensor")
        return array
    if isinstance(array, (list, tuple)):
        array = np.asarray(array)
    if isinstance(array, np.ndarray):
        if array.dtype.kind not in "fiub":
            raise InputError(f"an array of {array.dtype} holds no numbers. Give floats")
        return torch.from_numpy(np.ascontiguousarray(array))
    return torch.from_numpy(as_matrix(array))


def as_given(result: Any, original: Any) -> Any:
    """A tensor as an array, unless the original was a tensor."""
    return result if is_tensor(original) or not is_tensor(result) else result.cpu().numpy()
