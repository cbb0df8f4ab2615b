"""Files of word vectors: word2vec text and binary, GloVe, fastText .vec, safetensors, .npy; .gz and .xz of each."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError, missing_package
from distmatch.files import atomic_write, read_lines

FASTTEXT_MODEL = (793712314).to_bytes(4, "little")
"""First bytes of a fastText model (.bin), which is not a file of vectors."""


def load_embeddings(
    path: str | os.PathLike[str], *, limit: int | None = None, lower: bool = False
) -> Embeddings:
    """Read vectors in any format known, told apart by suffix and content.

    Args:
        path: `.safetensors` and `.npy` (words, if any, in `NAME.words.txt` beside it), else word2vec text or binary,
            GloVe or fastText text; `.gz` and `.xz` are unpacked.
        limit: rows read, the most frequent first; None is all.
        lower: lower-case the words; of equal ones the first is kept.

    Returns:
        Embeddings in the order of the file.

    Raises:
        InputError: a header that lies, a ragged row, NaN or inf, a zero vector, a word twice (unless `lower`), text
            that is not UTF-8, a damaged archive: with the line.
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit} is not a positive number of rows")
    suffix = Path(path.stem).suffix if path.suffix in (".gz", ".xz") else path.suffix
    if suffix == ".safetensors":
        found = _load_safetensors(path, limit)
    elif suffix == ".npy":
        found = _load_npy(path, limit)
    elif suffix in (".pkl", ".pickle", ".npz", ".pt", ".pth"):
        raise InputError(
            "this kind of file can run code or holds no word vectors, so it is not read. "
            "Save the vectors as .npy, .safetensors or word2vec text",
            path=path,
        )
    else:
        from distmatch.embeddings.textfiles import load_text_or_binary

        found = load_text_or_binary(path, limit)
    return _distinct(found, path, lower)


def _distinct(found: Embeddings, path: Path, lower: bool) -> Embeddings:
    """Lower-cased if asked, the first of equal words kept; without lower-casing a word twice is an error."""
    words = [w.lower() for w in found.words] if lower else found.words
    first: dict[str, int] = {}
    for i, word in enumerate(words):
        if first.setdefault(word, i) != i and not lower:
            raise InputError(
                f"word {word!r} is there twice (rows {first[word] + 1} and {i + 1}). "
                "Remove one, or load in lower case (--lower), which keeps the first",
                path=path,
            )
    if len(first) == len(words):
        return Embeddings(tuple(words), found.vectors, found.counts, found.ranked)
    keep = np.fromiter(first.values(), np.int64, len(first))
    counts = None
    if found.counts is not None:
        index = np.fromiter((np.searchsorted(keep, first[w]) for w in words), np.int64, len(words))
        counts = np.bincount(index, found.counts, len(keep))
    return Embeddings(tuple(first), found.vectors[keep], counts, found.ranked)


def check_rows(vectors: np.ndarray, words: Iterable[str] | None, path: Path) -> None:
    """Refuse NaN, inf and zero rows, naming the first.

    Raises:
        InputError: with the row, counted from 1, and its word.
    """
    names = None if words is None else list(words)
    for start in range(0, len(vectors), 8192):
        block = vectors[start : start + 8192]
        finite = np.asarray(np.isfinite(block).all(axis=1))
        bad = ~finite | ~block.any(axis=1)
        if bad.any():
            row = start + int(np.argmax(bad))
            word = "" if names is None else f" (word {names[row]!r})"
            what = "a zero vector has no direction" if finite[row - start] else "NaN or inf"
            raise InputError(
                f"row {row + 1}{word}: {what}. Remove the row, or pass --limit {max(row, 1)}",
                path=path,
            )


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


def _load_npy(path: Path, limit: int | None) -> Embeddings:
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except (ValueError, EOFError, OSError) as error:
        raise InputError(
            f"cannot read as .npy: {error}. Save it with numpy.save and no objects", path=path
        ) from error
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise InputError(
            f"shape {array.shape} of {array.dtype} is not a matrix of numbers. Save n rows of d numbers",
            path=path,
        )
    vectors = np.ascontiguousarray(array[:limit], np.float32)
    beside = words_beside(path)
    words = _read_words(beside, len(vectors)) if beside.exists() else None
    check_rows(vectors, words, path)
    names = words or tuple(str(i) for i in range(len(vectors)))
    return Embeddings(names, vectors, ranked=words is not None)


def _load_safetensors(path: Path, limit: int | None) -> Embeddings:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ModuleNotFoundError:
        raise missing_package("safetensors", "align") from None
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"cannot read as safetensors: {error}", path=path) from error
    if "vectors" not in tensors or tensors["vectors"].ndim != 2:
        raise InputError(
            f"no matrix named 'vectors' (found: {' '.join(tensors) or 'nothing'}). Store n x d under that name",
            path=path,
        )
    vectors = np.ascontiguousarray(tensors["vectors"][:limit], np.float32)
    counts = tensors.get("counts")
    words = _read_words(words_beside(path), len(vectors))
    check_rows(vectors, words, path)
    return Embeddings(words, vectors, None if counts is None else counts[:limit].astype(np.float64))


def save_embeddings(embeddings: Embeddings, path: str | os.PathLike[str]) -> None:
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
        tensors: dict[str, np.ndarray] = {
            "vectors": np.ascontiguousarray(embeddings.vectors, np.float32)
        }
        if embeddings.counts is not None:
            tensors["counts"] = np.asarray(embeddings.counts, np.float64)
        _save_words(embeddings.words, path)
        with atomic_write(path, "wb") as file:
            file.write(save(tensors))
    elif path.suffix == ".npy":
        if embeddings.ranked:
            _save_words(embeddings.words, path)
        with atomic_write(path, "wb") as file:
            np.save(file, embeddings.vectors.astype(np.float32))
    else:
        from distmatch.embeddings.textfiles import save_text_or_binary

        save_text_or_binary(embeddings, path)


def _save_words(words: tuple[str, ...], path: Path) -> None:
    for row, word in enumerate(words, 1):
        if word.splitlines() != [word]:
            raise InputError(f"row {row}: word {word!r} cannot stand on one line", path=path)
    with atomic_write(words_beside(path)) as file:
        file.writelines(word + "\n" for word in words)


def from_gensim(vectors: object) -> Embeddings:
    """Embeddings of gensim `KeyedVectors` in memory, with counts where it has them."""
    keys = tuple(str(key) for key in vectors.index_to_key)  # pyright: ignore[reportAttributeAccessIssue]
    matrix = np.ascontiguousarray(vectors.vectors, np.float32)  # pyright: ignore[reportAttributeAccessIssue]
    counts = getattr(vectors, "expandos", {}).get("count")
    return Embeddings(
        keys, matrix, None if counts is None else np.array(counts[: len(keys)], np.float64)
    )


def to_gensim(embeddings: Embeddings) -> object:
    """gensim `KeyedVectors` of embeddings.

    Raises:
        InputError: gensim is not installed.
    """
    try:
        from gensim.models import KeyedVectors
    except ModuleNotFoundError:
        raise missing_package("gensim", "peers") from None
    vectors = KeyedVectors(embeddings.dimension)
    vectors.add_vectors(list(embeddings.words), embeddings.vectors)
    if embeddings.counts is not None:
        for word, count in zip(embeddings.words, embeddings.counts, strict=True):
            vectors.set_vecattr(word, "count", int(count))
    return vectors
