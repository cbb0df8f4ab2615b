"""Writing word2vec text and binary."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.embeddings.rows import Rows
from distmatch.errors import InputError
from distmatch.files import atomic_write

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


def save_text_or_binary(rows: Rows, path: Path) -> None:
    """Write word2vec text (header line, `word number ...`), or binary for .bin; gzip or xz by suffix."""
    from distmatch.embeddings.textvectors import BYTES_PER_NUMBER, format_row

    binary = path.suffix == ".bin"
    for row, word in enumerate(rows.words, 1):
        blanks = (" ", "\t", "\n", "\r") if binary else ("\t", "\n", "\r")
        if not word or word != word.strip(" ") or any(c in word for c in blanks):
            raise InputError(
                f"row {row}: word {word!r} is empty or holds a blank, which this format cannot store. "
                "Save as .safetensors",
                path=path,
            )
    vectors = np.ascontiguousarray(rows.vectors, np.float32)
    buffer = np.empty(rows.vectors.shape[1] * BYTES_PER_NUMBER, np.uint8)
    opener: Any = _OPENERS.get(path.suffix)
    with atomic_write(path, "wb") as raw:
        file: Any = opener(raw, "wb") if opener else raw
        file.write(f"{len(rows.words)} {rows.vectors.shape[1]}\n".encode())
        for word, row in zip(rows.words, vectors, strict=True):
            file.write(word.encode())
            if binary:
                file.write(b" " + row.astype("<f4").tobytes() + b"\n")
            else:
                file.write(buffer[: format_row(row, buffer)].tobytes() + b"\n")
        if opener:
            file.close()
