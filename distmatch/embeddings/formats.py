"""Files of word vectors: word2vec text and binary, GloVe, fastText .vec, safetensors, .npy; .gz and .xz of each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from distmatch.embeddings.rows import Rows, check_rows, distinct
from distmatch.errors import InputError, missing_package, require_packages
from distmatch.files import PACKED, atomic_write, read_lines

_FOREIGN = (".pkl", ".pickle", ".npz", ".pt", ".pth")


def read_rows(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    lower: bool = False,
    duplicates: Literal["first", "error"] = "first",
) -> Rows:
    """Read vectors in any format known, told apart by suffix and content.

    Args:
        path: `.safetensors` and `.npy` (words, if any, in `NAME.words.txt` beside it), else word2vec text or binary,
            GloVe or fastText text; `.gz` and `.xz` are unpacked.
        limit: rows read, the most frequent first; None is all.
        lower: lower-case the words; of equal ones the first is kept.
        duplicates: of a word that is there twice, keep the first with a warning, or refuse it.

    Returns:
        Rows in the order of the file.

    Raises:
        InputError: a header that lies, a ragged row, NaN or inf, a zero vector, text
            that cannot be decoded, a damaged archive: with the line.
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit} is not a positive number of rows")
    suffix = Path(path.stem).suffix if path.suffix in PACKED else path.suffix
    if suffix == ".safetensors":
        found = _load_safetensors(path, limit)
    elif suffix == ".npy":
        found = _load_npy(path, limit)
    elif suffix in _FOREIGN:
        raise InputError(
            "this kind of file can run code or holds no word vectors, so it is not read. "
            "Save the vectors as .npy, .safetensors or word2vec text",
            path=path,
        )
    else:
        from distmatch.embeddings.textfiles import load_text_or_binary

        found = load_text_or_binary(path, limit, suffix)
    return distinct(found, path, lower, duplicates)


def words_beside(path: Path) -> Path:
    """`NAME.words.txt` for `NAME.npy` or `NAME.safetensors`: one word a line."""
    return path.with_suffix(".words.txt")


def _read_words(path: Path, n: int) -> tuple[str, ...]:
    words = tuple(line for _, line in read_lines(path))
    if len(words) < n:
        raise InputError(
            f"{len(words)} words for {n} vectors. Write one word a line in the order of the rows",
            path=path,
        )
    return words[:n]


def _load_npy(path: Path, limit: int | None) -> Rows:
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except Exception as error:  # a damaged header is evaluated as Python, and fails as Python does
        raise InputError(
            f"cannot read as .npy: {str(error)[:200]}. Save it with numpy.save and no objects",
            path=path,
        ) from error
    if not isinstance(array, np.ndarray):
        raise InputError(
            "a zip of arrays (.npz) in spite of its name. Save the one matrix with numpy.save",
            path=path,
        )
    if array.ndim != 2 or not array.size or array.dtype.kind not in "fiu":
        raise InputError(
            f"shape {array.shape} of {array.dtype} is not a matrix of numbers. Save n rows of d numbers",
            path=path,
        )
    vectors = np.ascontiguousarray(array[:limit], np.float32)
    beside = words_beside(path)
    words = _read_words(beside, len(vectors)) if beside.exists() else None
    check_rows(vectors, words, path)
    names = words or tuple(str(i) for i in range(len(vectors)))
    return Rows(names, vectors, ranked=words is not None)


def _load_safetensors(path: Path, limit: int | None) -> Rows:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ModuleNotFoundError:
        raise missing_package("safetensors", "align") from None
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"cannot read as safetensors: {error}", path=path) from error
    except (
        TypeError,
        AttributeError,
        KeyError,
    ) as error:  # a type that NumPy lacks: bfloat16, float8
        raise InputError(
            f"cannot read as safetensors: {error}. Store the vectors as float32 or float16",
            path=path,
        ) from error
    if "vectors" not in tensors or tensors["vectors"].ndim != 2 or not tensors["vectors"].size:
        raise InputError(
            f"no matrix named 'vectors' (found: {' '.join(tensors) or 'nothing'}). Store n x d under that name",
            path=path,
        )
    vectors = np.ascontiguousarray(tensors["vectors"][:limit], np.float32)
    counts = tensors.get("counts")
    beside = words_beside(path)
    words = _read_words(beside, len(vectors)) if beside.exists() else None
    check_rows(vectors, words, path)
    names = words or tuple(map(str, range(len(vectors))))
    if counts is not None:
        if counts.shape != (len(tensors["vectors"]),):
            raise InputError(
                f"counts of shape {counts.shape} do not go with the vectors", path=path
            )
        counts = counts[:limit].astype(np.float64)
    return Rows(names, vectors, counts, ranked=words is not None)


def check_format(path: str | os.PathLike[str]) -> None:
    """Refuse before the work a suffix in which vectors cannot be written.

    Raises:
        InputError: a format that is read only, or whose package is missing.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        require_packages("align", "safetensors")
    if path.suffix in _FOREIGN or path.suffix in (".zip", ".csv", ".json", ".zst"):
        raise InputError(
            f"vectors are not written as {path.suffix}. Known: .vec .txt .bin .safetensors .npy",
            path=path,
        )


def check_words(words: Sequence[str], path: str | os.PathLike[str]) -> None:
    """Refuse before the work words that a text file of vectors cannot hold.

    Raises:
        InputError: naming the first and its row.
    """
    for row, word in enumerate(words, 1):
        if not word or word.strip(" ") != word or any(c in word for c in "\t\n\r\v\f"):
            raise InputError(
                f"row {row}: word {word!r} is empty or holds a tab or a line end, which a text file of vectors and a lexicon "
                "cannot hold. Rename it, or run without --out",
                path=path,
            )


def write_rows(rows: Rows, path: str | os.PathLike[str]) -> None:
    """Write vectors in the format of the suffix: .safetensors, .npy, .bin (word2vec binary), else word2vec text.

    float32 values survive exactly in each. Counts are kept by .safetensors only.

    Raises:
        InputError: a word that the format cannot hold, or the place cannot be written.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        try:
            from safetensors.numpy import save
        except ModuleNotFoundError:
            raise missing_package("safetensors", "align") from None
        tensors: dict[str, np.ndarray] = {"vectors": np.ascontiguousarray(rows.vectors, np.float32)}
        if rows.counts is not None:
            tensors["counts"] = np.asarray(rows.counts, np.float64)
        _save_words(rows.words, path)
        with atomic_write(path, "wb") as file:
            file.write(save(tensors))
    elif path.suffix == ".npy":
        if rows.ranked:
            _save_words(rows.words, path)
        with atomic_write(path, "wb") as file:
            np.save(file, rows.vectors.astype(np.float32))
    else:
        from distmatch.embeddings.textoutput import save_text_or_binary

        save_text_or_binary(rows, path)


def _save_words(words: tuple[str, ...], path: Path) -> None:
    for row, word in enumerate(words, 1):
        if word.splitlines() != [word]:
            raise InputError(f"row {row}: word {word!r} cannot stand on one line", path=path)
    with atomic_write(words_beside(path)) as file:
        file.writelines(word + "\n" for word in words)
