"""Run directories: the settings, the record and the artefacts of one run."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from distmatch.files import atomic_write, write_json

SCHEMA = 1
_PACKAGES = ("distmatch", "numpy", "numba", "scipy", "wordfreq", "torch", "POT", "faiss-cpu")


def write_run(
    out: str,
    task: str,
    settings: Mapping[str, Any],
    result: Mapping[str, Any],
    *,
    method: str,
    data: Mapping[str, str],
) -> None:
    """Write `config.yaml` and `record.json` into a folder, each file whole or not at all.

    Args:
        out: the folder; artefacts of the run are the caller's to write beside.
        task: name of the command.
        settings: its options; the file reruns the command with `--config`.
        result: its JSON object, with `seed`, `seconds` and `cpu_seconds`.
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
        "task": task,
        "method": method,
        "seed": result.get("seed"),
        "versions": versions(),
        "device": platform.processor() or platform.machine(),
        "data_sha256": dict(data),
        "seconds": result.get("seconds"),
        "cpu_seconds": result.get("cpu_seconds"),
        "peak_memory_mib": peak_memory(),
        "status": "done",
        "result": dict(result),
    }
    write_json(folder / "record.json", record)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that matter, those that are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def peak_memory() -> float:
    """Most memory that this process held, in MiB."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
