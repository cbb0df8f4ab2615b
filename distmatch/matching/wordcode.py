"""`WordCodeSearch`: keys in which every symbol stands for a word of its own, in any order.

A soft key is cooled from the frequencies of codes and words: every code's belief over words follows from the word
pairs that its neighbours' beliefs make likely (mean field on the quadratic assignment of pair counts to pair
log-probabilities, made doubly stochastic as in softassign, Gold & Rangarajan 1996). Its tolerance is proportional
to how often a code occurs. Swaps under the trigram model then finish the hard key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numba
import numpy as np
from scipy import sparse

from distmatch.languages.wordgrams import WordGrams, pair_log, trigram_log

DENSE = 1_500
"""Up to so many words beliefs are kept whole; beyond, the `KEPT` strongest a code make the products."""
KEPT = 24


@dataclass
class CodeKey:
    """A key found: the word of every code, and the bits of the text under it."""

    key: np.ndarray
    text: float
    history: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class WordCodeSearch:
    """Settings of the search."""

    hot: float = 0.35
    """First tolerance, nats an occurrence."""
    cold: float = 0.004
    steps: int = 60
    """Mean-field steps between the two."""
    rounds: int = 5
    """Rounds of swaps, each with proposals made anew."""
    proposals: int = 8
    """Words tried for each code in a round."""
    deadline: float = float("inf")
    """`time.monotonic()` at which the search returns what it has."""

    def search(
        self, codes: np.ndarray, count: int, target: WordGrams, *, seed: int = 0,
        fixed: dict[int, int] | None = None, report: Callable[[float, float], None] | None = None,
    ) -> CodeKey:  # fmt: skip
        """The best key.

        Args:
            codes: (n,) int32 codes of the text.
            count: number of codes K, at most the number of words.
            target: the model of the words that codes may stand for.
            seed: of the swaps.
            fixed: codes whose word is known.
            report: called with steps done and in all.
        """
        fixed = fixed or {}
        pairs = _pair_counts(codes, count)
        costs = pair_matrix(target)
        belief = self._cool(codes, count, pairs, costs, target, fixed, report)
        key = best_assignment(belief)
        for code, word in fixed.items():
            _give(key, code, word)
        return self._swap(codes, key, pairs, costs, target, fixed, seed)

    def _cool(self, codes, count, pairs, costs, target, fixed, report) -> np.ndarray:
        frequency = np.bincount(codes, minlength=count).astype(np.float32)
        size = len(target.words)
        expected = np.log(np.maximum(target.counts, 0.5) / max(target.counts.sum(), 1))
        seen = np.log(frequency / len(codes))
        spread = 2.0 * (1.0 / frequency + 0.15)
        logits = -((seen[:, None] - expected[None, :]) ** 2) / spread[:, None]
        belief = doubly_stochastic(_pinned(logits.astype(np.float32), fixed))
        steps = self.steps if size <= DENSE else min(self.steps, 30)
        ratio = (self.cold / self.hot) ** (1.0 / max(steps - 1, 1))
        tolerance = self.hot
        for step in range(steps):
            if time.monotonic() > self.deadline:
                break
            gain = _gain(belief, pairs, costs, size > DENSE)
            logits = gain / (frequency[:, None] * np.float32(tolerance) + 1.0)
            fresh = doubly_stochastic(_pinned(logits, fixed))
            belief = np.float32(0.3) * belief + np.float32(0.7) * fresh
            tolerance *= ratio
            if report is not None:
                report(step + 1, steps)
        return belief

    def _swap(
        self, codes: np.ndarray, key: np.ndarray, pairs, costs, target: WordGrams, fixed: dict[int, int], seed: int
    ) -> CodeKey:  # fmt: skip
        count, size = len(key), len(target.words)
        held = np.zeros(count, bool)
        held[list(fixed)] = True
        frequency = np.bincount(codes, minlength=count)
        history: list[float] = []
        best_key, best = key.copy(), np.inf
        many = min(self.proposals, size - 1)
        for number in range(self.rounds):
            gain = _gain(key, pairs, costs, True) / np.maximum(frequency, 1)[:, None]
            near = np.argpartition(-gain, many, axis=1)[:, :many].astype(np.int32)
            hot = 0.5 * (1.0 - number / max(self.rounds - 1, 1))
            bits = np.inf
            for turn in range(many):
                bits = swap_codes(
                    codes, key, held, near[:, turn : turn + 1].copy(), *target.tables, hot, 100 * (seed + number) + turn
                )  # fmt: skip
                if time.monotonic() > self.deadline:
                    break
            history.append(float(bits))
            if bits < best - 1e-6:
                best, best_key = float(bits), key.copy()
            elif number > 2 and hot == 0.0:
                break
            if time.monotonic() > self.deadline:
                break
        return CodeKey(best_key, best, history)


def pair_matrix(target: WordGrams) -> tuple[np.ndarray, sparse.csr_matrix]:
    """log P(second | first) in nats as a rank-two part (2, V) and a sparse (V, V) correction where pairs were seen."""
    size, base = len(target.words), len(target.words) + 1
    seen = target.pairs >= 0
    first, second = target.pairs[seen] // base, target.pairs[seen] % base
    inside = (first < size) & (second < size)
    first, second = first[inside], second[inside]
    more = target.pair_logs[seen][inside] - target.backoff[first] - target.unigram[second]
    scale = np.float32(np.log(2))
    correction = sparse.csr_matrix((more * scale, (first, second)), shape=(size, size))
    return np.stack([target.backoff[:size], target.unigram[:size]]) * scale, correction


def _pair_counts(codes: np.ndarray, count: int) -> sparse.csr_matrix:
    ones = np.ones(len(codes) - 1, np.float32)
    return sparse.csr_matrix((ones, (codes[:-1], codes[1:])), shape=(count, count))


def _gain(belief, pairs, costs, thin: bool) -> np.ndarray:
    """(K, V) float32: log-likelihood of the pairs of each code if it stood for each word, the others as believed.

    `belief` is (K, V), or (K,) for a hard key.
    """
    (backoff, unigram), correction = costs
    size = len(backoff)
    if belief.ndim == 1:
        count = len(belief)
        known = belief >= 0
        soft = sparse.csr_matrix(
            (np.ones(known.sum(), np.float32), (np.flatnonzero(known), belief[known])),
            shape=(count, size),
        )
    elif thin:
        soft = _strongest(belief)
    else:
        soft = belief
    before = soft @ correction
    after = soft @ correction.T
    if sparse.issparse(before):
        gain = (pairs @ after + pairs.T @ before).toarray()
    else:
        gain = pairs @ after + pairs.T @ before
    leaving = np.asarray(pairs.sum(axis=1)).ravel()
    entering = np.asarray(pairs.sum(axis=0)).ravel()
    gain += leaving[:, None] * backoff[None, :] + entering[:, None] * unigram[None, :]
    return gain.astype(np.float32, copy=False)


def _strongest(belief: np.ndarray) -> sparse.csr_matrix:
    count, size = belief.shape
    kept = min(KEPT, size)
    columns = np.argpartition(-belief, kept - 1, axis=1)[:, :kept]
    values = np.take_along_axis(belief, columns, axis=1)
    values /= values.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(count), kept)
    return sparse.csr_matrix((values.ravel(), (rows, columns.ravel())), shape=(count, size))


def _pinned(logits: np.ndarray, fixed: dict[int, int]) -> np.ndarray:
    for code, word in fixed.items():
        logits[code] = -1e4
        logits[:, word] = -1e4
        logits[code, word] = 0.0
    return logits


def doubly_stochastic(logits: np.ndarray, iterations: int = 8) -> np.ndarray:
    """Rows that sum to one and columns to at most one, from logits (K, V) with K <= V."""
    belief = np.exp(logits - logits.max(axis=1, keepdims=True))
    for _ in range(iterations):
        belief /= belief.sum(axis=1, keepdims=True)
        belief /= np.maximum(belief.sum(axis=0), 1.0)
    belief /= np.maximum(belief.sum(axis=1, keepdims=True), 1e-30)
    return belief


def best_assignment(belief: np.ndarray) -> np.ndarray:
    """The one-to-one key of the strongest beliefs, (K,) int32."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-np.log(belief + 1e-12))
    key = np.full(len(belief), -1, np.int32)
    key[rows] = columns
    return key


