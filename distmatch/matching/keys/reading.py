"""`Reading`: one candidate answer, of one kind in one language, and how two of them compare in bits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import Language
from distmatch.maps.key import Key
from distmatch.matching.decipherment import Decipherment
from distmatch.matching.match import Bits


@dataclass(frozen=True)
class Reading:
    """One candidate answer of one kind in one language."""

    kind: str
    language: Language
    letters: np.ndarray
    key: Key
    text: float
    key_bits: float
    found: int
    breaks: bool
    language_bits: float

    @property
    def total(self) -> float:
        return self.text + self.key_bits


def total_bits(reading: Reading) -> float:
    return reading.total


def plausible(reading: Reading, letters: int) -> bool:
    """Whether the reading is so near to the language that other kinds need not be tried."""
    return excess(reading) < 0.5 and letters >= 40


def unicity_of(reading: Reading) -> float:
    """Symbols from which on the key is determined: key bits over the redundancy of the language."""
    redundancy = math.log2(len(reading.language.alphabet)) - reading.language.text_bits
    return reading.key_bits / max(redundancy, 0.3)


def excess(reading: Reading) -> float:
    """Bits a letter more than the language's own words need."""
    return reading.language_bits / max(len(reading.letters), 1) - reading.language.text_bits


def may_hold_spaces(source: Ciphertext) -> bool:
    """Whether one symbol is so frequent that it may be the space."""
    counts = np.bincount(source.symbols)
    return bool(len(source) >= 40 and counts.max() >= 0.165 * len(source) and len(counts) <= 40)


def are_letters(source: Ciphertext, language: Language) -> bool:
    """Whether every symbol is a letter of the language, as shift ciphers need."""
    return all(
        len(name) == 1 and name.lower() in language.alphabet.letters for name in source.names
    )


def equal_groups(source: Ciphertext) -> bool:
    """Whether the breaks only mark groups of one length, as in telegrams."""
    ends = np.flatnonzero(source.breaks)
    lengths = np.diff(np.concatenate([[-1], ends]))
    return bool(len(lengths) > 2 and (lengths[:-1] == lengths[0]).all() and lengths[0] > 1)


MISLEADING = 8.0
"""Bits to say that word breaks shown are none: one cipher in 256."""


def break_bits(source: Ciphertext) -> float:
    """Bits to say where the breaks are that a reading without spaces leaves unexplained, and that it does: breaks in irregular
    groups are hardly ever put there to mislead.
    """
    breaks, places = int(source.breaks[:-1].sum()), len(source) - 1
    if breaks == 0 or equal_groups(source):
        return 0.0
    placements = (
        math.lgamma(places + 1) - math.lgamma(breaks + 1) - math.lgamma(places - breaks + 1)
    )
    return MISLEADING + placements / math.log(2)


def letter_of(language: Language, code: int) -> str:
    return (language.alphabet.letters + " ")[int(code)]


def differs(a: Reading, b: Reading) -> bool:
    """Whether two readings decode more than a tenth of the text otherwise."""
    if len(a.letters) != len(b.letters) or a.language.name != b.language.name:
        return True
    return bool(np.mean(a.letters != b.letters) > 0.1)


def distinct(readings: list[Reading]) -> list[Reading]:
    seen: set[tuple[str, bytes]] = set()
    out = []
    for reading in readings:
        mark = (reading.language.name, reading.letters.tobytes())
        if mark not in seen:
            seen.add(mark)
            out.append(reading)
    return out


def decipherment(
    reading: Reading, source: Ciphertext, bits: Bits, probability: float, seed: int, seconds: float,
    cpu_seconds: float, unicity: float, reason: str,
) -> Decipherment:  # fmt: skip
    decoded = reading.language.alphabet.decode(reading.letters)
    text = decoded if reading.language.spaces else reading.language.segment(reading.letters)
    return Decipherment(
        map=reading.key, bits=bits, confidence=probability, reason=reason, method="annealing", seed=seed,
        seconds=seconds, cpu_seconds=cpu_seconds, plaintext=decoded, text=text, kind=reading.kind,
        language=reading.language.name, unicity=unicity, extra={"restarts_agreeing": reading.found},
    )  # fmt: skip
