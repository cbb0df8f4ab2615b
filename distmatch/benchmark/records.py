"""Records of benchmark runs, read and checked by the JSON Schema in `record.schema.json`."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from distmatch.errors import InputError, missing_package
from distmatch.files import read_text
from distmatch.runs import SCHEMA

LEFT_OUT = ("result", "traceback")
"""What an exported record does not hold: artefacts of one machine."""


@functools.cache
def validator(file: str) -> Any:
    """The compiled check of a JSON Schema of this package: a function that raises `JsonSchemaException`."""
    try:
        import fastjsonschema
    except ImportError as error:
        raise missing_package("fastjsonschema", "benchmark") from error
    schema = json.loads(resources.files("distmatch.benchmark").joinpath(file).read_text("utf-8"))
    return fastjsonschema.compile(schema, use_default=False)


def check_record(record: Any, path: object = None) -> dict[str, Any]:
    """The record, if it is one of this schema.

    Raises:
        InputError: an older or newer schema, or a value that the schema does not allow, with its place.
    """
    if not isinstance(record, dict) or "schema" not in record:
        raise InputError("not a record. A record is an object with `schema`", path=path)
    if record["schema"] != SCHEMA:
        age = "an older" if _number(record["schema"]) < SCHEMA else "a newer"
        raise InputError(
            f"a record of {age} schema ({record['schema']}; this version reads {SCHEMA}). Run it again, or move it away",
            path=path,
        )
    try:
        validator("record.schema.json")(record)
    except ValueError as error:
        raise InputError(
            f"{str(error).removeprefix('data.')[:200]}. The schema is distmatch/benchmark/record.schema.json",
            path=path,
        ) from error
    return record


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else -1.0


def read_record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """One record, checked.

    Raises:
        InputError: unreadable, not JSON, of another schema.
    """
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read ({error})", path=path) from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"not JSON ({error.msg}). Delete it and run again", path=path, line=error.lineno
        ) from error
    return check_record(value, path)


def record_paths(folders: Sequence[str | os.PathLike[str]]) -> Iterator[Path]:
    """Paths of every `record.json` below the folders, sorted; folders whose names begin with a dot are left out."""
    for top in folders:
        for root, names, files in os.walk(top):
            names[:] = sorted(name for name in names if not name.startswith("."))
            if "record.json" in files:
                yield Path(root) / "record.json"


def read_records(*folders: str | os.PathLike[str]) -> list[tuple[Path, dict[str, Any]]]:
    """All records of benchmark runs below the folders, and in files of exported records, with their paths.

    Raises:
        InputError: no folder, no record, a record of another schema, two versions of one task.
    """
    found: list[tuple[Path, dict[str, Any]]] = []
    for folder in folders:
        if Path(folder).is_file():
            found += imported(folder)
        elif Path(folder).is_dir():
            found += [(path, read_record(path)) for path in record_paths([folder])]
        else:
            raise InputError("no such folder. Run `distmatch benchmark` first", path=folder)
    found = [(path, record) for path, record in found if record.get("kind") != "command"]
    if not found:
        raise InputError(
            "no records of benchmark runs. Run `distmatch benchmark CONFIG --out` into it first",
            path=folders[0],
        )
    check_versions(found)
    return found


def with_current_code(
    found: Sequence[tuple[Path, dict[str, Any]]],
) -> tuple[list[tuple[Path, dict[str, Any]]], int]:
    """The records without those that an edited method has run again since, and how many these are.

    Records with the same id are one run, exported or copied: the first stays.
    """
    first = {record["id"]: (path, record) for path, record in reversed(found)}
    groups: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for path, record in reversed(first.values()):
        parts = ("task", "axes", "method", "class", "settings", "seed", "data_sha256")
        key = json.dumps([record.get(part) for part in parts], sort_keys=True)
        groups.setdefault(key, []).append((path, record))
    kept, old = [], 0
    for group in groups.values():
        last = max(group, key=lambda entry: entry[1].get("started") or "")[1].get("code")
        same = [entry for entry in group if entry[1].get("code") == last]
        kept += same
        old += len(group) - len(same)
    return kept, old


def check_versions(found: Sequence[tuple[Path, Mapping[str, Any]]]) -> None:
    """Refuse to mix two versions of a task in one table.

    Raises:
        InputError: naming the task, both versions and the second's record.
    """
    known: dict[str, tuple[int, Path]] = {}
    for path, record in found:
        version, first = known.setdefault(record["task"], (record["task_version"], path))
        if version != record["task_version"]:
            raise InputError(
                f"task {record['task']!r} in version {record['task_version']}, but {first} has version {version}. "
                "Keep the versions in different folders",
                path=path,
            )


def exported(entries: Sequence[tuple[Path, dict[str, Any]]]) -> str:
    """One record per line, with the configuration that reruns it: a leaderboard that others' records can be added to."""
    lines = []
    for path, record in entries:
        line = {k: v for k, v in record.items() if k not in LEFT_OUT}
        config = path.parent / "config.yaml"
        if "config" not in line and config.is_file():
            line["config"] = json.loads(config.read_text("utf-8"))  # JSON, which is YAML
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)


def imported(path: str | os.PathLike[str]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The records of such a file, checked.

    Raises:
        InputError: a line that is no record of a benchmark run.
    """
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            record: Any = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(
                f"not JSON ({error.msg}). Every line is a record that `distmatch report --out FILE.jsonl` wrote",
                path=path, line=number,
            ) from error  # fmt: skip
        yield Path(path), check_record(record, f"{path}, line {number}")
