"""`distmatch compress`: one file, or two and what they share."""

from __future__ import annotations

import json as json_module
import os
from pathlib import Path
from typing import Literal

from distmatch.compression.archive import MAGIC
from distmatch.errors import InputError
from distmatch.files import atomic_write, read_bytes
from distmatch.outputs import begins_with, check_file, printed_on_failure
from distmatch.progress import ProgressLine, silent

Coder = Literal["mix", "neural"]
MapKind = Literal["auto", "none", "key", "bijection", "homophonic", "lexicon"]


def compress(
    files: list[str] | None = None,
    *,
    out: str | None = None,
    coder: Coder = "mix",
    map: MapKind = "auto",
    brief: bool = False,
    force: bool = False,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Compress one file X, or two files X and Y and the structure they share.

    Y is coded by a mixture of a model trained on X and one that was not, through a map f of Y's symbols to X's where that
    is shorter. Δ = C(X) + C(Y) - C(X∘Y) is the number of bits saved by coding them together.

    Args:
        files: X, and optionally Y.
        out: Archive to write; `distmatch decompress` restores the files.
        coder: mix (context mixing) or neural (a small network trained online: slow, small files only).
        map: Kind of f to search for: a key of letters or bytes (key, bijection, homophonic), a lexicon of words, the
            best (auto), or none.
        brief: Skip the other order, the controls and the classical compressors.
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        seed: Random seed of the search and the controls.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    paths = files or []
    _refuse(paths)
    if out is not None:
        check_file(out, inputs=paths, ours=begins_with(MAGIC), force=force)
    contents = [read_bytes(path, unpack=False) for path in paths]
    names = _names(paths)
    from distmatch.matching.compress import compress as run
    from distmatch.matching.joint.figures import describe

    line = None if quiet or json else ProgressLine("compressing")
    lengths, result = run(
        list(zip(names, contents, strict=True)), coder=coder, map=map, brief=brief, seed=seed, progress=line or silent
    )  # fmt: skip
    if line:
        line.close()

    def show() -> None:
        print(json_module.dumps(result, ensure_ascii=False) if json else describe(result))

    if out is not None:
        with printed_on_failure(show), atomic_write(out, "wb") as file:
            file.write(lengths.archive)
        result["archive"] = str(out)
    show()
    return 0


def _refuse(paths: list[str]) -> None:
    if not 1 <= len(paths) <= 2:
        raise InputError("give one file, or two: distmatch compress X [Y] --out pair.dm")
    for path in paths:
        if path != "-" and os.path.isdir(path):
            raise InputError(
                "this is a folder. Give a file, for instance a tar archive of it", path=path
            )
    if len(paths) == 2:
        if paths[0] == paths[1] == "-":
            raise InputError(
                "X and Y are the same file. Give two different files, or one", path="-"
            )
        try:
            same = "-" not in paths and os.path.samefile(*paths)
        except OSError:
            same = False
        if same:
            raise InputError(
                "X and Y are the same file. Give two different files, or one", path=paths[1]
            )


def _names(paths: list[str]) -> list[str]:
    """File names in the archive; a second name equal to the first is changed."""
    names = ["stdin" if path == "-" else Path(path).name for path in paths]
    if len(names) == 2 and names[0] == names[1]:
        name = Path(names[1])
        names[1] = f"{name.stem}.2{name.suffix}"
    return names
