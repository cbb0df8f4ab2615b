"""The rules of the house that a machine can check: sizes, names, constants.

Each list of offenders names what was there before the rule; it may only shrink: an entry that is no longer needed fails.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "distmatch"
MAX_LINES, MAX_BODY, MAX_PARAMETERS = 300, 60, 8
SHARED_NAMES = {"__init__", "evidence", "reading"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def label(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def functions() -> Iterator[tuple[str, Function]]:
    """Every function that is not compiled, by `folder/file.py:Class.name`."""
    for path in modules():
        yield from _functions(ast.parse(path.read_text("utf-8")), f"{label(path)}:")


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, Function):
            if not any("njit" in ast.unparse(decorator) for decorator in node.decorator_list):
                yield f"{prefix}{node.name}", node
            yield from _functions(node, f"{prefix}{node.name}.")


def body_lines(function: Function) -> int:
    """Lines of the statements, the docstring left out."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters(function: Function) -> int:
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([a for a in every if a.arg not in ("self", "cls")])


def agree(found: set[str], known: set[str], rule: str) -> None:
    fresh, gone = sorted(found - known), sorted(known - found)
    assert not fresh, f"{rule}: {' '.join(fresh)}"
    assert not gone, f"no longer needed on the list of offenders, delete: {' '.join(gone)}"


def test_files_are_short():
    long = {label(p) for p in modules() if len(p.read_text("utf-8").splitlines()) > MAX_LINES}
    agree(long, LONG_FILES, f"files over {MAX_LINES} lines")


def test_bodies_are_short():
    long = {name for name, function in functions() if body_lines(function) > MAX_BODY}
    agree(long, LONG_BODIES, f"bodies over {MAX_BODY} lines")


def test_functions_take_few_parameters():
    """Commands are exempt: their parameters are the list of options."""
    many = {
        name
        for name, function in functions()
        if parameters(function) > MAX_PARAMETERS and not name.startswith("commands/")
    }
    agree(many, MANY_PARAMETERS | set(DOORS), f"more than {MAX_PARAMETERS} parameters")


def test_no_two_files_of_one_name():
    """A command may bear the name of its door."""
    places = defaultdict(list)
    for path in modules():
        if path.stem not in SHARED_NAMES and path.parent.name != "commands":
            places[path.stem].append(label(path))
    agree(
        {name for name, where in places.items() if len(where) > 1}, TWICE, "two files of one name"
    )


def test_no_two_constants_of_one_name():
    places = defaultdict(set)
    for path in modules():
        for name in constants(ast.parse(path.read_text("utf-8"))):
            places[name].add(label(path))
    agree(
        {name for name, where in places.items() if len(where) > 1},
        CONSTANTS | set(SHARED_CONSTANTS),
        "constants of one name",
    )


def constants(tree: ast.Module) -> Iterator[str]:
    """Public upper-case names that a module assigns."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(name, ast.Name) and name.id.isupper() and name.id[0] != "_":
                    yield name.id


def test_limits_are_max_and_min():
    superlative = re.compile(
        r"(MOST|LEAST|LONGEST|SHORTEST|LARGEST|SMALLEST|FEWEST|WIDEST|FARTHEST)(_|$)"
    )
    found = {
        f"{label(path)}:{name}"
        for path in modules()
        for name in constants(ast.parse(path.read_text("utf-8")))
        if superlative.match(name)
    }
    agree(found, SUPERLATIVES, "limits are MAX_ and MIN_")


def test_numbers_of_the_matchers_have_a_reason():
    """A number is a setting, cites a paper, is calibrated, or has its reason in a comment or the docstring above it."""
    found = [
        where for room in ("symbols", "keys", "codebooks", "joint", "vectors")
        for path in sorted((PACKAGE / "matching" / room).glob("*.py"))
        for where in unexplained(path)
    ]  # fmt: skip
    assert not found, "\n".join(found)


def unexplained(path: Path) -> Iterator[str]:
    """Lines with a number in a function body that nothing near it explains; compiled kernels and seeds are exempt."""
    source = path.read_text("utf-8")
    lines = source.splitlines()
    for name, function in _functions(ast.parse(source), ""):
        said = ast.get_docstring(function) or ""
        for node in ast.walk(ast.Module(function.body, [])):
            if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
                continue
            text = ast.get_source_segment(source, node) or ""
            line = lines[node.lineno - 1]
            above = "\n".join(lines[max(function.lineno, node.lineno - 25) - 1 : node.lineno])
            explained = "#" in above.replace("# fmt: skip", "") or "docs/log.md" in said
            if not (ordinary(node.value) or explained or spelled(text, said) or "seed" in line):
                yield f"{label(path)}:{node.lineno} {name}: {line.strip()}"


def spelled(text: str, said: str) -> bool:
    return text in said or text.replace("_", ",") in said


def ordinary(number: float) -> bool:
    """Counts below twenty, halves, powers of two and of ten, an alphabet, guards against nought and overflow."""
    if isinstance(number, float):
        return number in (0.0, 0.5, 1.0, 2.0) or not 1e-6 < number < 1e6
    small = number < 20 or number in (26, 50, 100, 1000)
    return small or number & (number - 1) == 0 or number & (number + 1) == 0


def test_contributing_has_a_picture_of_every_folder_and_room():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text("utf-8")
    folders = [p for p in PACKAGE.rglob("__init__.py") if p.parent != PACKAGE]
    for folder in (p.parent.relative_to(PACKAGE) for p in folders):
        assert f"`{folder.as_posix()}/`" in text, folder
    for mentioned in re.findall(r"`([a-z]+(?:/[a-z_]+)*\.(?:py|yaml|json))`", text):
        if "/" in mentioned and not mentioned.startswith("tests/"):
            assert (PACKAGE / mentioned).exists() or (PACKAGE.parent / mentioned).exists(), (
                mentioned
            )


DOORS = {
    "matching/decipher.py:decipher": "the options of the command, in one place for the page and the benchmark",
    "matching/align.py:align": "the same",
    "matching/encipher.py:encipher": "the same",
    "transport/sinkhorn.py:sinkhorn": "options under the names that the field gives them",
    "transport/gromov.py:gromov_wasserstein": "the same",
}
SHARED_CONSTANTS = {
    "KIND": "each file of `benchmark/kinds/` has its kind, as each command has its function"
}
LONG_FILES: set[str] = set()
LONG_BODIES: set[str] = set()
MANY_PARAMETERS: set[str] = set()
TWICE: set[str] = set()
CONSTANTS: set[str] = set()
SUPERLATIVES: set[str] = set()
