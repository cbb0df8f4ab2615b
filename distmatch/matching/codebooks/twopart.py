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

import numba
import numpy as np
from scipy import sparse

from distmatch.languages.symbols import SymbolModel
from distmatch.languages.wordtrigram import WordTrigram, trigram_log
from distmatch.matching.symbols.softlexicon import WordLexicon

KEPT = 24
"""Words that a code is thought to be when it gives evidence about its neighbours."""
POSTERIOR = 1.4427
"""Tolerance in bits at which the sampler draws from the posterior: one nat."""


@dataclass
class CodeKey:
    """A key found: the word of every code, the bits of the text, and the share of samples that agree (0 without any), (K,)."""

    key: np.ndarray
    text: float
    belief: np.ndarray
    history: list[float] = field(default_factory=list)


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
    """Tokens weighed anew in all rounds together, about; at least two sweeps a round are made, at most 40."""
    deadline: float = float("inf")
    """`time.monotonic()` at which the search returns what it has."""

    def search(
        self, codes: np.ndarray, count: int, target: WordTrigram, running: np.ndarray, *, seed: int = 0,
        fixed: dict[int, int] | None = None, first: np.ndarray | None = None,
        report: Callable[[float, float], None] | None = None,
    ) -> CodeKey:  # fmt: skip
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
            belief = self._begin(codes, count, target, running, fixed, seed)
            first = _assigned(belief, fixed)
        key = _completed(first, frequency, pairs, costs, fixed)
        held = np.zeros(count, bool)
        held[list(fixed)] = True
        rounds = self.rounds + self.voting
        sweeps = int(np.clip(self.moves / (rounds * max(len(codes), 1)), 2, 40))
        samples: list[np.ndarray] = []
        history: list[float] = []
        for number in range(rounds):
            cooling = max(1.0 - number / max(self.rounds, 1), 0.0)
            tolerance = POSTERIOR * (self.hot / POSTERIOR) ** cooling
            drawn = np.empty((sweeps, count), np.int32)
            try:
                if number <= self.rounds:
                    near, chance = self._proposals(key, belief, pairs, costs)
                bits = sample_keys(
                    codes, key, held, near, chance, target.tables, tolerance, 1000 * seed + number, drawn
                )  # fmt: skip
            except KeyboardInterrupt:  # what is found so far is the answer
                if not history:
                    raise
                break
            history.append(float(bits))
            if number >= self.rounds:
                samples += list(drawn)
            if report is not None:
                report(number + 1, rounds)
            if time.monotonic() > self.deadline:
                break
        best, share = consensus(np.stack(samples or [key]), held)
        share = share if samples else np.zeros(count)
        return CodeKey(best, target.bits(best[codes]), share, history)

    def _begin(self, codes, count, target, running, fixed, seed) -> sparse.csr_matrix:
        """(K, V) beliefs of the most frequent codes about the most frequent words."""
        size = len(target.words)
        frequency = np.bincount(codes, minlength=count)
        by_count = np.argsort(-frequency, kind="stable")
        words = min(size, self.dense)
        chosen = by_count if size <= self.dense else by_count[: max(int(0.8 * self.dense), 1)]
        chosen = np.array([c for c in chosen if fixed.get(int(c), 0) < words], np.int64)
        symbol = np.full(count, len(chosen), np.int64)
        symbol[chosen] = np.arange(len(chosen))
        other = len(chosen) < count or (bool(len(running)) and int(running.max()) >= words)
        model = SymbolModel.fit(np.minimum(running, words), words + other, order=2)
        known = [(int(symbol[c]), w) for c, w in fixed.items() if symbol[c] < len(chosen)]
        if len(chosen) < count:
            known.append((len(chosen), words))
        match = self.lexicon.match(
            symbol[codes], model, symbols=len(chosen) + (len(chosen) < count), known=tuple(known), seed=seed
        )  # fmt: skip
        belief = match.extra["lexicon"][:words] * model.marginal[:words, None].astype(np.float32)
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


@numba.njit(cache=True, nogil=True)
def sample_keys(
    codes, key, held, near, chance, tables, tolerance, seed, drawn,
):  # fmt: skip
    """Sweeps of Metropolis moves on the trigram code length; the word's present code, if any, takes the other's.

    Args:
        codes: (n,) int32.
        key: (K,) int32, changed in place.
        held: (K,) bool, codes that keep their word.
        near: (K, m) int32 words proposed for each code.
        chance: (K, m) cumulative weights of the proposals.
        tolerance: in bits; one nat draws from the posterior.
        seed: of the order, the proposals and the acceptance.
        drawn: (S, K) int32, filled with the key after each of S sweeps.

    Returns:
        The bits of the text under the last key.
    """
    np.random.seed(seed)
    n, count, many = len(codes), len(key), near.shape[1]
    starts = np.zeros(count + 1, np.int64)
    for t in range(n):
        starts[codes[t] + 1] += 1
    for c in range(count):
        starts[c + 1] += starts[c]
    fill = starts[:-1].copy()
    places = np.empty(n, np.int32)
    for t in range(n):
        places[fill[codes[t]]] = t
        fill[codes[t]] += 1
    holder = np.full(len(tables.unigram), -1, np.int32)
    for c in range(count):
        holder[key[c]] = c
    words = np.empty(n, np.int32)
    for t in range(n):
        words[t] = key[codes[t]]
    current = np.empty(n, np.float64)
    total = 0.0
    for t in range(n):
        u = words[t - 2] if t > 1 else -1
        v = words[t - 1] if t > 0 else -1
        current[t] = -trigram_log(u, v, words[t], tables)
        total += current[t]
    stamp = np.zeros(n + 2, np.int64)
    touched = np.empty(n, np.int32)
    fresh = np.empty(n, np.float64)
    move = 0
    for sweep in range(len(drawn)):
        for a in np.random.permutation(count):
            if held[a]:
                continue
            word = near[a, np.searchsorted(chance[a], np.random.random() * chance[a, many - 1])]
            old = key[a]
            b = holder[word]
            if word == old or (b >= 0 and held[b]):
                continue
            limit = -np.log(1.0 - np.random.random()) * tolerance
            move += 1
            key[a] = word
            if b >= 0:
                key[b] = old
            for side in range(2):
                c = a if side == 0 else b
                if c >= 0:
                    for p in range(starts[c], starts[c + 1]):
                        words[places[p]] = key[c]
            delta = 0.0
            changed = 0
            for side in range(2):
                c = a if side == 0 else b
                if c < 0:
                    continue
                for p in range(starts[c], starts[c + 1]):
                    for t in range(places[p], min(places[p] + 3, n)):
                        if stamp[t] == move:
                            continue
                        stamp[t] = move
                        u = words[t - 2] if t > 1 else -1
                        v = words[t - 1] if t > 0 else -1
                        value = -trigram_log(u, v, words[t], tables)
                        touched[changed] = t
                        fresh[changed] = value
                        delta += value - current[t]
                        changed += 1
            if delta < limit:
                holder[word] = a
                holder[old] = b
                for i in range(changed):
                    current[touched[i]] = fresh[i]
                total += delta
            else:
                key[a] = old
                if b >= 0:
                    key[b] = word
                for side in range(2):
                    c = a if side == 0 else b
                    if c >= 0:
                        for p in range(starts[c], starts[c + 1]):
                            words[places[p]] = key[c]
        drawn[sweep] = key
    return total
