"""Time that numba spends compiling, which no budget counts: it is spent once per machine."""

from __future__ import annotations

import functools
import threading
import time

from numba.core import event

from distmatch.progress import spent_once


class _Compilation(event.Listener):
    """Adds the CPU seconds of every outermost compilation."""

    def __init__(self) -> None:
        self.local = threading.local()

    def on_start(self, event: event.Event) -> None:
        self.local.depth = getattr(self.local, "depth", 0) + 1
        if self.local.depth == 1:
            self.local.began = time.thread_time()

    def on_end(self, event: event.Event) -> None:
        self.local.depth -= 1
        if self.local.depth == 0:
            spent_once(time.thread_time() - self.local.began)


@functools.cache
def exempt_compilation() -> None:
    """From now on compiling does not count against the CPU limits of clocks."""
    event.register("numba:compile", _Compilation())
