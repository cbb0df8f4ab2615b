"""Codes for words: the numbered families of their symbols, endings, and words left in clear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_NUMBER = re.compile(r"\d+")
_ENDING = re.compile(r"\+[^\W\d_]+")


@dataclass(frozen=True)
class CodeBook:
    """What the symbols of a code look like.

    Args:
        family: (K,) int32, the numbered family of each symbol; -1 for endings and clear words.
        place: (K,) float64, where the symbol stands in its family: its number, or page, column and row as one number.
        patterns: one for each family, such as `[#]^`.
        endings: symbol to letters, for symbols such as `+ing` that complete the word before them.
        clear: symbol to itself, for symbols without a number.
    """

    family: np.ndarray
    place: np.ndarray
    patterns: tuple[str, ...]
    endings: dict[int, str]
    clear: dict[int, str]


def code_book(names: Sequence[str]) -> CodeBook:
    """Sort the symbols of a code into families by the pattern of their signs.

    Signs after the last number (`62.[17]-` and `62.[3]=`) are taken for columns of one page, in the order
    of their code points. Symbols without numbers are clear words, or endings if they begin with `+`;
    unless no symbol at all has a number: then all are one family, in the order of their letters.
    """
    numbers = [[int(n[:15]) for n in _NUMBER.findall(name)] for name in names]
    if not any(numbers):
        order = {name: i for i, name in enumerate(sorted(names))}
        place = np.array([order[name] for name in names], float)
        return CodeBook(np.zeros(len(names), np.int32), place, ("*",), {}, {})
    stems = [_NUMBER.sub("#", name) for name in names]
    heads = [stem[: stem.rfind("#") + 1] for stem in stems]
    tails = [stem[len(head) :] for stem, head in zip(stems, heads, strict=True)]
    kinds = sorted({head for head in heads if head})
    family = np.array([kinds.index(head) if head else -1 for head in heads], np.int32)
    place = np.zeros(len(names))
    patterns = []
    for kind in kinds:
        members = [i for i, head in enumerate(heads) if head == kind]
        marks = sorted({tails[i] for i in members})
        rows = max(numbers[i][-1] for i in members) + 1
        patterns.append(kind + "|".join(marks))
        for i in members:
            at = 0.0
            for digit in numbers[i][:-1]:
                at = at * (max(numbers[j][0] for j in members) + 1) + digit
            place[i] = (at * len(marks) + marks.index(tails[i])) * rows + numbers[i][-1]
    endings = {
        i: name[1:] for i, name in enumerate(names) if not heads[i] and _ENDING.fullmatch(name)
    }
    clear = {i: name for i, name in enumerate(names) if not heads[i] and i not in endings}
    return CodeBook(family, place, tuple(patterns), endings, clear)


def joined(stem: str, ending: str, known: dict[str, int]) -> str:
    """The word that a stem and an ending make: the spelling that occurs most, else both as they are.

    Args:
        stem, ending: such as `resume`, `ing`.
        known: word to how often it occurs in the reference.
    """
    spellings = [stem + ending]
    if len(stem) > 2:
        spellings.append(stem[:-1] + ending)
        spellings.append(stem + stem[-1] + ending)
        if stem[-1] == "y":
            spellings.append(stem[:-1] + "i" + ending)
            spellings.append(stem[:-1] + "ie" + ending)
        spellings.append(stem + "e" + ending)
    return max(spellings, key=lambda word: known.get(word, 0))
