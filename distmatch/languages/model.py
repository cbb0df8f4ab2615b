"""`Language`: P_Y for symbols, with everything that the searches need of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from distmatch.languages import ngram, runningtext, words
from distmatch.languages.storage import load_arrays, save_arrays
from distmatch.languages.wordpairs import NO_PAIRS, PairTables, preorder
from distmatch.text.alphabet import Alphabet

WORD_SHARE = 0.9
"""Weight of the word model in the mixture that scores a decoded text, where no running text is known."""
MAX_ARGMAX_PLACES = 80_000_000
"""Bytes of `place_costs`; beyond it the homophonic search uses the shorter table."""
PROBABILITY = 2.0 ** (-np.arange(256) / ngram.UNITS_PER_BIT)


@dataclass(frozen=True)
class Language:
    """P_Y for symbols: n-gram costs to search on, a mixture with words to score with.

    Args:
        name: code or name.
        alphabet: its letters.
        spaces: whether the space is one more symbol.
        cost: (A,) * n uint8, -log2 P(last | others) in 1/16 bit.
        short: (A,) * (n - 1) uint8, the same costs of one order less.
        guess: (n, A ** (n - 1)) uint8, the best letter for each place of a window.
        words: the vocabulary.
        text_bits: bits per letter that the mixture needs on the language's own running words.
        folder: where it is cached, if it is.
        running: longer n-grams of the reference, if there is one.
        share: weight of the word model against the n-grams, `running` included.
        pairs: of words, where spaces are a symbol and there is no reference.
    """

    name: str
    alphabet: Alphabet
    spaces: bool
    cost: np.ndarray
    short: np.ndarray
    guess: np.ndarray
    words: words.WordModel
    text_bits: float
    folder: Path | None = None
    running: runningtext.Tables = runningtext.NONE
    share: float = WORD_SHARE
    pairs: PairTables = NO_PAIRS

    @property
    def order(self) -> int:
        """n of the search table."""
        return self.cost.ndim

    @property
    def size(self) -> int:
        """Number of symbols, the space included where it is one."""
        return self.cost.shape[0]

    @cached_property
    def flat_cost(self) -> np.ndarray:
        """The cost table as one dimension."""
        return self.cost.reshape(-1)

    @cached_property
    def place_costs(self) -> tuple[np.ndarray, np.ndarray, int]:
        """For the homophonic search: costs with one place of the window last, flat costs, and their order.

        The first is `ngram.place_costs` of the longest table that stays below `MAX_ARGMAX_PLACES` bytes, made on
        first use and cached beside the rest (it is five times as large as the other tables together).
        """
        words_a_row = 4 * -(-self.size // 32)
        if 8 * words_a_row * self.order * self.size ** (self.order - 1) > MAX_ARGMAX_PLACES:
            return self.short_place_costs
        place = None if self.folder is None else self.folder / "places"
        stored = None if place is None else load_arrays(place)
        if stored is None:
            table = ngram.place_costs(self.cost)
            if place is not None:
                save_arrays(place, {"table": table}, {})
        else:
            table = stored[0]["table"]
        table.flags.writeable = False
        return table, self.flat_cost, self.order

    @cached_property
    def short_place_costs(self) -> tuple[np.ndarray, np.ndarray, int]:
        """The same of one order less: small, and made in a moment."""
        return ngram.place_costs(self.short), self.short.reshape(-1), self.order - 1

    @cached_property
    def letter_frequencies(self) -> np.ndarray:
        """Long-run share of each letter, (A,) without the space, from the shorter table."""
        size = self.size
        probability = 2.0 ** (-self.short.astype(np.float32) / ngram.UNITS_PER_BIT)
        frequency = np.full(size, 1.0 / size)
        transition = probability.mean(axis=tuple(range(probability.ndim - 2)))
        for _ in range(20):
            frequency = frequency @ transition
            frequency /= frequency.sum()
        letters = frequency[: len(self.alphabet)]
        return letters / letters.sum()

    def bits(self, codes: np.ndarray) -> np.ndarray:
        """Code length in bits of every symbol, (n,) float64: n-grams and words mixed."""
        out = np.empty(len(codes))
        self.total_bits(np.ascontiguousarray(codes, np.uint8), out)
        return out

    def ngram_bits(self, codes: np.ndarray) -> np.ndarray:
        """Code length in bits of every n-gram's last symbol under the search table alone, (n - order + 1,)."""
        index = tuple(codes[k : len(codes) - self.order + 1 + k] for k in range(self.order))
        return self.cost[index] / ngram.UNITS_PER_BIT

    def total_bits(self, codes: np.ndarray, out: np.ndarray | None = None) -> float:
        """Code length in bits of a sequence."""
        model = self.words
        out = np.empty(len(codes)) if out is None else out
        return words.mixed_bits(
            codes,
            self.spaces,
            model.child,
            model.mass,
            model.end,
            self.flat_cost,
            PROBABILITY,
            self.order,
            self.running,
            self.share,
            np.inf,
            out,
            self.pairs,
        )

    def listed_words(self) -> Iterator[tuple[str, float]]:
        """Words of the vocabulary and their bits, -log2 P."""
        low, _, flat, starts = preorder(self.words.child, self.words.end)
        text = self.alphabet.decode(flat)
        ends = self.words.end > 0
        order = np.argsort(low[ends], kind="stable")
        share = (self.words.mass[ends] * self.words.end[ends])[order]
        for i, bits in enumerate(-np.log2(np.maximum(share, 1e-12))):
            yield text[starts[i] : starts[i + 1]], float(bits)

    def segment(self, codes: np.ndarray) -> str:
        """The text of codes with word breaks restored (as they are, if the language has spaces)."""
        if self.spaces:
            return self.alphabet.decode(codes)
        model = self.words
        breaks = words.word_breaks(
            np.ascontiguousarray(codes, np.uint8), model.child, model.mass, model.end,
            self.flat_cost, PROBABILITY, self.order,
        )  # fmt: skip
        letters = self.alphabet.letters
        return "".join(
            letters[c] + (" " if b else "") for c, b in zip(codes, breaks, strict=True)
        ).rstrip()
