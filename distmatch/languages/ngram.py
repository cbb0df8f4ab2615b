"""Letter n-gram models: interpolated Witten-Bell from counts, costs for the search."""

from __future__ import annotations

import numpy as np

UNITS_PER_BIT = 16
"""Resolution of the search's cost tables: a uint8 then reaches 15.9 bits."""

STREAM_LETTERS = 3e8
"""Letters of text that a word list's relative frequencies stand for: how far its counts are trusted."""


def interpolate(counts: np.ndarray, *, total: float, multiplier: float = 4.0) -> np.ndarray:
    """Interpolated Witten-Bell probabilities of every order folded into the highest.

    P_n(c | h) = (C(hc) + m T(h) P_{n-1}(c | h')) / (C(h) + m T(h)), with T(h) the number of letters
    expected to follow h at least once in a text of `total` letters (Witten & Bell 1991; the multiplier
    m as in Teahan's PPM variants). T is 1 - exp(-C) summed, so that expected counts need no rounding.

    Args:
        counts: (A,) * n of relative frequencies or counts.
        total: letters that the counts stand for; they are scaled to sum to it.
        multiplier: m.

    Returns:
        float32 (A,) * n of conditional probabilities.
    """
    order, size = counts.ndim, counts.shape[0]
    scaled = counts.astype(np.float64) * (total / counts.sum())
    marginals = [scaled]
    for _ in range(order - 1):
        marginals.append(marginals[-1].sum(axis=0))
    probability = np.full(size, 1.0 / size)
    for level in reversed(marginals):
        types = multiplier * -np.expm1(-level).sum(axis=-1, keepdims=True)
        types = np.maximum(types, 1e-6)
        probability = (level + types * probability) / (level.sum(axis=-1, keepdims=True) + types)
    return probability.astype(np.float32)


def text_counts(codes: np.ndarray, order: int, size: int) -> np.ndarray:
    """Counts of every n-gram of a text, float64 (A,) * n."""
    index = np.zeros(max(len(codes) - order + 1, 0), np.int64)
    for offset in range(order):
        index *= size
        index += codes[offset : len(codes) - order + 1 + offset]
    return np.bincount(index, minlength=size**order).astype(np.float64).reshape((size,) * order)


def mix_with_text(
    probability: np.ndarray | None, codes: np.ndarray, order: int, size: int
) -> np.ndarray:
    """A language's probabilities mixed with those of a running text.

    The weight is found by expectation maximisation on a tenth of the text, which the other nine tenths'
    counts have not seen; the final counts use it all.

    Args:
        probability: (A,) * n, or None for the text alone.
        codes: the text.

    Returns:
        float32 (A,) * n.
    """
    cut = len(codes) * 9 // 10
    if probability is None:
        return interpolate(text_counts(codes, order, size), total=len(codes))
    seen = interpolate(text_counts(codes[:cut], order, size), total=cut)
    held = codes[cut:]
    index = tuple(held[k : len(held) - order + 1 + k] for k in range(order))
    text, language = seen[index].astype(np.float64), probability[index].astype(np.float64)
    weight = 0.5
    for _ in range(30):
        weight = float(np.mean(weight * text / (weight * text + (1 - weight) * language)))
    whole = interpolate(text_counts(codes, order, size), total=len(codes))
    return (weight * whole + (1 - weight) * probability).astype(np.float32)


def joint_logprob(logprob: np.ndarray) -> np.ndarray:
    """Joint log2 probability of every n-gram, up to a constant, from conditional ones.

    The marginal of the first n - 1 letters is the stationary one, found by iterating the chain.
    """
    order, size = logprob.ndim, logprob.shape[0]
    conditional = np.exp2(logprob)
    context = np.full((size,) * (order - 1), 1.0 / size ** (order - 1), np.float32)
    for _ in range(16):
        context = np.einsum("i...,i...k->...k", context, conditional)
    return np.log2(np.maximum(context, 1e-30))[..., None] + logprob


def best_letters(joint: np.ndarray) -> np.ndarray:
    """The most probable letter for each place of a window, given the other letters.

    Args:
        joint: (A,) * n joint log-probabilities.

    Returns:
        (n, A ** (n - 1)) uint8 (int32 beyond 256 letters); row o is indexed by the other n - 1 letters in order.
    """
    kind = np.uint8 if joint.shape[0] <= 256 else np.int32
    return np.stack([joint.argmax(axis=o).astype(kind).ravel() for o in range(joint.ndim)])


def costs(logprob: np.ndarray) -> np.ndarray:
    """uint8 costs of log2 probabilities, in units of 1/16 bit."""
    return np.clip(np.rint(-UNITS_PER_BIT * logprob), 0, 255).astype(np.uint8)


def shorter(joint: np.ndarray) -> np.ndarray:
    """Conditional log2 probabilities of one order less, float32 (A,) * (n - 1), from joint ones."""
    mass = np.exp2(joint).sum(axis=0)
    return np.log2(np.maximum(mass / mass.sum(axis=-1, keepdims=True), 1e-30)).astype(np.float32)


def place_costs(cost: np.ndarray) -> np.ndarray:
    """For each place of a window, the costs of all letters there side by side.

    Args:
        cost: (A,) * n uint8.

    Returns:
        Flat uint64, viewed from uint8 (n, A ** (n - 1), 32 x ceil(A / 32)): the row of place o is numbered by the other
        n - 1 letters in order, and padded with zeros.
    """
    order, size = cost.ndim, cost.shape[0]
    out = np.zeros((order, size ** (order - 1), 32 * -(-size // 32)), np.uint8)
    for place in range(order):
        out[place, :, :size] = np.moveaxis(cost, place, -1).reshape(-1, size)
    return out.reshape(-1).view(np.uint64)
