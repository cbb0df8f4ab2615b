"""Streams of word2vec text, GloVe, fastText text and word2vec binary."""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path
from typing import IO

import numpy as np

from distmatch.embeddings.models import refuse_models
from distmatch.embeddings.rows import Rows, check_rows
from distmatch.errors import InputError
from distmatch.files import decode_text, open_bytes

MAX_DIMENSION = 1 << 20
"""Numbers of a row that a header may promise."""
_BLOCK = 1 << 24


def load_text_or_binary(path: Path, limit: int | None, suffix: str = "") -> Rows:
    """Vectors of a text or word2vec binary file, told apart by their content.

    Args:
        path: the file.
        limit: rows read.
        suffix: of what is in a packed file; that of the path by default.
    """
    suffix = suffix or path.suffix
    with open_bytes(path) as file:
        head = _read(file, _BLOCK)
        refuse_models(head, path)
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            whole = decode_text(head + file.read(), path).encode()
            file = io.BytesIO(whole)
            head = _read(file, _BLOCK)
        head = head.removeprefix(codecs.BOM_UTF8)
        if suffix == ".csv":
            raise InputError(
                "comma-separated values. Write blanks, without the line of titles: tail -n +2 X.csv | tr , ' ' > X.vec",
                path=path,
            )
        if not head.strip():
            raise InputError("an empty file. Give one word and its numbers per line", path=path)
        line, _, rest = head.partition(b"\n")
        header = _header(line, path)
        if header is not None and (suffix == ".bin" or _looks_binary(rest)):
            return _load_binary(file, rest, header, limit, path)
        return _load_text(file, head, header, limit, path)


def _read(file: IO[bytes], size: int) -> bytes:
    """Up to `size` bytes: fewer only at the end (decompressors return short reads)."""
    parts: list[bytes] = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _header(line: bytes, path: Path) -> tuple[int, int] | None:
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


def _looks_binary(rest: bytes) -> bool:
    """Whether control bytes, which no text holds and float32 numbers do, come soon."""
    control = bytes(b for b in range(32) if b not in b"\t\n\r")
    return len(rest[:4096].translate(None, control)) < len(rest[:4096])


class _Rows:
    """Vectors and words that grow as a text file is read."""

    def __init__(self, expected: int | None, d: int, limit: int | None) -> None:
        self.limit = limit
        guess = expected if expected is not None else 1 << 14
        room = max(16, (1 << 28) // max(d, 1))  # a header may lie: 1 GiB at first
        self.vectors = np.empty((min(guess, limit or guess, room), d), np.float32)
        self.words: list[str] = []
        self.size = 0

    def room(self) -> np.ndarray:
        """The matrix, with room for at least one more row unless the limit is reached."""
        if self.size == len(self.vectors) and not self.full:
            larger = max(16, len(self.vectors) * 3 // 2)
            larger = larger if self.limit is None else min(larger, self.limit)
            self.vectors = np.resize(self.vectors, (larger, self.vectors.shape[1]))
        return self.vectors

    @property
    def full(self) -> bool:
        return self.limit is not None and self.size >= self.limit


def _load_text(
    file: IO[bytes],
    head: bytes,
    header: tuple[int, int] | None,
    limit: int | None,
    path: Path,
) -> Rows:
    from distmatch.embeddings.textvectors import OK, RAGGED, parse_lines

    d = header[1] if header else _dimension(head, path)
    rows = _Rows(header[0] if header else None, d, limit)
    block = head.partition(b"\n")[2] if header else head
    line = 2 if header else 1
    while block and not rows.full:
        end = block.rfind(b"\n") + 1
        if end == 0:
            more = _read(file, _BLOCK)
            if more:
                block += more
                continue
            block += b"\n"
            end = len(block)
        data = np.frombuffer(block, np.uint8)
        position = 0
        while position < end and not rows.full:
            vectors = rows.room()
            starts = np.empty(len(vectors), np.int64)
            stops = np.empty(len(vectors), np.int64)
            before, begun = rows.size, position
            rows.size, position, code = parse_lines(
                data, position, end, vectors, before, starts, stops
            )
            for i in range(before, rows.size):
                rows.words.append(_word(block[starts[i] : stops[i]], path, line + i - before))
            if code == RAGGED and rows.size < len(vectors):
                stop = block.index(b"\n", position)
                spaced = _spaced(block[position:stop], d, header is not None)
                if spaced is not None:
                    rows.words.append(_word(spaced[0], path, line + rows.size - before))
                    vectors[rows.size] = spaced[1]
                    rows.size += 1
                    position, code = stop + 1, OK
            if code != OK:
                bad = line + block.count(b"\n", begun, position)
                _refuse(block[position : block.index(b"\n", position)], code, d, header, bad, path)
            line += block.count(b"\n", begun, position)
        block = block[end:] + _read(file, _BLOCK)
    n = rows.size
    if header and not rows.full and n != header[0]:
        raise InputError(
            f"the header says {header[0]} rows, the file holds {n}. Fetch it again, or correct line 1",
            path=path,
            line=1,
        )
    return Rows(tuple(rows.words), np.ascontiguousarray(rows.vectors[:n]))


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


def _dimension(head: bytes, path: Path) -> int:
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
    raw: bytes, code: int, d: int, header: tuple[int, int] | None, line: int, path: Path
) -> None:
    """Raise the error of a line that `parse_lines` stopped at."""
    from distmatch.embeddings.textvectors import NOT_FINITE, ZERO

    fields = raw.split()
    word = fields[0].decode("utf-8", "replace")
    before = line - 1 - (header is not None)
    limit = f", or pass --limit {before}" if before else ""
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
            more = _read(file, _BLOCK)
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
    if limit is None and (rest[position:].strip() or _read(file, 64).strip()):
        raise InputError(
            f"the header says {n} rows, but more follow. Export the file again, or pass --limit {n}",
            path=path,
            line=1,
        )
    return Rows(tuple(words), matrix)
