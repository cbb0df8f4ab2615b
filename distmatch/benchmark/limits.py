"""Limits of time and memory for one run, enforced twice: by a signal, then by a watchdog process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL = 0.1
"""Seconds between two readings of a run's memory."""
LISTING = 1.0
"""Seconds between two searches for its child processes: psutil goes through all processes of the machine."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Maximum wall seconds and resident memory of a run; None is unlimited."""

    seconds: float | None = None
    memory_mib: float | None = None

    def over(self, other: Limits) -> Limits:
        """These limits, with missing ones taken from the other."""
        return Limits(
            seconds=self.seconds if self.seconds is not None else other.seconds,
            memory_mib=self.memory_mib if self.memory_mib is not None else other.memory_mib,
        )

    @property
    def given(self) -> dict[str, float]:
        """Those that are set."""
        return {k: v for k, v in vars(self).items() if v is not None}


class TimeIsUp(BaseException):
    """Raised in a run that exceeds its time; not an `Exception`, so that methods do not catch it."""


@contextlib.contextmanager
def alarm(seconds: float | None) -> Iterator[None]:
    """Raise `TimeIsUp` in the main thread after so many wall seconds."""
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is None or not usable:
        yield
        return

    def ring(*_: Any) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def memory_ceiling(mib: float | None) -> Iterator[None]:
    """Let allocations of more than so many MiB above what is held now fail with `MemoryError`."""
    import psutil

    held = getattr(psutil.Process().memory_info(), "data", None)
    if mib is None or held is None:  # macOS does not tell; there the watchdog alone keeps the limit
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    ceiling = int(held + mib * 2**20)
    if before[1] != resource.RLIM_INFINITY:
        ceiling = min(ceiling, before[1])
    resource.setrlimit(resource.RLIMIT_DATA, (ceiling, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def resident_mib() -> float:
    """Resident memory now."""
    return _resident(os.getpid())


def reset_peak() -> None:
    """Begin a new high-water mark of resident memory, where the system can: Linux alone, and psutil has no call for it."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


class Watchdog:
    """A small process beside each worker that kills it when a run exceeds a limit in spite of the signal.

    A compiled kernel may hold the interpreter for minutes and memory may grow between two allocations, so the
    last word belongs to a process of its own. It leaves a note that says why before it kills.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.owner = 0

    def begin(self, note: Path, limits: Limits) -> None:
        """Watch this process until `end`; the note is written if it is killed or dies."""
        grace = None if limits.seconds is None else limits.seconds * 1.1 + 1.0
        order = {"note": str(note), "seconds": grace, "told": limits.seconds}
        order["memory_mib"] = limits.memory_mib
        self._say(json.dumps(order))

    def end(self) -> None:
        """The run is over."""
        if self.process is not None and self.owner == os.getpid():
            self._say("")

    def _say(self, line: str) -> None:
        if self.process is None or self.owner != os.getpid() or self.process.poll() is not None:
            self.owner = os.getpid()
            import psutil

            # Without site packages it starts in a third of the time; it needs one of them, by its folder.
            packages = str(Path(psutil.__file__).parents[1])
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, str(self.owner), packages], stdin=subprocess.PIPE, text=True,
                start_new_session=True, env={"PATH": os.environ.get("PATH", "")},
            )  # fmt: skip
        pipe = self.process.stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):
            pipe.write(line + "\n")
            pipe.flush()


WATCHDOG = Watchdog()


def watch(pid: int, orders: int) -> None:
    """The watchdog's loop: each order is a line, an empty line ends a watch, end of file ends the process."""
    import select
    import time

    order: dict[str, Any] | None = None
    begun, listed, unread = 0.0, 0.0, b""
    family: list[int] = []
    while True:
        ready, _, _ = select.select([orders], [], [], POLL if order else None)
        if ready:
            block = os.read(orders, 65536)
            if not block:
                if order is not None:
                    _note(order, {"status": "crashed", "deaths": deaths(order["note"]) + 1})
                return
            *lines, unread = (unread + block).split(b"\n")
            if lines:
                order = json.loads(lines[-1]) if lines[-1] else None
                begun = time.monotonic()
            continue
        assert order is not None
        now = time.monotonic()
        if now - listed > LISTING:
            family, listed = children(pid), now
        held = sum(_resident(p) for p in [pid, *family])
        if order["seconds"] is not None and now - begun > order["seconds"]:
            _kill(
                pid,
                order,
                "time-out",
                f"more than {order['told']:g} s, and no reaction to a signal",
            )
            order = None
        elif order["memory_mib"] is not None and held > order["memory_mib"]:
            error = f"{held:.0f} MiB resident, more than {order['memory_mib']:g} MiB"
            _kill(pid, order, "out of memory", error)
            order = None


def _resident(pid: int) -> float:
    import psutil

    try:
        return psutil.Process(pid).memory_info().rss / 2**20
    except psutil.Error:
        return 0.0


def deaths(note: str) -> int:
    """Number of times that a run has crashed its process, from its note."""
    try:
        with open(note) as file:
            return int(json.load(file).get("deaths", 0))
    except (OSError, ValueError):
        return 0


def _note(order: dict[str, Any], said: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        with open(order["note"] + ".part", "w") as file:
            json.dump(said, file)
        os.replace(order["note"] + ".part", order["note"])


def _kill(pid: int, order: dict[str, Any], status: str, error: str) -> None:
    _note(order, {"status": status, "error": error})
    for one in [*children(pid), pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """All descendants of a process, such as external programs, except this watchdog."""
    import psutil

    try:
        found = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return [child.pid for child in found if child.pid != os.getpid()]


if __name__ == "__main__":
    sys.path.append(sys.argv[2])
    watch(int(sys.argv[1]), sys.stdin.fileno())
