"""What solvers of transport are given: masses, positive numbers, finite points; and what of them fits into memory."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from distmatch.device import Group, max_over
from distmatch.errors import InputError

MEMORY_SHARE = 0.25
"""Part of the free memory that a solver may fill with a plan without being asked to."""


def masses(weights: Tensor | None, n: int, like: Tensor, *, normalized: bool = True) -> Tensor:
    """(n,) masses, uniform with sum 1 if None.

    Args:
        weights: (n,) or None; zeros are points without mass.
        like: gives type and device.
        normalized: divide by the sum.

    Raises:
        InputError: a wrong number of them, a negative or infinite one, or none that is positive.
    """
    if weights is None:
        return like.new_full((n,), 1 / n)
    wanted = f"masses must be {n} positive numbers or zeros"
    if weights.shape != (n,):
        raise InputError(f"{wanted}, not of shape {tuple(weights.shape)}")
    wrong = ~(weights.isfinite() & (weights >= 0))
    if bool(wrong.any()):
        place = int(wrong.nonzero()[0])
        raise InputError(f"{wanted}: mass {place} is {float(weights[place])}")
    total = weights.double().sum()
    if not 0 < float(total) < torch.finfo(like.dtype).max:
        raise InputError(f"{wanted}, and their sum is {float(total)}. Give a point with mass")
    return (weights / total if normalized else weights).to(like.dtype)


def positive(value: Any, name: str, remedy: str = "", *, zero: bool = False) -> float:
    """The number, if it is finite and positive (or, with `zero`, not negative).

    Raises:
        InputError: it is not; `remedy` ends the line.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        wanted = "a finite number, zero or more" if zero else "a finite positive number"
        raise InputError(f"{name} is {value!r}, need {wanted}" + (f". {remedy}" if remedy else ""))
    return number


def counted(value: Any, name: str) -> int:
    """The whole number, if it is at least 1.

    Raises:
        InputError: it is not.
    """
    if isinstance(value, bool) or int(positive(value, name)) != value:
        raise InputError(f"{name} is {value!r}, need a whole number from 1 up")
    return int(value)


def finite_points(points: Tensor, name: str) -> Tensor:
    """(n, d) points without NaN or inf.

    Raises:
        InputError: another shape, no points, or a row that is not finite.
    """
    if points.ndim != 2 or not len(points):
        raise InputError(f"{name} has shape {tuple(points.shape)}, need (n, d) with a point at least")  # fmt: skip
    bad = ~points.isfinite().all(dim=1)
    if bool(bad.any()):
        raise InputError(f"{name}: row {int(bad.nonzero()[0])} has NaN or inf. Remove the row")
    return points


def fits_memory(numbers: int, like: Tensor, group: Group = None) -> bool:
    """Whether so many numbers of the type of `like` take at most `MEMORY_SHARE` of the free memory of its device.

    All processes of a group get one answer.
    """
    if like.device.type == "cuda":
        free = torch.cuda.mem_get_info(like.device)[0]
    else:
        import psutil

        free = psutil.virtual_memory().available
    tight = like.new_tensor(float(numbers * like.element_size() > MEMORY_SHARE * free))
    return not bool(max_over(tight, group))
