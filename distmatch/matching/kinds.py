"""The one table of cipher kinds, in the order in which "auto" tries them."""

from __future__ import annotations

from distmatch.errors import unknown
from distmatch.matching.codebooks.wordkinds import DICTIONARY_CODE, WORD_CODE
from distmatch.matching.keys.homophonic import HOMOPHONIC
from distmatch.matching.keys.periodic import BEAUFORT, MIXED, VARIANT_BEAUFORT, VIGENERE
from distmatch.matching.keys.shifts import AFFINE, ATBASH, CAESAR
from distmatch.matching.keys.simple import SIMPLE
from distmatch.matching.keys.transposed import TRANSPOSITION
from distmatch.matching.symbols.cipherkind import CipherKind

KINDS: dict[str, CipherKind] = {
    kind.name: kind
    for kind in (
        CAESAR, ATBASH, AFFINE, SIMPLE, VIGENERE, BEAUFORT, VARIANT_BEAUFORT, MIXED, HOMOPHONIC, TRANSPOSITION,
        WORD_CODE, DICTIONARY_CODE,
    )
}  # fmt: skip


def kind_named(name: str) -> CipherKind:
    """The kind of that name.

    Raises:
        InputError: unknown, with the nearest name.
    """
    if name not in KINDS:
        raise unknown("kind", name, ["auto", *KINDS])
    return KINDS[name]


def of_words(name: str) -> bool:
    """Whether a kind's symbols stand for words, not letters; "auto" is of letters."""
    return name != "auto" and kind_named(name).words
