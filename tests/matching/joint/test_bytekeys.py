"""A planted byte key is found, and none where Y needs none."""

from __future__ import annotations

import lzma

import numpy as np
import pytest

from distmatch.maps.bytekey import ByteKey
from distmatch.matching.joint.bytekeys import find_byte_map, fold_bytes


@pytest.fixture(scope="module")
def novels(data):
    with lzma.open(data / "corpora" / "en.txt.xz") as file:
        raw = file.read(400_000)
    return raw[:200_000], raw[300_000:304_000]


def test_folding_bytes():
    assert fold_bytes(b"Ab, \n c\xc3\xa9 9").tolist() == [0, 1, 26, 2, 26]
    assert len(fold_bytes(b"")) == 0 and len(fold_bytes(b"..")) == 0


def test_a_key_of_letters_that_both_cases_obey(novels):
    x, y = novels
    planted = ByteKey.of_letters(np.random.default_rng(2).permutation(26))
    match = find_byte_map(x, planted.inverse(np.frombuffer(y, np.uint8)).tobytes())
    assert match is not None and match.confidence is None and match.extra["posterior"] > 0.9
    text = np.frombuffer(y, np.uint8)
    assert np.mean(match.map(planted.inverse(text)) == text) > 0.99


def test_a_key_of_all_bytes(novels):
    x, y = novels
    planted = ByteKey(np.random.default_rng(3).permutation(256).astype(np.uint8))
    text = np.frombuffer(y, np.uint8)
    match = find_byte_map(x, planted.inverse(text).tobytes())
    assert match is not None
    assert np.mean(match.map(planted.inverse(text)) == text) > 0.95


def test_none_where_y_needs_none(novels):
    x, y = novels
    assert find_byte_map(x, y) is None
    assert find_byte_map(x, b"") is None and find_byte_map(b"\0\1", y) is None
