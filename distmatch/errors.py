"""The error for invalid input: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class InputError(Exception):
    """Invalid input. The command line prints it as one line and exits with code 2.

    Args:
        message: what is wrong and, after a full stop, the remedy.
        path: the file concerned, if any.
        line: line number in that file, counted from 1.
    """

    def __init__(self, message: str, *, path: object = None, line: int | None = None) -> None:
        place = "" if path is None else f"{path}:"
        place += "" if line is None else f"{line}:"
        super().__init__(f"{place} {message}".strip().replace("\n", " "))


def missing_package(package: str, extra: str) -> InputError:
    """The error for an optional package that is not installed, naming the command that helps."""
    return InputError(f"this needs the package {package!r}. Run: {install_command(extra)}")


def install_command(extra: str) -> str:
    """The pip command that installs an extra of this copy of distmatch: a clone, or the package of PyPI."""
    root = Path(__file__).resolve().parents[1]
    if (root / "pyproject.toml").is_file():
        place = "." if root == Path.cwd() else str(root)
        return f"pip install -e '{place}[{extra}]'"
    return f"pip install 'distmatch[{extra}]'"


def require_packages(extra: str, *packages: str) -> None:
    """Refuse before any work if a package of an extra is not installed; nothing is imported.

    Raises:
        InputError: naming the first that is missing.
    """
    for package in packages:
        try:
            missing = importlib.util.find_spec(package) is None
        except (ImportError, ValueError):
            missing = package not in sys.modules
        if missing:
            raise missing_package(package, extra)


def unknown(what: str, name: str, known: Iterable[str], *, path: object = None) -> InputError:
    """The error for a name that is not known, with the nearest one that is."""
    known = sorted(known)
    near = get_close_matches(name, known, 1, 0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return InputError(f"unknown {what} {name!r}.{hint} Known: {' '.join(known)}", path=path)
