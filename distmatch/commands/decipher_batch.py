"""Many ciphers: results appended as each finishes, resumed on rerun, in the order of the input at the end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distmatch.commands.decipher_results import Plan, Results, read_task, written_by_a_batch
from distmatch.errors import InputError
from distmatch.files import open_bytes, stream_lines
from distmatch.outputs import check_file, only_writer, printed_on_failure
from distmatch.processes import Workers
from distmatch.progress import ProgressLine

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
    check_file(path, inputs=[batch, *options["reference"]], ours=written_by_a_batch, force=force)
    common = {"options": options, "explicit": explicit, "cribs": cribs, "soft": soft_cribs}
    with contextlib.ExitStack() as stack:
        if batch == "-":
            batch = stack.enter_context(_spooled())
        stored = path.is_file() or not path.exists()  # else a device or a pipe, which keeps nothing
        if stored:
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(only_writer(path.with_name(path.name + ".lock")))
        plan = Plan.of(batch, common)
        results = Results(path)
        if stored:
            results.keep(plan, force)
        status = _work(batch, plan, results, common, jobs, quiet)
        if stored:
            results.sort(plan)
    return status


def _work(
    batch: str, plan: Plan, results: Results, common: dict[str, Any], jobs: int, quiet: bool
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
    with open_bytes("-") as stream, tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.flush()
        yield file.name


def _tasks(batch: str, common: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The good lines of the input; the bad ones have been reported."""
    for number, line in stream_lines(batch):
        with contextlib.suppress(InputError):
            if line.strip():
                yield read_task(line, batch, number, common)


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
    from distmatch.matching.decipher import decipher, to_json

    settings, explicit = dict(common["options"]), common["explicit"]
    settings["kind"] = explicit["kind"] or task["kind"] or "auto"
    language = explicit["language"] or task["lang"] or "en"
    try:
        known = [parse_crib(c) for c in common["cribs"]]
        known += [parse_crib(c, soft=True) for c in common["soft"]]
        match = decipher(task["ciphertext"], language=language, cribs=known, threads=1, **settings)
    except InputError as error:
        return str(error)
    return to_json(match, id=task["id"])
