"""Beliefs about alphabetical codes: sums over the order against sums over all keys, and planted books."""

import itertools

import numpy as np
import pytest

from distmatch.languages.wordtext import WordText
from distmatch.languages.wordtrigram import train
from distmatch.matching.codebooks.onepartbelief import (
    Family,
    PairMessages,
    TokenTypes,
    settle,
)  # fmt: skip
from distmatch.matching.codebooks.onepartkernel import log_factorials
from distmatch.matching.codebooks.orderkernel import forward, forward_backward


def test_posterior_is_that_of_all_rising_keys():
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 10, 7))
    emission = rng.uniform(0.1, 1.0, (4, 7)).astype(np.float32)
    gaps, slopes = np.array([1.0, 0.5, 3.0]), np.array([0.7, 1.3, 0.4])
    expected = np.zeros((4, 7))
    for states in itertools.product(range(7), repeat=4):
        if list(states) != sorted(set(states)):
            continue
        weight = np.prod([emission[i, s] for i, s in enumerate(states)])
        for i in range(3):
            step = x[states[i + 1]] - x[states[i]]
            weight *= np.exp(-slopes[i] * abs(step - gaps[i]))
        for i, s in enumerate(states):
            expected[i, s] += weight
    total = expected[0].sum()
    assert forward_backward(emission, x, gaps, slopes) == pytest.approx(expected / total, abs=1e-5)
    assert forward(emission, x, gaps, slopes)[1] == pytest.approx(np.log(total), abs=1e-4)


def test_messages_are_probabilities_of_the_next_word():
    rng = np.random.default_rng(1)
    text = WordText(tuple("abcdef"), rng.integers(0, 6, 3_000).astype(np.int32))
    model, _ = train(text, np.arange(5))
    from scipy import sparse

    belief = sparse.csr_matrix(np.array([[0.5, 0.5, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1.0]]))
    messages = PairMessages(model)
    assert np.exp(messages.after(belief)).sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_a_planted_book_with_a_block_of_names_is_read():
    """Numbers 1 to 30 are names, the words follow with holes; the names do not shift the words."""
    rng = np.random.default_rng(2)
    size = 120
    follows = rng.dirichlet(np.full(size, 0.06), size)

    def speak(n: int) -> np.ndarray:
        out = np.zeros(n, np.int64)
        for t in range(1, n):
            out[t] = rng.choice(size, p=0.9 * follows[out[t - 1]] + 0.1 / size)
        return out

    text = WordText(tuple(f"w{i:03d}" for i in range(size)), speak(30_000).astype(np.int32))
    model, _ = train(text, np.arange(size))
    plain = speak(500)
    plain[::40] = size + np.arange(len(plain[::40])) % 5  # names
    used, codes = np.unique(plain, return_inverse=True)
    number = np.where(used < size, 31 + used, 1 + 6 * (used - size)).astype(float)
    order = np.argsort(number)
    book = np.concatenate([[0.0], np.cumsum(np.ones(size))])
    even = np.full(size, 1.0)
    family = Family(order.astype(np.int32), number[order], book, even, even / size)
    forms = np.arange(size + 1, dtype=np.int32)[None, :]
    types = TokenTypes.of(codes.astype(np.int32), np.zeros(len(codes), np.int32))
    belief, _, scales = settle([family], types, forms, model, len(used))
    right = belief.argmax(axis=1)[codes] == plain
    assert right[plain < size].mean() > 0.95
    assert 0.8 <= scales[0] <= 1.25


def test_factorials():
    assert log_factorials(5) == pytest.approx(np.log2([1, 1, 2, 6, 24, 120]))
