"""Beliefs about the words of alphabetical codes: the order of every family summed out, the text by its neighbours.

A code's word is a hidden state, its family a chain of them in the order of the numbers. How many entries lie between two
codes says about how many of the book's words lie between theirs: a Laplace kernel about the expected number, over which
forward and backward sums cost a pass each, whatever its width. What the text says of a code comes from the beliefs about
its neighbours' words and the model's word pairs; the two take turns while the weight of the text rises to one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from distmatch.languages.wordtrigram import DISCOUNT, WordTrigram
from distmatch.matching.codebooks.orderkernel import forward, forward_backward

OUT_OF_ORDER = 2.0**-6
"""Share of the codes that stand for a word out of the order of their family."""
OUTSIDE = 0.25
"""Weight of a place before or after the words, where blocks of names and letters are."""
FLAT = 0.4
"""Weight of the text in the first round; it rises to one."""
EXCLUSIVE = 0.999
"""Weight of the rule that no two codes stand for one word."""
UNKNOWN = 0.3
"""Share of the codes out of order that stand for words unknown to the model: names."""
NAME, AGAIN = -9.2, -3.9
"""Log probability that an unknown word is a certain one, and that the next unknown words are the same again."""
ENDS, MAX_OUTSIDE = 0.05, 6.0
"""A book is taken to begin at number 0 and to end with the last code, within so many spans a nat, at most so many nats."""
SCALES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4)
"""How many entries a book may have for one expected: blocks that hold no words make the numbering longer than the book."""
SCALED = (0, 2)
"""Rounds in which the scale is chosen."""
SHAPE = 5.0
"""Shape of the gamma distribution of a word's rate in a text about that in the reference: variance is a fifth of its square."""
PADS = 200
"""Places before the words, and as many after them."""
MAX_SUPPOSED = 100
"""Number of top candidates per code used as evidence about its neighbours."""


@dataclass(frozen=True)
class Family:
    """A numbered family and the words that its book is expected to have.

    Args:
        members: (n,) int32 codes in the order of their places.
        place: (n,) float64, rising.
        entries: (V + 1,) cumulative entries expected before each word.
        use: (V,) expected number of entries that are the word and written with this family.
        astray: (V,) chances of a word that is out of order: of those that no book is likely to have in its place.
    """

    members: np.ndarray
    place: np.ndarray
    entries: np.ndarray
    use: np.ndarray
    astray: np.ndarray


def spread_of_gap(gap: float) -> float:
    """Scale of the Laplace kernel for a gap of so many entries: 0.15 of it as in `onepartkernel._gap_bits`."""
    return float(np.sqrt(1.0 + gap + (0.15 * gap) ** 2) / 1.4142)  # the square root of 2


class PairMessages:
    """What the neighbours of a word, as believed, say about it: word pairs by absolute discounting.

    Their counts are the occurrences, where the lower orders of Kneser-Ney count contexts: here nothing stands above them.
    """

    def __init__(self, target: WordTrigram):
        base = len(target.words) + 1
        first, second, occurrences = target.pair_occurrences()
        entering = np.bincount(second, weights=occurrences, minlength=base) + 0.5
        self.single = entering / entering.sum()
        leaving = np.bincount(first, weights=occurrences, minlength=base)
        kinds = np.bincount(first, minlength=base)
        self.leave = np.where(leaving > 0, DISCOUNT * kinds / np.maximum(leaving, 1.0), 1.0)
        more = (occurrences - DISCOUNT) / leaving[first]
        self.more = sparse.csr_matrix((more, (first, second)), shape=(base, base))
        self.back = self.more.T.tocsr()

    def after(self, belief: Any) -> np.ndarray:
        """(T, V + 1) log probability of the word that follows words so believed, a sparse (T, V + 1)."""
        chance = (belief @ self.more).toarray()
        chance += (belief @ self.leave)[:, None] * self.single[None, :]
        return np.log(np.maximum(chance, 1e-30)).astype(np.float32)

    def before(self, belief: Any) -> np.ndarray:
        """(T, V + 1) log probability that words so believed follow each word."""
        chance = (belief @ self.back).toarray()
        chance += (belief @ self.single)[:, None] * self.leave[None, :]
        return np.log(np.maximum(chance, 1e-30)).astype(np.float32)


