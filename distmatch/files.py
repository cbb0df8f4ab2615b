"""Files: atomic writes, text input with errors that name the place, hashes, the cache folder."""

from __future__ import annotations

import bz2
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
from distmatch.errors import InputError, missing_package


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
    """The bytes of a file (`-`: standard input), unpacked by its suffix (`unpacked`) if `unpack` is true.

    Raises:
        InputError: missing, a folder, unreadable, or a damaged archive.
    """
    with open_bytes(path, unpack=unpack) as file:
        return file.read()


@contextlib.contextmanager
def open_bytes(path: str | os.PathLike[str], *, unpack: bool = True) -> Iterator[IO[bytes]]:
    """A stream of the bytes of a file (`-`: standard input), for what does not fit in memory.

    Raises:
        InputError: from within the block too: missing, unreadable, a damaged archive, or one that unpacks beyond bounds.
    """
    try:
        if str(path) == "-":
            if sys.stdin is None or sys.stdin.closed:
                raise InputError("standard input is closed. Give a file, or pipe text into it")
            yield sys.stdin.buffer
        else:
            with _opened(path, unpack) as file:
                yield file
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"damaged or truncated archive ({error}). Fetch it again", path=path
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and "null" not in str(error):
            raise
        raise InputError(
            f"cannot read: {getattr(error, 'strerror', None) or error}", path=path
        ) from error


PACKED = (".gz", ".xz", ".bz2", ".zst")
"""Suffixes of packed files that are read as what is in them."""
MAX_UNPACKED, MAX_RATIO = 1 << 26, 1000
"""Bytes that any packed file may unpack to, and times its own size that a larger one may."""


def _opened(path: str | os.PathLike[str], unpack: bool) -> IO[bytes]:
    suffix = Path(path).suffix
    if not unpack or suffix not in PACKED:
        return open(path, "rb")
    limit = max(MAX_UNPACKED, MAX_RATIO * os.path.getsize(path))
    if suffix == ".zst":
        try:
            import zstandard
        except ModuleNotFoundError:
            raise missing_package("zstandard", "peers") from None
        try:
            raw: Any = zstandard.open(path, "rb")
        except zstandard.ZstdError as error:
            raise InputError(f"damaged archive ({error}). Fetch it again", path=path) from error
    else:
        raw = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}[suffix](path, "rb")
    return io.BufferedReader(_Bounded(raw, limit, path), 1 << 16)


class _Bounded(io.RawIOBase):
    """A decompressor that stops where a small file becomes a huge one."""

    def __init__(self, raw: Any, limit: int, path: object) -> None:
        self.raw, self.left, self.path = raw, limit, path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.raw.read(len(buffer))
        except InputError:
            raise
        except Exception as error:
            if isinstance(error, MemoryError):
                raise
            raise InputError(
                f"damaged or truncated archive ({error}). Fetch it again", path=self.path
            ) from error
        self.left -= len(data)
        if self.left < 0:
            raise InputError(
                f"unpacks to more than {MAX_RATIO:,} times its size. Unpack it yourself if you trust it",
                path=self.path,
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.raw.close()
        super().close()


def parse_yaml(text: str, path: object, advice: str) -> Any:
    """The value of a YAML text of plain values, without aliases: a short file with them can stand for a huge value.

    Args:
        advice: what to do if it is not YAML.

    Raises:
        InputError: not YAML, or with an alias, with the line.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else None
                raise InputError(
                    f"alias *{event.anchor}: aliases are not read. Write the value out",
                    path=path,
                    line=line,
                )
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be parsed"
        # At the end of the text the parser is one line beyond the last.
        line = min(mark.line + 1, max(len(text.splitlines()), 1)) if mark else None
        raise InputError(f"not YAML: {problem}. {advice}", path=path, line=line) from None
    except (ValueError, RecursionError, OverflowError, TypeError, AttributeError) as error:
        raise InputError(f"not YAML: {str(error)[:100]}. {advice}", path=path) from None


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
