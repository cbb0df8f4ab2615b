"""What is known of a code for words before the search: words of cribs, and which tokens are spoken words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distmatch.ciphers.codes import CodeBook
from distmatch.ciphers.cribs import Crib
from distmatch.ciphers.reading import Ciphertext
from distmatch.errors import InputError
from distmatch.languages.wordtrigram import WordTrigram


def fixed_words(cribs: Sequence[Crib], source: Ciphertext, model: WordTrigram) -> dict[int, int]:
    """Symbols whose word the cribs give."""
    fixed: dict[int, int] = {}
    for crib in cribs:
        word = crib.text.lower()
        if crib.symbol is not None:
            if crib.symbol not in source.names:
                raise InputError(f"crib symbol {crib.symbol!r} does not occur in the ciphertext")
            symbol = source.names.index(crib.symbol)
        elif crib.position is not None:
            if crib.position >= len(source):
                raise InputError(f"crib {crib.text!r} reaches beyond the end of the ciphertext")
            symbol = int(source.symbols[crib.position])
        else:
            raise InputError(f"crib {crib.text!r}: a word code takes SYMBOL=WORD or WORD@PLACE")
        if word not in model.ids:
            if crib.soft:
                continue
            raise InputError(
                f"crib word {word!r} is not among the {len(model.words)} words of the reference tried"
            )
        taken = model.ids[word]
        if fixed.setdefault(symbol, taken) != taken:
            raise InputError(f"crib {crib.text!r} is impossible here: its symbol is another word")
    return fixed


def spoken(source: Ciphertext, book: CodeBook) -> np.ndarray:
    """(n,) bool: tokens that stand for words, not for signs."""
    word = (book.family >= 0) | np.array(
        [any(char.isalpha() for char in book.clear.get(s, "")) for s in range(len(source.names))]
    )
    return word[source.symbols]
