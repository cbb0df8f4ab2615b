"""`identify`: what a ciphertext may be: how it was read, its statistics, and the probability of each kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distmatch.ciphers.reading import Ciphertext
from distmatch.ciphers.statistics import (
    index_of_coincidence,
    period_coincidences,
    repeated_stretches,
)
from distmatch.matching import calibration
from distmatch.matching.decipher import Decipher
from distmatch.matching.decipherment import Decipherment
from distmatch.progress import Progress, silent

BUDGET = 4.0
"""CPU seconds for comparing the kinds. Most ciphertexts need less, and then the work is the same on any machine."""
NO_KIND = "none of these"
"""Stands for kinds that were not compared and for texts that are no cipher."""
MAX_BITS = 60.0
"""Bits above the shortest kind beyond which a kind is no likelier than there."""
MAX_LOG_ODDS = 6.0


@dataclass(frozen=True)
class Identification:
    """What a ciphertext looks like.

    Args:
        source: as it was read.
        kinds: kind to the bits by which the best answer of that kind is longer than the shortest of all, the shortest
            first.
        probability: kind, or `NO_KIND`, to the probability that the ciphertext is of it, the likeliest first.
        match: the best answer found on the way.
    """

    source: Ciphertext
    kinds: dict[str, float]
    probability: dict[str, float]
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
            "probability": {kind: round(share, 4) for kind, share in self.probability.items()},
            "bits_above_best": {kind: round(more, 1) for kind, more in self.kinds.items()},
            "confidence": self.match.confidence, "solved": self.match.solved,
        }  # fmt: skip


def identify(
    source: Ciphertext,
    language: str | Sequence[str] = "en",
    *,
    time_limit: float = math.inf,
    seed: int = 0,
    progress: Progress = silent,
) -> Identification:
    """Compare the kinds that a ciphertext may be of.

    The work is the same on every machine unless `BUDGET` CPU seconds, or the time limit, end it before.

    Args:
        source: the ciphertext.
        language: one or several languages that the plaintext may be in.
        time_limit: wall seconds; the search then goes on until they are over, unless restarts agree.
        seed: of the searches.
    """
    names = [language] if isinstance(language, str) else list(language)
    matcher = Decipher(time_limit=time_limit, budget=BUDGET)
    match = matcher.match(source, names, seed=seed, progress=progress)
    best: dict[str, float] = {}
    for label, bits in match.extra.get("compared", {}).items():
        kind = label.partition("/")[0]
        best[kind] = min(best.get(kind, math.inf), bits)
    best = best or {match.kind: 0.0}
    least = min(best.values())
    ranked = {kind: best[kind] - least for kind in sorted(best, key=lambda kind: best[kind])}
    shares = calibration.shares("kinds", features(ranked, match.confidence))
    likely = dict(sorted(shares.items(), key=lambda pair: -pair[1]))
    return Identification(source, ranked, likely, match)


def features(
    kinds: Mapping[str, float], confidence: float | None
) -> dict[str, tuple[float, float, float]]:
    """What the multinomial logit sees of each kind, and of none of them.

    Bits above the shortest kind, whether the answer is `NO_KIND`, and then the log odds of the confidence in the best reading.

    Args:
        kinds: kind to bits above the shortest.
        confidence: in the best reading; None counts as even odds.
    """
    share = 0.5 if confidence is None else min(max(confidence, 1e-9), 1 - 1e-9)
    odds = max(min(math.log(share / (1 - share)), MAX_LOG_ODDS), -MAX_LOG_ODDS)
    given = {kind: (min(bits, MAX_BITS), 0.0, 0.0) for kind, bits in kinds.items()}
    return {**given, NO_KIND: (0.0, 1.0, odds)}
