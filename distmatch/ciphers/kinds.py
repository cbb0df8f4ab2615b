"""The kinds of cipher: their names, and what each may do."""

from __future__ import annotations

from difflib import get_close_matches

from distmatch.errors import InputError

KINDS = {
    "simple": "every letter has one symbol of its own",
    "homophonic": "a letter may have several symbols",
    "vigenere": "shifts by a key word: cipher = plain + key",
    "beaufort": "shifts by a key word: cipher = key - plain",
    "variant-beaufort": "shifts by a key word: cipher = plain - key",
    "periodic": "several mixed alphabets used in turn",
    "transposition": "substitution, and the symbols written in another order",
    "word-code": "every token stands for a word; needs --reference",
    "dictionary-code": "the same, and the numbers keep the alphabetical order of the words",
}
WORDS = ("word-code", "dictionary-code")
"""Kinds whose symbols stand for words, not letters."""
SHIFTS = ("vigenere", "beaufort", "variant-beaufort")


def check_kind(kind: str) -> str:
    """The kind, if it is known.

    Raises:
        InputError: unknown, with the nearest name.
    """
    if kind not in KINDS and kind != "auto":
        near = get_close_matches(kind, [*KINDS, "auto"], 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"unknown kind {kind!r}.{hint} Kinds: auto {' '.join(KINDS)}")
    return kind
