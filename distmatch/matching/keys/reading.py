"""What can be said of a reading of letters: its excess over the language, its unicity distance, what its breaks cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import Language
from distmatch.maps.key import Key
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading, total_bits

MISLEADING = 8.0
"""Bits to say that word breaks shown are none: one cipher in 256."""


MIN_REPEAT = 9
"""Symbols from which on a stretch that occurred before counts as a repetition."""


def of_problem(reading: Reading[Key], problem: Problem) -> Reading[Key]:
    """The reading with the problem that it answers, charged for the word breaks that it leaves unexplained."""
    breaks = 0.0 if problem.kept else break_bits(problem.source)
    return replace(reading, text=reading.text + breaks, problem=problem)


def language_of(reading: Reading) -> Language:
    """The language whose letters a reading is written in: without spaces if the kind ignores them."""
    assert reading.problem is not None
    return reading.problem.language


def plausible(readings: Sequence[Reading[Key]], letters: int) -> bool:
    """Whether the best reading is so near to the language that other kinds need not be tried."""
    if not readings:
        return False
    # Saves time only: other kinds are tried where the best reads worse than this, or is too short to tell.
    return excess(min(readings, key=total_bits)) < 0.5 and letters >= 40


def unicity_of(reading: Reading[Key]) -> float:
    """Symbols from which on the key is determined: key bits over the redundancy of the language, 0.3 bits at least."""
    language = language_of(reading)
    redundancy = math.log2(len(language.alphabet)) - language.text_bits
    return reading.map_bits / max(redundancy, 0.3)


def excess(reading: Reading[Key]) -> float:
    """Bits per letter more than the language's own words need."""
    return reading.language_bits / max(len(reading.letters), 1) - language_of(reading).text_bits


def may_hold_spaces(source: Ciphertext) -> bool:
    """Whether one symbol is so frequent that it may be the space."""
    counts = np.bincount(source.symbols)
    # A sixth: what spaces are of running text. A frequent letter may reach it too, so it is only one view more to try.
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


def differs(a: Reading[Key], b: Reading[Key]) -> bool:
    """Whether two readings decode more than a tenth of the text otherwise."""
    if len(a.letters) != len(b.letters) or language_of(a).name != language_of(b).name:
        return True
    return bool(np.mean(a.letters != b.letters) > 0.1)  # a tenth


def distinct(readings: Sequence[Reading[Key]]) -> list[Reading[Key]]:
    """The first of equal letters in one language."""
    seen: set[tuple[str, bytes]] = set()
    out = []
    for reading in readings:
        mark = (language_of(reading).name, reading.letters.tobytes())
        if mark not in seen:
            seen.add(mark)
            out.append(reading)
    return out


def spaced(problem: Problem, letters: np.ndarray) -> np.ndarray:
    """Letters with the space of the language wherever the ciphertext shows that a word ends, (n + words,) uint8."""
    if not (problem.kept and problem.language.spaces):
        return np.ascontiguousarray(letters, np.uint8)
    ends = np.flatnonzero(problem.source.breaks[:-1]) + 1
    return np.insert(letters, ends, len(problem.language.alphabet)).astype(np.uint8)


def distinct_letters(symbols: np.ndarray, shortest: int = MIN_REPEAT) -> int:
    """Symbols outside of stretches that repeat an earlier one of at least `shortest` symbols: what a text says once."""
    text = symbols.astype(np.uint32).tobytes()
    n, width, count, at = len(symbols), 4, 0, 0
    while at < n:
        length = shortest
        if (
            at + length > n
            or text.find(text[width * at : width * (at + length)], 0, width * (at + length - 1)) < 0
        ):
            count += 1
            at += 1
            continue
        while (
            at + length < n
            and text.find(text[width * at : width * (at + length + 1)], 0, width * (at + length))
            >= 0
        ):
            length += 1
        at += length
    return count


def unlikeness(letters: np.ndarray, language: Language) -> float:
    """Kullback-Leibler divergence of the letters' frequencies from the language's, in bits, less what chance makes of it.

    A wrong key may find fluent n-grams in a text of few symbols, but not the frequencies of an alphabet.
    """
    size = len(language.alphabet)
    counts = np.bincount(letters[letters < size], minlength=size).astype(float)
    total = counts.sum()
    if total < 2:
        return 0.0
    share = counts / total
    expected = language.letter_frequencies
    seen = counts > 0
    divergence = float(
        (share[seen] * np.log2(share[seen] / np.maximum(expected[seen], 1e-6))).sum()
    )
    chance = (size - 1) / (2 * total * math.log(2))
    return max(divergence - chance, 0.0)
