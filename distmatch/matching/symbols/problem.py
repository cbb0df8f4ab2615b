"""`Problem`: a ciphertext to be read in one language, as a kind's search is given it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distmatch.ciphers.cribs import Crib
    from distmatch.ciphers.reading import Ciphertext
    from distmatch.languages.model import Language
    from distmatch.maps.transposition import Transposition


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A ciphertext to be read in one language, in one view of its word breaks.

    Args:
        source: the symbols as read, with the breaks that the ciphertext shows.
        target: P_Y, with a space if the breaks are kept or enciphered; None for kinds whose symbols stand for words.
        spaces: "kept", "removed" or "enciphered".
        cribs: what the user knows of the plaintext.
        reference: text files mixed into the language, or the words of a code book.
        auto: whether the kind is open, so that only what may pay is tried.
        quick: one language of many: only what is cheap is tried.
        nulls: look for symbols that stand for nothing.
        transposition: the order in which the symbols are to be read, where it is known.
        restarts: maximum number of annealing runs; 0 depends on length.
        patient: whether the user set a time limit: the search then goes on until it, unless restarts agree.
        diacritics: letters with diacritics are letters of their own.
    """

    source: Ciphertext
    target: Language | None = None
    spaces: str = "removed"
    cribs: tuple[Crib, ...] = ()
    reference: tuple[str, ...] = ()
    auto: bool = False
    quick: bool = False
    nulls: bool = False
    transposition: Transposition | None = None
    restarts: int = 0
    patient: bool = False
    diacritics: bool = False

    @property
    def language(self) -> Language:
        """P_Y of a kind of letters."""
        assert self.target is not None
        return self.target

    @property
    def kept(self) -> bool:
        """Whether the word breaks of the ciphertext are those of the plaintext."""
        return self.spaces == "kept"

    @cached_property
    def text(self) -> Ciphertext:
        """The symbols with the breaks that this view keeps."""
        return self.source if self.kept else self.source.without_breaks()

    @cached_property
    def plain(self) -> Language:
        """The language without spaces, for kinds that ignore word breaks."""
        from distmatch.languages.language import load_language

        if not self.language.spaces:
            return self.language
        return load_language(
            self.language.name,
            diacritics=self.language.alphabet.diacritics,
            reference=self.reference,
        )
