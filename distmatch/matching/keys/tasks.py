"""`SubstitutionTask`: the symbols, letters and cribs that every restart of a substitution search is given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import Language
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.symbols.reading import Reading


@dataclass(frozen=True, kw_only=True)
class SubstitutionTask:
    """What is searched on.

    Args:
        symbols: (n,) int32; negative ones are fixed letters: -1 - letter.
        count: K, number of symbols of the whole ciphertext.
        target: the language.
        letters: number of letters that symbols may stand for.
        kind: "bijection" or "homophonic".
        cribs: symbol to letter, known for certain.
        excluded: symbol and letter that it does not stand for.
    """

    symbols: np.ndarray
    count: int
    target: Language
    letters: int
    kind: str
    cribs: dict[int, int] = field(default_factory=dict)
    excluded: frozenset[tuple[int, int]] = frozenset()

    def allowed(self, length: int) -> np.ndarray:
        """(length, A) bool: letters that each symbol may stand for; spare symbols of a permutation may have any."""
        allowed = np.ones((length, self.target.size), bool)
        for symbol, letter in self.excluded:
            allowed[symbol, letter] = False
        for symbol, letter in self.cribs.items():
            allowed[symbol] = False
            if self.kind == "bijection":
                allowed[:, letter] = False
            allowed[symbol, letter] = True
        return allowed

    def obey(self, key: np.ndarray, rng: np.random.Generator) -> None:
        """Make a random key obey the cribs and exclusions, in place, as far as a few exchanges can."""
        one_to_one = self.kind == "bijection"
        for symbol, letter in self.cribs.items():
            if one_to_one:
                key[np.flatnonzero(key == letter)[0]] = key[symbol]
            key[symbol] = letter
        if not self.excluded:
            return
        allowed = self.allowed(len(key))
        for symbol in sorted({symbol for symbol, _ in self.excluded} - set(self.cribs)):
            if allowed[symbol, key[symbol]]:
                continue
            letters = np.flatnonzero(allowed[symbol, : self.letters])
            if not one_to_one:
                key[symbol] = rng.choice(letters)
                continue
            holders = {int(letter): int(np.flatnonzero(key == letter)[0]) for letter in letters}
            willing = [(c, s) for c, s in holders.items() if allowed[s, key[symbol]]]
            if willing:
                letter, other = willing[int(rng.integers(len(willing)))]
                key[other], key[symbol] = key[symbol], letter

    def decode(self, key: np.ndarray) -> np.ndarray:
        """(n,) uint8 letters under a key, (K,)."""
        return decode(self.symbols, key)

    def reading(
        self, key: np.ndarray, text: float, map_bits: float, language_bits: float, found: int = 1
    ) -> Reading[Relabelling]:
        """The `Reading` of a key."""
        return Reading(
            map=Relabelling(key, self.letters, self.kind), letters=self.decode(key), text=text, map_bits=map_bits,
            found=found, language_bits=language_bits,
        )  # fmt: skip


def with_spaces(source: Ciphertext, target: Language) -> np.ndarray:
    """Symbols with the fixed symbol of the space after every word, (n + words,) int32."""
    space = -1 - len(target.alphabet)
    ends = np.flatnonzero(source.breaks[:-1]) + 1
    return np.insert(source.symbols, ends, space).astype(np.int32)


def decode(symbols: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Letters (uint8) of symbols under a key; negative symbols are fixed letters."""
    return np.where(symbols >= 0, key[np.maximum(symbols, 0)], -1 - symbols).astype(np.uint8)


def shuffled(source: Ciphertext, seed: int) -> Ciphertext:
    """The control: the same symbols in random order, word lengths kept."""
    order = np.random.default_rng([seed, 77]).permutation(len(source))
    return Ciphertext(
        source.symbols[order], source.names, source.breaks, source.tokens, source.lines
    )


def redundancy(language: Language) -> float:
    """Bits per letter that the language saves against random letters; at least 0.3."""
    return max(float(np.log2(language.size)) - language.text_bits, 0.3)


def convincing(excess: float, determined: float, *, homophonic: bool) -> bool:
    """Whether a text so near to the language is hardly ever wrong.

    Args:
        excess: bits per letter more than the language's own words need.
        determined: length of the text over the unicity distance.
        homophonic: of which kind the key is.
    """
    # Saves time only: the search ends sooner where it holds, the calibrated confidence judges what was found.
    if homophonic:
        return (determined > 1.5 and excess < 0.25) or (determined > 2.5 and excess < 0.5)
    return (determined > 2.5 and excess < 0.1) or (determined > 8.0 and excess < 0.5)
