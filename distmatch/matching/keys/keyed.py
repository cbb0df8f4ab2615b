"""Keyed alphabets: a key word, then the other letters in alphabetical order, as puzzles and field ciphers make them.

Such a key needs the bits of its word alone, so it decides letters that the text leaves open: of a free key that is nearly keyed,
the nearest keyed alphabets are coded beside it, and the best of them is climbed from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise, permutations
from math import log2

from distmatch.ciphers.cribs import obeyed
from distmatch.maps.key import Key
from distmatch.matching.keys.reading import of_problem, spaced
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading
from distmatch.text.alphabet import LATIN

LENGTHS = range(3, 13)
"""Letters of a key word, repeated ones left out."""
MAX_HOLES = 2
"""Letters of the key word that the text does not show."""
MAX_MOVED = 6
"""Letters that a keyed alphabet may have in other places than the free key it is near to."""
MAX_KEYED = 8
"""Keyed alphabets that are coded, the nearest to the free key."""
HOPE = 20.0
"""Bits by which the best of those may be longer than the free key and still be climbed from."""
MIN_ASCENDING = 7
"""Letters in order at the end of an alphabet, one chance in 5,040, from which words of the language are tried as its key."""
MIN_SHOWN = 3
"""Letters of a word that the free key must show in their places for the word to be tried."""
MIN_ORDERED = 8
"""Letters of the text beyond those of the key word: their order is the evidence that the key is keyed."""
MAX_CHANGES = 4
"""Letters of the key word that may change in the climb."""
RARITY = 2.0
"""Bits to say that a key is keyed: about one puzzle in four."""


def keyed_reading(problem: Problem, best: Reading[Key]) -> Reading[Key] | None:
    """The best keyed alphabet near a free key, if it shortens the code; None otherwise.

    Args:
        problem: a simple cipher in the letters a to z.
        best: its reading by a free key.
    """
    pairs = best.map.letters
    lowered = {name.lower(): letter for name, letter in pairs.items()}
    latin = set(lowered) | set(pairs.values()) <= set(LATIN) and len(lowered) == len(pairs)
    if problem.spaces == "enciphered" or not latin:
        return None
    plain_row = "".join(lowered.get(symbol, ".") for symbol in LATIN)
    back = {letter: symbol for symbol, letter in lowered.items()}
    cipher_row = "".join(back.get(letter, ".") for letter in LATIN)
    found = [
        (moved, word, direction)
        for direction, known in (("cipher", cipher_row), ("plain", plain_row))
        for moved, word in _near(known)
    ]
    found.sort(key=lambda entry: (entry[0], len(entry[1])))
    made = [_coded(problem, best, *entry[1:]) for entry in found[:MAX_KEYED]]
    first = min((m for m in made if m is not None), key=lambda made: made[0].total, default=None)
    known = {"cipher": cipher_row, "plain": plain_row}
    readings = []
    if first is not None and first[0].total < best.total + HOPE:
        readings.append(_climbed(problem, best, *first))
    if readings or max(map(_ascending, known.values())) >= MIN_ASCENDING:
        readings += _with_words(problem, best, known)
    reading = min(readings, key=lambda reading: reading.total, default=best)
    return reading if reading.total < best.total else None


def _ascending(row: str) -> int:
    """Letters at the end of a row, unknown ones left out, that are in alphabetical order."""
    shown = [letter for letter in row if letter != "."]
    falls = [i for i, (a, b) in enumerate(pairwise(shown), 1) if a > b]
    return len(shown) - max(falls, default=0)


def _with_words(
    problem: Problem, best: Reading[Key], known: Mapping[str, str]
) -> Iterator[Reading[Key]]:
    """Readings by alphabets whose key word is a word of the language, which needs fewer bits than letters at random."""
    words = {
        word: (bare, bits)
        for word, bits in problem.language.listed_words()
        if LENGTHS.start <= len(bare := "".join(dict.fromkeys(word))) < LENGTHS.stop
    }
    for direction, row in known.items():
        near = []
        for word, (bare, bits) in words.items():
            seen = sum(a == b for a, b in zip(bare, row, strict=False))
            open_ = row[: len(bare)].count(".")
            if seen + open_ >= len(bare) - 1 and seen >= MIN_SHOWN:
                near.append((len(bare) - seen - open_, bits, word, bare))
        for _, bits, word, bare in sorted(near)[:MAX_KEYED]:
            made = _coded(problem, best, bare, direction)
            if made is not None:
                own = RARITY + 1.0 + bits
                key = replace(made[0].map, bits=own, detail={"keyword": word})
                yield replace(made[0], map=key, map_bits=own)


def _climbed(
    problem: Problem, best: Reading[Key], reading: Reading[Key], word: str, direction: str
) -> Reading[Key]:
    """The reading after the best change of one letter of its key word, again and again until none shortens the code."""
    for _ in range(MAX_CHANGES):
        changed = {
            "".join(b if c == a else a if c == b else c for c in word)
            for a in word
            for b in LATIN
            if a != b
        }
        made = [_coded(problem, best, other, direction) for other in sorted(changed)]
        next_best = min((m for m in made if m is not None), key=lambda m: m[0].total, default=None)
        if next_best is None or next_best[0].total >= reading.total:
            break
        reading, word, _ = next_best
    return reading


def _near(known: str) -> Iterator[tuple[int, str]]:
    """Keyed alphabets near a row of letters: letters moved, key word. "." is a letter that the text does not show."""
    unseen = [letter for letter in LATIN if letter not in known]
    for length in LENGTHS:
        head, tail = known[:length], known[length:]
        holes = [i for i, letter in enumerate(head) if letter == "."]
        if len(holes) > MAX_HOLES:
            continue
        for filled in permutations(unseen, len(holes)):
            word = list(head)
            for hole, letter in zip(holes, filled, strict=True):
                word[hole] = letter
            rest = [letter for letter in LATIN if letter not in word]
            moved = sum(a not in (".", b) for a, b in zip(tail, rest, strict=True))
            if moved <= MAX_MOVED:
                yield moved, "".join(word)


def _coded(
    problem: Problem, best: Reading[Key], word: str, direction: str
) -> tuple[Reading[Key], str, str] | None:
    """The reading of a keyed alphabet with its key word and direction; None if it breaks a crib or shows too few letters."""
    if len(best.map.letters) - len(word) < MIN_ORDERED:
        return None
    row = word + "".join(letter for letter in LATIN if letter not in word)
    table = dict(
        zip(row, LATIN, strict=True) if direction == "cipher" else zip(LATIN, row, strict=True)
    )
    letters = {name: table[name.lower()] for name in problem.source.names}
    plain = [letters[problem.source.names[s]] for s in problem.source.symbols]
    if problem.cribs and not obeyed(problem.cribs, plain, problem.source):
        return None
    language = problem.language
    codes = language.alphabet.encode("".join(letters.values()), spaces=False)
    text = spaced(problem, codes[problem.source.symbols])
    bits = language.total_bits(text)
    own = RARITY + 1.0 + log2(len(LENGTHS)) + sum(log2(len(LATIN) - i) for i in range(len(word)))
    key = replace(best.map, letters=letters, bits=own, detail={"keyword": word})
    made = Reading(
        map=key, letters=text, text=bits, map_bits=own, found=best.found, language_bits=bits
    )
    return of_problem(made, problem), word, direction
