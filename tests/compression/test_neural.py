"""The network's archive: encoder and decoder agree, and it learns."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from distmatch.compression.coders import compress_files, decompress  # noqa: E402
from distmatch.compression.neural import UNIT, NeuralCode, _Learner  # noqa: E402
from distmatch.errors import InputError  # noqa: E402

SMALL = NeuralCode(size=27, hidden=32, embedding=16)


def test_its_archive_comes_back_with_its_bits():
    data = np.tile([1, 5, 26, 3, 3], 60).astype(np.uint8)
    data[::17] = 9
    archive = SMALL.encode(data)
    assert np.array_equal(SMALL.decode(archive, len(data)), data)
    bits = SMALL.bits(data)
    assert abs(bits.sum() - 8 * len(archive)) <= 0.001 * bits.sum() + 64
    assert bits[-100:].mean() < 0.7 * bits[:50].mean()
    primed = SMALL.bits(data[:50], primed_by=data)
    assert primed.sum() < 0.6 * bits[:50].sum()


def test_probabilities_are_integers_that_sum_to_the_unit():
    learner = _Learner(SMALL)
    for symbol in [3] * 200:
        learner.learn(symbol)
    chances = learner.chances()
    assert chances.sum() == UNIT and chances.min() >= 1 and chances.argmax() == 3


def test_a_pair_by_the_network(text):
    x, y = text.encode()[:150], text.encode()[100:200]
    lengths = compress_files([("x", x), ("y", y)], coder="neural")
    assert decompress(lengths.archive) == {"x": x, "y": y}
    assert decompress(lengths.archive, only="y") == {"y": y}
    assert lengths.delta >= -8
    with pytest.raises(InputError):
        compress_files([("x", bytes(300_000))], coder="neural")