@dataclass(frozen=True)
class TokenTypes:
    """Distinct tokens of a text: a code with its ending, or a word in clear.

    Args:
        code: (T,) int64, -1 for words in clear.
        ending: (T,) int64.
        word: (T,) int64 of words in clear.
        pairs: sparse (T, T), how often one follows another.
        counts: (T,) occurrences.
    """

    code: np.ndarray
    ending: np.ndarray
    word: np.ndarray
    pairs: Any
    counts: np.ndarray

    @classmethod
    def of(cls, units: np.ndarray, ending: np.ndarray) -> TokenTypes:
        """The types of `DictionaryText.units` and `.ending`."""
        both = np.stack([units, np.where(units >= 0, ending, 0)], axis=1).astype(np.int64)
        kinds, tokens, counts = np.unique(both, axis=0, return_inverse=True, return_counts=True)
        tokens = tokens.ravel()
        shape = (len(kinds), len(kinds))
        pairs = sparse.csr_matrix(
            (np.ones(len(tokens) - 1, np.float32), (tokens[:-1], tokens[1:])), shape=shape
        )
        code = kinds[:, 0]
        return cls(np.where(code >= 0, code, -1), kinds[:, 1], -1 - code, pairs, counts)


def settle(
    families: list[Family], types: TokenTypes, forms: np.ndarray, target: WordTrigram, codes: int, *,
    steps: int = 10, fixed: dict[int, int] | None = None,
    deadline: float = float("inf"),
) -> tuple[np.ndarray, np.ndarray, list[float]]:  # fmt: skip
    """Beliefs about the words of alphabetical codes.

    Returns:
        (K, V + 1) float32, for every code; (K,) the chance that it is out of order; for each family the entries of its
        book for one expected.
    """
    size = len(target.words)
    messages = PairMessages(target)
    occurrences = np.bincount(types.code[types.code >= 0], types.counts[types.code >= 0], codes)
    rates = np.log(messages.single).astype(np.float32)
    frequency = np.zeros((codes, size + 1), np.float32)
    for t in np.flatnonzero(types.code >= 0):
        frequency[types.code[t]] += types.counts[t] * rates[forms[types.ending[t]]]
    frequency[:, :size] += _uneven(occurrences, messages.single[:size] * types.counts.sum())
    frequency[:, size] += NAME + AGAIN * np.maximum(occurrences - 1, 0)
    belief = np.zeros((codes, size + 1), np.float32)
    stray = np.zeros(codes)
    scales = [1.0] * len(families)
    for step in range(steps):
        weight = min(FLAT + (1.0 - FLAT) * step / max(steps - 4, 1), 1.0)
        evidence = frequency.copy()
        if step > 0:
            chances = _chances(types, forms, belief, messages)
            chances = chances - types.counts[:, None].astype(np.float32) * rates
            for t in np.flatnonzero(types.code >= 0):
                evidence[types.code[t]] += weight * chances[t, forms[types.ending[t]]]
        for code, word in (fixed or {}).items():
            evidence[code] = -100.0 * occurrences[code]  # as good as impossible: the word is known
            evidence[code, word] = 0.0
        claims = belief[:, :size] / np.maximum(belief[:, :size].sum(axis=0), 1.0)
        taken = claims.sum(axis=0)
        fresh = np.zeros_like(belief)
        for number, family in enumerate(families):
            members = family.members
            if not len(members):
                continue
            free = np.log1p(-EXCLUSIVE * np.minimum(taken - claims[members], 1.0))
            told = _Told.of(evidence[members, :size] + free, evidence[members, size], family.astray)
            if step in SCALED:
                scales[number] = _scale(family, told)
            for code, row, unknown, out in _chain(family, told, scales[number]):
                fresh[code, :size] = row
                fresh[code, size] = unknown
                stray[code] = out
        belief = fresh if step == 0 else 0.5 * belief + 0.5 * fresh
        if time.monotonic() > deadline:
            break
    return belief, stray, scales


