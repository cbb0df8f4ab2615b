"""The code of an own method as part of a run's identity: an edited method is another method."""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
import sys
import sysconfig
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

_IMPORTED: dict[str, tuple[str, set[str]]] = {}
"""Own method to the digest and the files of the code that this process imported it with."""


def search_path(folder: str | None) -> list[str]:
    """Where the module of a method is looked for: as always, then beside its YAML, then in the current folder."""
    return list(dict.fromkeys([*sys.path, *filter(None, [folder, os.getcwd()])]))


def own_code(dotted: str, folder: str | None) -> str:
    """Digest of the code of a method that belongs to no installed package, "" for one that does or is not found.

    The module's file counts, and every file beside it that it imports, directly or through others; of a package all
    its Python files.

    Args:
        dotted: path of the class.
        folder: of the method's YAML.
    """
    files = _files(dotted.partition(".")[0], search_path(folder))
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16] if files else ""


def forget_old(dotted: str, folder: str | None, code: str) -> None:
    """Make the next import read the files again if this process imported the module with other code."""
    if not code:
        return
    before, places = _IMPORTED.get(dotted, (code, set()))
    if before != code:
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) in places:
                del sys.modules[name]
        importlib.invalidate_caches()
    files = _files(dotted.partition(".")[0], search_path(folder))
    _IMPORTED[dotted] = code, {str(file) for file in files}


def _files(name: str, path: Sequence[str]) -> set[Path]:
    """Files of an own module or package, and of the modules beside it that it imports."""
    spec = None if name == "distmatch" else PathFinder.find_spec(name, path)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return set()
    if any(Path(spec.origin).is_relative_to(place) for place in _installed()):
        return set()
    if spec.submodule_search_locations:
        return {
            file for place in spec.submodule_search_locations for file in Path(place).rglob("*.py")
        }
    found: set[Path] = set()
    waiting = [Path(spec.origin)]
    while waiting:
        file = waiting.pop()
        found.add(file)
        beside = (file.parent / f"{imported}.py" for imported in _imports(file))
        waiting += [other for other in beside if other.is_file() and other not in found]
    return found


def _imports(file: Path) -> set[str]:
    """Top-level names that a file imports; none of a file that does not parse."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def _installed() -> list[Path]:
    """Folders of the standard library and of installed packages."""
    return [Path(sysconfig.get_path(part)) for part in ("stdlib", "purelib", "platlib")]
