"""Tasks, methods, runs and sweeps, as data."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from distmatch.benchmark.kinds.kind import load_kind
from distmatch.benchmark.limits import Limits

Axes = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file of a task: where, which bytes, how to get it."""

    file: str
    sha256: str | None = None
    """None for a file that is made here, until `runner.identified` has read it."""
    fetch: str | None = None
    make: str | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """What has to be found: its data, what is hidden, how an answer is measured."""

    name: str
    version: int
    kind: str
    title: str
    hidden: str
    axes: Axes
    """Axis to its list of values."""
    metrics: tuple[str, ...]
    """Primary first."""
    data: dict[str, DataFile] = field(default_factory=dict)

    def points(self) -> list[Axes]:
        """Every combination of values of the axes."""
        return [
            dict(zip(self.axes, values, strict=True))
            for values in itertools.product(*self.axes.values())
        ]

    def to_config(self, axes: Axes | None = None) -> dict[str, Any]:
        """The whole task as a configuration would spell it out, at one point of its axes."""
        kind = load_kind(self.kind)
        out: dict[str, Any] = {
            "task": self.name, "version": self.version, "kind": self.kind, "title": self.title, "hidden": self.hidden,
            "axes": axes if axes is not None else self.axes,
            "metrics": [
                {"name": m, "higher_is_better": kind.metrics[m].higher_is_better} for m in self.metrics
            ],
        }  # fmt: skip
        if self.data:
            out["data"] = {
                name: {k: v for k, v in vars(file).items() if v is not None}
                for name, file in self.data.items()
            }
        return out


@dataclass(frozen=True, kw_only=True)
class Method:
    """A matcher's class, the view of the task that it takes, and its settings."""

    name: str
    matcher: str
    takes: str
    title: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    folder: str | None = None
    """Folder of the YAML that names the class, where its module may lie; it has no part in the identity of a run."""
    code: str = ""
    """Digest of the code of a method of one's own, "" for a class of an installed package."""

    def to_config(self) -> dict[str, Any]:
        """The method as a configuration would spell it out."""
        return {
            "method": self.name,
            "class": self.matcher,
            "takes": self.takes,
            "title": self.title,
            "settings": self.settings,
        }


@dataclass(frozen=True, kw_only=True)
class Run:
    """One method on one point of one task with one seed."""

    task: Task
    axes: Axes
    method: Method
    seed: int
    limits: Limits
    drawn: bool = True
    """Whether its artefacts (key or coupling, history) are kept; a sweep keeps those of its first seed."""

    @functools.cached_property
    def digest(self) -> str:
        """Ten hexadecimal digits of everything that determines the result.

        Axes at their defaults are left out, so that a kind may get a new axis without a new run of everything.
        """
        parts = {
            "task": [self.task.name, self.task.version, self.task.kind],
            "axes": self._changed(),
            "data": {name: file.sha256 for name, file in self.task.data.items()},
            "method": [self.method.name, self.method.matcher, self.method.takes],
            "settings": self.method.settings,
            "seed": self.seed,
        } | ({"code": self.method.code} if self.method.code else {})
        text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    @functools.cached_property
    def id(self) -> str:
        """Task, method, axes that differ from the kind's defaults, seed and digest: a relative path."""
        told = [f"{k}={v}" for k, v in self._changed("length", "size").items()]
        slug = re.sub(r"[^\w=.,+-]+", "-", ",".join([*told, f"seed={self.seed}"]))[:100]
        return f"{path_name(self.task.name)}/{path_name(self.method.name)}/{slug}-{self.digest}"

    def _changed(self, *always: str) -> Axes:
        usual = load_kind(self.task.kind).axes
        return {k: v for k, v in self.axes.items() if v != usual[k].default or k in always}

    def to_config(self) -> dict[str, Any]:
        """A configuration of this run alone."""
        config: dict[str, Any] = {
            "benchmark": self.task.name,
            "seeds": [self.seed],
            "tasks": [self.task.to_config(self.axes)],
            "methods": [self.method.to_config()],
        }
        if self.limits.given:
            config["limits"] = self.limits.given
        return config


@dataclass(frozen=True, kw_only=True)
class Config:
    """A sweep: tasks x methods x seeds."""

    name: str
    tasks: tuple[Task, ...]
    methods: tuple[Method, ...]
    seeds: tuple[int, ...] | None
    limits: Limits

    def runs(self, seeds: Sequence[int] | None = None) -> list[Run]:
        """Every run, seeds innermost; `seeds` replaces those of the configuration."""
        chosen = list(seeds or self.seeds or range(5))
        return [
            Run(
                task=task, axes=axes, method=method, seed=seed,
                limits=method.limits.over(self.limits), drawn=seed == chosen[0],
            )
            for task in self.tasks for axes in task.points() for method in self.methods for seed in chosen
        ]  # fmt: skip


def path_name(name: str) -> str:
    """A name of a task or a method as one folder, whatever it is made of; the digest of a run tells equal ones apart."""
    plain = re.sub(r'[/\\\x00-\x1f:*?"<>|]+', "-", name)
    return "-" * (plain.strip(".") == "") + plain.encode()[:200].decode("utf-8", "ignore")
