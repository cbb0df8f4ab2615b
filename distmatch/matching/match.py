"""`Match`: what every matcher returns, and `Matcher`: what every matcher is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from distmatch.progress import Progress, silent

Map = TypeVar("Map")


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
class Match(Generic[Map]):
    """A map f with f(X) distributed like Y, its code length, and how far to believe it."""

    map: Map
    bits: Bits
    confidence: float
    """Probability that the map is right, estimated without gold data."""
    reason: str
    """Why the match is believed or not, one line."""
    method: str
    seed: int
    seconds: float
    cpu_seconds: float
    history: list[dict[str, Any]] = field(default_factory=list)
    """One entry a step of the search: figures a plot can use."""
    alternatives: list[Match[Map]] = field(default_factory=list)
    """Runners-up, best first."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Figures particular to one matcher (JSON values)."""

    @property
    def believed(self) -> bool:
        """Whether the confidence reaches 0.9."""
        return self.confidence >= BELIEF


BELIEF = 0.9
"""Confidence from which a match counts as found: `solved` for a cipher, `believed` for an alignment."""

Source = TypeVar("Source", contravariant=True)
Target = TypeVar("Target", contravariant=True)
Found = TypeVar("Found", covariant=True)


class Matcher(Protocol[Source, Target, Found]):
    """A frozen dataclass of settings with this one method."""

    def match(
        self, source: Source, target: Target, *, seed: int = 0, progress: Progress = silent
    ) -> Found: ...
