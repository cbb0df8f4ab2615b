"""Run folders: `config.yaml` and `record.json` of a command, with versions and machine."""

from __future__ import annotations

import contextlib
import functools
import math
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from distmatch.files import atomic_write, write_json

SCHEMA = 2
_PACKAGES = (
    "distmatch", "numpy", "numba", "scipy", "symspellpy", "wordfreq", "torch", "POT", "faiss-cpu", "joblib", "scikit-learn",
    "subbreaker", "constriction", "vigenere-solver-ng", "mini-vec2vec",
)  # fmt: skip


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
    root = Path(__file__).resolve().parents[1]
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
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if sys.platform == "darwin":
            ask = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(
                ask, capture_output=True, text=True, timeout=20, check=True
            ).stdout.strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_memory() -> float:
    """Peak resident memory of this process, in MiB."""
    try:
        import resource
    except ImportError:  # Windows keeps the peak itself
        import psutil

        return psutil.Process().memory_info().peak_wset / 2**20  # type: ignore[attr-defined]
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


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
