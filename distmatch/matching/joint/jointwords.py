"""Δ of two sequences of words: Y alone against Y through a lexicon and X's coder, the lexicon charged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from distmatch.compression.mixing import ContextMixing
from distmatch.compression.pair import CHOICE_BITS, given_bits
from distmatch.languages.symbols import SymbolModel
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.match import Match
from distmatch.matching.symbols.softlexicon import WordLexicon, choice_bits
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class WordCode:
    """Code lengths of Y's words in bits; the vocabularies are known and cost both ways the same."""

    y: float
    """C(Y), context mixing over words."""
    y_given_x: float
    """C(Y|X): choice, lexicon, f(Y) after X, and which word of Y stands for each word of X; at most y + the choice."""
    mapped: float
    """The same whether or not it pays, without the choice: its excess over `y` is the shortfall."""
    match: Match[Relabelling]

    @property
    def delta(self) -> float:
        """Bits that X saves, at least -log2 of the number of experts."""
        return self.y - self.y_given_x


def joint_words(
    x: np.ndarray,
    y: np.ndarray,
    *,
    sizes: tuple[int, int],
    lexicon: WordLexicon | None = None,
    known: tuple[tuple[int, int], ...] = (),
    order: int = 3,
    seed: int = 0,
    progress: Progress = silent,
) -> WordCode:
    """Δ of two texts as words, with the lexicon that expectation maximisation finds.

    Args:
        x, y: (n,) and (m,) words as numbers.
        sizes: vocabularies of X and Y.
        lexicon: settings of the search.
        known: pairs (y, x) that are certain.
        order: of the coders' word contexts.
    """
    target = SymbolModel.fit(x, sizes[0], order=2)
    search = lexicon or WordLexicon()
    match = search.match(y, target, symbols=sizes[1], known=known, seed=seed, progress=progress)
    f = match.map
    mapped = f(y)
    alone = ContextMixing(size=max(sizes[1], 2), words=(), order=order)
    coder = ContextMixing(size=max(sizes[0], 2), words=(), order=order, ranked=False)
    separate = float(alone.bits(y).sum())
    primed = coder.start(len(x) + len(y), primed_by=x)
    text, _ = given_bits(coder, primed, mapped)
    through = text + choice_bits(f, y) + f.bits
    return WordCode(
        y=separate, y_given_x=min(through, separate) + CHOICE_BITS, mapped=through, match=match
    )
