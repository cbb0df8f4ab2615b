"""`identify`: what a ciphertext may be: how it was read, its statistics, and the kinds by their code lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.ciphers.statistics import (
    index_of_coincidence,
    period_coincidences,
    repeated_stretches,
)
from distmatch.matching.decipher import Decipher
from distmatch.matching.decipherment import Decipherment
from distmatch.progress import Progress, silent

TIME_LIMIT = 4.0
"""Wall seconds that the comparison of kinds may take by default."""


@dataclass(frozen=True)
class Identification:
    """What a ciphertext looks like.

    Args:
        source: as it was read.
        kinds: kind to the bits by which the best answer of that kind is longer than the shortest of all, the shortest
            first. Code lengths compare kinds with one another; no calibration turns them into probabilities.
        match: the best answer found on the way.
    """

    source: Ciphertext
    kinds: dict[str, float]
    match: Decipherment

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        source = self.source
        return {
            "read_as": {} if source.document is None else source.document.notes,
            "symbols": len(source), "distinct": len(source.names), "word_breaks": int(source.breaks[:-1].sum()),
            "index_of_coincidence": round(index_of_coincidence(source.symbols), 4),
            "repeats": repeated_stretches(source),
            "period_coincidences": [round(value, 4) for value in period_coincidences(source.symbols)],
            "bits_above_best": {kind: round(more, 1) for kind, more in self.kinds.items()},
            "confidence": self.match.confidence, "solved": self.match.solved,
        }  # fmt: skip


def identify(
    source: Ciphertext,
    language: str | Sequence[str] = "en",
    *,
    time_limit: float = TIME_LIMIT,
    seed: int = 0,
    progress: Progress = silent,
) -> Identification:
    """Compare the kinds that a ciphertext may be of.

    Args:
        source: the ciphertext.
        language: one or several languages that the plaintext may be in.
        time_limit: wall seconds.
        seed: of the searches.
    """
    names = [language] if isinstance(language, str) else list(language)
    match = Decipher(time_limit=time_limit).match(source, names, seed=seed, progress=progress)
    compared = match.extra.get("compared", {})
    best: dict[str, float] = {}
    for label, bits in compared.items():
        kind = label.partition("/")[0]
        best[kind] = min(best.get(kind, np.inf), bits)
    if not best:
        return Identification(source, {match.kind: 0.0}, match)
    least = min(best.values())
    ranked = sorted(best.items(), key=lambda pair: pair[1])
    return Identification(source, {kind: bits - least for kind, bits in ranked}, match)
