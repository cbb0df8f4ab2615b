"""The rules of the house (CONTRIBUTING.md), for the parts that keep them so far: `KEPT` grows until it is everything."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "distmatch"
KEPT = (
    "commands/", "benchmark/", "__main__.py", "drawing.py", "errors.py", "files.py", "progress.py", "runs.py", "device.py",
)  # fmt: skip
FILES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
OURS = [name for name in FILES if name.startswith(KEPT)]
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in FILES.items()}
MAX_LINES, MAX_BODY, MAX_PARAMETERS = 300, 60, 8
SHARED_NAMES = {"__init__.py", "evidence.py", "reading.py"}
SHARED_CONSTANTS = {"KIND"}
"""Each file of `benchmark/kinds/` has its `KIND`, as each command has its function."""


@pytest.mark.parametrize("name", OURS)
def test_files_and_functions_are_short(name):
    assert FILES[name].read_text("utf-8").count("\n") <= MAX_LINES
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                assert (body[-1].end_lineno or 0) - body[0].lineno < MAX_BODY, node.name
            given = [
                a for a in node.args.args + node.args.kwonlyargs if a.arg not in ("self", "cls")
            ]
            # The parameters of a command are its options: as many as users need.
            option_list = name == f"commands/{node.name}.py"
            assert option_list or len(given) <= MAX_PARAMETERS, node.name


def test_no_two_files_of_one_name():
    """A command may bear the name of what it calls."""
    for name in OURS:
        base = name.rpartition("/")[2]
        twins = [other for other in FILES if other.rpartition("/")[2] == base and other != name]
        if name.startswith("commands/") or base in SHARED_NAMES:
            continue
        assert not [t for t in twins if not t.startswith("commands/")], name


def constants(tree):
    """Names in capitals that a module defines."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and target.id.isupper():
                yield target.id


def test_no_constant_of_one_name_in_two_modules():
    homes = {}
    for name, tree in TREES.items():
        for constant in constants(tree):
            homes.setdefault(constant, set()).add(name)
    for constant, modules in homes.items():
        if constant not in SHARED_CONSTANTS and any(m in OURS for m in modules):
            assert len(modules) == 1, (constant, sorted(modules))


def test_limits_are_max_and_min():
    for name in OURS:
        for constant in constants(TREES[name]):
            assert not re.match(r"_?(MOST|LEAST|LONGEST|SHORTEST|LARGEST|FEWEST)", constant), (
                name,
                constant,
            )


def test_contributing_has_a_picture_of_every_folder_and_room():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    folders = [p for p in PACKAGE.rglob("__init__.py") if p.parent != PACKAGE]
    for folder in (p.parent.relative_to(PACKAGE) for p in folders):
        assert f"`{folder.as_posix()}/`" in text, folder
    for mentioned in re.findall(r"`([a-z]+(?:/[a-z_]+)*\.(?:py|yaml|json))`", text):
        if "/" in mentioned and not mentioned.startswith("tests/"):
            assert (PACKAGE / mentioned).exists() or (ROOT / mentioned).exists(), mentioned
