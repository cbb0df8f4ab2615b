"""Many ciphers: results appended as each finishes, resumed on rerun, in the order of the input at the end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distmatch.errors import InputError
from distmatch.files import atomic_write, stream_lines
from distmatch.outputs import check_file, only_writer, printed_on_failure
from distmatch.processes import Workers
from distmatch.progress import ProgressLine

DIGITS = 16
"""Hexadecimal digits of the hash of a cipher and its settings, kept as `input` in its result."""
_AHEAD = 4
"""Ciphers per process that are handed out before their turn."""


def run_batch(
    batch: str,
    out: str,
    options: dict[str, Any],
    explicit: dict[str, str | None],
    cribs: list[str],
    soft_cribs: list[str],
    jobs: int,
    quiet: bool,
    *,
    force: bool = False,
) -> int:
    """Decipher every line of a JSONL file; bad lines are reported and skipped.

    Args:
        batch: path of the input.
        out: path of the output; a result that it already holds for the same cipher and settings is kept.
        options: of `decipher`.
        explicit: language and kind given on the command line, which override those of the lines.
        cribs, soft_cribs: as written on the command line.
        jobs: processes.
        quiet: no progress.
        force: drop what `out` holds if it is no result of this batch.

    Returns:
        0 if every cipher was solved, 1 if some were not, 2 if a line was bad.

    Raises:
        InputError: unreadable input, an output that is not ours or is being written by another process.
    """
    if jobs < 1:
        raise InputError(f"--jobs {jobs} is not a positive number")
    path = Path(out)
    check_file(path, inputs=[batch, *options["reference"]], ours=_ours, force=force)
    common = {"options": options, "explicit": explicit, "cribs": cribs, "soft": soft_cribs}
    with contextlib.ExitStack() as stack:
        if batch == "-":
            batch = stack.enter_context(_spooled())
        stored = path.is_file() or not path.exists()  # else a device or a pipe, which keeps nothing
        if stored:
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(only_writer(path.with_name(path.name + ".lock")))
        plan = _Plan.of(batch, common)
        results = _Results(path)
        if stored:
            results.keep(plan, force)
        status = _work(batch, plan, results, common, jobs, quiet)
        if stored:
            results.sort(plan)
    return status


def _work(
    batch: str, plan: _Plan, results: _Results, common: dict[str, Any], jobs: int, quiet: bool
) -> int:
    """Compute and append what is missing."""
    progress = ProgressLine("ciphers")
    bad, unsolved = plan.bad, results.unsolved
    todo = (task for task in _tasks(batch, common) if not results.take(task["input"]))
    total = len(plan.keys) - results.kept
    with open(results.path, "a", encoding="utf-8") as file:
        for done, (task, result) in enumerate(_answers(todo, min(jobs, max(total, 1)), common), 1):
            if isinstance(result, str):
                bad += 1
                print(f"distmatch: {batch}:{task['line']}: {result}", file=sys.stderr)
                result = {"id": task["id"], "error": result, "solved": False}
            result["input"] = task["input"]
            unsolved += not result["solved"]
            line = json.dumps(result, ensure_ascii=False) + "\n"
            with printed_on_failure(lambda line=line: print(line, end="")):
                _append(file, line, results.path)
            if not quiet:
                progress(done, total, unsolved=unsolved)
    progress.close()
    return 2 if bad else 1 if unsolved else 0


def _append(file: Any, line: str, path: Path) -> None:
    """Write a line whole or not at all."""
    size = os.fstat(file.fileno()).st_size
    try:
        file.write(line)
        file.flush()
    except OSError as error:
        with contextlib.suppress(OSError):
            os.truncate(path, size)
        raise InputError(
            f"cannot write: {error.strerror}. Free space and run again", path=path
        ) from error


@contextlib.contextmanager
def _spooled() -> Iterator[str]:
    """Standard input as a file, since it is read twice."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
        file.flush()
        yield file.name


@dataclass
class _Plan:
    """What the input asks for: the hash of each cipher with its settings, in order."""

    keys: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    bad: int = 0

    @classmethod
    def of(cls, batch: str, common: dict[str, Any]) -> _Plan:
        plan = cls()
        for number, line in stream_lines(batch):
            if not line.strip():
                continue
            try:
                task = _task(line, batch, number, common)
            except InputError as error:
                plan.bad += 1
                print(f"distmatch: {error}", file=sys.stderr)
                continue
            plan.keys.append(task["input"])
            plan.ids.add(json.dumps(task["id"]))
        return plan


