"""The formula: f* = argmin over maps f of D(P_f(X), P_Y). Its four nouns, and `Match`, the answer.

A `Map` is f, a `Divergence` is D in bits, a `Matcher` searches, and a `Match` is what it found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from distmatch.maps.map import Map
from distmatch.progress import Progress, silent

__all__ = ["BELIEF", "Bits", "Divergence", "Map", "Match", "Matcher"]

BELIEF = 0.9
"""Confidence from which a match counts as found: `solved` for a cipher, `believed` for an alignment."""

F = TypeVar("F", bound=Map)
FOut = TypeVar("FOut", bound=Map)
Source = TypeVar("Source", contravariant=True)
Target = TypeVar("Target", contravariant=True)
Mapped = TypeVar("Mapped", contravariant=True)


class Divergence(Protocol[Mapped]):
    """A model of Y that codes f(X): D(P_f(X), P_Y) up to the entropy of f(X), in bits."""

    def total_bits(self, mapped: Mapped, /) -> float:
        """Code length of f(X) under P_Y."""
        ...


@dataclass(frozen=True, kw_only=True)
class Bits:
    """Code lengths of a match, in bits."""

    data: float
    """f(X) under the model of Y."""
    map: float
    """The map itself."""
    control: float | None = None
    """Total (data and map) that the same search needs on the shuffled data; None if it was not run."""

    @property
    def total(self) -> float:
        """Data and map together: the divergence that every matcher minimises."""
        return self.data + self.map


@dataclass(frozen=True, kw_only=True)
class Match(Generic[F]):
    """A map f with f(X) distributed like Y, its code length, and how far to trust it."""

    map: F
    bits: Bits
    confidence: float | None
    """Probability that the map is right, estimated without gold data; None where no calibration backs one."""
    reason: str
    """The evidence for or against the match, one line."""
    method: str
    """Name of the matcher, one that its door accepts."""
    seed: int
    seconds: float
    cpu_seconds: float
    history: list[dict[str, Any]] = field(default_factory=list)
    """One entry per step of the search: figures a plot can use."""
    alternatives: list[Match[F]] = field(default_factory=list)
    """Runners-up, best first."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Figures particular to one matcher; JSON values only."""

    @property
    def believed(self) -> bool:
        """Whether there is a confidence and it reaches 0.9."""
        return self.confidence is not None and self.confidence >= BELIEF


class Matcher(Protocol[Source, Target, FOut]):
    """A search for f: a frozen dataclass of its settings with this one method."""

    def match(
        self, source: Source, target: Target, /, *, seed: int = 0, progress: Progress = silent
    ) -> Match[FOut]:
        """The best map found."""
        ...
