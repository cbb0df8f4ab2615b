"""`WordText`: running words of reference texts as numbers, cached on disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distmatch.errors import InputError
from distmatch.files import atomic_write, cache_folder, read_text
from distmatch.text.alphabet import fold

_VERSION = 1
MIN_WORDS = 2_000


@dataclass(frozen=True)
class WordText:
    """Running words of reference texts.

    Args:
        words: distinct words, the most frequent first.
        ids: (n,) int32, index of the word at each position.
    """

    words: tuple[str, ...]
    ids: np.ndarray


def load_word_text(paths: Sequence[str], *, diacritics: bool = False) -> WordText:
    """Read and fold text files, or take their words from the cache.

    Args:
        paths: text files in UTF-8, .gz and .xz unpacked.
        diacritics: keep letters with diacritics.

    Raises:
        InputError: a file cannot be read, or all together have fewer than 2,000 words.
    """
    place = _cache_place(paths, diacritics)
    stored = None if place is None else _load(place)
    if stored is not None:
        return stored
    running = [w for path in paths for w in fold(read_text(path), diacritics=diacritics).split()]
    if len(running) < MIN_WORDS:
        raise InputError(
            f"{len(running)} words of reference text; a word code needs at least {MIN_WORDS:,}, and millions are better",
            path=paths[0],
        )
    words = tuple(word for word, _ in Counter(running).most_common())
    number = {word: i for i, word in enumerate(words)}
    ids = np.fromiter(map(number.__getitem__, running), np.int32, len(running))
    if place is not None:
        with contextlib.suppress(InputError), atomic_write(place, "wb") as file:
            np.savez(file, words=np.frombuffer(" ".join(words).encode(), np.uint8), ids=ids)
    return WordText(words, ids)


def renamed(text: WordText, vocabulary: np.ndarray, *, closed: bool = False) -> np.ndarray:
    """The text with words numbered by a vocabulary.

    Args:
        text: n words.
        vocabulary: (V,) ids of words of the text, in their new order.
        closed: leave out words that are not in the vocabulary; otherwise each becomes V.

    Returns:
        (m,) int64, m <= n.
    """
    number = np.full(len(text.words), len(vocabulary), np.int64)
    number[vocabulary] = np.arange(len(vocabulary))
    ids = number[text.ids]
    return ids[ids < len(vocabulary)] if closed else ids


def _cache_place(paths: Sequence[str], diacritics: bool) -> Path | None:
    """Where the words of these files are cached; None without a cache."""
    folder = cache_folder()
    digest = hashlib.sha256(f"{_VERSION}|{diacritics}".encode())
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError as error:
            raise InputError(f"cannot read: {error.strerror}", path=path) from error
        digest.update(f"|{os.path.abspath(path)}|{stat.st_size}|{stat.st_mtime_ns}".encode())
    return None if folder is None else folder / f"words-{digest.hexdigest()[:16]}.npz"


def _load(place: Path) -> WordText | None:
    """The cached words, or None where there are none or they are damaged."""
    if not place.is_file():
        return None
    try:
        with np.load(place, allow_pickle=False) as stored:
            words = tuple(stored["words"].tobytes().decode().split())
            ids = stored["ids"].astype(np.int32)
    except Exception:  # whatever damage makes of the headers; the contents have checksums
        return None
    sound = len(ids) >= MIN_WORDS and 0 <= ids.min() and ids.max() < len(words)
    return WordText(words, ids) if sound else None
