"""Proximal Gromov-Wasserstein by itself, masses included: letters have frequencies, words are equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.benchmark.methods.answer import answer
from distmatch.embeddings.embeddings import Embeddings
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class ProximalPoints:
    """`transport.gromov_wasserstein`, and the rotation that its moment amounts to."""

    vocabulary: int = 2000
    """Rows used on each side."""
    epsilon: float = 0.5
    steps: int = 200
    frequency: float = 0.0
    """Weight of the term of log ranks."""
    normalization: tuple[str, ...] = ("unit", "center", "unit")

    def match(
        self, source: Embeddings, target: Embeddings, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The rotation; masses are the counts where there are any."""
        import torch

        from distmatch.transport.gromov import gromov_wasserstein
        from distmatch.transport.procrustes import procrustes

        sides = [e.top(self.vocabulary) for e in (source, target)]
        x, y = (torch.from_numpy(e.normalized(self.normalization).vectors) for e in sides)
        masses = [
            None if e.counts is None else torch.from_numpy(e.counts / e.counts.sum()).float()
            for e in sides
        ]
        found = gromov_wasserstein(
            x,
            y,
            self.epsilon,
            self.frequency or None,
            a=masses[0],
            b=masses[1],
            steps=self.steps,
            inner=5,
        )
        map = LinearMap(
            procrustes(found.moment).numpy().astype(np.float32), None, self.normalization
        )
        match = answer(
            map, method="proximal gw", seed=seed, converged=found.converged, steps=found.steps
        )
        match.history.extend(found.history)
        return match
