"""Run directories: the settings, the record and the artefacts of one run."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from distmatch.files import atomic_write, write_json

SCHEMA = 1
_PACKAGES = ("distmatch", "numpy", "numba", "wordfreq", "torch")


def write_run(
    out: str, task: str, settings: dict[str, Any], result: dict[str, Any], data: str
) -> None:
    """Write `config.yaml`, `record.json` and `key.json` into a folder, each file whole or not at all.

    Args:
        out: the folder.
        task: name of the command.
        settings: its options.
        result: its JSON object.
        data: the input text, of which the record keeps the hash.
    """
    import yaml

    folder = Path(out)
    with atomic_write(folder / "config.yaml") as file:
        yaml.safe_dump(
            {k: v for k, v in settings.items() if v != float("inf")}, file, allow_unicode=True
        )
    record = {
        "schema": SCHEMA,
        "task": task,
        "method": result.get("kind"),
        "seed": result.get("seed"),
        "versions": versions(),
        "device": platform.processor() or platform.machine(),
        "data_sha256": hashlib.sha256(data.encode()).hexdigest(),
        "seconds": result.get("seconds"),
        "peak_memory_mib": peak_memory(),
        "status": "done",
        "result": result,
    }
    write_json(folder / "record.json", record)
    write_json(folder / "key.json", result["key"])
    with atomic_write(folder / "plaintext.txt") as file:
        file.write(result["text"] + "\n")


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
