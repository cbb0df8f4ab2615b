"""Made codes for words whose keys are known: for `ciphers_codes.py` and `calibrate_codes.py`."""

from __future__ import annotations

from functools import cache

import numpy as np

from distmatch.planted import planted_book

COLUMN = 31
"""Most entries in a column of a made dictionary's page."""


@cache
def dictionary_words(size: int = 60_000) -> tuple[str, ...]:
    """Frequent words of wordfreq, most frequent first: a source of code books apart from every corpus."""
    from wordfreq import get_frequency_dict

    frequency = get_frequency_dict("en", wordlist="large")
    fit = [w for w in frequency if w.isascii() and w.isalpha() and (len(w) > 2 or w in SHORT)]
    return tuple(sorted(fit, key=lambda w: -frequency[w])[:size])


SHORT = frozenset(
    "a i an as at be by do go he if in is it me my no of on or so to up us we".split()
)


def table_and_dictionary(
    plain: list[str], *, seed: int, table: int = 1_100
) -> tuple[str, list[str]]:
    """A code of the kind of Wilkinson's: a numbered table of common words, and pages of a dictionary for the others.

    The table's words are numbered in alphabetical order after a block of numbers for names; some common words are left
    out of it. The dictionary has the 20,000 commonest words and six in ten of the next 40,000, two columns of 22 to 31
    entries a page. Words in neither become names.

    Args:
        plain: words.
        seed: of the books.
        table: words of the table.

    Returns:
        The code, twelve tokens a line, and the plaintext's words.
    """
    rng = np.random.default_rng([seed, 340])
    words = dictionary_words()
    common = words[: round(1.3 * table)]
    chosen = {w for w in common if rng.random() < 1 / 1.3}
    entries = sorted(w for i, w in enumerate(words) if i < 20_000 or rng.random() < 0.6)
    page_of: dict[str, str] = {}
    page, column, left = 1, 0, int(rng.integers(22, COLUMN + 1))
    row = 0
    for word in entries:
        row += 1
        page_of[word] = f"{page}.[{row}]{'-='[column]}"
        if row == left:
            row, left = 0, int(rng.integers(22, COLUMN + 1))
            page, column = page + column, 1 - column
    names = sorted({w for w in plain if w not in chosen and w not in page_of})
    rng.shuffle(names)
    block = max(150, 2 * len(names))
    number = {w: i + 1 for w, i in zip(names, rng.permutation(block), strict=False)}
    number |= {w: block + 1 + i for i, w in enumerate(sorted(chosen))}
    tokens = [f"[{number[w]}]^" if w in number else page_of[w] for w in plain]
    return "\n".join(" ".join(tokens[i : i + 12]) for i in range(0, len(tokens), 12)), plain


def one_book(plain: list[str], around: list[str]) -> tuple[str, list[str]]:
    """A code whose book is all the words of a text, numbered in alphabetical order."""
    book = planted_book(around, alphabetical=True)
    tokens = [str(book[w]) for w in plain]
    return "\n".join(" ".join(tokens[i : i + 12]) for i in range(0, len(tokens), 12)), plain
