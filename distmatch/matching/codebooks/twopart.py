"""`WordCodeSearch`: keys in which every symbol stands for a word of its own, in any order.

A soft lexicon from word pairs alone (`matching.wordlexicon`) begins; it takes the most frequent codes and words where
there are too many for its dense steps, and the others follow from their neighbours. Then keys are sampled under the
trigram model (Metropolis, swaps of two codes' words), from hot to the posterior itself, whose samples vote: of a code
seen a few times the likeliest key is more often wrong than the word that most samples give it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from distmatch.languages.symbols import SymbolModel
from distmatch.languages.wordtrigram import WordTrigram
from distmatch.maps.key import bijection_bits
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.codebooks.reading import Sampled
from distmatch.matching.codebooks.twopartkernel import sample_keys
from distmatch.matching.symbols.reading import Reading
from distmatch.matching.symbols.softlexicon import WordLexicon

POSTERIOR = 1.4427
"""Tolerance in bits at which the sampler draws from the posterior: one nat."""


@dataclass(frozen=True, kw_only=True)
class WordCodeSearch:
    """Settings of the search."""

    lexicon: WordLexicon = field(default_factory=WordLexicon)
    """The expectation maximisation of the start."""
    dense: int = 800
    """Most codes and words that it takes, the most frequent; a step costs the cube of it."""
    hot: float = 4.0
    """First tolerance of the sampler, bits."""
    rounds: int = 8
    """Rounds from `hot` down to the posterior, each with proposals made anew."""
    voting: int = 4
    """Rounds of the posterior, whose samples vote."""
    proposals: int = 60
    """Words proposed for each code."""
    moves: int = 2_500_000
    """Approximate number of tokens resampled in all rounds together; 2 to 40 sweeps per round."""
    deadline: float = float("inf")
    """`time.monotonic()` at which the search returns what it has."""

    def search(
        self, codes: np.ndarray, count: int, target: WordTrigram, running: np.ndarray, *, seed: int = 0,
        fixed: dict[int, int] | None = None, first: np.ndarray | None = None,
        report: Callable[[float, float], None] | None = None,
    ) -> Sampled:  # fmt: skip
        """The words that the samples agree on most.

        Args:
            codes: (n,) int32 codes of the text.
            count: number of codes K.
            target: the model of the words that codes may stand for; no two codes stand for one.
            running: (m,) words of the reference as the model numbers them, for the pairs of the start.
            seed: of the sampler.
            fixed: codes whose word is known; words in clear are such codes, and may be the model's unknown word.
            first: (K,) a key to start from, -1 where unknown, in place of the expectation maximisation.
            report: called with rounds done and in all.
        """
        fixed = fixed or {}
        pairs, costs = _pair_counts(codes, count), target.pair_matrix()
        frequency = np.bincount(codes, minlength=count)
        belief = sparse.csr_matrix((count, len(target.words)), dtype=np.float32)
        if first is None:
            belief = self._begin(codes, count, target, running, fixed)
            first = _assigned(belief, fixed)
        key = _completed(first, frequency, pairs, costs, fixed)
        held = np.zeros(count, bool)
        held[list(fixed)] = True
        rounds = self.rounds + self.voting
        # Two sweeps at least, so that each code is tried; 40 at most, so that every round gets its share.
        sweeps = int(np.clip(self.moves / (rounds * max(len(codes), 1)), 2, 40))
        samples: list[np.ndarray] = []
        done = 0
        for number in range(rounds):
            cooling = max(1.0 - number / max(self.rounds, 1), 0.0)
            tolerance = POSTERIOR * (self.hot / POSTERIOR) ** cooling
            drawn = np.empty((sweeps, count), np.int32)
            try:
                if number <= self.rounds:
                    near, chance = self._proposals(key, belief, pairs, costs)
                sample_keys(
                    codes, key, held, near, chance, target.tables, tolerance, 1000 * seed + number, drawn
                )  # fmt: skip
                done += 1
                if number >= self.rounds:
                    samples += list(drawn)
                if report is not None:
                    report(number + 1, rounds)
            except KeyboardInterrupt:  # what is found so far is the answer
                if done == 0:
                    raise
                break
            if time.monotonic() > self.deadline:
                break
        best, share = consensus(np.stack(samples or [key]), held)
        size = len(target.words)
        reading = Reading(
            map=Relabelling(best, size + 1, "homophonic"), letters=best[codes], text=target.bits(best[codes]),
            map_bits=bijection_bits(count, size),
        )  # fmt: skip
        return Sampled(reading, share if samples else np.zeros(count))

    def _begin(self, codes, count, target, running, fixed) -> sparse.csr_matrix:
        """(K, V) beliefs of the most frequent codes about the most frequent words."""
        size = len(target.words)
        frequency = np.bincount(codes, minlength=count)
        by_count = np.argsort(-frequency, kind="stable")
        words = min(size, self.dense)
        # A fifth of the words is left free, so that the lexicon can leave words without a code.
        chosen = by_count if size <= self.dense else by_count[: max(int(0.8 * self.dense), 1)]
        chosen = np.array([c for c in chosen if fixed.get(int(c), 0) < words], np.int64)
        symbol = np.full(count, len(chosen), np.int64)
        symbol[chosen] = np.arange(len(chosen))
        other = len(chosen) < count or (bool(len(running)) and int(running.max()) >= words)
        model = SymbolModel.fit(np.minimum(running, words), words + other, order=2)
        known = [(int(symbol[c]), w) for c, w in fixed.items() if symbol[c] < len(chosen)]
        if len(chosen) < count:
            known.append((len(chosen), words))
        lexicon, _ = self.lexicon.learn(
            symbol[codes], model, symbols=len(chosen) + (len(chosen) < count), known=tuple(known)
        )
        belief = lexicon[:words] * model.marginal[:words, None].astype(np.float32)
        belief = belief / np.maximum(belief.sum(axis=0, keepdims=True), 1e-30)
        thin = _strongest(belief.T[: len(chosen)], self.proposals).tocoo()
        return sparse.csr_matrix(
            (thin.data, (chosen[thin.row], thin.col)), shape=(count, size), dtype=np.float32
        )

    def _proposals(self, key, belief, pairs, costs) -> tuple[np.ndarray, np.ndarray]:
        """Words to try for each code, (K, m) int32, and the cumulative weights of the draw, (K, m)."""
        gain = _gain(key, pairs, costs)
        gain -= gain.max(axis=1, keepdims=True)
        weight = np.exp(0.5 * gain)
        weight += belief
        many = min(self.proposals, weight.shape[1])
        near = np.argpartition(-weight, many - 1, axis=1)[:, :many]
        # Flattened, and never nought: every near word is tried now and then.
        weight = np.sqrt(np.take_along_axis(np.asarray(weight), near, axis=1)) + 0.02
        return near.astype(np.int32), np.cumsum(weight, axis=1)


def consensus(samples: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The one-to-one key with the most votes in all, and each code's share of them.

    Args:
        samples: (S, K) keys.
        held: (K,) codes that take no part in the competition, since several may be the unknown word.
    """
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    key = samples[-1].copy()
    free = np.flatnonzero(~held)
    if len(free):
        drawn = samples[:, free]
        rows = np.tile(np.arange(len(free)), len(samples))
        votes = sparse.csr_matrix(
            (np.ones(drawn.size), (rows, drawn.ravel())), shape=(len(free), int(drawn.max()) + 1)
        )
        votes.sum_duplicates()
        votes.data = len(samples) + 1.0 - votes.data
        matched, words = min_weight_full_bipartite_matching(votes)
        key[free[matched]] = words
    return key.astype(np.int32), (samples == key).mean(axis=0)


