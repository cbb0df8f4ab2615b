"""`Checkpoint`: the named arrays of an unfinished run on disk, so that a killed run resumes."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from distmatch.errors import InputError, missing_package
from distmatch.files import atomic_write


class Checkpoint:
    """One safetensors file that always holds a complete state; never pickled.

    Args:
        path: the file; None keeps nothing.
        run: what identifies the run (options, hashes of the data); a file of another run is ignored.
        writes: whether this process writes; where several share a run, one writes and all read.
        minutes: least time between two states that `replace` writes.

    Raises:
        InputError: a damaged file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        run: str = "",
        *,
        writes: bool = True,
        minutes: float = 0.0,
    ) -> None:
        self.writes = writes
        self.path = None if path is None else Path(path)
        self.run = hashlib.sha256(run.encode()).hexdigest()
        self.minutes = minutes
        self.arrays: dict[str, np.ndarray] = {}
        self._written = time.monotonic()
        if self.path is not None and self.path.exists():
            self._read(self.path)

    def _read(self, path: Path) -> None:
        safetensors = _safetensors()
        try:
            with safetensors.safe_open(path, "numpy") as file:
                if (file.metadata() or {}).get("run") == self.run:
                    self.arrays = {name: file.get_tensor(name) for name in file.keys()}
        except (safetensors.SafetensorError, OSError) as error:
            raise InputError(
                f"damaged checkpoint ({error}). Delete it to start again", path=path
            ) from error

    def get(self, name: str) -> np.ndarray | None:
        """What `put` kept under a name, or None."""
        return self.arrays.get(name)

    def put(self, name: str, array: np.ndarray) -> None:
        """Keep one more array and write the file."""
        if self.path is not None and self.writes:
            self._write({**self.arrays, name: np.ascontiguousarray(array)})

    def replace(self, arrays: Callable[[], Mapping[str, np.ndarray]], *, now: bool = False) -> None:
        """Write a whole new state, if `minutes` have passed since the last one or `now`."""
        due = now or time.monotonic() - self._written >= 60 * self.minutes
        if self.path is not None and self.writes and due:
            self._write(dict(arrays()))

    def _write(self, arrays: dict[str, np.ndarray]) -> None:
        _safetensors()
        from safetensors.numpy import save

        assert self.path is not None
        self.arrays = arrays
        with atomic_write(self.path, "wb") as file:
            file.write(save(arrays, {"run": self.run}))
        self._written = time.monotonic()

    def discard(self) -> None:
        """Remove the file of a run that is done."""
        if self.path is not None and self.writes:
            self.path.unlink(missing_ok=True)


def _safetensors():
    try:
        import safetensors
    except ModuleNotFoundError:
        raise missing_package("safetensors", "align") from None
    return safetensors


NOWHERE = Checkpoint()
"""Keeps nothing."""
