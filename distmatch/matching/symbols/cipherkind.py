"""`CipherKind`: one kind of cipher as one object.

The table of kinds is `matching/kinds.py`. `decipher`, `encipher`, the control run, the help text and the benchmark read it, so a
new kind is a file, a line in that table, and a test. Kinds are made at import; their searches import numba when first called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from distmatch.maps.key import Key
    from distmatch.matching.decipherment import Decipherment
    from distmatch.matching.symbols.problem import Problem
    from distmatch.matching.symbols.reading import Reading
    from distmatch.progress import Effort
    from distmatch.text.alphabet import Alphabet


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to encipher a text: the settings of `encipher` that kinds look at.

    Args:
        rng: of the key and the choice of homophones.
        alphabet: letters of the plaintext.
        symbols: symbols of a homophonic key.
        period: of a periodic key.
        nulls: symbols of a homophonic key that stand for nothing.
        book: words of the plaintext in alphabetical order, for kinds whose symbols stand for words.
    """

    rng: np.random.Generator
    alphabet: Alphabet
    symbols: int = 54
    period: int = 6
    nulls: int = 0
    book: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Enciphered:
    """What a kind makes of letters.

    Args:
        codes: (n,) int64 cipher symbols, letters of the alphabet unless `size` says otherwise.
        key: as JSON values.
        size: number of different symbols; 0 means letters of the alphabet.
        bits: code length of the key among those of its kind; 0 where the kind does not say.
    """

    codes: np.ndarray
    key: dict[str, object]
    size: int = 0
    bits: float = 0.0


def never(problem: Problem, readings: Sequence[Reading]) -> bool:
    """`CipherKind.tried` of a kind that is only tried when it is named."""
    return False


def always(problem: Problem, readings: Sequence[Reading]) -> bool:
    """`CipherKind.tried` of a kind so cheap, or so common, that "auto" never leaves it out."""
    return True


@dataclass(frozen=True, kw_only=True)
class CipherKind:
    """One kind of cipher.

    Args:
        name: as `--kind` takes it.
        says: what the kind is, one line for the help.
        applies: whether a ciphertext can be of this kind at all.
        search: candidates for the key, the shortest total code first.
        control: total bits that the same search needs on the shuffled ciphertext of a reading.
        encipher: (n,) letters of a plaintext, or its words as numbers of `Recipe.book`, under a random key; None where the
            kind cannot be made.
        conclude: the verdict on readings of this kind, the best first, given the control's bits (None: no time for it)
            and the traits.
        tried: whether kind "auto" tries it, given what the kinds before it in the table found.
        words: whether symbols stand for words, not letters.
        last: whether "auto" tries it only after a verdict, on what no other kind solved.
        traits: what the verdict needs to know of the key: "homophonic" (several symbols may share a letter), "periodic",
            "exhaustive" (every key is tried), "exchangeable" (the letter of one symbol may be changed by itself).
    """

    name: str
    says: str
    applies: Callable[[Problem], bool]
    search: Callable[[Problem, Effort], list[Reading[Key]]]
    control: Callable[[Problem, Reading[Key], Effort], float]
    conclude: Callable[[Sequence[Reading[Key]], float | None, Effort, frozenset[str]], Decipherment]
    encipher: Callable[[np.ndarray, Recipe], Enciphered] | None = None
    tried: Callable[[Problem, Sequence[Reading[Key]]], bool] = never
    words: bool = False
    last: bool = False
    traits: frozenset[str] = field(default=frozenset())

    def to_json(self) -> dict[str, Any]:
        """Name, description and traits."""
        return {"name": self.name, "says": self.says, "traits": sorted(self.traits)}
