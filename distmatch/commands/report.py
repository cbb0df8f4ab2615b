"""`distmatch report`: what the records of a benchmark say."""

from __future__ import annotations

import json as json_module
from pathlib import Path

from distmatch.errors import InputError
from distmatch.files import atomic_write


def report(
    folders: list[str],
    *,
    out: str | None = None,
    format: str | None = None,
    against: str | None = None,
    title: str = "distmatch benchmark",
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Write the report of the run directories below the folders.

    Args:
        folders: such as runs/.
        out: file to write: report.html, .md, .csv or .json; standard output if not given.
        format: html, md, csv or json; by the name of the file, else md.
        against: earlier run directories: what changed beyond noise is marked.
        title: of the page.
        json: print one JSON object: the path, the number of cells and of marked changes.
        quiet: print nothing but what was asked for.
    """
    from distmatch.benchmark.records import read_records
    from distmatch.benchmark.report import FORMATS
    from distmatch.benchmark.report import report as make

    if not folders:
        raise InputError("give the folder of the runs, such as runs/")
    suffix = Path(out).suffix[1:] if out else ""
    chosen = format or (suffix if suffix in FORMATS else "md" if out is None else "html")
    home = Path(out).resolve().parent if out else None
    text = make(folders, format=chosen, against=against, home=home, title=title)
    if out is None:
        print(text, end="")
        return 0
    with atomic_write(out) as file:
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
