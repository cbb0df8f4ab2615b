"""Progress of long work, one clock, and `Effort`: what a search may spend and whom it tells."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field, replace
from typing import Protocol, TextIO


class Progress(Protocol):
    """Called with the step done, the number of steps if known, and figures worth showing."""

    def __call__(self, done: float, total: float | None = None, /, **figures: object) -> None: ...


def silent(done: float, total: float | None = None, /, **figures: object) -> None:
    """The default progress: nothing."""


@dataclass(frozen=True)
class Clock:
    """Wall and CPU seconds since it was made, and the wall seconds that the work may take."""

    limit: float = math.inf
    began: float = field(default_factory=time.monotonic)
    began_cpu: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> float:
        """Wall seconds so far."""
        return time.monotonic() - self.began

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process so far."""
        return time.process_time() - self.began_cpu

    @property
    def left(self) -> float:
        """Wall seconds that remain, at least 0."""
        return max(self.limit - self.seconds, 0.0)

    @property
    def expired(self) -> bool:
        """Whether the limit is reached."""
        return self.seconds >= self.limit

    @property
    def deadline(self) -> float:
        """`time.monotonic()` at the limit."""
        return self.began + self.limit

    def share(self, part: float) -> Clock:
        """The same clock with a part of the limit, for one stage of the work."""
        return replace(self, limit=part * self.limit)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What a search may spend: passed once, from the door to the innermost loop.

    Args:
        seed: of all random choices.
        threads: worker threads; 0 for one per core. The result does not depend on it.
        clock: time spent and time allowed.
        progress: called with steps done, steps in all, and figures worth showing.
    """

    seed: int = 0
    threads: int = 0
    clock: Clock = field(default_factory=Clock)
    progress: Progress = silent


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
