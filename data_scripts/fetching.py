"""What every `fetch_<data>.py` does: copy or download files, check them, leave what is there already alone."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from distmatch.errors import InputError
from distmatch.files import atomic_write, sha256

CHECKSUMS: dict[str, str] = json.loads(
    Path(__file__).with_name("checksums.json").read_text(encoding="utf-8")
)
"""SHA-256 of every file, by its path in the data folder."""


@dataclass(frozen=True)
class File:
    """One file of the data folder.

    Args:
        path: in the data folder.
        url: where the same bytes are published; None if the file was made from published data (see `note`).
        pinned: whether the published bytes are known to be those of `CHECKSUMS`. If not, a download is taken as it is
            and its checksum is printed, while a copy (`--from`) is always checked.
        note: how a file without URL comes about.
    """

    path: str
    url: str | None = None
    pinned: bool = True
    note: str = ""


def fetch(files: Sequence[File], to: Path, source: Path | None = None) -> int:
    """Bring files into a folder.

    Args:
        files: what is wanted.
        to: the data folder.
        source: folder with a local copy; None downloads.

    Returns:
        how many files were new.

    Raises:
        InputError: a file is missing, cannot be downloaded, or has another checksum; it is then not kept.
    """
    new = 0
    for file in files:
        target = to / file.path
        wanted = CHECKSUMS[file.path]
        if target.exists() and (sha256(target) == wanted or (source is None and not file.pinned)):
            continue
        if source is None and file.url is None:
            raise InputError(f"not published as such: {file.note}. Give a local copy with --from", path=file.path)  # fmt: skip
        with atomic_write(target, "wb") as out:
            if source is not None:
                found = _copy(source / file.path, out)
            else:
                found = _download(str(file.url), out)
            if found != wanted and (source is not None or file.pinned):
                raise InputError(
                    f"checksum {found[:16]}... instead of {wanted[:16]}... The copy is damaged or another version",
                    path=file.path,
                )
        if found != wanted:
            print(f"{file.path}: published version, sha256 {found}", file=sys.stderr)
        new += 1
    return new


def _copy(path: Path, out: IO[bytes]) -> str:
    try:
        with open(path, "rb") as file:
            return _pour(file, out)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", path=path) from error


def _download(url: str, out: IO[bytes]) -> str:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return _pour(answer, out)
    except (urllib.error.URLError, TimeoutError) as error:
        raise InputError(
            f"cannot download ({error}). Give a local copy with --from", path=url
        ) from error


def _pour(source: IO[bytes], out: IO[bytes]) -> str:
    """Copy a stream and return its SHA-256."""
    digest = hashlib.sha256()
    while block := source.read(1 << 20):
        digest.update(block)
        out.write(block)
    return digest.hexdigest()


def main(
    description: str, licence: str, files: Sequence[File], arguments: Sequence[str] | None = None
) -> int:
    """The command line of a script: `--to FOLDER`, `--from FOLDER`, `--only PREFIX`."""
    parser = argparse.ArgumentParser(description=f"{description} Licence: {licence}.")
    parser.add_argument("--to", type=Path, default=Path("data"), help="data folder (default: data)")
    parser.add_argument("--from", dest="source", type=Path, help="folder with a local copy")
    parser.add_argument("--only", default="", help="only files whose path starts so")
    options = parser.parse_args(arguments)
    wanted = [file for file in files if file.path.startswith(options.only)]
    try:
        if not wanted:
            raise InputError(f"no file starts with {options.only!r}. First: {files[0].path}")
        new = fetch(wanted, options.to, options.source)
    except InputError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 2
    print(f"{len(wanted)} files in {options.to}, {new} new. Licence: {licence}")
    return 0


def under(prefix: str) -> list[str]:
    """Paths of `CHECKSUMS` under a folder."""
    return [path for path in CHECKSUMS if path.startswith(prefix)]