class _Results:
    """The lines of the output by the hash of their input."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[str, int] = defaultdict(int)
        self.kept = self.unsolved = 0

    def keep(self, plan: _Plan, force: bool) -> None:
        """Leave in the file only results of this input and these settings.

        Raises:
            InputError: it holds results of ciphers that are not in the input, and not `force`.
        """
        if not self.path.exists():
            return
        wanted: dict[str, int] = defaultdict(int)
        for key in plan.keys:
            wanted[key] += 1
        strange = dropped = 0
        good: list[str] = []
        for key, line in _lines(self.path):
            result = {} if key is None else json.loads(line)
            if key is None or json.dumps(result["id"]) not in plan.ids:
                strange += key is not None
                dropped += 1
            elif wanted[key] > 0 and "error" not in result:
                wanted[key] -= 1
                self.places[key] += 1
                self.kept += 1
                self.unsolved += not result["solved"]
                good.append(key)
            else:
                dropped += 1
        if strange and not force:
            raise InputError(
                f"holds results of {strange} ciphers that are not in this batch. Choose another --out, or drop them with "
                "--force",
                path=self.path,
            )
        if dropped:
            self._rewrite(good)

    def take(self, key: str) -> bool:
        """Whether a result of this input is there, each counted once."""
        if self.places[key] < 1:
            return False
        self.places[key] -= 1
        return True

    def sort(self, plan: _Plan) -> None:
        """Bring the lines into the order of the input."""
        if [key for key, _ in _lines(self.path)] != plan.keys:
            self._rewrite(plan.keys)

    def _rewrite(self, keys: list[str]) -> None:
        """Replace the file by its lines of these hashes, in this order; the last of equal ones counts first."""
        offsets: dict[str, deque[int]] = defaultdict(deque)
        position = 0
        with open(self.path, "rb") as old:
            for line in old:
                key = _key(line)
                if key is not None:
                    offsets[key].append(position)
                position += len(line)
            with atomic_write(self.path, "wb") as new:
                for key in keys:
                    if offsets[key]:
                        old.seek(offsets[key].popleft())
                        new.write(old.readline())


def _lines(path: Path) -> Iterator[tuple[str | None, bytes]]:
    """(hash or None, line) of an output; "" for a result without a hash, None for what is no result."""
    with open(path, "rb") as file:
        for line in file:
            yield _key(line), line


def _key(line: bytes) -> str | None:
    if not line.endswith(b"\n"):
        return None
    try:
        result = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(result, dict) or not {"id", "solved"} <= result.keys():
        return None
    return str(result.get("input", ""))


def _ours(path: Path) -> bool:
    """Whether a file holds results of a batch and nothing else; a run that was cut off leaves its lock and half a line."""
    lines = complete = 0
    for key, line in _lines(path):
        if key is None and (line.endswith(b"\n") or not line.startswith(b'{"id": ')):
            return False
        lines += 1
        complete += key is not None
    return complete > 0 or path.with_name(path.name + ".lock").is_file()


def _tasks(batch: str, common: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The good lines of the input; the bad ones have been reported."""
    for number, line in stream_lines(batch):
        with contextlib.suppress(InputError):
            if line.strip():
                yield _task(line, batch, number, common)


def _task(line: str, path: str, number: int, common: dict[str, Any]) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError("not JSON. Write one object per line", path=path, line=number) from error
    if not isinstance(item, dict) or not isinstance(item.get("ciphertext"), (str, list)):
        raise InputError("no 'ciphertext' (a string or a list of integers)", path=path, line=number)
    for name in ("kind", "lang"):
        if item.get(name) is not None and not isinstance(item[name], str):
            raise InputError(f"{name!r} is not a string", path=path, line=number)
    task = {"id": item.get("id", number)} | {k: item.get(k) for k in ("ciphertext", "kind", "lang")}
    try:
        whole = json.dumps([task, common], ensure_ascii=False, sort_keys=True).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"half a surrogate pair ({error.object[error.start]!a}) is no character. Write the whole character",
            path=path,
            line=number,
        ) from error
    return task | {"line": number, "input": hashlib.sha256(whole).hexdigest()[:DIGITS]}


def _answers(
    todo: Iterator[dict[str, Any]], jobs: int, common: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Any] | str]]:
    """(task, result or error) in the order of the tasks."""
    if jobs == 1:
        for task in todo:
            yield task, solve_one(task, common)
        return
    with Workers(jobs) as workers:
        waiting: deque[tuple[dict[str, Any], Any]] = deque()
        for task in todo:
            waiting.append((task, workers.submit(solve_one, task, common)))
            if len(waiting) >= _AHEAD * jobs:
                first, future = waiting.popleft()
                yield first, workers.result(future)
        while waiting:
            first, future = waiting.popleft()
            yield first, workers.result(future)


def solve_one(task: dict[str, Any], common: dict[str, Any]) -> dict[str, Any] | str:
    """The result of one line of a batch, or the message of its error."""
    from distmatch.ciphers.cribs import parse_crib
    from distmatch.ciphers.reading import from_symbols, read_ciphertext
    from distmatch.matching.decipher import decipher, to_json
    from distmatch.matching.kinds import of_words

    settings, explicit = dict(common["options"]), common["explicit"]
    settings["kind"] = explicit["kind"] or task["kind"] or "auto"
    language = explicit["language"] or task["lang"] or "en"
    try:
        text = task["ciphertext"]
        words = of_words(settings["kind"])
        source = read_ciphertext(text, words=words) if isinstance(text, str) else from_symbols(text)
        known = [parse_crib(c) for c in common["cribs"]]
        known += [parse_crib(c, soft=True) for c in common["soft"]]
        match = decipher(source, language=language, cribs=known, threads=1, **settings)
    except InputError as error:
        return str(error)
    return to_json(match, id=task["id"])
