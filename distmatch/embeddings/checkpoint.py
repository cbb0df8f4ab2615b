"""Checkpoints of training: arrays and the step they belong to, written atomically, never pickled."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from distmatch.errors import InputError, missing_package
from distmatch.files import atomic_write


@dataclass
class Checkpoint:
    """One file that always holds the last complete state.

    Args:
        path: a .safetensors file.
        settings: what the state depends on; a state of other settings is not taken up.
        minutes: least time between two states; `store` calls in between do nothing.
    """

    path: Path
    settings: dict[str, object]
    minutes: float = 5.0
    _last: float = field(default_factory=time.monotonic)

    def load(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """The step and arrays stored last, or None if there is no state of these settings."""
        if not self.path.exists():
            return None
        safetensors = _safetensors()
        try:
            with safetensors.safe_open(self.path, framework="numpy") as file:
                metadata = file.metadata() or {}
                if metadata.get("settings") != self._signature():
                    return None
                return int(metadata["step"]), {name: file.get_tensor(name) for name in file.keys()}
        except (safetensors.SafetensorError, KeyError, ValueError) as error:
            raise InputError(
                f"damaged checkpoint ({error}). Delete it to start anew", path=self.path
            ) from error

    def store(
        self, step: int, arrays: Callable[[], dict[str, np.ndarray]], *, now: bool = False
    ) -> None:
        """Write the state, if enough time has passed or `now`."""
        if not now and time.monotonic() - self._last < 60 * self.minutes:
            return
        from safetensors.numpy import save

        data = save(arrays(), metadata={"step": str(step), "settings": self._signature()})
        with atomic_write(self.path, "wb") as file:
            file.write(data)
        self._last = time.monotonic()

    def _signature(self) -> str:
        return json.dumps(self.settings, sort_keys=True)


def _safetensors():
    try:
        import safetensors
    except ModuleNotFoundError:
        raise missing_package("safetensors", "align") from None
    return safetensors
