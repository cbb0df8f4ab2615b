"""Where the work runs: device, dtype, seeds, and the processes that share it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from distmatch.errors import InputError, missing_package

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Group = Any
"""A `torch.distributed` process group; None means that this process works alone."""


def choose_device(name: str = "auto") -> torch.device:
    """The device called "auto", "cpu", "cuda" or "cuda:N"; "auto" is CUDA where there is one.

    Under `torchrun` plain "cuda" is the device of the local rank. Nothing falls back: asking for
    CUDA where there is none is an error.

    Raises:
        InputError: an unknown name, or a device that this machine lacks.
    """
    try:
        import torch
    except ImportError:
        raise missing_package("torch", "align") from None
    kind, _, index = name.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (index and not (kind == "cuda" and index.isdigit())):
        raise InputError(f"unknown device {name!r}. Devices: auto cpu cuda cuda:N")
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cpu":
        return torch.device("cpu")
    present = torch.cuda.device_count()
    number = int(index or os.environ.get("LOCAL_RANK", 0))
    if number >= present:
        raise InputError(
            f"device cuda:{number} was requested but this machine has {present} CUDA device(s). "
            "Pass --device cpu, or install a CUDA build of torch"
        )
    return torch.device("cuda", number)


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A seeded source of random numbers; library code never touches the global one."""
    import torch

    return torch.Generator(device=device).manual_seed(seed)


def process_group(device: torch.device | str = "cpu") -> Group:
    """The group of all processes that `torchrun` started, or None where it did not.

    Starts the group on first use: gloo on CPU, NCCL on CUDA.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return None
    import torch
    import torch.distributed as dist

    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.device(device).type == "cuda" else "gloo")
    return dist.group.WORLD


def rank(group: Group = None) -> int:
    """Number of this process in the group; 0 when alone. Only rank 0 prints and writes."""
    if group is None:
        return 0
    import torch.distributed as dist

    return dist.get_rank(group)


def size_of(group: Group = None) -> tuple[int, int]:
    """How many processes there are, and the number of this one."""
    if group is None:
        return 1, 0
    import torch.distributed as dist

    return dist.get_world_size(group), dist.get_rank(group)


def close(group: Group) -> None:
    """Leave the group at the end of the program, all processes together.

    Keep no reference to it: threads of a group that outlives the interpreter end the process with SIGABRT.
    """
    if group is not None:
        import torch.distributed as dist

        dist.barrier()
        dist.destroy_process_group()


def shard(n: int, group: Group = None) -> slice:
    """The rows, of n, that this process works on: contiguous shares that differ by one at most."""
    if group is None:
        return slice(0, n)
    import torch.distributed as dist

    here, size = dist.get_rank(group), dist.get_world_size(group)
    return slice(n * here // size, n * (here + 1) // size)


def sum_over(tensor: Tensor, group: Group = None) -> Tensor:
    """The tensor summed over the processes, in place; the same on all of them."""
    if group is not None:
        import torch.distributed as dist

        dist.all_reduce(tensor, op=dist.ReduceOp.SUM, group=group)
    return tensor


def max_over(tensor: Tensor, group: Group = None) -> Tensor:
    """The elementwise maximum over the processes, in place."""
    if group is not None:
        import torch.distributed as dist

        dist.all_reduce(tensor, op=dist.ReduceOp.MAX, group=group)
    return tensor


def gather_rows(rows: Tensor, n: int, group: Group = None) -> Tensor:
    """All n rows from the shards that the processes hold, see `shard`."""
    if group is None:
        return rows
    whole = rows.new_zeros((n, *rows.shape[1:]))
    whole[shard(n, group)] = rows
    return sum_over(whole, group)
