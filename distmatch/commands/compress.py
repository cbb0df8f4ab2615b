"""`distmatch compress`: one file, or two and what they share."""

from __future__ import annotations

import json as json_module
import os
from pathlib import Path

from distmatch.errors import InputError
from distmatch.files import atomic_write, read_bytes
from distmatch.progress import ProgressLine, silent


def compress(
    files: list[str] | None = None,
    *,
    out: str | None = None,
    coder: str = "mix",
    map: str = "auto",
    brief: bool = False,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Code lengths of X, of Y, of both together, and the archive: compress X [Y] --out pair.dm

    Y is coded by a mixture of a coder that has learned X and one that has not, through a map f of Y's symbols
    to X's if that is shorter. delta is C(X) + C(Y) - C(X and Y): the structure they share.

    Args:
        files: X, and Y if there are two.
        out: archive to write; `distmatch decompress` reads it.
        coder: mix (context mixing) or neural (a small network that learns as it goes: slow, small files).
        map: f to look for, used only if it pays: key (of letters or bytes), lexicon (of words), auto (a key, then a
            lexicon if there is none), or none.
        brief: skip the other order, the controls and the classical compressors.
        seed: of the search and the controls.
        json: print one JSON object and nothing else.
        quiet: no progress.
    """
    paths = files or []
    _refuse(paths, coder, map)
    contents = [read_bytes(path, unpack=False) for path in paths]
    names = _names(paths)
    from distmatch.matching.compress import compress as run
    from distmatch.matching.joint.report import describe

    line = None if quiet or json else ProgressLine("compressing")
    lengths, result = run(
        list(zip(names, contents, strict=True)), coder=coder, map=map, brief=brief, seed=seed, progress=line or silent
    )  # fmt: skip
    if out is not None:
        with atomic_write(out, "wb") as file:
            file.write(lengths.archive)
    if out is not None:
        result["archive"] = str(out)
    if line:
        line.close()
    print(json_module.dumps(result, ensure_ascii=False) if json else describe(result))
    return 0


def _refuse(paths: list[str], coder: str, kind: str) -> None:
    from distmatch.compression.coders import NUMBERS
    from distmatch.matching.compress import MAPS

    if not 1 <= len(paths) <= 2:
        raise InputError("give one file, or two: distmatch compress X [Y] --out pair.dm")
    if coder not in NUMBERS:
        raise InputError(f"unknown coder {coder!r}. Known: {', '.join(NUMBERS)}")
    if kind not in MAPS:
        raise InputError(f"unknown map {kind!r}. Known: {', '.join(MAPS)}")
    for path in paths:
        if path != "-" and os.path.isdir(path):
            raise InputError("a folder. Give a file; tar makes one of a folder", path=path)
    if len(paths) == 2:
        if paths[0] == paths[1] == "-":
            raise InputError("X and Y are the same file. Give two, or one alone", path="-")
        try:
            same = "-" not in paths and os.path.samefile(*paths)
        except OSError:
            same = False
        if same:
            raise InputError("X and Y are the same file. Give two, or one alone", path=paths[1])


def _names(paths: list[str]) -> list[str]:
    """Names in the archive: those of the files, the second changed if it is the first's."""
    names = ["stdin" if path == "-" else Path(path).name for path in paths]
    if len(names) == 2 and names[0] == names[1]:
        name = Path(names[1])
        names[1] = f"{name.stem}.2{name.suffix}"
    return names
