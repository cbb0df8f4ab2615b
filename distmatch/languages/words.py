"""A model of words written with or without spaces: which letter comes next, over all ways to break the text.

The text is a stream of words. With probability `OOV` a word is unknown and is spelled by the letter
n-gram model, ending after each letter with probability `OOV_END`; otherwise it is drawn by frequency
from the vocabulary, held as a trie. Without spaces, the forward algorithm sums over all segmentations,
so every letter has an exact probability and the code length is that of the whole mixture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from distmatch.languages.runningtext import running_probability
from distmatch.languages.wordfrequency import WordList
from distmatch.languages.wordpairs import PAIRED_WORDS, pair_probability

OOV = 0.02
OOV_END = 0.18
MAX_VOCABULARY = 60_000


@dataclass(frozen=True)
class WordModel:
    """Vocabulary as a trie.

    Args:
        child: (nodes, A) int32, node reached by a letter, 0 if none; node 0 is the root.
        mass: (nodes,) float32, probability of the words below and at the node.
        end: (nodes,) float32, share of that mass whose word ends at the node.
    """

    child: np.ndarray
    mass: np.ndarray
    end: np.ndarray


def build_word_model(
    words: WordList, *, spaces: bool, vocabulary: int = MAX_VOCABULARY
) -> WordModel:
    """The trie of the most frequent words.

    Args:
        words: vocabulary with frequencies, in any order.
        spaces: split words at their inner spaces ("don t" is two words), or leave the spaces out.
        vocabulary: number of words kept.
    """
    size = len(words.alphabet)
    flat, starts, frequency = words.flat, words.starts, words.frequency
    if spaces:
        breaks = np.flatnonzero(flat == size)
        owner = np.repeat(np.arange(len(frequency)), np.diff(starts))
        part_starts = np.sort(np.concatenate([starts[:-1], breaks + 1]))
        part_ends = np.sort(np.concatenate([starts[1:], breaks]))
        frequency = frequency[owner[part_starts]]
        starts, ends = part_starts, part_ends
    else:
        bare = words.without_spaces()
        flat, starts, ends = bare.flat, bare.starts[:-1], bare.starts[1:]
    top = np.argsort(-frequency, kind="stable")[:vocabulary]
    top = top[ends[top] > starts[top]]
    child, mass, end = _build_trie(flat, starts[top], ends[top], frequency[top], size)
    return WordModel(child, (mass / mass[0]).astype(np.float32), (end / mass).astype(np.float32))


@numba.njit(cache=True, nogil=True)
def _build_trie(flat, starts, ends, frequency, size):
    capacity = 1 + np.sum(ends - starts)
    child = np.zeros((capacity, size), np.int32)
    mass = np.zeros(capacity, np.float64)
    end = np.zeros(capacity, np.float64)
    nodes = 1
    for word in range(len(starts)):
        node = 0
        mass[0] += frequency[word]
        for position in range(starts[word], ends[word]):
            letter = flat[position]
            if child[node, letter] == 0:
                child[node, letter] = nodes
                nodes += 1
            node = child[node, letter]
            mass[node] += frequency[word]
        end[node] += frequency[word]
    return child[:nodes].copy(), mass[:nodes].copy(), end[:nodes].copy()


@numba.njit(cache=True, nogil=True)
def ngram_index(codes, position, order, size):
    """Index in a flat n-gram table of the n-gram that ends at `position`."""
    index = 0
    for k in range(position - order + 1, position + 1):
        index = index * size + codes[k]
    return index


@numba.njit(cache=True, nogil=True, fastmath=True)
def unspaced_bits(codes, child, mass, end, cost, probability, order, running, share, limit, bits):
    """Bits of every letter of a text without spaces under the mixture of words and n-grams.

    Args:
        codes: (n,) uint8 letters.
        child, mass, end: the trie.
        cost: flat uint8 n-gram costs.
        probability: (256,) float64, probability that a cost stands for.
        order: n of the table.
        running: longer n-grams of a running text, or `runningtext.NONE`.
        share: weight of the word model in the mixture, the n-gram model having the rest.
        limit: bits beyond which the sum is of no interest: the rest of the text is then left out.
        bits: (n,) float64, filled.

    Returns:
        The sum of the bits, or a number above `limit`.
    """
    size = child.shape[1]
    marks, costs, contexts, backoffs = running
    long = len(marks) > 1
    nodes = np.empty(64, np.int32)
    weights = np.empty(64, np.float64)
    active = 0
    boundary = 1.0
    unknown = 0.0
    total = 0.0
    for t in range(len(codes)):
        letter = codes[t]
        if t >= order - 1:
            spelled = probability[cost[ngram_index(codes, t, order, size)]]
            if long:
                spelled = running_probability(
                    codes, t, order, size, spelled, marks, costs, contexts, backoffs, probability
                )
        else:
            spelled = mass[child[0, letter]] * 0.5 + 0.5 / size
        unknown = (unknown + boundary * OOV) * spelled
        kept = 0
        fresh = boundary * (1.0 - OOV)
        ended = 0.0
        word_probability = unknown
        for a in range(active + 1):
            node = 0 if a == active else nodes[a]
            weight = fresh if a == active else weights[a]
            follower = child[node, letter]
            if follower == 0 or weight <= 0.0 or kept >= 63:
                continue
            weight *= mass[follower] / mass[node]
            word_probability += weight
            share_end = end[follower]
            ended += weight * share_end
            if share_end < 1.0:
                nodes[kept] = follower
                weights[kept] = weight  # the share that ended is missing from the children
                kept += 1
        active = kept
        boundary = ended + unknown * OOV_END
        unknown *= 1.0 - OOV_END
        mixed = share * word_probability + (1.0 - share) * spelled
        bits[t] = -np.log2(mixed)
        total += bits[t]
        if total > limit:
            return total
        scale = 1.0 / word_probability
        boundary *= scale
        unknown *= scale
        for a in range(active):
            weights[a] *= scale
    return total


@numba.njit(cache=True, nogil=True, fastmath=True)
def spaced_bits(
    codes, child, mass, end, cost, probability, order, running, share, limit, bits, pairs
):
    """As `unspaced_bits`, for a text whose spaces (the last code) end its words. With `pairs` (or `NO_PAIRS`) a word is coded by a
    mixture of its letters and of its probability after the word before, which changes the bits of its last symbol.
    """
    size = child.shape[1] + 1
    marks, costs, contexts, backoffs = running
    long = len(marks) > 1
    paired = len(pairs.second) > 0
    node = 0
    known = 1.0 - OOV
    unknown = OOV
    total = 0.0
    before = -1
    word_bits = 0.0
    for t in range(len(codes)):
        letter = codes[t]
        index = 0
        for k in range(t - order + 1, t + 1):
            index = index * size + (codes[k] if k >= 0 else size - 1)
        spelled = probability[cost[index]]
        if long:
            spelled = running_probability(
                codes, t, order, size, spelled, marks, costs, contexts, backoffs, probability
            )
        step = 0.0
        if known > 0.0:
            if letter == size - 1:
                step = end[node] if node > 0 else 0.0
            else:
                follower = child[node, letter]
                if follower > 0:
                    step = mass[follower] / mass[node]
                    node = follower
        known *= step
        unknown *= spelled
        word_probability = known + unknown
        mixed = share * word_probability + (1.0 - share) * spelled
        bits[t] = -np.log2(mixed)
        total += bits[t]
        word_bits += bits[t]
        ended = letter == size - 1
        if paired and (ended or t == len(codes) - 1):
            if before >= 0 and known > 0.0:
                plain = mass[node] * end[node] if ended else mass[node]
                last = pairs.low[node] + 1 if ended else pairs.high[node]
                p = (1.0 - OOV) * pair_probability(before, pairs.low[node], last, plain, pairs)
                better = -np.log2(PAIRED_WORDS * p + (1.0 - PAIRED_WORDS) * 2.0**-word_bits)
                bits[t] += better - word_bits
                total += better - word_bits
            before = pairs.low[node] if known > 0.0 else -1
            word_bits = 0.0
        if total > limit and (ended or not paired):
            return total
        if ended:
            node = 0
            known = 1.0 - OOV
            unknown = OOV
        else:
            known /= word_probability
            unknown /= word_probability
    return total


@numba.njit(cache=True, nogil=True)
def mixed_bits(
    codes, spaces, child, mass, end, cost, probability, order, running, share, limit, bits, pairs
):
    """Bits of a text with or without spaces; arguments as in `unspaced_bits` and `spaced_bits`."""
    if spaces:
        return spaced_bits(
            codes, child, mass, end, cost, probability, order, running, share, limit, bits, pairs
        )
    return unspaced_bits(
        codes, child, mass, end, cost, probability, order, running, share, limit, bits
    )


@numba.njit(cache=True, nogil=True)
def word_breaks(codes, child, mass, end, cost, probability, order):
    """The most probable segmentation of a text without spaces.

    Returns:
        (n,) bool, True where a word ends after the letter.
    """
    size = child.shape[1]
    n = len(codes)
    best = np.full(n + 1, np.inf)  # bits of the best segmentation that ends here
    origin = np.zeros(n + 1, np.int64)
    best[0] = 0.0
    spell = np.empty(n, np.float64)
    for t in range(n):
        if t >= order - 1:
            spell[t] = -np.log2(probability[cost[ngram_index(codes, t, order, size)]])
        else:
            spell[t] = np.log2(size)
    enter, stay, leave, known = (
        -np.log2(OOV),
        -np.log2(1 - OOV_END),
        -np.log2(OOV_END),
        -np.log2(1 - OOV),
    )
    for start in range(n):
        node = 0
        for t in range(start, n):
            node = child[node, codes[t]]
            if node == 0:
                break
            last = t == n - 1  # the text may be cut within a word
            weight = (
                np.float64(mass[node]) if last else np.float64(mass[node]) * np.float64(end[node])
            )
            if weight > 0.0:
                bits = best[start] + known - np.log2(weight)
                if bits < best[t + 1]:
                    best[t + 1] = bits
                    origin[t + 1] = start
        bits = best[start] + enter + leave
        for t in range(start, min(n, start + 20)):
            bits += spell[t] + (stay if t > start else 0.0)
            if bits < best[t + 1]:
                best[t + 1] = bits
                origin[t + 1] = start
    breaks = np.zeros(n, np.bool_)
    at = n
    while at > 0:
        breaks[at - 1] = True
        at = origin[at]
    return breaks
