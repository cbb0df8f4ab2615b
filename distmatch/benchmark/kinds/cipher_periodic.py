"""Ciphers scored by their plaintext: a symbol's letter depends on its place or its neighbours, as with several alphabets.

Every kind of the table `matching.kinds` that can be made is one of these, but substitutions and codes for words.
"""

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
from distmatch.benchmark.kinds.plaintext import SOLVED_ACCURACY, Plain, alphabet_of, excerpt
from distmatch.benchmark.metrics import Metric, share
from distmatch.ciphers.reading import Ciphertext, read_ciphertext
from distmatch.errors import InputError
from distmatch.maps.key import Key, bijection_bits
from distmatch.matching.encipher import encipher
from distmatch.matching.kinds import KINDS, kind_named
from distmatch.text.alphabet import fold

SUBSTITUTIONS = ("simple", "homophonic")
"""Kinds that one table of symbols to letters reads; `cipher.py` scores them."""


@dataclass(frozen=True)
class PlaintextProblem:
    """A text under a key that is no table of symbols to letters."""

    source: Ciphertext
    plain: Plain
    gold: np.ndarray = field(repr=False)
    cipher: str
    data_sha256: dict[str, str]
    context: dict[str, Any]

    def view(self, name: str) -> tuple[Any, Any]:
        if name == "ciphertext":
            return self.source, self.plain
        raise DoesNotApply(
            f"the view {name} matches symbols to letters, and here a symbol's letter depends on its place"
        )

    def score(self, match: Any) -> Score:
        model, n = self.plain.load(), len(self.gold)
        letters = model.alphabet.encode(self._plaintext(match), spaces=False)
        right = int((letters == self.gold).sum()) if len(letters) == n else 0
        accuracy = share(right, n)
        solved = accuracy.value >= SOLVED_ACCURACY
        data, truth = (
            float(model.total_bits(np.ascontiguousarray(codes, np.uint8)))
            for codes in (letters, self.gold)
        )
        period = max(match.map.period, 1)
        key = key_bits(self.cipher, period, len(model.alphabet)) or self.context["key_bits"]
        truth += self.context["key_bits"]
        metrics = {
            "accuracy": accuracy,
            "solved": Metric(value=float(solved), n=1, higher_is_better=True),
            "excess": Metric(
                value=(data + key - truth) / n, n=n, higher_is_better=False, unit="bits per letter"
            ),
        }
        bits = {"data": data, "map": key, "truth": truth, "control": match.bits.control,
                "saved": self.context["plain_bits"] - data - key, "reported": match.bits.total}  # fmt: skip
        return Score(metrics=metrics, bits=bits, right=solved)

    def _plaintext(self, match: Any) -> str:
        """The plaintext that comes with the match, or that its key reads."""
        if hasattr(match, "plaintext"):
            return match.plaintext
        if isinstance(text := match.extra.get("plaintext"), str):
            return text
        if not isinstance(match.map, Key):
            raise unmeasured(
                match.map, "a Key with `columns`, one table per alphabet, or `plaintext`"
            )
        return "".join(match.map([self.source.names[s] for s in self.source.symbols]))


def key_bits(cipher: str, period: int, letters: int) -> float:
    """Bits of a key of a known period: a shift per place, or an alphabet; 0 for kinds without a period."""
    if "periodic" not in kind_named(cipher).traits:
        return 0.0
    return period * (
        bijection_bits(letters, letters) if cipher == "periodic" else math.log2(letters)
    )


def scored_by_plaintext() -> tuple[str, ...]:
    """Names of the kinds of this file."""
    made = [kind for kind in KINDS.values() if kind.encipher is not None and not kind.words]
    return tuple(kind.name for kind in made if kind.name not in SUBSTITUTIONS)


def build(axes: Mapping[str, Any], paths: Mapping[str, Path], seed: int) -> PlaintextProblem:
    """Encipher the text of a seed.

    Raises:
        InputError: word breaks, held-out letters or known symbols asked for.
    """
    if axes["spaces"] or axes["held_out"] or axes["known"]:
        raise InputError("axes spaces, held_out and known go with a cipher of kind simple")
    made = encipher(
        excerpt(paths.get("text"), axes, seed), axes["cipher"], seed=seed, period=int(axes["period"]),
        noise=axes["noise"], alphabet=alphabet_of(axes["language"]),
    )  # fmt: skip
    written, plaintext = str(made["ciphertext"]), fold(str(made["plaintext"]))
    plain = Plain(axes["language"], False, paths.get("text"))
    model = plain.load()
    gold = model.alphabet.encode(plaintext, spaces=False)
    source = read_ciphertext(written)
    size = len(model.alphabet)
    key = key_bits(axes["cipher"], int(axes["period"]), size) or float(str(made.get("key_bits", 0)))
    redundancy = max(math.log2(model.size) - model.text_bits, 0.3)
    context = {
        "letters": len(gold), "symbols": len(source.names), "key_bits": key,
        "unicity": round(key / redundancy, 2), "plain_bits": len(gold) * math.log2(size),
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps([written, plaintext]).encode()).hexdigest()
    return PlaintextProblem(source, plain, gold, axes["cipher"], {"cipher": digest}, context)
