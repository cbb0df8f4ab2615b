"""`distmatch decompress`: the files of an archive, byte for byte."""

from __future__ import annotations

import json as json_module
import os
import time
from pathlib import Path

from distmatch.errors import InputError
from distmatch.files import atomic_write, read_bytes
from distmatch.outputs import check_file, probe
from distmatch.progress import ProgressLine, silent


def decompress(
    archive: str | None = None,
    *,
    out: str = ".",
    only: str | None = None,
    max_size: str | None = None,
    force: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Restore the files of an archive, byte for byte, once all checksums match.

    Args:
        archive: File written by `distmatch compress`.
        out: Folder to write to.
        only: One file, by name or as X or Y; X alone is decoded without Y.
        max_size: Maximum bytes to decode, such as 500M or 8G; default 4G, and 1,000 times the archive above 16M.
        force: Replace existing files of other contents; the archive itself is never replaced.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    from distmatch.compression.coders import decompress as run

    if archive is None:
        raise InputError("give an archive: distmatch decompress pair.dm --out FOLDER")
    if archive != "-" and os.path.isdir(archive):
        raise InputError("a folder, not an archive", path=archive)
    begin = time.monotonic()
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise InputError("--out is a file. Give a folder", path=out)
    probe(folder, folder)
    line = None if quiet or json else ProgressLine("decompressing")
    contents = run(
        read_bytes(archive, unpack=False),
        only=only,
        path=archive,
        max_size=_bytes(max_size),
        progress=line or silent,
    )
    for name, data in contents.items():
        check_file(
            folder / name,
            inputs=[archive],
            ours=lambda path, data=data: path.read_bytes() == data,
            force=force,
        )
    for name, data in contents.items():
        with atomic_write(folder / name, "wb") as file:
            file.write(data)
    if line:
        line.close()
    sizes = {name: len(data) for name, data in contents.items()}
    if json:
        seconds = time.monotonic() - begin
        print(json_module.dumps({"out": str(folder), "files": sizes, "seconds": seconds}))
    elif not quiet:
        for name, size in sizes.items():
            print(f"{folder / name}: {size:,} bytes")
    return 0


def _bytes(size: str | None) -> int | None:
    """A number of bytes such as 500M."""
    if size is None:
        return None
    number, unit = size[:-1], size[-1:].upper()
    if unit.isdigit():
        number, unit = size, ""
    powers = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
    if unit not in powers or not number.isdecimal() or len(number) > 15:
        raise InputError(f"--max-size {size} is not a number of bytes. Write 500M or 8G")
    return int(number) << powers[unit]
