"""`Kind` and `Problem`: what every kind of task offers to the runner."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from distmatch.benchmark.metrics import Metric
from distmatch.errors import InputError

TASK_KINDS = {
    "cipher": "cipher", "lexicon": "wordvectors", "mapping": "rotation", "texts": "texts", "embeddings": "encoderpair",
}  # fmt: skip
"""Name of a kind of task to its module in this folder."""


class DoesNotApply(Exception):
    """A method cannot be given this task; the message says why."""


class WrongAnswer(Exception):
    """An answer of a type that the task cannot measure; the message says which ones it can."""


def unmeasured(answer: Any, wanted: str) -> Exception:
    """What to raise for a map that a task cannot measure: a method without a map does not apply, another one is wrong.

    Args:
        answer: the map.
        wanted: what the task takes.
    """
    if answer.name == "none":
        return DoesNotApply(f"the method finds no map; this task takes {wanted}")
    return WrongAnswer(f"a map of kind {answer.name}; this task takes {wanted}")


@dataclass(frozen=True)
class Axis:
    """One axis of a kind: its default, and what values it takes."""

    default: Any
    text: str
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None

    def check(self, name: str, value: Any, path: object) -> None:
        """Refuse a value that the axis does not take.

        Raises:
            InputError: wrong type, out of range, or not among the choices.
        """
        if self.choices:
            if value not in self.choices:
                from distmatch.errors import unknown

                raise unknown(
                    f"value of axis {name!r}:", str(value), map(str, self.choices), path=path
                )
            return
        if value is None and self.default is None:
            return
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        wants_number = isinstance(self.default, (int, float)) or self.low is not None
        if wants_number and not isinstance(self.default, bool):
            low = -float("inf") if self.low is None else self.low
            high = float("inf") if self.high is None else self.high
            if not number or not low <= float(value or 0) <= high:
                raise InputError(
                    f"axis {name!r} has value {value!r}; it takes a number from {low:g} to {high:g}",
                    path=path,
                )
        elif isinstance(self.default, bool) != isinstance(value, bool):
            raise InputError(f"axis {name!r} has value {value!r}; it takes {self.text}", path=path)


@dataclass(frozen=True)
class MetricKind:
    """What a metric of a kind means."""

    higher_is_better: bool
    text: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What the hidden answer says about a match."""

    metrics: dict[str, Metric]
    bits: dict[str, float | None] | None = None
    right: bool | None = None
    """Whether the answer counts as right: the event that a confidence predicts."""
    artefacts: dict[str, Any] = field(default_factory=dict)
    """File name to JSON value, written beside the record."""


class Problem(Protocol):
    """One instance of a task: what can be shown, and what is hidden."""

    @property
    def context(self) -> dict[str, Any]:
        """Facts that the report draws (unicity distance, size), not shown to methods."""
        ...

    @property
    def data_sha256(self) -> dict[str, str]:
        """Hashes of what was made or read."""
        ...

    def view(self, name: str) -> tuple[Any, Any]:
        """Source and target as the view gives them.

        Raises:
            DoesNotApply: this instance has no such view.
        """
        ...

    def score(self, match: Any) -> Score:
        """Measure an answer.

        Raises:
            DoesNotApply: a method that finds no map, where one is asked for.
            WrongAnswer: an answer of a type that this kind cannot measure.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of task, as data."""

    name: str
    hidden: str
    axes: Mapping[str, Axis]
    metrics: Mapping[str, MetricKind]
    views: Mapping[str, str]
    """Name to what source and target are."""
    files: Mapping[str, str]
    """Names of the data files that it may have, to what they hold."""
    build: Callable[[Mapping[str, Any], Mapping[str, Path], int], Problem]
    """Axes, paths of the data files and the seed to an instance."""


def load_kind(name: str) -> Kind:
    """A kind by its name (one of `TASK_KINDS`)."""
    return importlib.import_module(f"distmatch.benchmark.kinds.{TASK_KINDS[name]}").KIND
