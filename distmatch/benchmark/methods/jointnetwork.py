"""The joint model as a matcher of the benchmark: one network on both sequences, f read off its embeddings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from distmatch.benchmark.methods.answer import answer
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class JointNetwork:
    """`JointModel`, trained on the running text that the task shows and on the other sequence."""

    steps: int = 1_500
    """Steps of training."""

    def match(
        self, source: np.ndarray, target: np.ndarray, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The symbol of the first sequence for each symbol of the second.

        Raises:
            InputError: a side shorter than the model's context.
        """
        from distmatch.matching.joint.jointmodel import JointModel

        size = int(max(source.max(), target.max())) + 1
        model = JointModel(steps=self.steps)
        found = model.match(target, source, size=size, seed=seed, progress=progress)
        made = answer(found.map, method=found.method, seed=seed, data=found.bits.data)
        return replace(made, reason=found.reason, history=found.history, extra=found.extra)
