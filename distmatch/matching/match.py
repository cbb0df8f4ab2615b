"""The formula: f* = argmin over maps f of D(P_f(X), P_Y). Its four nouns, and `Match`, the answer.

A `Map` is f, a `Divergence` is D in bits, a `Matcher` searches, and a `Match` is what it found.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from distmatch.errors import InputError, missing_package
from distmatch.files import write_json
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


@dataclass(frozen=True, kw_only=True, repr=False)
class Match(Generic[F]):
    """A map f with f(X) distributed like Y, its code length, and how far to trust it."""

    map: F
    bits: Bits
    confidence: float | None
    """Probability that the map is right, estimated without gold data; None where no calibration backs one."""
    reason: str
    """The evidence for or against the match; where there are several figures, one a line."""
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

    def to_dict(self) -> dict[str, Any]:
        """The match as JSON values, the map among them."""
        return {**_to_json(self), "map": {"name": self.map.name, **self.map.to_json()}}

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write a folder: match.json, and the matrices of a linear map as map.safetensors.

        Raises:
            InputError: a map that is not linear; use `to_dict` for its JSON.
        """
        from distmatch.maps.linear import LinearMap

        if not isinstance(self.map, LinearMap):
            raise InputError(
                f"a match with a map of kind {self.map.name} has no file format. Use to_dict, which gives JSON"
            )
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        self.map.save(path / "map.safetensors")
        write_json(path / "match.json", {"schema": 1, **_to_json(self)})

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Match[Any]:
        """Read what `save` wrote; no code is run.

        Raises:
            InputError: no such folder, or other files in it.
        """
        from distmatch.maps.linear import LinearMap

        path = Path(folder) / "match.json"
        try:
            made = json.loads(path.read_text("utf-8"))
            bits = Bits(**made.pop("bits"))
            if made.pop("schema") != 1:
                raise ValueError("another schema")
            made.pop("believed")
            f = LinearMap.load(path.with_name("map.safetensors"))
            return Match(map=f, bits=bits, **made)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"not a match ({error}). Write it again with Match.save", path=path
            ) from error

    def __repr__(self) -> str:
        trust = "not calibrated" if self.confidence is None else f"confidence {self.confidence:.3f}"
        return f"Match({self.map.name} map by {self.method}: {trust}, {self.bits.total:.0f} bits)"

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        trust = "not calibrated" if self.confidence is None else f"{self.confidence:.3f}"
        control = "" if self.bits.control is None else f"; control {self.bits.control:.0f}"
        rows = {
            "map": self.map.name, "method": self.method, "trusted": "yes" if self.believed else "no",
            "confidence": trust, "evidence": self.reason,
            "bits": f"{self.bits.data:.0f} + map {self.bits.map:.0f}{control}",
            "seconds": f"{self.seconds:.1f} ({self.cpu_seconds:.1f} CPU)", "seed": str(self.seed),
        }  # fmt: skip
        cells = (
            f"<tr><th>{name}</th><td>{escape(value).replace(chr(10), '<br>')}</td></tr>"
            for name, value in rows.items()
        )
        return f"<table>{''.join(cells)}</table>"

    def plot(self, ax: Any = None) -> Any:
        """Draw the figures of the history over its steps, one line each, scaled to their ranges.

        Args:
            ax: matplotlib axes; None makes new ones.

        Returns:
            the axes.

        Raises:
            InputError: matplotlib is not installed, or there is no history.
        """
        try:
            import matplotlib.pyplot as plt
        except ModuleNotFoundError:
            raise missing_package("matplotlib", "dev") from None
        lines: dict[str, tuple[list[int], list[float]]] = {}
        for step, entry in enumerate(self.history):
            for name, value in entry.items():
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    places, values = lines.setdefault(name, ([], []))
                    places.append(step)
                    values.append(float(value))
        lines = {
            n: line for n, line in lines.items() if len(line[0]) > 1 and n not in ("step", "start")
        }
        if not lines:
            raise InputError(f"this match by {self.method} has no history to plot")
        ax = plt.subplots()[1] if ax is None else ax
        for name, (places, values) in lines.items():
            low, high = min(values), max(values)
            scaled = [(v - low) / ((high - low) or 1.0) for v in values]
            ax.plot(places, scaled, label=f"{name} ({low:.3g} to {high:.3g})")
        ax.set_xlabel("entry of the history")
        ax.set_ylabel("share of the figure's range")
        ax.legend()
        return ax


def _to_json(match: Match[Any]) -> dict[str, Any]:
    """All but the map and the runners-up, as JSON values: NaN and infinities become None."""
    return _finite({
        "bits": asdict(match.bits), "confidence": match.confidence, "believed": match.believed,
        "reason": match.reason, "method": match.method, "seed": match.seed, "seconds": match.seconds,
        "cpu_seconds": match.cpu_seconds, "history": match.history, "extra": match.extra,
    })  # fmt: skip


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value


class Matcher(Protocol[Source, Target, FOut]):
    """A search for f: a frozen dataclass of its settings with this one method."""

    def match(
        self, source: Source, target: Target, /, *, seed: int = 0, progress: Progress = silent
    ) -> Match[FOut]:
        """The best map found."""
        ...
