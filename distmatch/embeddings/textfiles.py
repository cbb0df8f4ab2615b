"""Streams of word2vec text, GloVe, fastText text and word2vec binary."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from distmatch.embeddings.fileheads import (
    looks_binary,
    opened,
    read_bytes,
    read_header,
    text_dimension,
)
from distmatch.embeddings.rows import Rows, check_rows
from distmatch.errors import InputError


def load_text_or_binary(path: Path, limit: int | None, suffix: str = "") -> Rows:
    """Vectors of a text or word2vec binary file, told apart by their content.

    Args:
        path: the file.
        limit: rows read.
        suffix: of what is in a packed file; that of the path by default.
    """
    suffix = suffix or path.suffix
    with opened(path, suffix) as (file, head):
        line, _, rest = head.partition(b"\n")
        header = read_header(line, path)
        if header is not None and looks_binary(rest, suffix):
            return _load_binary(file, rest, header, limit, path)
        return _load_text(file, head, header, limit, path)


def _load_text(
    file: IO[bytes],
    head: bytes,
    header: tuple[int, int] | None,
    limit: int | None,
    path: Path,
) -> Rows:
    d = header[1] if header else text_dimension(head, path)
    guess = header[0] if header else 1 << 14
    room = max(16, (1 << 28) // max(d, 1))  # a header may lie: 1 GiB at first
    vectors = np.empty((min(guess, limit or guess, room), d), np.float32)
    words: list[str] = []
    for some, rows in text_blocks(file, head, header, path, limit=limit):
        n = len(words) + len(some)
        if n > len(vectors):
            larger = max(n, len(vectors) * 3 // 2)
            vectors = np.resize(vectors, (larger if limit is None else min(larger, limit), d))
        vectors[len(words) : n] = rows
        words += some
    n = len(words)
    if header and n != header[0] and (limit is None or n < limit):
        raise InputError(
            f"the header says {header[0]} rows, the file holds {n}. Fetch it again, or correct line 1",
            path=path,
            line=1,
        )
    return Rows(tuple(words), np.ascontiguousarray(vectors[:n]))


def text_blocks(
    file: IO[bytes],
    head: bytes,
    header: tuple[int, int] | None,
    path: Path,
    *,
    limit: int | None = None,
    numbers: int = 1 << 20,
    limited: bool = True,
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Words and vectors (b, d) of a text file, in blocks of about so many numbers.

    Args:
        file, head: see `opened`. header: see `read_header`.
        limit: rows read.
        limited: whether an error may advise --limit.

    Raises:
        InputError: a line that is no word with d finite numbers that are not all zero.
    """
    from distmatch.embeddings.textvectors import OK, RAGGED, parse_lines

    d = header[1] if header else text_dimension(head, path)
    left = sys.maxsize if limit is None else limit
    block = head.partition(b"\n")[2] if header else head
    line = 2 if header else 1
    while block and left:
        end = block.rfind(b"\n") + 1
        if end == 0:
            more = read_bytes(file)
            if more:
                block += more
                continue
            block += b"\n"
            end = len(block)
        data = np.frombuffer(block, np.uint8)
        position = 0
        while position < end and left:
            vectors = np.empty((min(left, max(1, numbers // max(d, 1))), d), np.float32)
            starts, stops = (np.empty(len(vectors), np.int64) for _ in range(2))
            begun = position
            n, position, code = parse_lines(data, position, end, vectors, 0, starts, stops)
            words = [_word(block[starts[i] : stops[i]], path, line + i) for i in range(n)]
            if code == RAGGED:
                stop = block.index(b"\n", position)
                spaced = _spaced(block[position:stop], d, header is not None)
                if spaced is not None:
                    words.append(_word(spaced[0], path, line + n))
                    vectors[n] = spaced[1]
                    n, position, code = n + 1, stop + 1, OK
            if code != OK:
                bad = line + block.count(b"\n", begun, position)
                raw = block[position : block.index(b"\n", position)]
                _refuse(raw, code, d, header, bad, path, limited)
            line += block.count(b"\n", begun, position)
            left -= n
            if n:
                yield words, vectors[:n]
        block = block[end:] + read_bytes(file)


def _spaced(raw: bytes, d: int, declared: bool) -> tuple[bytes, np.ndarray] | None:
    """Word and numbers of a line whose word holds blanks or is one: the last d fields are the numbers."""
    fields = raw.rstrip().rsplit(None, d)
    if len(fields) == d and raw[:1] in b" \t":
        word, numbers = raw[:1], fields
    elif len(fields) == d + 1 and d > 0:
        word, numbers = fields[0], fields[1:]
    else:
        return None
    if not declared and _is_number(word.split()[-1] if word.strip() else b""):
        return None  # no header says that this is not one number too many
    try:
        vector = np.array([float(n) for n in numbers], np.float32)
    except ValueError:
        return None
    return (word, vector) if np.isfinite(vector).all() and vector.any() else None


def _word(raw: bytes, path: Path, line: int) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte 0x{raw[error.start]:02x} in a word is not UTF-8. Save the file as UTF-8, or correct the line",
            path=path,
            line=line,
        ) from error


def _refuse(
    raw: bytes,
    code: int,
    d: int,
    header: tuple[int, int] | None,
    line: int,
    path: Path,
    limited: bool,
) -> None:
    """Raise the error of a line that `parse_lines` stopped at."""
    from distmatch.embeddings.textvectors import NOT_FINITE, ZERO

    fields = raw.split()
    word = fields[0].decode("utf-8", "replace")
    before = line - 1 - (header is not None)
    limit = f", or pass --limit {before}" if before and limited else ""
    keep = f"Remove the line{limit}"
    found = len(fields) - 1
    if code == NOT_FINITE:
        message = f"NaN or inf in the vector of {word!r}. {keep}"
    elif code == ZERO:
        message = f"the vector of {word!r} is zero and has no direction. {keep}"
    elif header and line == 2 and found != d:
        message = f"the header says {d} numbers per row, found {found}. Correct line 1 or remove it"
    elif found != d:
        message = f"expected {d} numbers, found {found} (word {word!r}). Re-export the file{limit}"
    else:
        wrong = next((f for f in fields[1:] if not _is_number(f)), b"").decode("utf-8", "replace")
        message = f"{wrong!r} is not a number (word {word!r}). {keep}"
    raise InputError(message, path=path, line=line)


def _is_number(field: bytes) -> bool:
    return (
        re.fullmatch(rb"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf)", field, re.I) is not None
    )


def _load_binary(
    file: IO[bytes], rest: bytes, header: tuple[int, int], limit: int | None, path: Path
) -> Rows:
    n, d = header[0] if limit is None else min(header[0], limit), header[1]
    if n == 0 or d == 0:
        raise InputError(f"the header says {header[0]} rows of {d} numbers. Fetch the file again", path=path, line=1)  # fmt: skip
    vectors: list[np.ndarray] = []
    words: list[str] = []
    position = 0
    for row in range(n):
        while (space := rest.find(b" ", position)) < 0 or len(rest) < space + 1 + 4 * d:
            more = read_bytes(file)
            if not more:
                raise InputError(
                    f"the header says {header[0]} rows of {d} numbers, the file ends in row {row + 1}. "
                    f"Fetch it again, or pass --limit {max(row, 1)}",
                    path=path,
                )
            rest = rest[position:] + more
            position = 0
        raw = rest[position:space].lstrip(b"\n")
        try:
            words.append(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(
                f"row {row + 1}: the word is not UTF-8, or the header's {d} numbers per row are wrong. "
                f"Export the file again, or pass --limit {max(row, 1)}",
                path=path,
            ) from error
        position = space + 1 + 4 * d
        vectors.append(np.frombuffer(rest, "<f4", d, space + 1))
    matrix = np.array(vectors, np.float32)
    check_rows(matrix, words, path)
    if limit is None and (rest[position:].strip() or read_bytes(file, 64).strip()):
        raise InputError(
            f"the header says {n} rows, but more follow. Export the file again, or pass --limit {n}",
            path=path,
            line=1,
        )
    return Rows(tuple(words), matrix)
