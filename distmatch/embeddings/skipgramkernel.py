"""Compiled skip-gram with negative sampling: one core, one window of the text after another."""

from __future__ import annotations

import numpy as np
from numba import njit

_TABLE = 4096
_BOUND = 8.0
SIGMOID = (1 / (1 + np.exp(-(np.arange(_TABLE) + 0.5) / _TABLE * 2 * _BOUND + _BOUND))).astype(
    np.float32
)
"""Sigmoid on [-8, 8] in 4096 steps; beyond, the ends."""
SENTENCE = 1000
"""Longest sentence, in kept words, as in word2vec."""


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Walker's alias method: draw i in O(1) as `i = random; i if u < accept[i] else other[i]`.

    Args:
        weights: (n,) positive.

    Returns:
        accept (n,) float32 and other (n,) int32.
    """
    n = len(weights)
    scaled = np.asarray(weights, np.float64) * n / np.sum(weights)
    accept, other = np.ones(n, np.float32), np.arange(n, dtype=np.int32)
    small = [i for i in range(n) if scaled[i] < 1]
    large = [i for i in range(n) if scaled[i] >= 1]
    while small and large:
        low, high = small.pop(), large[-1]
        accept[low], other[low] = scaled[low], high
        scaled[high] -= 1 - scaled[low]
        if scaled[high] < 1:
            small.append(large.pop())
    return accept, other


def random_state(seed: int, epoch: int, chunk: int) -> np.uint64:
    """State of the generator of one chunk of one epoch, never zero."""
    key = [seed & 0xFFFFFFFF, epoch, chunk]
    return np.random.SeedSequence(key).generate_state(1, np.uint64)[0] | np.uint64(1)


@njit(cache=True, inline="always")
def _next(state: np.uint64) -> np.uint64:
    """xorshift64."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@njit(cache=True, fastmath=True, inline="always")
def _scores(inputs, outputs, in_ids, m, out_ids, k, gradient, rate, sigmoid):
    """gradient[i, j] = rate (label_j - sigmoid(<input_i, output_j>)); label 1 for j = 0 only."""
    d = inputs.shape[1]
    scale = np.float32(len(sigmoid) / 16.0)
    for j in range(k):
        o = out_ids[j]
        label = np.float32(1 if j == 0 else 0)
        i = 0
        while i < m:
            # Four inputs share each load of the output row.
            i0 = in_ids[i]
            i1 = in_ids[min(i + 1, m - 1)]
            i2 = in_ids[min(i + 2, m - 1)]
            i3 = in_ids[min(i + 3, m - 1)]
            a = np.float32(0)
            b = np.float32(0)
            c = np.float32(0)
            e = np.float32(0)
            for t in range(d):
                w = outputs[o, t]
                a += inputs[i0, t] * w
                b += inputs[i1, t] * w
                c += inputs[i2, t] * w
                e += inputs[i3, t] * w
            for step in range(min(4, m - i)):
                score = a if step == 0 else b if step == 1 else c if step == 2 else e
                place = int((score + np.float32(8)) * scale)
                place = min(max(place, 0), len(sigmoid) - 1)
                gradient[i + step, j] = rate * (label - sigmoid[place])
            i += 4


@njit(cache=True, fastmath=True, inline="always")
def _update(inputs, outputs, in_ids, m, out_ids, k, gradient, change):
    """inputs += gradient @ outputs and outputs += gradient' @ inputs, both from the old values."""
    d = inputs.shape[1]
    for i in range(m):
        for t in range(d):
            change[i, t] = np.float32(0)
        j = 0
        while j + 3 < k:
            g0, g1, g2, g3 = (
                gradient[i, j],
                gradient[i, j + 1],
                gradient[i, j + 2],
                gradient[i, j + 3],
            )
            o0, o1, o2, o3 = out_ids[j], out_ids[j + 1], out_ids[j + 2], out_ids[j + 3]
            for t in range(d):
                change[i, t] += (
                    g0 * outputs[o0, t]
                    + g1 * outputs[o1, t]
                    + g2 * outputs[o2, t]
                    + g3 * outputs[o3, t]
                )
            j += 4
        while j < k:
            g0 = gradient[i, j]
            o0 = out_ids[j]
            for t in range(d):
                change[i, t] += g0 * outputs[o0, t]
            j += 1
    for j in range(k):
        o = out_ids[j]
        i = 0
        while i + 3 < m:
            g0, g1, g2, g3 = (
                gradient[i, j],
                gradient[i + 1, j],
                gradient[i + 2, j],
                gradient[i + 3, j],
            )
            i0, i1, i2, i3 = in_ids[i], in_ids[i + 1], in_ids[i + 2], in_ids[i + 3]
            for t in range(d):
                outputs[o, t] += (
                    g0 * inputs[i0, t]
                    + g1 * inputs[i1, t]
                    + g2 * inputs[i2, t]
                    + g3 * inputs[i3, t]
                )
            i += 4
        while i < m:
            g0 = gradient[i, j]
            i0 = in_ids[i]
            for t in range(d):
                outputs[o, t] += g0 * inputs[i0, t]
            i += 1
    for i in range(m):
        r = in_ids[i]
        for t in range(d):
            inputs[r, t] += change[i, t]


