"""Matchers of the tests: they know their answers, fail, dawdle, hoard or die as told."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass

import numpy as np

from distmatch.benchmark.methods.answer import answer


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Answers with a random permutation; misbehaves on one seed."""

    bad_seed: int = -1
    how: str = ""
    seconds: float = 0.0
    note: str = ""

    def match(self, source, target, *, seed=0, progress=None):
        if self.note:
            with open(self.note, "a") as file:
                file.write(f"{seed}\n")
        if self.seconds:
            time.sleep(self.seconds)
        if seed == self.bad_seed:
            self._misbehave()
        key = np.random.default_rng([seed, len(source)]).permutation(len(source))
        found = answer(key, method="planted", seed=seed)
        found.history.extend({"step": i, "bits": 100.0 / (i + 1)} for i in range(1000))
        return found

    def _misbehave(self):
        if self.how == "raise":
            raise ValueError("planted\nfailure")
        if self.how == "exit":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "child":  # deaf, and so is the program that it waits for
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
            subprocess.run(["sleep", f"{600 + self.bad_seed}.125"])
        if self.how == "sleep":
            time.sleep(600)
        if self.how == "deaf":
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            time.sleep(600)
        if self.how == "hoard":
            hoard = []
            while True:
                hoard.append(np.ones(2_000_000))
        if self.how == "swallow":
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
            while True:
                pass
