"""Ciphers of kind `word`: every token stands for a word of a limited vocabulary; the answer is a code book."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.kind import DoesNotApply, Score, unmeasured
from distmatch.benchmark.kinds.plaintext import MODEL_SHARE, Plain, corpus
from distmatch.benchmark.metrics import Metric, share
from distmatch.ciphers.reading import Ciphertext, read_ciphertext
from distmatch.errors import InputError
from distmatch.matching.encipher import encipher

SOLVED_WORDS = 0.9
"""Share of tokens from which a code counts as broken."""


@dataclass(frozen=True)
class WordCipherProblem:
    """One coded text with its hidden code book."""

    source: Ciphertext
    plain: Plain
    gold: tuple[str, ...] = field(repr=False)
    data_sha256: dict[str, str]
    context: dict[str, Any]

    def view(self, name: str) -> tuple[Any, Any]:
        if name == "ciphertext":
            return self.source, self.plain
        raise DoesNotApply(f"a code of words is not given as {name}")

    def score(self, match: Any) -> Score:
        if not isinstance(getattr(match.map, "letters", None), dict):
            raise unmeasured(match.map, "a Key whose letters are the words of the codes")
        read = [match.map.letters.get(self.source.names[s]) for s in self.source.symbols]
        accuracy = share(sum(a == b for a, b in zip(read, self.gold, strict=True)), len(self.gold))
        right = accuracy.value >= SOLVED_WORDS
        metrics = {
            "accuracy": accuracy,
            "solved": Metric(value=float(right), n=1, higher_is_better=True),
        }
        bits = None
        if match.bits is not None:
            bits = {"data": match.bits.data, "map": match.bits.map, "control": match.bits.control,
                    "reported": match.bits.total}  # fmt: skip
        return Score(metrics=metrics, bits=bits, right=right)


def build(axes: Mapping[str, Any], paths: Mapping[str, Path], seed: int) -> WordCipherProblem:
    """Code the words of a place in the last fifth of the text; the first four fifths are the reference.

    Raises:
        InputError: no text, spaces or held-out letters asked for, or too short a text.
    """
    if "text" not in paths:
        raise InputError(
            "a cipher of kind word needs running text. Give the task a data file `text`"
        )
    if axes["held_out"] or axes["known"]:
        raise InputError("axes held_out and known go with ciphers of letters")
    length = int(axes["length"])
    words = corpus(paths["text"])[int(MODEL_SHARE * len(corpus(paths["text"]))) :].split()
    rng = np.random.default_rng([seed, length, 6])
    start = int(rng.integers(0, max(len(words) - 3 * length, 1)))
    text = " ".join(words[start : start + 3 * length])
    made = encipher(
        text, "word-code", seed=seed, vocabulary=int(axes["vocabulary"]), noise=float(axes["noise"]),
        faults=("wrong", "missing", "extra"),
    )  # fmt: skip
    tokens, plain = (
        str(made["ciphertext"]).split()[:length],
        str(made["plaintext"]).split()[:length],
    )
    if len(tokens) < length:
        raise InputError(f"the text has fewer than {length} words of the vocabulary in one place")
    source = read_ciphertext(" ".join(tokens), words=True)
    digest = hashlib.sha256(json.dumps([tokens, plain]).encode()).hexdigest()
    context = {
        "letters": length,
        "symbols": len(source.names),
        "key_bits": len(source.names) * math.log2(25_000),
    }
    shown = Plain(axes["language"], False, paths["text"])
    return WordCipherProblem(source, shown, tuple(plain), {"cipher": digest}, context)
