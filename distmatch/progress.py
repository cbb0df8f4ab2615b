"""Progress of long work, one clock, and `Effort`: what a search may spend and whom it tells."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TextIO


class Progress(Protocol):
    """Called with the step done, the number of steps if known, and figures worth showing.

    A figure named `phase` names a part of the work that has steps of its own.
    """

    def __call__(self, done: float, total: float | None = None, /, **figures: object) -> None: ...


def silent(done: float, total: float | None = None, /, **figures: object) -> None:
    """The default progress: nothing."""


_ONCE = [0.0]
"""CPU seconds of this process that went into work done once per machine: compiling, and building a language's model."""


def spent_once(seconds: float) -> None:
    """Exempt CPU seconds from the limits of all clocks that run: no search may be cut short because it was compiled first."""
    _ONCE[0] += seconds


@contextmanager
def exempt() -> Iterator[None]:
    """The CPU seconds of the block are exempted from the limits of all clocks; compiling inside it counts once."""
    began, before = time.process_time(), _ONCE[0]
    try:
        yield
    finally:
        _ONCE[0] = max(_ONCE[0], before + time.process_time() - began)


@dataclass(frozen=True)
class Clock:
    """Wall and CPU seconds since it was made, and how many of each the work may take."""

    limit: float = math.inf
    cpu_limit: float = math.inf
    began: float = field(default_factory=time.monotonic)
    began_cpu: float = field(default_factory=time.process_time)
    began_once: float = field(default_factory=lambda: _ONCE[0])

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
        """Wall seconds that remain, at least 0: no more than the CPU seconds that remain."""
        working = self.cpu_seconds - (_ONCE[0] - self.began_once)
        return max(min(self.limit - self.seconds, self.cpu_limit - working), 0.0)

    @property
    def expired(self) -> bool:
        """Whether a limit is reached."""
        return self.left <= 0.0

    @property
    def wall_left(self) -> float:
        """Wall seconds that remain of the wall limit alone, at least 0."""
        return max(self.limit - self.seconds, 0.0)

    @property
    def deadline(self) -> float:
        """`time.monotonic()` at the limit."""
        return time.monotonic() + self.left

    def share(self, part: float) -> Clock:
        """The same clock with a part of the limits, for one stage of the work."""
        return replace(self, limit=part * self.limit, cpu_limit=part * self.cpu_limit)


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

    def interrupted(self, done: float, total: float | None = None, /, **figures: object) -> bool:
        """Report progress; whether the user interrupts meanwhile, so that the caller keeps what it has."""
        try:
            self.progress(done, total, **figures)
        except KeyboardInterrupt:
            return True
        return False


class ProgressLine:
    """Phases of a command on standard error, each with its name, its steps and an estimate of its own.

    A call may name its phase with `phase=`; else it belongs to the phase of the label. On a terminal the current phase
    is a bar, redrawn at most ten times per second and gone at the end. Elsewhere a named phase prints one plain line
    when it begins, and nothing else is printed, so logs stay clean.
    """

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self.label = label
        self.stream = stream or sys.stderr
        self.drawn = 0.0
        self._phase: str | None = None
        self._begun: set[str] = set()
        self._bars: Any = None

    def __call__(self, done: float, total: float | None = None, /, **figures: object) -> None:
        phase = figures.pop("phase", None)
        name = str(phase or self.label)
        if not self.stream.isatty():
            if phase is not None and phase not in self._begun:
                print(f"distmatch: {phase}", file=self.stream, flush=True)
            self._begun.add(name)
            return
        now = time.monotonic()
        if name == self._phase and now - self.drawn < 0.1:
            return
        self.drawn = now
        self._draw(name, done, total, figures)

    def _draw(
        self, name: str, done: float, total: float | None, figures: dict[str, object]
    ) -> None:
        if self._bars is None:
            self._bars = _bars(self.stream)
            self._bars.start()
        told = "  ".join(
            f"{key} {value:.1f}" if isinstance(value, float) else f"{key} {value}"
            for key, value in figures.items()
        )
        if name != self._phase:  # a new task: its estimate is made of its own steps only
            for task in self._bars.task_ids:
                self._bars.remove_task(task)
            self._task = self._bars.add_task(name, total=total, told=told)
            self._phase = name
        self._bars.update(self._task, completed=done, total=total, told=told, refresh=True)

    def close(self) -> None:
        """Erase the bar."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = self._phase = None


def _bars(stream: TextIO) -> Any:
    """Bars without a thread of their own, which would not survive a fork of the process."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    text = TextColumn("{task.description}", markup=False)
    told = TextColumn("{task.fields[told]}", markup=False)
    return Progress(
        text, BarColumn(20), MofNCompleteColumn(), TimeRemainingColumn(), told,
        console=Console(file=stream), transient=True, auto_refresh=False,
    )  # fmt: skip