def _give(key: np.ndarray, code: int, word: int) -> None:
    holder = np.flatnonzero(key == word)
    if len(holder):
        key[holder[0]] = key[code]
    key[code] = word


@numba.njit(cache=True, nogil=True)
def swap_codes(
    codes, key, held, near, unigram, backoff, pairs, pair_logs, pair_backoff, triples, triple_logs, hot, seed,
):  # fmt: skip
    """One round of proposals on the trigram code length; the word's present code, if any, takes the other's.

    Args:
        codes: (n,) int32.
        key: (K,) int32, changed in place.
        held: (K,) bool, codes that keep their word.
        near: (K, m) int32 words to try for each code.
        hot: tolerance in bits an occurrence.
        seed: of the order and of the acceptance.

    Returns:
        The bits of the text under the key.
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
    holder = np.full(len(unigram), -1, np.int32)
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
        current[t] = -trigram_log(
            u, v, words[t], unigram, backoff, pairs, pair_logs, pair_backoff, triples, triple_logs
        )
        total += current[t]
    stamp = np.zeros(n + 2, np.int64)
    touched = np.empty(n, np.int32)
    fresh = np.empty(n, np.float64)
    move = 0
    for turn in range(many):
        for a in np.random.permutation(count):
            word = near[a, turn]
            old = key[a]
            b = holder[word]
            if word == old or held[a] or (b >= 0 and held[b]):
                continue
            move += 1
            key[a] = word
            if b >= 0:
                key[b] = old
            changed = 0
            occurrences = starts[a + 1] - starts[a]
            for side in range(2):
                c = a if side == 0 else b
                if c < 0:
                    continue
                for p in range(starts[c], starts[c + 1]):
                    words[places[p]] = key[c]
            if b >= 0:
                occurrences += starts[b + 1] - starts[b]
            delta = 0.0
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
                        value = -trigram_log(
                            u, v, words[t], unigram, backoff, pairs, pair_logs, pair_backoff, triples, triple_logs,
                        )  # fmt: skip
                        touched[changed] = t
                        fresh[changed] = value
                        delta += value - current[t]
                        changed += 1
            accept = delta <= 0
            if not accept and hot > 0:
                accept = delta < -np.log(1.0 - np.random.random()) * hot * np.sqrt(occurrences)
            if accept:
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
    return total


def pair_bits(target: WordGrams, first: int, second: int) -> float:
    """Bits of a word after another."""
    return -float(pair_log(first, second, *target.tables[:4]))
