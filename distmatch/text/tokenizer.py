"""Tokenizers: words, characters, or sentencepiece pieces; each turns a block of text into a list of tokens."""

from __future__ import annotations

import io
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from distmatch.errors import InputError, missing_package

BREAK = "\n"
"""The token that ends a sentence: no window reaches over it."""
BREAKS = ("line", "blank", "none")
"""What ends a sentence: each line end, each empty line (for text wrapped at a width), or nothing."""

Tokenize = Callable[[str], list[str]]


@lru_cache(maxsize=1)
def word_pattern() -> str:
    """A run of letters, digits and the marks that belong to letters (Devanagari vowels, accents)."""
    marks = [c for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)).startswith("M")]
    ranges: list[list[int]] = []
    for code in marks:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    inside = "".join(f"{chr(a)}-{chr(b)}" for a, b in ranges)
    return f"(?:[^\\W_]|[{inside}])+"


def words(*, lower: bool = True, breaks: str = "line") -> Tokenize:
    """Words: runs of letters and digits, in composed form; everything else separates.

    Raises:
        InputError: an unknown kind of break.
    """
    ends = {"line": "|\n", "blank": "|\n[^\\S\n]*(?=\n)", "none": ""}
    if breaks not in ends:
        raise InputError(f"unknown --breaks {breaks!r}. Known: {' '.join(BREAKS)}")
    pattern = re.compile(word_pattern() + ends[breaks])
    blank = breaks == "blank"

    def tokenize(text: str) -> list[str]:
        text = unicodedata.normalize("NFC", text.lower() if lower else text)
        found = pattern.findall(text)
        return [t if t[0] != BREAK else BREAK for t in found] if blank else found

    return tokenize


def characters(*, lower: bool = True, breaks: str = "line") -> Tokenize:
    """Characters; a run of blanks is one "▁", as sentencepiece writes it."""
    if breaks not in BREAKS:
        raise InputError(f"unknown --breaks {breaks!r}. Known: {' '.join(BREAKS)}")
    space = re.compile(r"[^\S\n]+" if breaks == "line" else r"\s+")
    blank = re.compile(r"\n\s*\n")

    def tokenize(text: str) -> list[str]:
        text = unicodedata.normalize("NFC", text.lower() if lower else text)
        if breaks == "blank":
            return list(BREAK.join(space.sub("▁", part) for part in blank.split(text)))
        return list(space.sub("▁", text))

    return tokenize


@dataclass(frozen=True)
class Pieces:
    """A sentencepiece model (Kudo 2018, unigram), as bytes, and its tokenizer."""

    model: bytes

    @classmethod
    def train(cls, lines: Iterable[str], size: int) -> Pieces:
        """Learn `size` pieces from lines of text, on one thread so that it repeats exactly.

        Raises:
            InputError: too little text for so many pieces, or sentencepiece is not installed.
        """
        try:
            import sentencepiece
        except ModuleNotFoundError:
            raise missing_package("sentencepiece", "align") from None
        written = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.Train(
                sentence_iterator=iter(lines), model_writer=written, vocab_size=size,
                character_coverage=0.9995, num_threads=1, minloglevel=2,
                max_sentence_length=1 << 16,
            )  # fmt: skip
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1][-200:]
            raise InputError(
                f"sentencepiece cannot learn {size} pieces: {reason}. Ask for fewer, or give more text"
            ) from error
        return cls(written.getvalue())

    def tokenizer(self, *, lower: bool = True) -> Tokenize:
        """Lines to pieces, with a break after each line."""
        import sentencepiece

        processor = sentencepiece.SentencePieceProcessor(model_proto=self.model)

        def tokenize(text: str) -> list[str]:
            lines = (text.lower() if lower else text).split("\n")
            found: list[str] = []
            for pieces in processor.encode(lines, out_type=str):
                found += pieces
                found.append(BREAK)
            return found

        return tokenize


SAMPLE = 1 << 28
"""Characters of text that sentencepiece learns from, the first ones: 256 M."""


def sample_lines(blocks: Iterable[tuple[str, int]], *, lower: bool) -> Iterator[str]:
    """Lines that are not empty, up to `SAMPLE` characters, for `Pieces.train`."""
    seen = 0
    for text, _ in blocks:
        for line in (text.lower() if lower else text).split("\n"):
            if line.strip():
                yield line
        seen += len(text)
        if seen > SAMPLE:
            return
