"""Peer: vigenere-solver-ng (PyPI), beam search over the shifts of a Vigenère key of unknown length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distmatch.benchmark.kinds.kind import DoesNotApply
from distmatch.benchmark.kinds.plaintext import Plain
from distmatch.benchmark.methods.answer import answer
from distmatch.ciphers.reading import Ciphertext
from distmatch.errors import missing_package
from distmatch.maps.key import Key
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent
from distmatch.text.alphabet import LATIN


@dataclass(frozen=True, kw_only=True)
class VigenereSolver:
    """Its `solve`, with the English tables that it ships."""

    decoder: str = "best"
    """Score of the candidates: best, classic, tiny-lm or legacy."""
    max_period: int = 40

    def match(
        self, source: Ciphertext, target: Plain, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The key word's alphabets.

        Raises:
            DoesNotApply: another language, or symbols that are not letters.
        """
        try:
            from vigenere import solve
        except ImportError as error:
            raise missing_package("vigenere-solver-ng", "peers") from error
        if target.language != "en":
            raise DoesNotApply(f"vigenere-solver-ng has no tables of {target.language!r}")
        if not all(len(n) == 1 and n.lower() in LATIN for n in source.names):
            raise DoesNotApply("vigenere-solver-ng reads ciphers of letters only")
        text = "".join(source.names[s] for s in source.symbols)
        found = solve(text, decoder=self.decoder, max_k=self.max_period, seed=seed)
        shifts = [LATIN.index(letter) for letter in found.key.lower()]
        columns = tuple(
            {name: LATIN[(LATIN.index(name.lower()) - shift) % 26] for name in source.names}
            for shift in shifts
        )
        key = Key({}, "vigenere", period=len(shifts), columns=columns)
        return answer(key, method="vigenere-solver-ng", seed=seed, key=found.key.lower())
