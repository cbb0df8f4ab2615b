"""`distmatch report`: what the records of a benchmark say."""

from __future__ import annotations

import json as json_module
import os
import re
from pathlib import Path
from typing import Literal, get_args

from distmatch.errors import InputError
from distmatch.files import atomic_write
from distmatch.outputs import check_file, printed_on_failure

Format = Literal["html", "md", "csv", "json", "tex", "jsonl"]


_HEAD = re.compile(
    rb'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="distmatch">'
    rb'|### \S+ \(version \d+\)\n|task,task_version,method,seed,status,|\{\n "cells": \[|% distmatch benchmark: '
    rb'|\{"schema": \d+, "id": "'
)
"""How a report begins in each format."""


def report(
    folders: list[str],
    *,
    out: str | None = None,
    format: Format | None = None,
    against: str | None = None,
    title: str = "distmatch benchmark",
    force: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Summarise the records of a benchmark as HTML, Markdown, CSV, LaTeX or JSON.

    Format jsonl holds the records themselves, one per line: give such files, of your own and of others, beside folders or in
    their place, and they are one leaderboard.

    Args:
        folders: Folders of runs, such as runs/, or files of exported records (.jsonl).
        out: Output file: .html, .md, .csv, .tex, .json or .jsonl; default standard output.
        format: Format; default by the suffix of --out, else md.
        against: Folder of earlier runs; changes beyond noise are marked.
        title: Title of the page.
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        json: Print one JSON object: path, format, number of records.
        quiet: Print nothing else than what was asked for.
    """
    from distmatch.benchmark.records import read_records, record_paths
    from distmatch.benchmark.reporting import report as make

    if not folders:
        raise InputError("give the folder of the runs, such as runs/")
    chosen = format or _format(out)
    if out is not None:
        given = [*folders, *([against] if against else [])]
        inputs = [*record_paths(given), *filter(os.path.isfile, given)]
        check_file(out, inputs=inputs, ours=_written_before, force=force)
    home = Path(out).resolve().parent if out else None
    text = make(folders, format=chosen, against=against, home=home, title=title)
    if out is None:
        print(text, end="")
        return 0
    with printed_on_failure(lambda: print(text, end="")), atomic_write(out) as file:
        file.write(text)
    if json:
        print(
            json_module.dumps(
                {"report": out, "format": chosen, "records": len(read_records(*folders))}
            )
        )
    elif not quiet:
        print(f"{out} written")
    return 0


def _format(out: str | None) -> Format:
    """The format that a file's suffix names; Markdown on standard output.

    Raises:
        InputError: a suffix of no format.
    """
    if out is None:
        return "md"
    suffix = Path(out).suffix[1:].lower()
    for known in get_args(Format):
        if suffix == known:
            return known
    raise InputError(
        f"suffix {suffix!r} names no format. Use one of {' '.join('.' + f for f in get_args(Format))}, or --format",
        path=out,
    )


def _written_before(path: Path) -> bool:
    """Whether a file is a report of an earlier call."""
    with open(path, "rb") as file:
        return _HEAD.match(file.read(500)) is not None
