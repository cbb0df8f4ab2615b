"""Files of vectors of any size, a block of rows at a time: .npy, .safetensors, .parquet, word2vec and GloVe text."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from distmatch.embeddings.fileheads import (
    lines_of,
    looks_binary,
    opened,
    read_header,
    text_dimension,
)
from distmatch.embeddings.formats import words_beside
from distmatch.embeddings.textfiles import load_text_or_binary, text_blocks
from distmatch.errors import InputError, missing_package
from distmatch.files import PACKED, atomic_write, read_lines

BLOCK_NUMBERS = 1 << 22
"""Numbers held at a time: 16 MiB of float32."""
WRITTEN = (".npy", ".safetensors", ".vec", ".txt")
Block = tuple[list[str] | None, np.ndarray]
"""Names, if the file has any, and (b, d) float32 rows."""


@dataclass(frozen=True)
class VectorStream:
    """A file of n rows of d numbers.

    Args:
        blocks: makes an iterator of `Block`s.
        words: file of names beside it, one per line; None where there is none.
    """

    path: Path
    n: int
    d: int
    blocks: Callable[[], Iterator[Block]]
    words: Path | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> VectorStream:
        """Look at a file; its rows are read by `checked_blocks`.

        Raises:
            InputError: no such file, another format, or a package that it needs is missing.
        """
        path = Path(path)
        suffix = Path(path.stem).suffix if path.suffix in PACKED else path.suffix
        if suffix == ".npy":
            return _of_array(path)
        if suffix == ".safetensors":
            return _of_safetensors(path)
        if suffix == ".parquet":
            return _of_parquet(path)
        return _of_text(path, suffix)

    def checked_blocks(self) -> Iterator[Block]:
        """The blocks of the file.

        Raises:
            InputError: NaN, inf or a zero row, with its number counted from 1; another number of rows than the file says.
        """
        done = 0
        for names, block in self.blocks():
            finite = np.asarray(np.isfinite(block).all(axis=1))
            bad = ~finite | ~block.any(axis=1)
            if bad.any():
                row = int(np.argmax(bad))
                what = "a zero vector has no direction" if finite[row] else "NaN or inf"
                raise InputError(f"row {done + row + 1}: {what}. Remove the row", path=self.path)
            done += len(block)
            yield names, block
        if done != self.n:
            raise InputError(f"{self.n} rows announced, {done} found. Fetch the file again", path=self.path)  # fmt: skip


def _steps(n: int, d: int) -> Iterator[slice]:
    step = max(1, BLOCK_NUMBERS // max(d, 1))
    return (slice(i, min(i + step, n)) for i in range(0, n, step))


def _beside(path: Path) -> Path | None:
    return words_beside(path) if words_beside(path).exists() else None


def _of_array(path: Path) -> VectorStream:
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except Exception as error:  # a damaged header is evaluated as Python, and fails as Python does
        raise InputError(f"cannot read as .npy: {str(error)[:200]}", path=path) from error
    if (
        not isinstance(array, np.ndarray)
        or array.ndim != 2
        or not array.size
        or array.dtype.kind not in "fiu"
    ):
        raise InputError("is not a matrix of numbers. Save n rows of d numbers with numpy.save", path=path)  # fmt: skip
    n, d = array.shape

    def blocks() -> Iterator[Block]:
        for part in _steps(n, d):
            yield None, np.array(array[part], np.float32)

    return VectorStream(path, n, d, blocks, _beside(path))


def _of_safetensors(path: Path) -> VectorStream:
    try:
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError:
        raise missing_package("safetensors", "align") from None
    try:
        with safe_open(path, framework="numpy") as file:
            shape = file.get_slice("vectors").get_shape()
    except (SafetensorError, OSError) as error:
        raise InputError(f"cannot read as safetensors with a matrix 'vectors': {error}", path=path) from error  # fmt: skip
    if len(shape) != 2 or not min(shape):
        raise InputError(f"'vectors' has shape {shape}, need (n, d)", path=path)
    n, d = shape

    def blocks() -> Iterator[Block]:
        with safe_open(path, framework="numpy") as file:
            rows = file.get_slice("vectors")
            for part in _steps(n, d):
                try:
                    yield None, np.array(rows[part], np.float32)
                except (TypeError, AttributeError, KeyError, SafetensorError) as error:
                    raise InputError(
                        f"cannot read as safetensors: {error}. Store the vectors as float32 or float16",
                        path=path,
                    ) from error

    return VectorStream(path, n, d, blocks, _beside(path))


def _of_parquet(path: Path) -> VectorStream:
    try:
        import pyarrow.parquet as parquet  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError:
        raise InputError(
            "reading .parquet needs the package pyarrow: pip install pyarrow, or save the vectors as .npy",
            path=path,
        ) from None
    try:
        file = parquet.ParquetFile(path)
        lists = [f.name for f in file.schema_arrow if "list" in str(f.type)]
    except Exception as error:  # pyarrow's errors have no common class that is ours to import
        raise InputError(f"cannot read as parquet: {str(error)[:200]}", path=path) from error
    if len(lists) != 1:
        raise InputError(f"{len(lists)} columns of lists, need one that holds the vectors", path=path)  # fmt: skip
    n = file.metadata.num_rows

    def blocks() -> Iterator[Block]:
        for batch in file.iter_batches(batch_size=8192, columns=lists):
            try:
                yield None, np.array(batch.column(0).to_pylist(), np.float32)
            except (TypeError, ValueError) as error:
                raise InputError(f"vectors of unequal length or without a value: {error}", path=path) from error  # fmt: skip

    first = next((block for _, block in blocks()), None)
    if first is None or first.ndim != 2:
        raise InputError("holds no vectors", path=path)
    return VectorStream(path, n, first.shape[1], blocks)


def _of_text(path: Path, suffix: str) -> VectorStream:
    """Text as `Embeddings.load` reads it; word2vec binary, which says its size, is read whole."""
    with opened(path, suffix) as (file, head):
        first = head.partition(b"\n")[0]
        header = read_header(first, path)
        binary = header is not None and looks_binary(head[len(first) + 1 :], suffix)
        n, d = header or (0, text_dimension(head, path))
        n = n if header else lines_of(file, head)
    if d < 1 or n < 1:
        raise InputError(
            "no vectors in this file. Known: .npy .safetensors .parquet, word2vec and GloVe text",
            path=path,
        )

    def blocks() -> Iterator[Block]:
        if binary:
            whole = load_text_or_binary(path, None, suffix)
            for part in _steps(n, d):
                yield list(whole.words[part]), whole.vectors[part]
            return
        with opened(path, suffix) as (file, head):
            yield from text_blocks(file, head, header, path, numbers=BLOCK_NUMBERS, limited=False)

    return VectorStream(path, n, d, blocks)


def write_stream(path: Path, blocks: Iterable[Block], n: int, k: int, words: Path | None) -> None:
    """Write n rows of k numbers as they come: .npy, .safetensors (their names beside them) or word2vec text.

    Args:
        words: names beside the input, one per line.

    Raises:
        InputError: another suffix, or the place cannot be written.
    """
    write = writer(path)
    names: Iterator[str] = iter(()) if words is None else (line for _, line in read_lines(words))
    kept: list[str] | None = None if words is None and write is not _text else []
    with atomic_write(path, "wb") as file:
        if path.suffix == ".npy":
            header = {"descr": "<f4", "fortran_order": False, "shape": (n, k)}
            np.lib.format.write_array_header_1_0(file, header)
        elif path.suffix == ".safetensors":
            _safetensors_header(file, n, k)
        else:
            file.write(f"{n} {k}\n".encode())
        done = 0
        for own, block in blocks:
            found = own or [next(names, str(done + i)) for i in range(len(block))]
            if own is not None and kept is None:
                kept = []
            if kept is not None and write is not _text:
                kept += found
            write(file, found, np.ascontiguousarray(block, "<f4"))
            done += len(block)
    if kept and write is not _text:
        with atomic_write(words_beside(path)) as file:
            file.writelines(word + "\n" for word in kept)


def writer(path: Path) -> Callable[[IO[bytes], list[str], np.ndarray], None]:
    """What writes the rows of a file of this suffix.

    Raises:
        InputError: a format that is not written.
    """
    if path.suffix not in WRITTEN:
        raise InputError(
            f"vectors are not written as {path.suffix or 'a file without a suffix'}. Known: {' '.join(WRITTEN)}",
            path=path,
        )
    return _binary if path.suffix in (".npy", ".safetensors") else _text


def _binary(file: IO[bytes], names: list[str], block: np.ndarray) -> None:
    file.write(block.tobytes())


def _safetensors_header(file: IO[bytes], n: int, k: int) -> None:
    """Length and JSON of the one tensor that follows, padded to 8 bytes."""
    entry: dict[str, Any] = {"dtype": "F32", "shape": [n, k], "data_offsets": [0, 4 * n * k]}
    header = json.dumps({"vectors": entry}).encode()
    header += b" " * (-len(header) % 8)
    file.write(len(header).to_bytes(8, "little") + header)


def _text(file: IO[bytes], names: list[str], block: np.ndarray) -> None:
    from distmatch.embeddings.textvectors import BYTES_PER_NUMBER, format_row

    buffer = np.empty(block.shape[1] * BYTES_PER_NUMBER, np.uint8)
    for name, row in zip(names, block, strict=True):
        file.write(name.encode() + buffer[: format_row(row, buffer)].tobytes() + b"\n")
