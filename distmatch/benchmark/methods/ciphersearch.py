"""Our own search of keys, as `distmatch decipher` runs it."""

from __future__ import annotations

from dataclasses import dataclass

from distmatch.benchmark.kinds.plaintext import Plain
from distmatch.ciphers.cribs import parse_crib
from distmatch.ciphers.reading import Ciphertext
from distmatch.matching.decipher import Decipher
from distmatch.matching.decipherment import Decipherment
from distmatch.matching.kinds import of_words
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class Annealing:
    """`Decipher` with the language that the task names."""

    kind: str = "auto"
    restarts: int = 0
    threads: int = 1

    def match(
        self, source: Ciphertext, target: Plain, *, seed: int = 0, progress: Progress = silent
    ) -> Decipherment:
        """The best key, with its confidence."""
        matcher = Decipher(
            kind=self.kind, spaces="kept" if target.spaces else "removed", threads=self.threads,
            restarts=self.restarts, cribs=tuple(parse_crib(f"{s}={c}") for s, c in target.known),
        )  # fmt: skip
        reference = [str(target.reference())] if of_words(self.kind) else []
        return matcher.match(
            source, [target.language], seed=seed, progress=progress, reference=reference
        )
