"""Many ciphers: results appended as each finishes, in the order of the input, resumed on rerun."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from distmatch.errors import InputError
from distmatch.files import read_text
from distmatch.progress import ProgressLine


def run_batch(
    batch: str,
    out: str,
    options: dict[str, Any],
    explicit: dict[str, str | None],
    cribs: list[str],
    soft_cribs: list[str],
    jobs: int,
    quiet: bool,
) -> int:
    """Decipher every line of a JSONL file; bad lines are reported and skipped.

    Args:
        batch: path of the input.
        out: path of the output; lines that it already holds are kept and not computed again.
        options: of `decipher`.
        explicit: language and kind given on the command line, which override those of the lines.
        cribs, soft_cribs: as written on the command line.
        jobs: processes.
        quiet: no progress.

    Returns:
        0 if every cipher was solved, 1 if some were not, 2 if a line was bad.
    """
    if jobs < 1:
        raise InputError(f"--jobs {jobs} is not a positive number")
    lines = [(n, line) for n, line in enumerate(read_text(batch).splitlines(), 1) if line.strip()]
    tasks: list[dict[str, Any]] = []
    bad = 0
    for number, line in lines:
        try:
            tasks.append(_task(line, batch, number))
        except InputError as error:
            bad += 1
            print(f"distmatch: {error}", file=sys.stderr)
    kept = _finished(out, tasks)
    todo = tasks[len(kept) :]
    unsolved = sum(not result.get("solved", False) for result in kept)
    progress = ProgressLine("ciphers")
    try:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        file = open(out, "a", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", path=out) from error
    with file:
        for done, (task, result) in enumerate(
            _results(todo, options, explicit, cribs, soft_cribs, jobs), 1
        ):
            if isinstance(result, str):
                bad += 1
                print(f"distmatch: {batch}:{task['line']}: {result}", file=sys.stderr)
                result = {"id": task["id"], "error": result, "solved": False}
            unsolved += not result["solved"]
            try:
                file.write(json.dumps(result, ensure_ascii=False) + "\n")
                file.flush()
            except OSError as error:
                raise InputError(
                    f"cannot write: {error.strerror}. Free space and run again", path=out
                ) from error
            if not quiet:
                progress(done, len(todo), unsolved=unsolved)
    progress.close()
    return 2 if bad else 1 if unsolved else 0


def _task(line: str, path: str, number: int) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError("not JSON. Write one object per line", path=path, line=number) from error
    if not isinstance(item, dict) or not isinstance(item.get("ciphertext"), (str, list)):
        raise InputError("no 'ciphertext' (a string or a list of integers)", path=path, line=number)
    for name in ("kind", "lang"):
        if item.get(name) is not None and not isinstance(item[name], str):
            raise InputError(f"{name!r} is not a string", path=path, line=number)
    identity = item.get("id", number)
    return {
        "id": identity, "ciphertext": item["ciphertext"], "kind": item.get("kind"), "lang": item.get("lang"), "line": number,
    }  # fmt: skip


def _finished(out: str, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results of an earlier run, as long as they match the input; a truncated last line is removed."""
    if not os.path.isfile(out):
        return []
    kept: list[dict[str, Any]] = []
    good = 0
    data = Path(out).read_bytes()
    for task, line in zip(tasks, data.splitlines(keepends=True), strict=False):
        try:
            result = json.loads(line)
        except ValueError:
            break
        if (
            not line.endswith(b"\n")
            or not isinstance(result, dict)
            or result.get("id") != task["id"]
        ):
            break
        kept.append(result)
        good += len(line)
    rest = data[good:]
    if rest.count(b"\n") > 0:
        raise InputError(
            "holds results of another batch. Choose another --out, or remove it", path=out
        )
    if rest:
        with open(out, "r+b") as file:
            file.truncate(good)
    return kept


def _results(todo, options, explicit, cribs, soft_cribs, jobs):
    """(task, result or error) in the order of the tasks."""
    if jobs == 1 or len(todo) <= 1:
        for task in todo:
            yield task, solve_one(task, options, explicit, cribs, soft_cribs)
        return
    with ProcessPoolExecutor(min(jobs, len(todo))) as workers:
        waiting: dict[int, Future[Any]] = {}
        submitted = 0
        for position, task in enumerate(todo):
            while submitted < len(todo) and submitted < position + 4 * jobs:
                waiting[submitted] = workers.submit(
                    solve_one, todo[submitted], options, explicit, cribs, soft_cribs
                )
                submitted += 1
            future = waiting.pop(position)
            wait([future], return_when=FIRST_COMPLETED)
            yield task, future.result()


def solve_one(
    task: dict[str, Any],
    options: dict[str, Any],
    explicit: dict[str, str | None],
    cribs: list[str],
    soft: list[str],
) -> dict[str, Any] | str:
    """The result of one line of a batch, or the message of its error."""
    from distmatch.ciphers.cribs import parse_crib
    from distmatch.ciphers.reading import from_symbols, read_ciphertext
    from distmatch.matching.decipher import decipher, to_json
    from distmatch.matching.kinds import of_words

    settings = dict(options)
    settings["kind"] = explicit["kind"] or task["kind"] or "auto"
    language = explicit["language"] or task["lang"] or "en"
    try:
        text = task["ciphertext"]
        words = of_words(settings["kind"])
        source = read_ciphertext(text, words=words) if isinstance(text, str) else from_symbols(text)
        known = [parse_crib(c) for c in cribs] + [parse_crib(c, soft=True) for c in soft]
        match = decipher(source, language=language, cribs=known, threads=1, **settings)
    except InputError as error:
        return str(error)
    return to_json(match, id=task["id"])
