"""Peer: subbreaker (PyPI), hill climbing on quadgrams of simple substitutions."""

from __future__ import annotations

import io
import pkgutil
import random
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


@dataclass(frozen=True, kw_only=True)
class Subbreaker:
    """subbreaker's `Breaker` with the quadgrams that it ships (English and German)."""

    rounds: int = 10_000
    """Most climbs."""
    consolidate: int = 3
    """Climbs that must end at the best key."""

    def match(
        self, source: Ciphertext, target: Plain, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The key of the best climb.

        Raises:
            DoesNotApply: no quadgrams of the language, or symbols that are not letters.
        """
        try:
            from subbreaker import Breaker
        except ImportError as error:
            raise missing_package("subbreaker", "peers") from error
        name = {"en": "EN.json", "de": "DE.json"}.get(target.language)
        quadgrams = pkgutil.get_data("subbreaker", f"quadgram/{name}") if name else None
        if quadgrams is None:
            raise DoesNotApply(f"subbreaker has no quadgrams of {target.language!r}")
        if not all(len(n) == 1 and n.isalpha() for n in source.names):
            raise DoesNotApply("subbreaker reads ciphers of letters only")
        random.seed(seed)
        breaker = Breaker(io.StringIO(quadgrams.decode()))
        text = "".join(source.names[s] for s in source.symbols)
        found = breaker.break_cipher(text, max_rounds=self.rounds, consolidate=self.consolidate)
        letters = dict(zip(text, str(found.plaintext), strict=True))
        return answer(
            Key(letters, "simple"), method="subbreaker", seed=seed, rounds=found.nbr_rounds
        )
