"""`Corpus`: running text as an array of token numbers on disk, made in one pass and bounded memory."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distmatch.errors import InputError
from distmatch.files import open_bytes
from distmatch.progress import Progress, silent
from distmatch.text.tokenizer import BREAK, Tokenize

_BLOCK = 1 << 22
SENTENCE_END = -1
"""Number in `Corpus.tokens` that ends a sentence."""


@dataclass(frozen=True)
class Corpus:
    """Text as numbers of words.

    Args:
        tokens: (t,) int32, mapped from disk: ranks of words, -1 at the ends of sentences; rare words are left out.
        words: the vocabulary, the most frequent first.
        counts: (len(words),) int64.
    """

    tokens: np.ndarray
    words: tuple[str, ...]
    counts: np.ndarray


def text_blocks(
    paths: Sequence[str | os.PathLike[str]], names: Sequence[str] | None = None
) -> Iterator[tuple[str, int]]:
    """Text of files in blocks of about 4 MB that end with a line (or, in very long lines, a word).

    Yields:
        text, and its size in bytes.

    Raises:
        InputError: not UTF-8 (with the line), unreadable, or a damaged archive.
    """
    for path, name in zip(paths, names or [str(p) for p in paths], strict=True):
        lines = 1
        with open_bytes(path) as file:
            left = b""
            while block := file.read(_BLOCK):
                block = left + block
                cut = block.rfind(b"\n") + 1 or block.rfind(b" ") + 1
                left = block[cut:]
                yield _decode(block[:cut], name, lines), cut
                lines += block.count(b"\n", 0, cut)
            if left:
                yield _decode(left, name, lines) + "\n", len(left)


def _decode(block: bytes, path: object, lines: int) -> str:
    if lines == 1:
        block = block.removeprefix(b"\xef\xbb\xbf")
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte 0x{block[error.start]:02x} is not UTF-8. Convert it: iconv -f latin1 -t utf-8",
            path="<standard input>" if str(path) == "-" else path,
            line=lines + block.count(b"\n", 0, error.start),
        ) from error


def encode_corpus(
    paths: Sequence[str | os.PathLike[str]],
    tokenize: Tokenize,
    folder: Path,
    *,
    min_count: int = 5,
    vocabulary: int = 200_000,
    progress: Progress = silent,
    names: Sequence[str] | None = None,
) -> Corpus:
    """Read text once and store it as token numbers in `folder`.

    Memory grows with the distinct words (about 150 bytes each), not with the text.

    Args:
        paths: text files, .gz and .xz unpacked, `-` for standard input.
        tokenize: see `text.tokenizer`.
        folder: where tokens.i32 is written.
        min_count: rarer words are left out.
        vocabulary: at most so many words, the most frequent.
        progress: called with megabytes read.
        names: what errors call the files.

    Raises:
        InputError: see `text_blocks`; or no word is frequent enough.
    """
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    numbers[BREAK]  # number 0
    raw = folder / "tokens.raw"
    done = 0
    with open(raw, "wb") as file:
        for text, size in text_blocks(paths, names):
            found = tokenize(text)
            file.write(np.fromiter(map(numbers.__getitem__, found), np.int32, len(found)).tobytes())
            done += size
            progress(done / 1e6, None, words=len(numbers))
    if len(numbers) == 1:
        raise InputError(
            "no words in this text. Give running text in UTF-8", path=(names or paths)[0]
        )
    counts = _count(raw, len(numbers))
    entries = list(numbers)
    counts[0] = 0
    frequent = np.flatnonzero(counts >= min_count)
    if len(frequent) == 0:
        raise InputError(
            f"no word occurs {min_count} times. Give more text, or lower --min-count",
            path=(names or paths)[0],
        )
    order = sorted(frequent.tolist(), key=lambda i: (-counts[i], entries[i]))[:vocabulary]
    ranks = np.full(len(entries), SENTENCE_END - 1, np.int32)
    ranks[order] = np.arange(len(order))
    ranks[0] = SENTENCE_END
    stored = folder / "tokens.i32"
    with open(stored, "wb") as file:
        for block in _blocks(raw):
            kept = ranks[block]
            file.write(kept[kept >= SENTENCE_END].tobytes())
    raw.unlink()
    return Corpus(np.memmap(stored, np.int32, "r"), tuple(entries[i] for i in order), counts[order])


def _blocks(path: Path) -> Iterator[np.ndarray]:
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            yield np.frombuffer(block, np.int32)


def _count(path: Path, n: int) -> np.ndarray:
    counts = np.zeros(n, np.int64)
    for block in _blocks(path):
        counts += np.bincount(block, minlength=n)
    return counts
