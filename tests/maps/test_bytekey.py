"""Byte keys: exactly reversible, and written in the bits that they charge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distmatch.compression.pairmap import form_of, read_map
from distmatch.maps.bytekey import ByteKey

KINDS = ("letters", "cased", "any")

ALPHABET = np.unique(np.frombuffer(b"the quick brown fox, jumps over: the lazy DOG!\n", np.uint8))


def scrambled(kind: str, seed: int) -> ByteKey:
    rng = np.random.default_rng(seed)
    table = np.arange(256, dtype=np.uint8)
    if kind == "letters":
        table[97:123] = rng.permutation(table[97:123])
    elif kind == "cased":
        return ByteKey.of_letters(rng.permutation(26))
    else:
        table = rng.permutation(table)
    return ByteKey(table)


@given(st.sampled_from(KINDS), st.integers(0, 10_000), st.binary(max_size=200))
def test_round_trip_of_any_key(kind, seed, data):
    key = scrambled(kind, seed)
    assert KINDS.index(key.kind()) <= KINDS.index(kind)
    y = np.frombuffer(data, np.uint8)
    assert np.array_equal(key.inverse(key(y)), y)


@given(st.sampled_from(KINDS), st.integers(0, 10_000), st.binary(min_size=1, max_size=200))
def test_a_key_is_read_back_from_the_archive_s_form_of_it(kind, seed, data):
    key, x = scrambled(kind, seed), ALPHABET.copy()
    y = np.frombuffer(data, np.uint8)
    form = form_of(key, x, y)
    read, end = read_map(form.kind, form.code, 0, x, len(y))
    assert end == len(form.code) and read.length == len(y)
    assert np.array_equal(read.inverse(form.image), y)
    names = 8 * 34 if form.kind == "bijection" else 0
    assert form.bits == pytest.approx(8 * len(form.code), abs=8 + names)


@given(st.dictionaries(st.integers(0, 255), st.integers(0, 255), max_size=40))
def test_pairs_are_kept_or_refused(pairs):
    if len(set(pairs.values())) < len(pairs):
        with pytest.raises(ValueError):
            ByteKey.of_pairs(pairs)
        return
    key = ByteKey.of_pairs(pairs)
    assert sorted(key.table.tolist()) == list(range(256))
    assert all(key.table[a] == b for a, b in pairs.items())
