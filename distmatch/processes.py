"""Child processes and signals: SIGTERM stops as Ctrl-C does, and no child outlives its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from distmatch.errors import InputError

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes after Ctrl-C and SIGTERM."""
PATIENCE = 5.0
"""Seconds after SIGTERM until a process that does not come to its end, as one in compiled code, is ended."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: what handles Ctrl-C handles it too, and the exit code is 143."""


def interrupt_in(error: BaseException) -> KeyboardInterrupt | None:
    """The interrupt that an exception is: a signal during a compiled function comes out of it as a SystemError's cause."""
    found = error.__cause__ if isinstance(error, SystemError) else error
    return found if isinstance(found, KeyboardInterrupt) else None


class Stop:
    """Which signal asked the block to stop, as the exit code it means (0: none), and whether the block is over."""

    def __init__(self) -> None:
        self.code = 0
        self.over = threading.Event()


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """Within the block SIGTERM ends the children at once and raises `Terminated` in the main thread; Ctrl-C is noted.

    Where the main thread is in compiled code for longer than `PATIENCE` after SIGTERM, the process ends without it.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    owner = os.getpid()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def terminate(*_: Any) -> None:
        if stop.code != TERMINATED:
            stop.code = TERMINATED
            raise Terminated

    def interrupt(*_: Any) -> None:
        stop.code = stop.code or INTERRUPTED
        raise KeyboardInterrupt

    handlers = {signal.SIGTERM: signal.signal(signal.SIGTERM, terminate)}
    # A job in the background of a script ignores Ctrl-C, and goes on ignoring it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        handlers[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_guard, args=(reader, stop), daemon=True).start()
    try:
        yield stop
    finally:
        if os.getpid() == owner:
            stop.over.set()
            signal.set_wakeup_fd(wakeup)
            for number, handler in handlers.items():
                signal.signal(number, handler or signal.SIG_DFL)
            os.close(writer)
            if stop.code == TERMINATED:
                end_children()


def _guard(reader: int, stop: Stop) -> None:
    """Wait for the byte that the system writes for each signal, however busy the main thread is."""
    with open(reader, "rb", buffering=0) as pipe:
        while number := pipe.read(1):
            if number[0] == signal.SIGTERM:
                end_children()
                if not stop.over.wait(PATIENCE):
                    end_children()
                    os._exit(TERMINATED)


def end_children() -> None:
    """Kill all descendants of this process but the trackers of `multiprocessing`, which clean up and end with it."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if not any("resource_tracker" in part for part in child.cmdline()):
                    child.kill()


class Workers:
    """Processes that compute for this one and end with it; leaving the block by an error ends them at once."""

    def __init__(self, jobs: int) -> None:
        self._pool = ProcessPoolExecutor(jobs, initializer=bind_to_parent, initargs=(os.getpid(),))

    def __enter__(self) -> Workers:
        return self

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start a computation."""
        return self._pool.submit(function, *arguments)

    def result(self, future: Future[Any]) -> Any:
        """What a computation returned.

        Raises:
            InputError: its process died.
        """
        try:
            return future.result()
        except BrokenProcessPool:
            raise InputError(
                "a worker process died, for want of memory perhaps. Rerun the same command with fewer --jobs to continue"
            ) from None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for process in list((self._pool._processes or {}).values()):
                process.kill()
        self._pool.shutdown(wait=kind is None, cancel_futures=True)


def bind_to_parent(parent: int) -> None:
    """Let this process end when its parent does; Ctrl-C is the parent's to handle."""
    signal.set_wakeup_fd(-1)  # the parent's, inherited by fork
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        import ctypes

        death_signal = 1  # PR_SET_PDEATHSIG
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(death_signal, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
