"""Configurations: YAML of the user and of the catalogue, checked, with every task and method that they name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from distmatch.benchmark.kinds.kind import TASK_KINDS, Kind, load_kind
from distmatch.benchmark.limits import Limits
from distmatch.benchmark.plan import Config, DataFile, Method, Task
from distmatch.benchmark.records import validator
from distmatch.errors import InputError, unknown
from distmatch.files import parse_yaml, read_text

SHARE = "share/distmatch/configs/"
"""Where the wheel puts `configs/`, below the prefix of the environment."""


def load_config(path: str) -> Config:
    """Read a configuration, and every task and method that it names; `path` may name one that came with the package.

    Raises:
        InputError: unreadable, not YAML, against the schema, or an unknown task, method, axis or metric.
    """
    path = find_config(path)
    raw = read_yaml(path)
    _check("config", raw, path)
    folder = Path(path).parent
    tasks = [_task(item, folder, path) for item in raw["tasks"]]
    methods = [m for item in raw["methods"] for m in _methods(item, folder, path)]
    for what, names in (("task", [t.name for t in tasks]), ("method", [m.name for m in methods])):
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise InputError(f"{what} {twice!r} occurs twice. Give each its own name", path=path)
    seeds = raw.get("seeds")
    if isinstance(seeds, float):
        raise InputError(f"seeds: {seeds} is not an integer. Write {int(seeds)}", path=path)
    return Config(
        name=raw["benchmark"],
        tasks=tuple(tasks),
        methods=tuple(methods),
        seeds=None
        if seeds is None
        else tuple(range(seeds) if isinstance(seeds, int) else map(int, seeds)),
        limits=Limits(**raw.get("limits", {})),
    )


def find_config(path: str) -> str:
    """The file of a configuration: the path itself, or the one of that name that came with the package.

    Raises:
        InputError: a bare name that none of those has.
    """
    name = path.removeprefix("configs/").removesuffix(".yaml")
    if Path(path).is_file() or not (name == path or path.startswith("configs/")):
        return path
    known = shipped_configs()
    if name not in known:
        raise unknown("configuration", path, known)
    return known[name]


def shipped_configs() -> dict[str, str]:
    """Name to file of the benchmarks that came with the package, such as `smoke` and `benchmark/1-ciphers`."""
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        files = sorted((checkout / "configs").rglob("*.yaml"))
        return {
            f.relative_to(checkout / "configs").with_suffix("").as_posix(): str(f) for f in files
        }
    try:
        installed = metadata.files("distmatch") or []
    except metadata.PackageNotFoundError:
        return {}
    files = [Path(str(file.locate())).resolve() for file in installed if file.suffix == ".yaml"]
    named = {file.as_posix().partition(SHARE)[2].removesuffix(".yaml"): str(file) for file in files}
    return {name: file for name, file in named.items() if name}


def catalogue(what: str) -> dict[str, Any]:
    """Name to file of the tasks or methods that come with the package."""
    folder = resources.files("distmatch.benchmark").joinpath("catalogue", what)
    return {
        entry.name.removesuffix(".yaml"): entry
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    }


def read_yaml(path: Any) -> Any:
    """The value of a YAML file.

    Raises:
        InputError: unreadable or not YAML, with the line.
    """
    text = read_text(path) if isinstance(path, (str, Path)) else path.read_text("utf-8")
    return parse_yaml(text, path, "Fix the file")


def _check(part: str, value: Any, path: object) -> None:
    """Validate a value against its schema, naming the nearest known key."""
    try:
        validator(f"{part}.schema.json")(value)
    except ValueError as error:
        rule = getattr(error, "rule", "")
        if rule == "additionalProperties" and isinstance(error.value, Mapping):  # type: ignore[attr-defined]
            known = error.definition.get("properties", {})  # type: ignore[attr-defined]
            strange = next(str(k) for k in error.value if k not in known)  # type: ignore[attr-defined]
            raise unknown("key", strange, known, path=path) from error
        message = re.sub(r"^data\.?", "", str(error)).strip()[:200]
        raise InputError(
            f"{message or 'not a mapping'}. See distmatch/benchmark/{part}.schema.json", path=path
        ) from error


def _resolve(item: Any, what: str, folder: Path, path: object) -> tuple[dict[str, Any], object]:
    """The whole mapping of a task or method: by name, by path, by name with changes, or as given."""
    known = catalogue(what + "s")
    marker = "kind" if what == "task" else "class"
    if isinstance(item, str) and item.endswith((".yaml", ".yml")):
        file = folder / item
        item = read_yaml(file)
        _check(what, item, file)
        return item, file
    if isinstance(item, str):
        item = {what: item}
    _check(what, item, path)
    if marker in item:
        return item, path
    name = item[what]
    base_name = name.partition("@")[0]
    if base_name not in known:
        raise unknown(what, base_name, known, path=path)
    base = read_yaml(known[base_name])
    _check(what, base, known[base_name])
    merged = base | {k: v for k, v in item.items() if k not in ("axes", "settings")}
    for part in ("axes", "settings"):
        if part in base or part in item:
            merged[part] = base.get(part, {}) | item.get(part, {})
    return merged, path


def _task(item: Any, folder: Path, path: object) -> Task:
    raw, path = _resolve(item, "task", folder, path)
    if raw["kind"] not in TASK_KINDS:
        raise unknown("kind of task", raw["kind"], TASK_KINDS, path=path)
    kind: Kind = load_kind(raw["kind"])
    axes = {name: [axis.default] for name, axis in kind.axes.items()}
    for name, values in raw.get("axes", {}).items():
        if name not in axes:
            raise unknown(f"axis of a {kind.name} task", name, axes, path=path)
        axes[name] = values if isinstance(values, list) else [values]
        for value in axes[name]:
            kind.axes[name].check(name, value, path)
    metrics = raw.get("metrics") or [
        {"name": m, "higher_is_better": v.higher_is_better} for m, v in kind.metrics.items()
    ]
    for metric in metrics:
        name = metric["name"]
        if name not in kind.metrics:
            raise unknown(f"metric of a {kind.name} task", name, kind.metrics, path=path)
        if kind.metrics[name].higher_is_better != metric["higher_is_better"]:
            right = str(kind.metrics[name].higher_is_better).lower()
            raise InputError(f"metric {name!r} has higher_is_better: {right}", path=path)
    data = {name: DataFile(**file) for name, file in raw.get("data", {}).items()}
    for name in data:
        if name not in kind.files:
            raise unknown(f"data of a {kind.name} task", name, kind.files, path=path)
    return Task(
        name=raw["task"], version=raw.get("version", 1), kind=raw["kind"], title=raw.get("title", raw["task"]),
        hidden=raw.get("hidden", kind.hidden), axes=axes, metrics=tuple(m["name"] for m in metrics), data=data,
    )  # fmt: skip


def _methods(item: Any, folder: Path, path: object) -> list[Method]:
    raw, path = _resolve(item, "method", folder, path)
    views = {view for name in TASK_KINDS for view in load_kind(name).views}
    if "takes" not in raw:
        raise InputError(
            f"method {raw['method']!r} has no `takes:`. Add one of {' '.join(sorted(views))}",
            path=path,
        )
    if raw["takes"] not in views:
        raise unknown("view of a task", raw["takes"], views, path=path)
    base = Method(
        name=raw["method"], matcher=raw["class"], takes=raw["takes"], title=raw.get("title", ""),
        settings=raw.get("settings", {}), limits=Limits(**raw.get("limits", {})),
        folder=str(Path(path).resolve().parent) if isinstance(path, (str, Path)) else None,
    )  # fmt: skip
    axes = {k: v if isinstance(v, list) else [v] for k, v in raw.get("axes", {}).items()}
    out = []
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        label = ",".join(f"{k}={v}" for k, v in chosen.items())
        name = base.name + (f"@{label}" if label else "")
        out.append(replace(base, name=name, settings=base.settings | chosen))
    return out
