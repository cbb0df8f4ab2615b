"""First maps for matchers that refine: each from two clouds alone, or from words written alike."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.errors import InputError
from distmatch.matching.vectors.anchors import WEIGHT, Anchors
from distmatch.matching.vectors.induction import mutual_neighbours
from distmatch.transport.annealedgromov import annealed_gromov
from distmatch.transport.procrustes import procrustes


@dataclass(frozen=True, kw_only=True)
class Start:
    """A way to a first map: its kind and settings.

    Args:
        kind: "gromov" (annealed entropic fused Gromov-Wasserstein), "sorted" (sorted similarities), "pairs" (known ones).
        words: most frequent rows of each side used.
        frequency: weight of the frequency term of "gromov".
        jitter: noise on its first plan.
    """

    kind: str = "gromov"
    words: int = 500
    frequency: float = 0.2
    jitter: float = 0.0

    @property
    def name(self) -> str:
        """For histories and records."""
        if self.kind == "pairs":
            return "known pairs"
        if self.kind == "sorted":
            return f"sorted {self.words}"
        noise = f" jitter {self.jitter:g}" if self.jitter else ""
        return f"gromov {self.words} frequency {self.frequency:g}{noise}"

    def map(
        self,
        x: Tensor,
        y: Tensor,
        generator: torch.Generator | None = None,
        anchors: Anchors | None = None,
    ) -> Tensor:
        """The isometry (d, d') that fits this start's matching.

        Args:
            x: (n, d) unit rows, the most frequent first. y: (m, d').
            anchors: known pairs, which "gromov" takes as a linear term; "pairs" fits them alone.

        Raises:
            InputError: an unknown kind.
        """
        if self.kind == "pairs" and anchors is not None:
            return anchors.map()
        x, y = x[: self.words], y[: self.words]
        if self.kind == "sorted":
            return sorted_similarity(x, y)
        if self.kind != "gromov":
            raise InputError(f"unknown start {self.kind!r}. Starts: gromov sorted")
        plan = annealed_gromov(
            x, y, frequency=self.frequency, jitter=self.jitter, generator=generator,
            known=None if anchors is None else (anchors.x, anchors.y, WEIGHT),
        )  # fmt: skip
        moment = x.T @ plan @ y
        return procrustes(moment if anchors is None else moment + anchors.moment())


def sorted_similarity(x: Tensor, y: Tensor, *, power: float = 0.5) -> Tensor:
    """Match rows whose sorted lists of similarities look alike (Artetxe et al. 2018, section 3.2).

    The similarities are those of the matrix whose singular values are raised to `power`.

    Args:
        x: (n, d) unit rows. y: (m, d'); the longer is cut to the length of the shorter.

    Returns:
        (d, d') isometry fitted on the mutual neighbours of the lists.
    """
    n = min(len(x), len(y))
    x, y = x[:n], y[:n]
    lists = []
    for cloud in (x, y):
        u, s, _ = torch.linalg.svd(cloud, full_matrices=False)
        gram = (u * s.pow(2 * power)) @ u.T
        profile = gram.sort(dim=1).values
        for _ in range(2):
            profile = normalize(profile, dim=1)
            profile = profile - profile.mean(dim=0)
        lists.append(normalize(profile, dim=1))
    pairs = mutual_neighbours(lists[0], lists[1], union=True)
    return procrustes(x[pairs.source].T @ y[pairs.target])


DEFAULT_START = Start()
"""The first map of matchers by default."""
