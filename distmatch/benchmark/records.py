"""Records: what a run directory says about one run, by the JSON Schema in `record.schema.json`."""

from __future__ import annotations

import functools
import json
import math
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from distmatch.errors import InputError, missing_package
from distmatch.files import atomic_write, write_json

SCHEMA = 2
_PACKAGES = (
    "distmatch", "numpy", "numba", "scipy", "wordfreq", "torch", "POT", "faiss-cpu", "joblib", "scikit-learn",
    "subbreaker", "constriction",
)  # fmt: skip
STATUSES = ("done", "does not apply", "failed", "time-out", "out of memory", "crashed")


def write_run(
    out: str,
    task: str,
    settings: Mapping[str, Any],
    result: Mapping[str, Any],
    *,
    method: str,
    data: Mapping[str, str],
) -> None:
    """Write `config.yaml` and `record.json` of a command into a folder, each file whole or not at all.

    Args:
        out: the folder; artefacts of the run are the caller's to write beside.
        task: name of the command.
        settings: its options; the file reruns the command with `--config`.
        result: its JSON object, with `seed`, `seconds` and `cpu_seconds`, maybe `confidence` and `bits`.
        method: name of the matcher or kind that gave the result.
        data: name of each input to the SHA-256 of its bytes.
    """
    import yaml

    folder = Path(out)
    with atomic_write(folder / "config.yaml") as file:
        yaml.safe_dump(
            {k: v for k, v in settings.items() if v is not None and v != float("inf")},
            file,
            allow_unicode=True,
            sort_keys=False,
        )
    record = {
        "schema": SCHEMA,
        "id": f"{task}/{method}/{result.get('seed')}",
        "task": task,
        "kind": "command",
        "method": method,
        "seed": result.get("seed"),
        "status": "done",
        "error": None,
        "metrics": {},
        "bits": None,
        "confidence": result.get("confidence"),
        "seconds": result.get("seconds"),
        "cpu_seconds": result.get("cpu_seconds"),
        "peak_memory_mib": peak_memory(),
        **environment(),
        "data_sha256": dict(data),
        "result": dict(result),
    }
    write_json(folder / "record.json", finite(record))


def environment() -> dict[str, Any]:
    """Versions, commit and device of this process, found once."""
    return {"versions": versions(), "commit": commit(), "device": device()}


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that matter, those that are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def commit() -> str | None:
    """Short hash of the commit that this package's checkout is at, with + if it has changes."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    git = ["git", "-C", str(root)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=20
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if head.returncode:
        return None
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


@functools.cache
def device() -> str:
    """The processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def peak_memory() -> float:
    """Most memory that this process held, in MiB."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def finite(value: Any) -> Any:
    """The same JSON value with null for numbers that are not finite and plain Python numbers for NumPy's."""
    if isinstance(value, Mapping):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if hasattr(value, "tolist"):
        return finite(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


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
    """All records of benchmark runs below the folders, with their paths.

    Raises:
        InputError: no folder, no record, a record of another schema, two versions of one task.
    """
    for folder in folders:
        if not Path(folder).is_dir():
            raise InputError("no such folder. Run `distmatch benchmark` first", path=folder)
    found = [(path, read_record(path)) for path in record_paths(folders)]
    found = [(path, record) for path, record in found if record.get("kind") != "command"]
    if not found:
        raise InputError(
            "no records of benchmark runs. Run `distmatch benchmark CONFIG --out` into it first",
            path=folders[0],
        )
    check_versions(found)
    return found


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
