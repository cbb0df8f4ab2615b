"""Data files of tasks: where they are, and whether they are the right ones; what identifies a configuration."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from distmatch.benchmark.owncode import own_code
from distmatch.benchmark.plan import Config, DataFile
from distmatch.errors import InputError
from distmatch.files import sha256


def identified(config: Config, data: Path | None) -> Config:
    """The configuration with the hashes of data files that are made here and of own methods: other bytes are other runs.

    Raises:
        InputError: a file is not there, with the command that makes it.
    """
    tasks = []
    for task in config.tasks:
        made = {k: f for k, f in task.data.items() if f.sha256 is None}
        found = {k: replace(f, sha256=sha256(locate(f, data))) for k, f in made.items()}
        tasks.append(replace(task, data=task.data | found))
    methods = [replace(m, code=own_code(m.matcher, m.folder)) for m in config.methods]
    return replace(config, tasks=tuple(tasks), methods=tuple(methods))


def locate(file: DataFile, data: Path | None) -> Path:
    """Where a data file is, its bytes checked.

    Raises:
        InputError: not there, with the command that fetches it, or other bytes.
    """
    usual = [os.environ.get("DISTMATCH_DATA"), "data", "shared/data", "../shared/data"]
    folders = [data] if data is not None else [Path(f) for f in usual if f]
    for folder in folders:
        path = (folder / file.file).resolve()
        if path.is_file():
            if file.sha256 is None:
                return path
            found = sha256(path)
            if found != file.sha256:
                raise InputError(
                    f"SHA-256 is {found[:12]}..., the task expects {file.sha256[:12]}.... Fetch it again",
                    path=path,
                )
            return path
    remedy = f"Fetch it: {file.fetch}" if file.fetch else "Give its folder with --data"
    if file.make:
        remedy = f"Make it: {file.make}"
    raise InputError(f"no data file in {', '.join(map(str, folders))}. {remedy}", path=file.file)
