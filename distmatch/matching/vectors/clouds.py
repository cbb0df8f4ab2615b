"""What all matchers of embeddings share: checks, tensors, and the `Match` made of the map that was found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.device import choose_device
from distmatch.embeddings.arrays import Vectors, as_embeddings
from distmatch.embeddings.normalization import normalize
from distmatch.errors import InputError
from distmatch.maps.centring import fitted
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Bits, Match
from distmatch.matching.vectors.anchors import Anchors, pair_rows
from distmatch.matching.vectors.evidence import (
    Reference,
    explain,
    measure,
)
from distmatch.matching.vectors.evidence import confidence as confidence_of
from distmatch.progress import Clock, Progress, silent
from distmatch.retrieval.dictionary import Dictionary

ITERATIVE = ("unit", "center") * 5 + ("unit",)
"""Iterative normalisation (Zhang et al. 2019): unit rows and zero mean at the same time."""
CODED = 2_000
"""Rows on each side whose code length `Match.bits` states."""
FIRST = 1_000
"""Rows that nearly always show that rows differ, without a copy of all of them."""
MIN_SPREAD = 1e-5
"""Range of the coordinates of unit rows below which they are equal but for rounding."""


@dataclass
class Trace:
    """One run: its seed and clock, and what it leaves on its way (history, progress, checkpoints, an interrupt)."""

    seed: int = 0
    clock: Clock = field(default_factory=Clock)
    progress: Progress = silent
    checkpoint: Checkpoint = NOWHERE
    history: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False

    def step(self, figures: dict[str, Any], total: float | None = None) -> None:
        """Add an entry to the history and show it."""
        self.history.append(figures)
        shown = {k: v for k, v in figures.items() if k in ("csls", "pairs", "agreement")}
        self.progress(len(self.history), total, **shown)


@dataclass(frozen=True)
class Clouds:
    """Both sides as tensors on one device, normalised.

    Args:
        x: (n, d). y: (m, d').
        steps: the normalisation done.
        ranked: whether the order of the rows is that of frequency, on both sides.
        means: what the centring took off, see `maps.linear.LinearMap`.
        anchors: known pairs, if there are any.
    """

    x: Tensor
    y: Tensor
    steps: tuple[str, ...]
    ranked: bool = True
    means: tuple[np.ndarray, np.ndarray] | None = None
    anchors: Anchors | None = None

    @classmethod
    def of(
        cls,
        source: Vectors,
        target: Vectors,
        *,
        steps: tuple[str, ...] = ITERATIVE,
        device: str = "auto",
        orthogonal: str | None = None,
        pairs: Dictionary | None = None,
    ) -> Clouds:
        """Normalise and check.

        Args:
            source: see `embeddings.arrays.Vectors`. target: likewise.
            orthogonal: name of the matcher if its map needs equal dimensions.
            pairs: known ones, words or row numbers.

        Raises:
            InputError: fewer rows than dimensions, rows that are all equal, or different dimensions where they must be equal;
                no known pair among the rows.
        """
        source, target = as_embeddings(source, "source"), as_embeddings(target, "target")
        for side, given in (("source", source), ("target", target)):
            if len(given) <= given.dimension:
                raise InputError(
                    f"the {side} has {len(given)} rows of {given.dimension} dimensions, too few for a map. "
                    "Give more rows than dimensions"
                )
            if _spread(given.vectors[:FIRST]) < MIN_SPREAD and _spread(given.vectors) < MIN_SPREAD:
                raise InputError(
                    f"all {len(given)} rows of the {side} point in one direction, so that none can be told from another. "
                    "Check the file"
                )
        if orthogonal is not None and source.dimension != target.dimension:
            raise InputError(
                f"{orthogonal} finds orthogonal maps, which need equal dimensions, and the source has "
                f"{source.dimension}, the target {target.dimension}. Use --method auto or self-learning, whose "
                "maps may be rectangular"
            )
        where = choose_device(device)
        normal = [fitted(e.vectors, steps) for e in (source, target)]
        x, y = (torch.from_numpy(rows).to(where) for rows, _ in normal)
        one, other = (means for _, means in normal)
        means = None if one is None or other is None else (one, other)
        known = None if pairs is None else Anchors.of(x, y, *pair_rows(pairs, source, target))
        return cls(x, y, steps, source.ranked and target.ranked, means, known)

    def linear(self, a: Tensor, b: Tensor | None = None, *, bits: float = math.nan) -> LinearMap:
        """The map with matrices for the normalised source and target."""
        target = None if b is None else b.cpu().numpy()
        return LinearMap(a.cpu().numpy(), target, self.steps, bits, self.means)


def _spread(rows: np.ndarray) -> float:
    """Largest range of a coordinate of the unit rows (n, d)."""
    return float(np.ptp(normalize(rows, ("unit",)), axis=0).max())


def conclude(
    clouds: Clouds,
    a: Tensor,
    b: Tensor | None = None,
    *,
    method: str,
    trace: Trace,
    extra: dict[str, Any] | None = None,
    reference: Reference | None = None,
    isometry: Tensor | None = None,
) -> Match[LinearMap]:
    """The `Match` of a map: evidence and confidence without gold, and bits.

    Args:
        clouds: both sides, normalised.
        a: (d, k) map of the source. b: (k may be d') of the target; None leaves the target as it is.
        trace: of the run.
        reference: of the same clouds, if it has been made.
        isometry: (d, d') what the evidence and the bits are of, the map before its re-weighting; None is a itself, orthogonal.
    """
    assert isometry is not None or b is None
    isometry = a if isometry is None else isometry
    x, y = clouds.x, clouds.y
    reference = reference or Reference.of(x, y, seed=trace.seed, ranked=clouds.ranked)
    evidence, _ = measure(x, y, isometry, reference, seed=trace.seed, ranked=clouds.ranked)
    confidence = confidence_of(evidence)
    bits, offered = code_length(clouds, isometry)
    return Match(
        map=clouds.linear(a, b, bits=offered[1]),
        bits=bits,
        confidence=confidence,
        reason=("stopped early\n" if trace.interrupted else "") + explain(evidence, confidence),
        method=method,
        seed=trace.seed,
        seconds=trace.clock.seconds,
        cpu_seconds=trace.clock.cpu_seconds,
        history=trace.history,
        extra={
            "evidence": evidence.to_json(),
            "bits_saved_by_map": round(offered[0], 1),
            "bits_of_map": round(offered[1], 1),
            **(extra or {}),
        },
    )


def code_length(clouds: Clouds, isometry: Tensor) -> tuple[Bits, tuple[float, float]]:
    """Bits of the first `CODED` rows of Y given those of f(X); the control is the same rows alone.

    Beside them what the map would save if it were known, and what it costs: few rows of many dimensions are not worth
    a map's bits, however right it is, and are then coded without it.

    The code learns by itself how the best linear map departs from the isometry, so only the isometry is charged.

    Args:
        isometry: (d, d') from the source's space to the target's.
    """
    from distmatch.compression.vectorcode import alignment_code

    x, y = (cloud[:CODED].cpu().numpy() for cloud in (clouds.x, clouds.y))
    code = alignment_code(x, y, isometry.cpu().numpy(), ranked=clouds.ranked)
    return Bits(data=code.conditional, map=code.map, control=code.separate), code.offered