@njit(cache=True)
def sentence_of(tokens, start, keep, state, words):
    """Fill `words` with kept words from `start` on, to the end of the sentence or of the buffer.

    Args:
        tokens: (t,) int32, -1 ends a sentence.
        start: where to begin.
        keep: (n,) float32 probability that a word is kept (Mikolov et al. 2013, section 2.3).
        state: of the generator.
        words: int32 buffer.

    Returns:
        words kept, position reached, state.
    """
    length = 0
    position = start
    while position < len(tokens) and length < len(words):
        token = tokens[position]
        position += 1
        if token < 0:
            if length:
                break
            continue
        state = _next(state)
        if np.float32(state >> np.uint64(40)) * np.float32(1 / 16777216) < keep[token]:
            words[length] = token
            length += 1
    return length, position, state


@njit(cache=True, inline="always")
def draw_window(words, length, center, window, accept, other, state, in_ids, out_ids):
    """Fill `in_ids` with the words around `words[center]`, `out_ids` with that word and noise words.

    Noise equal to the word itself is left out.

    Returns:
        context words m, output words k, state.
    """
    state = _next(state)
    width = 1 + np.int64((state >> np.uint64(33)) % np.uint64(window))
    m = 0
    for place in range(max(0, center - width), min(length, center + width + 1)):
        if place != center:
            in_ids[m] = words[place]
            m += 1
    out_ids[0] = words[center]
    k = 1
    for _ in range(len(out_ids) - 1):
        state = _next(state)
        drawn = np.int64((state >> np.uint64(32)) % np.uint64(len(accept)))
        if np.float32(state & np.uint64(0xFFFFFF)) * np.float32(1 / 16777216) >= accept[drawn]:
            drawn = np.int64(other[drawn])
        if drawn != out_ids[0]:
            out_ids[k] = drawn
            k += 1
    return m, k, state


@njit(cache=True, fastmath=True, nogil=True)
def train_chunk(
    tokens, inputs, outputs, keep, accept, other, window, negative, rate, rate_end, state, sigmoid
):
    """Train on one chunk of text.

    Each word predicts itself from the words around it (as in word2vec), and the `negative` noise words of a window are
    shared by all its words (Ji et al. 2016), so that a window is one small matrix product.

    Args:
        tokens: (t,) int32.
        inputs: (n, d) float32 word vectors, updated.
        outputs: (n, d) float32 context vectors, updated.
        keep: (n,) float32, see `sentence_of`.
        accept: of the noise distribution, see `alias_table`.
        other: of the noise distribution.
        window: words on each side, at most; the real width is uniform from 1.
        negative: noise words per window.
        rate: learning rate at the start, falling linearly to `rate_end`.
        rate_end: at the end of the chunk.
        state: of the generator.
        sigmoid: `SIGMOID`.

    Returns:
        words trained (after subsampling).
    """
    d = inputs.shape[1]
    words = np.empty(SENTENCE, np.int32)
    in_ids = np.empty(2 * window, np.int32)
    out_ids = np.empty(negative + 1, np.int32)
    gradient = np.empty((2 * window, negative + 1), np.float32)
    change = np.empty((2 * window, d), np.float32)
    trained = 0
    position = 0
    while position < len(tokens):
        now = np.float32(rate + (rate_end - rate) * (position / len(tokens)))
        length, position, state = sentence_of(tokens, position, keep, state, words)
        for center in range(length):
            m, k, state = draw_window(
                words, length, center, window, accept, other, state, in_ids, out_ids
            )
            if m == 0:
                continue
            _scores(inputs, outputs, in_ids, m, out_ids, k, gradient, now, sigmoid)
            _update(inputs, outputs, in_ids, m, out_ids, k, gradient, change)
        trained += length
    return trained