def _uneven(occurrences: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """(K, V) log of the gamma-Poisson over the Poisson odds that a word occurs as often as a code, against not at all.

    Texts differ in how often they use a word; the pairs' probabilities alone know one rate for all (Church & Gale 1995).
    """
    counts = occurrences.astype(int)
    most = int(counts.max(initial=0))
    k = np.arange(most + 1)[:, None]
    shape = SHAPE
    steps = np.log(shape + np.arange(most)) if most else np.zeros(0)
    rising = np.concatenate([[0.0], np.cumsum(steps)])[:, None]
    mean = np.maximum(expected, 1e-12)[None, :]
    return (rising - k * np.log(shape + mean)).astype(np.float32)[counts]


def _chances(types, forms, belief, messages) -> np.ndarray:
    """(T, V + 1) log probability of the tokens of each type, if it were each word, by the beliefs about their neighbours."""
    rows, columns, values = [], [], []
    for t in range(len(types.code)):
        if types.code[t] < 0:
            rows.append([t])
            columns.append([types.word[t]])
            values.append([1.0])
            continue
        mine = belief[types.code[t]]
        top = (
            np.argpartition(-mine, MAX_SUPPOSED)[:MAX_SUPPOSED]
            if len(mine) > MAX_SUPPOSED
            else np.arange(len(mine))
        )
        share = mine[top] / max(mine[top].sum(), 1e-30)
        rows.append(np.full(len(top), t))
        columns.append(forms[types.ending[t], top])
        values.append(share)
    thought = sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(types.code), belief.shape[1]),
    )
    return types.pairs.T @ messages.after(thought) + types.pairs @ messages.before(thought)


@dataclass(frozen=True)
class _Told:
    """What the text says about the n codes of a family, in the units of the chain's states.

    Args:
        likely: (n, V) of the tokens if the code were each word, up to a factor of the code.
        loose: (n, V) the same times the chance of the word if it is out of order.
        unknown: (n,) the same for an unknown word.
    """

    likely: np.ndarray
    loose: np.ndarray
    unknown: np.ndarray

    @classmethod
    def of(cls, evidence: np.ndarray, name: np.ndarray, anything: np.ndarray) -> _Told:
        """From log probabilities of the tokens for every word, (n, V), and for an unknown one, (n,)."""
        top = np.maximum(evidence.max(axis=1), name)
        likely = np.exp(evidence - top[:, None])
        loose = ((1 - UNKNOWN) * anything).astype(np.float32) * likely
        return cls(likely, loose, UNKNOWN * np.exp(name - top))

    def states(self, family: Family, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places (S,) and emissions (n, S) of the states: places outside, words, places outside; and (n, V) words in order.

        Args:
            family: its places and its book.
            scale: entries of the real book for one expected.
        """
        span = max(family.place[-1] - family.place[0], 1.0)
        pad = span / PADS * (1 + np.arange(PADS))
        entries = scale * family.entries
        x = np.concatenate([-pad[::-1], entries[:-1], entries[-1] + pad])
        strays = self.loose.sum(axis=1) + self.unknown
        ordered = ((1 - OUT_OF_ORDER) * scale * family.use).astype(np.float32) * self.likely
        emission = np.empty((len(strays), len(x)), np.float32)
        emission[:] = (OUTSIDE * span / PADS * strays)[:, None]
        emission[:, PADS : PADS + len(entries) - 1] = (
            ordered + OUT_OF_ORDER * strays[:, None] * np.diff(entries)[None, :]
        )
        for at, expected in ((0, family.place[0]), (-1, entries[-1])):
            nearness = np.exp(-np.minimum(np.abs(x - expected) / (ENDS * span), MAX_OUTSIDE))
            emission[at] *= nearness
            ordered[at] *= nearness[PADS:-PADS]
        return x, emission, ordered


def _scale(family: Family, told: _Told) -> float:
    """Entries of the book for one expected: of a few, the number under which the codes are likeliest."""
    gaps = np.diff(family.place)
    slopes = 1.0 / np.array([spread_of_gap(gap) for gap in gaps])
    logs = []
    for scale in SCALES:
        x, emission, _ = told.states(family, scale)
        logs.append(forward(emission, x, gaps, slopes)[1])
    return SCALES[int(np.argmax(logs))]


def _chain(family: Family, told: _Told, scale: float):
    """For each code of a family: its number, (V,) belief, belief in an unknown word, and the chance of no order."""
    x, emission, ordered = told.states(family, scale)
    gaps = np.diff(family.place)
    slopes = 1.0 / np.array([spread_of_gap(gap) for gap in gaps])
    posterior = forward_backward(emission, x, gaps, slopes)
    inside = slice(PADS, PADS + told.likely.shape[1])
    for i, code in enumerate(family.members):
        sure = posterior[i, inside] * ordered[i] / np.maximum(emission[i, inside], 1e-300)
        out = max(1.0 - sure.sum(), 0.0) / (told.loose[i].sum() + told.unknown[i])
        stray = max(1.0 - sure.sum(), 0.0)
        yield int(code), sure + out * told.loose[i], out * told.unknown[i], stray
