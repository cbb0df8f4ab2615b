"""`Checkpoint`: maps of a run under names, on disk, so that a killed run can go on."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np

from distmatch.files import atomic_write


class Checkpoint:
    """Named matrices of one run.

    Args:
        path: safetensors file; None keeps nothing.
        run: what identifies the run (options, hashes of the data); a file of another run is ignored.
        writes: whether this process writes; of several that share a run one does, and all read.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, run: str = "", *, writes: bool = True
    ) -> None:
        self.writes = writes
        self.path = None if path is None else Path(path)
        self.run = hashlib.sha256(run.encode()).hexdigest()
        self.matrices: dict[str, np.ndarray] = {}
        if self.path is not None and self.path.exists():
            self._read(self.path)

    def _read(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        # A damaged file is one that was not kept: the run starts anew and overwrites it.
        with contextlib.suppress(SafetensorError, OSError), safe_open(path, "numpy") as file:
            if (file.metadata() or {}).get("run") == self.run:
                self.matrices = {name: file.get_tensor(name) for name in file.keys()}

    def get(self, name: str) -> np.ndarray | None:
        """What `put` kept under a name, or None."""
        return self.matrices.get(name)

    def put(self, name: str, matrix: np.ndarray) -> None:
        """Keep a matrix and write the file."""
        if self.path is None or not self.writes:
            return
        from safetensors.numpy import save

        self.matrices[name] = np.ascontiguousarray(matrix)
        with atomic_write(self.path, "wb") as file:
            file.write(save(self.matrices, {"run": self.run}))

    def discard(self) -> None:
        """Remove the file of a run that is done."""
        if self.path is not None and self.writes:
            self.path.unlink(missing_ok=True)


NOWHERE = Checkpoint()
"""Keeps nothing."""
