"""`distmatch compress`: one file, or two and what they share."""

from __future__ import annotations

import json as json_module
import os
import time
from pathlib import Path
from typing import Any

from distmatch.errors import InputError
from distmatch.files import atomic_write, read_bytes
from distmatch.matching.match import BELIEF, Match
from distmatch.progress import ProgressLine, silent

MAPS = ("auto", "none", "key", "lexicon")


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
    from distmatch.compression.coders import compress_files

    begin = time.monotonic()
    line = None if quiet or json else ProgressLine("compressing")
    found = []
    if len(paths) == 2 and coder == "mix":
        found = _found(contents[0], contents[1], map, seed, line)
    lengths = compress_files(
        list(zip(names, contents, strict=True)), coder=coder, maps=[match.map for match in found],
        progress=_megabytes(line, time.monotonic()),
    )  # fmt: skip
    if out is not None:
        with atomic_write(out, "wb") as file:
            file.write(lengths.archive)
    from distmatch.commands.compress_report import describe, full_report, report

    result: dict[str, Any] = report(lengths, found, names, [len(data) for data in contents], coder)
    if not brief:
        more = full_report(lengths, contents, coder=coder, seed=seed, progress=line)
        result["bits"]["x_given_y"] = more.pop("x_given_y", None)
        result |= more
    result["seconds"] = time.monotonic() - begin
    if out is not None:
        result["archive"] = str(out)
    if line:
        line.close()
    print(json_module.dumps(result, ensure_ascii=False) if json else describe(result))
    return 0


def _refuse(paths: list[str], coder: str, kind: str) -> None:
    from distmatch.compression.coders import NUMBERS

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


def _found(x: bytes, y: bytes, kind: str, seed: int, line: ProgressLine | None) -> list[Match[Any]]:
    """Candidates for f."""
    from distmatch.matching.bytesearch import find_byte_map
    from distmatch.matching.lexiconsearch import alike, find_word_map

    found = []
    if kind in ("auto", "key") and (match := find_byte_map(x, y, seed=seed)):
        found.append(match)
    sure = bool(found) and found[0].confidence >= BELIEF
    if kind == "lexicon" or (kind == "auto" and not sure and not alike(x, y)):
        match = find_word_map(x, y, seed=seed, progress=line or silent)
        found += [match] if match else []
    return found


def _names(paths: list[str]) -> list[str]:
    """Names in the archive: those of the files, the second changed if it is the first's."""
    names = ["stdin" if path == "-" else Path(path).name for path in paths]
    if len(names) == 2 and names[0] == names[1]:
        name = Path(names[1])
        names[1] = f"{name.stem}.2{name.suffix}"
    return names


def _megabytes(line: ProgressLine | None, begin: float):
    """A progress of bytes, drawn in MB and MB/s."""

    def progress(done: float, total: float | None = None, /, **figures: object) -> None:
        if line is not None:
            speed = done / 1e6 / max(time.monotonic() - begin, 1e-9)
            line(round(done / 1e6, 2), total and round(total / 1e6, 2), MB_s=round(speed, 2))

    return progress
