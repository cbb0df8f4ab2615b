"""Progress of long work: one callable that the numerics call and the command line draws."""

from __future__ import annotations

import sys
import time
from typing import Protocol, TextIO


class Progress(Protocol):
    """Called with the step done, the number of steps if known, and figures worth showing."""

    def __call__(self, done: float, total: float | None = None, /, **figures: object) -> None: ...


def silent(done: float, total: float | None = None, /, **figures: object) -> None:
    """The default progress: nothing."""


class ProgressLine:
    """One line on standard error, redrawn at most ten times a second, with an estimate of the time left.

    On a stream that is not a terminal nothing is drawn, so logs stay clean.
    """

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self.label = label
        self.stream = stream or sys.stderr
        self.start = self.drawn = time.monotonic()
        self.visible = False

    def __call__(self, done: float, total: float | None = None, /, **figures: object) -> None:
        now = time.monotonic()
        if now - self.drawn < 0.1 or not self.stream.isatty():
            return
        self.drawn = now
        parts = [self.label]
        if total:
            left = (now - self.start) * (total - done) / done if done else float("inf")
            parts.append(f"{done:g}/{total:g}" + (f", {left:.0f} s left" if done else ""))
        parts += [
            f"{name} {value:.1f}" if isinstance(value, float) else f"{name} {value}"
            for name, value in figures.items()
        ]
        self.stream.write("\r\x1b[K" + "  ".join(parts))
        self.stream.flush()
        self.visible = True

    def close(self) -> None:
        """Erase the line."""
        if self.visible:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.visible = False
