"""`Translator`: a trained pair of directions, its folder, and text through it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.errors import InputError
from distmatch.files import atomic_write
from distmatch.languages.wordtrigram import TrigramTables, WordTrigram
from distmatch.translation.monolingual import Sentences
from distmatch.translation.phrasedecoder import (
    DECODER_SEARCH,
    DECODER_WEIGHTS,
    PhraseDecoder,
    Search,
    Weights,
)
from distmatch.translation.phrasetable import PhraseTable
from distmatch.translation.sentences import Casing, join, split

FORMAT = "distmatch translator 1"
"""First line of what a file says about itself; another number is another layout."""
MODEL = "model.safetensors"
_BATCH = 256


@dataclass(frozen=True)
class Language:
    """One side of a translator.

    Args:
        words: vocabulary, SENTENCE_START and SENTENCE_STOP first.
        casing: how words are written.
        model: of the sentences.
    """

    words: tuple[str, ...]
    casing: Casing
    model: WordTrigram


@dataclass(frozen=True)
class Translator:
    """Both directions between two languages."""

    source: Language
    target: Language
    forward: PhraseTable
    backward: PhraseTable
    weights: Weights = DECODER_WEIGHTS
    search: Search = DECODER_SEARCH

    def translate(
        self, lines: Iterable[str], *, reverse: bool = False, threads: int = 1
    ) -> Iterator[str]:
        """One line of ordinary text per line, in order; empty lines stay empty.

        Args:
            lines: text, a sentence each; read a few hundred at a time.
            reverse: from the target's language into the source's.
        """
        source, target, table = self.source, self.target, self.forward
        if reverse:
            source, target, table = target, source, self.backward
        into = {w: i for i, w in enumerate(target.words)}
        copied = [*(into.get(w, len(target.words)) for w in source.words), len(target.words)]
        decoder = PhraseDecoder(
            table, target.model, np.array(copied, np.int32), self.weights, self.search
        )
        number = {w: i for i, w in enumerate(source.words)}
        unknown = len(source.words)
        stream = iter(lines)
        while batch := list(islice(stream, _BATCH)):
            tokens = [split(line) for line in batch]
            ids = Sentences.of([number.get(t.lower(), unknown) for t in line] for line in tokens)
            words, origin, _ = decoder.decode(ids, threads=threads)
            for line, found, places in zip(tokens, words, origin, strict=True):
                yield join(
                    target.casing.written(
                        [
                            line[k] if k >= 0 else target.words[w]
                            for w, k in zip(found, places, strict=True)
                        ],
                        copied=places >= 0,
                    )
                )

    def save(self, folder: str | Path) -> None:
        """Write `model.safetensors` into a folder."""
        from safetensors.numpy import save

        arrays: dict[str, np.ndarray] = {}
        for name, side in (("source", self.source), ("target", self.target)):
            for part, words in (
                ("words", side.words),
                ("written", side.casing.to_list(side.words)),
            ):
                arrays[f"{name}.{part}"] = np.frombuffer("\n".join(words).encode(), np.uint8)
            for part, array in side.model.tables._asdict().items():
                arrays[f"{name}.model.{part}"] = array
            arrays[f"{name}.counts"] = side.model.counts
        arrays |= self.forward.arrays("forward") | self.backward.arrays("backward")
        about = {
            "format": FORMAT, "weights": json.dumps(asdict(self.weights)), "search": json.dumps(asdict(self.search)),
            "initial": json.dumps([self.source.casing.initial, self.target.casing.initial]),
        }  # fmt: skip
        with atomic_write(Path(folder) / MODEL, "wb") as file:
            file.write(save(arrays, about))

    @classmethod
    def load(cls, folder: str | Path) -> Translator:
        """Read what `save` wrote; no code is run.

        Raises:
            InputError: another file, one of another version, or a damaged one.
        """
        import safetensors

        path = Path(folder) / MODEL
        try:
            with safetensors.safe_open(path, "numpy") as file:
                about = file.metadata() or {}
                if about.get("format") != FORMAT:
                    raise InputError(
                        f"is no {FORMAT} but {about.get('format', 'another file')!r}. Train again with this version",
                        path=path,
                    )
                arrays = {name: file.get_tensor(name) for name in file.keys()}
            source, target = _languages(arrays, json.loads(about["initial"]))
            forward, backward = (
                PhraseTable.of_arrays(arrays, name) for name in ("forward", "backward")
            )
            return cls(source, target, forward, backward, *_settings(about))
        except (safetensors.SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
            raise InputError(f"damaged model ({error}). Train again", path=path) from error


def _settings(about: dict[str, str]) -> tuple[Weights, Search]:
    weights = json.loads(about["weights"])
    weights["features"] = tuple(weights["features"])
    return Weights(**weights), Search(**json.loads(about["search"]))


def _languages(arrays: dict[str, Any], initial: list[bool]) -> list[Language]:
    made = []
    for name, capital in zip(("source", "target"), initial, strict=True):
        words = tuple(arrays[f"{name}.words"].tobytes().decode().split("\n"))
        written = arrays[f"{name}.written"].tobytes().decode().split("\n")
        tables = TrigramTables(*(arrays[f"{name}.model.{part}"] for part in TrigramTables._fields))
        model = WordTrigram(words, tables, arrays[f"{name}.counts"], np.zeros(0, np.float32))
        made.append(Language(words, Casing.of_list(words, written, capital), model))
    return made
