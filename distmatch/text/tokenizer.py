"""Tokenizers: words, characters, or sentencepiece pieces; each turns a block of text into a list of tokens."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import regex

from distmatch.errors import InputError, missing_package

BREAK = "\n"
"""The token that ends a sentence: no window reaches over it."""
BREAKS = ("auto", "line", "blank", "none")
"""What ends a sentence: each line end but those where a text is wrapped at a width (auto), each line end, each empty line,
or nothing."""
WRAPPED_LINES = 400
"""Lines looked at together to see whether they are wrapped."""
MAX_WRAPPED_WIDTH = 120
"""Characters of the widest wrapped line: nine in ten are shorter."""

WORD_PATTERN = r"[\p{L}\p{N}\p{M}]+"
"""A run of letters, digits and the marks that belong to letters (Devanagari vowels, accents), for `regex`."""

Tokenize = Callable[[str], list[str]]


def unwrapped(text: str) -> str:
    """Text whose paragraphs are one line each: line ends that a fixed width has made become blanks.

    Where at least half of a stretch of lines are nearly as long as its long ones, lines longer than 0.6 of that width
    go on in the next. Lines of one sentence each, or of one paragraph, differ too much in length and stay.
    """
    lines = text.split("\n")
    out: list[str] = []
    for start in range(0, len(lines), WRAPPED_LINES):
        part = lines[start : start + WRAPPED_LINES]
        lengths = sorted(len(line) for line in part if line.strip())
        width = (
            lengths[int(0.9 * (len(lengths) - 1))] if len(lengths) >= 20 else MAX_WRAPPED_WIDTH + 1
        )
        full = sum(0.75 * width <= n <= 1.1 * width for n in lengths)
        wrapped = width <= MAX_WRAPPED_WIDTH and full >= len(lengths) / 2
        for line in part:
            out.append(line)
            out.append(" " if wrapped and len(line) > 0.6 * width else "\n")
    return "".join(out[:-1])


def words(*, lower: bool = True, breaks: str = "line") -> Tokenize:
    """Words: runs of letters and digits, in composed form; everything else separates.

    Raises:
        InputError: an unknown kind of break.
    """
    ends = {"auto": "|\n", "line": "|\n", "blank": "|\n[^\\S\n]*(?=\n)", "none": ""}
    if breaks not in ends:
        raise InputError(f"unknown --breaks {breaks!r}. Known: {' '.join(BREAKS)}")
    pattern = regex.compile(WORD_PATTERN + ends[breaks])
    blank = breaks == "blank"

    def tokenize(text: str) -> list[str]:
        text = unicodedata.normalize("NFC", text.lower() if lower else text)
        if breaks == "auto":
            text = unwrapped(text)
        found = pattern.findall(text)
        return [t if t[0] != BREAK else BREAK for t in found] if blank else found

    return tokenize


def characters(*, lower: bool = True, breaks: str = "line") -> Tokenize:
    """Characters; a run of blanks is one "▁", as sentencepiece writes it."""
    if breaks not in BREAKS:
        raise InputError(f"unknown --breaks {breaks!r}. Known: {' '.join(BREAKS)}")
    space = regex.compile(r"[^\S\n]+" if breaks in ("auto", "line") else r"\s+")
    blank = regex.compile(r"\n\s*\n")

    def tokenize(text: str) -> list[str]:
        text = unicodedata.normalize("NFC", text.lower() if lower else text)
        if breaks == "auto":
            text = unwrapped(text)
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