def _pair_counts(codes: np.ndarray, count: int) -> sparse.csr_matrix:
    ones = np.ones(len(codes) - 1, np.float32)
    return sparse.csr_matrix((ones, (codes[:-1], codes[1:])), shape=(count, count))


def _gain(key: np.ndarray, pairs, costs) -> np.ndarray:
    """(K, V) float32: log-likelihood of the pairs of each code if it stood for each word, the others as in the key.

    Codes whose word is -1 or the unknown word say nothing about their neighbours.
    """
    (backoff, unigram), correction = costs
    count, size = len(key), len(backoff)
    known = (key >= 0) & (key < size)
    hard = sparse.csr_matrix(
        (np.ones(known.sum(), np.float32), (np.flatnonzero(known), key[known])), shape=(count, size)
    )
    gain = (pairs @ (hard @ correction.T) + pairs.T @ (hard @ correction)).toarray()
    leaving = np.asarray(pairs.sum(axis=1)).ravel()
    entering = np.asarray(pairs.sum(axis=0)).ravel()
    gain += leaving[:, None] * backoff[None, :] + entering[:, None] * unigram[None, :]
    return gain.astype(np.float32, copy=False)


def _strongest(belief: np.ndarray, kept: int) -> sparse.csr_matrix:
    count, size = belief.shape
    kept = min(kept, size)
    columns = np.argpartition(-belief, kept - 1, axis=1)[:, :kept]
    values = np.take_along_axis(belief, columns, axis=1)
    rows = np.repeat(np.arange(count), kept)
    return sparse.csr_matrix((values.ravel(), (rows, columns.ravel())), shape=(count, size))


def _assigned(belief: sparse.csr_matrix, fixed: dict[int, int]) -> np.ndarray:
    """The one-to-one key of the strongest beliefs, -1 for codes without any, (K,) int32."""
    from scipy.optimize import linear_sum_assignment

    key = np.full(len(belief.indptr) - 1, -1, np.int32)
    rows = np.flatnonzero(np.diff(belief.indptr))
    rows = np.array([r for r in rows if int(r) not in fixed], np.int64)
    if len(rows):
        width = int(belief.indices.max()) + 1
        of_rows, words = linear_sum_assignment(-np.log(belief[rows, :width].toarray() + 1e-12))
        key[rows[of_rows]] = words
    return key


def _completed(first, frequency, pairs, costs, fixed: dict[int, int]) -> np.ndarray:
    """The key with a word for every code: the fixed ones, then the best free word of each, frequent codes first."""
    key = first.astype(np.int32)
    size = costs[0].shape[1]
    for code, word in fixed.items():
        if word < size:
            key[(key == word) & (np.arange(len(key)) != code)] = -1
        key[code] = word
    missing = np.flatnonzero(key < 0)
    if len(missing):
        gain = _gain(key, pairs, costs)[missing]
        taken = np.zeros(size, bool)
        taken[key[(key >= 0) & (key < size)]] = True
        for row in np.argsort(-frequency[missing], kind="stable"):
            word = int(np.argmax(np.where(taken, -np.inf, gain[row])))
            key[missing[row]] = word
            taken[word] = True
    return key
