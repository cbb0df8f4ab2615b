"""Files: atomic writes, text input with errors that name the place, hashes, the cache folder."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import itertools
import json
import lzma
import os
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from distmatch.encodings import decode, decode_blocks, encoding_of
from distmatch.errors import InputError


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside `path` and rename it over `path` only if the block succeeds.

    Raises:
        InputError: the folder cannot be written, or the disk is full; nothing is left behind.
    """
    path = Path(path)
    temporary: str | None = None
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            # A device or a pipe: there is nothing to replace.
            with open(path, mode, encoding=None if "b" in mode else "utf-8") as file:
                yield file
            return
        path = Path(os.path.realpath(path))  # through a link, which stays one
        path.parent.mkdir(parents=True, exist_ok=True)
        # A short name: that of the file may be as long as the system allows.
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".distmatch-", suffix=".part")
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
        os.chmod(temporary, 0o666 & ~umask())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror or error}. Choose another place", path=path
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def umask() -> int:
    """The permissions that this process withholds from new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: str | os.PathLike[str], value: object) -> None:
    """Write `value` as indented JSON, atomically."""
    with atomic_write(path) as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.write("\n")


def read_bytes(path: str | os.PathLike[str], *, unpack: bool = True) -> bytes:
    """The bytes of a file (`-`: standard input), unpacked if its name ends in .gz or .xz and `unpack` is true.

    Raises:
        InputError: missing, a folder, unreadable, or a damaged archive.
    """
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read()
        packed = {".gz": gzip.open, ".xz": lzma.open} if unpack else {}
        opener: Any = packed.get(Path(path).suffix, open)
        with opener(path, "rb") as file:
            return file.read()
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"damaged or truncated archive ({error}). Fetch it again", path=path
        ) from error
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror or error}", path=path) from error


@contextlib.contextmanager
def open_bytes(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A stream of the unpacked bytes of a file (`-`: standard input), for what does not fit in memory.

    Raises:
        InputError: from within the block too: missing, unreadable, or a damaged archive.
    """
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(Path(path).suffix, open)
    try:
        if str(path) == "-":
            yield sys.stdin.buffer
        else:
            with opener(path, "rb") as file:
                yield file
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"damaged or truncated archive ({error}). Fetch it again", path=path
        ) from error
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror or error}", path=path) from error


def decode_text(data: bytes, path: object) -> str:
    """Text of `data` without a byte-order mark: UTF-8, or UTF-16, UTF-32 or Latin-1 with a warning that says so.

    Raises:
        InputError: bytes of a packed or binary file, or damaged UTF-16.
    """
    return decode(data, encoding_of(data, path), path)


def read_text(path: str | os.PathLike[str]) -> str:
    """Text of a file or of standard input (`-`), decoded as by `decode_text`; .gz, .xz, .bz2 and .zst are unpacked."""
    name = "<standard input>" if str(path) == "-" else path
    return decode_text(read_bytes(path), name)


def read_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines (from 1) of a text, without line ends (LF, CR LF or CR)."""
    text = io.StringIO(read_text(path), newline=None).read()
    yield from enumerate(text.removesuffix("\n").split("\n") if text else (), 1)


def stream_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text that need not fit in memory.

    Raises:
        InputError: as `open_bytes` and `decode_text`.
    """
    with open_bytes(path) as file:
        head = file.read(1 << 16)
        encoding = encoding_of(head, path, whole=len(head) < 1 << 16)
        blocks = itertools.chain([head], iter(lambda: file.read(1 << 16), b""))
        yield from enumerate(_split(decode_blocks(blocks, encoding, path)), 1)


def _split(blocks: Iterable[str]) -> Iterator[str]:
    rest = ""
    for block in blocks:
        *lines, rest = (rest + block).split("\n")
        yield from (line.removesuffix("\r") for line in lines)
    if rest:
        yield rest


def sha256(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes as stored.

    Raises:
        InputError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror or error}", path=path) from error
    return digest.hexdigest()


def cache_folder() -> Path | None:
    """The user's cache folder for models, or None (with one warning) if there is none and it cannot be made.

    `DISTMATCH_CACHE` overrides the platform's default; several users may share it. One that can only be read is read.
    """
    override = os.environ.get("DISTMATCH_CACHE")
    if override:
        folder = Path(override)
    else:
        import platformdirs

        folder = Path(platformdirs.user_cache_dir("distmatch", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
            return folder
        _warn_once(
            f"cache folder {folder} is not writable ({error.strerror}); models are rebuilt every time"
        )
        return None
    return folder


_WARNED: set[str] = set()


def _warn_once(message: str) -> None:
    if message not in _WARNED:
        _WARNED.add(message)
        warnings.warn(message, stacklevel=3)
