"""The beginning of a file of vectors: byte order mark, header, dimension, number of lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from distmatch.embeddings.models import refuse_models
from distmatch.errors import InputError
from distmatch.files import decode_text, open_bytes

MAX_DIMENSION = 1 << 20
"""Numbers of a row that a header may promise."""
BLOCK_BYTES = 1 << 24
"""Bytes read at a time."""


@contextmanager
def opened(path: Path, suffix: str) -> Iterator[tuple[IO[bytes], bytes]]:
    """A file of vectors in UTF-8, and its first bytes, read from it: no byte order mark, no model, not empty."""
    with open_bytes(path) as file:
        head = read_bytes(file)
        refuse_models(head, path)
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            whole = decode_text(head + file.read(), path).encode()
            file = io.BytesIO(whole)
            head = read_bytes(file)
        head = head.removeprefix(codecs.BOM_UTF8)
        if suffix == ".csv":
            raise InputError(
                "comma-separated values. Write blanks, without the line of titles: tail -n +2 X.csv | tr , ' ' > X.vec",
                path=path,
            )
        if not head.strip():
            raise InputError("an empty file. Give one word and its numbers per line", path=path)
        yield file, head


def read_bytes(file: IO[bytes], size: int | None = None) -> bytes:
    """Up to `size` bytes, a block by default: fewer only at the end (decompressors return short reads)."""
    size = BLOCK_BYTES if size is None else size
    parts: list[bytes] = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_header(line: bytes, path: Path) -> tuple[int, int] | None:
    """Rows and dimension of a word2vec header, or None."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        return None
    n, d = (int(field[:18]) for field in fields)
    if d > MAX_DIMENSION or max(map(len, fields)) > 18:
        message = (
            f"the header says {n:g} rows of {d:g} numbers or more. Correct line 1 or remove it"
        )
        raise InputError(message, path=path, line=1)
    return n, d


def looks_binary(rest: bytes, suffix: str) -> bool:
    """Whether what follows a header is float32 numbers: control bytes, which no text holds, come soon."""
    control = bytes(b for b in range(32) if b not in b"\t\n\r")
    return suffix == ".bin" or len(rest[:4096].translate(None, control)) < len(rest[:4096])


def text_dimension(head: bytes, path: Path) -> int:
    """Numbers in the first line of a file without header."""
    fields = head.partition(b"\n")[0].split()
    d = 0
    for field in reversed(fields[1:]):
        try:
            float(field)
        except ValueError:
            break
        d += 1
    if d == 0:
        raise InputError(
            "expected a word and its numbers. Give vectors as word2vec, GloVe or fastText text",
            path=path,
            line=1,
        )
    return d


def lines_of(file: IO[bytes], head: bytes) -> int:
    """Lines with something in them of an opened file, whose rest is read."""
    n, block = 0, head
    while block:
        *whole, rest = block.split(b"\n")
        n += sum(1 for line in whole if line.strip())
        more = read_bytes(file)
        if not more:
            return n + bool(rest.strip())
        block = rest + more
    return n
