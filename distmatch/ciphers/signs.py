"""Whether the signs and capitals of running text are symbols of the cipher or belong to its print.

Print puts its marks at the edges of words and its capitals at their beginnings; a cipher alphabet that uses signs (the ASCII
transcriptions of the Zodiac ciphers) strews them anywhere. The rules are stated in figures below; `--punctuation` and
`--case` override them.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

INSIDE = frozenset("'’ʼ`´‘-‐‑–—&/.,:·_@*()[]\"“”+\u00ad\u00ac")
"""Signs that print also puts between letters: apostrophes, hyphens, points of abbreviations, and so on."""
APOSTROPHES = frozenset("'’ʼ`´‘")
HYPHENS = frozenset("-\u2010\u2011\u00ad\u00ac")
"""The last two are the soft hyphen and the sign that scanned books have for it."""
MAX_STRAY = 0.15
"""Share of signs in places that print does not use up to which signs are print."""
MIN_PRINTED_WORDS, MAX_ODD_WORDS = 8, 0.125
"""Words from which on, and share of them up to which, a text with such signs is still print: web addresses, mark-up."""
MAX_SIGN_SHARE = 0.45
"""Share of signs and digits among all characters up to which they are print."""
MAX_FOREIGN = 0.25
"""Letters of other scripts, over those of the main one, up to which they are print."""
MAX_INNER_CAPITALS = 0.1
"""Share of capitals after a small letter, among all capitals, up to which capitals are print."""


def are_print(words: Sequence[str]) -> bool:
    """Whether the signs and digits of a text pass through.

    Args:
        words: what stands between white space.
    """
    letters = sum(char.isalpha() for word in words for char in word)
    signs = sum(len(word) for word in words) - letters
    if signs == 0 or letters == 0:
        return letters > 0
    if signs > MAX_SIGN_SHARE * (letters + signs):
        return False
    stray = [_stray(word) for word in words]
    odd = sum(map(bool, stray))
    return sum(stray) <= MAX_STRAY * signs or (
        len(words) >= MIN_PRINTED_WORDS and odd <= MAX_ODD_WORDS * len(words)
    )


def _stray(word: str) -> int:
    """Signs between two letters of a word that print hardly puts there."""
    places = [i for i, char in enumerate(word) if char.isalpha()]
    if not places:
        return 0
    inner = word[places[0] : places[-1] + 1]
    count = 0
    for i, char in enumerate(inner):
        if char.isalpha():
            continue
        run = char in INSIDE and (inner[i - 1].isalpha() or inner[i + 1].isalpha())
        count += not run
    return count


def fold_capitals(words: Sequence[str]) -> bool:
    """Whether capitals and small letters are one symbol: all of one case, or capitals where print has them."""
    capitals = [char.isupper() for word in words for char in word if char.isalpha()]
    if all(capitals) or not any(capitals):
        return True
    inner = sum(a.islower() and b.isupper() for word in words for a, b in pairwise(word))
    # A text without word breaks has no place for capitals but by chance.
    if len(words) < 3 and sum(capitals) > 2:
        return inner <= MAX_INNER_CAPITALS * sum(capitals)
    return inner <= MAX_INNER_CAPITALS * sum(capitals) or inner <= 1


def splits_words(lines: Sequence[str]) -> bool:
    """Whether hyphens at the ends of lines divide words, as a typesetter does: there are several, and more than inside of lines.

    Args:
        lines: of the cipher, their ends left out.
    """
    ends = [line.rstrip() for line in lines[:-1]]
    divided = sum(len(end) > 1 and end[-1] in HYPHENS and end[-2].isalpha() for end in ends)
    inner = sum(
        b in HYPHENS and a.isalpha() and c.isalpha()
        for line in lines
        for a, b, c in zip(line, line[1:], line[2:], strict=False)
    )
    return divided > max(inner, 1)


def foreign_letters(words: Sequence[str]) -> frozenset[str]:
    """Letters of another script than most that stand in words of their own, such as a Latin name in Cyrillic text."""
    scripts = Counter(_script(char) for word in words for char in word if char.isalpha())
    if len(scripts) < 2:
        return frozenset()
    main, count = scripts.most_common(1)[0]
    others = sum(scripts.values()) - count
    mixed = any(
        len({_script(char) == main for char in word if char.isalpha()}) > 1 for word in words
    )
    if mixed or others > MAX_FOREIGN * count:
        return frozenset()
    return frozenset(c for word in words for c in word if c.isalpha() and _script(c) != main)


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
