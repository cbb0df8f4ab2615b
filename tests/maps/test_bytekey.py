"""Byte keys: exactly reversible, and written in the bits that they charge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distmatch.maps.bytekey import KINDS, ByteKey

ALPHABET = np.unique(np.frombuffer(b"the quick brown fox, jumps over: the lazy DOG!\n", np.uint8))


def scrambled(kind: str, seed: int) -> ByteKey:
    rng = np.random.default_rng(seed)
    table = np.arange(256, dtype=np.uint8)
    if kind == "letters":
        table[97:123] = rng.permutation(table[97:123])
    elif kind == "cased":
        return ByteKey.of_letters(rng.permutation(26))
    elif kind == "alphabet":
        table[ALPHABET] = rng.permutation(ALPHABET)
    else:
        table = rng.permutation(table)
    return ByteKey(table)


@given(st.sampled_from(KINDS), st.integers(0, 10_000), st.binary(max_size=200))
def test_round_trip_of_any_key(kind, seed, data):
    key = scrambled(kind, seed)
    assert KINDS.index(key.kind(ALPHABET)) <= KINDS.index(kind)
    code = key.to_bytes(ALPHABET)
    back = ByteKey.from_bytes(code, ALPHABET)
    assert np.array_equal(back.table, key.table)
    assert 0 <= 8 * len(code) - key.bits_after(ALPHABET) < 15
    y = np.frombuffer(data, np.uint8)
    assert np.array_equal(key.inverse(key(y)), y)


@given(st.dictionaries(st.integers(0, 255), st.integers(0, 255), max_size=40))
def test_pairs_are_kept_or_refused(pairs):
    if len(set(pairs.values())) < len(pairs):
        with pytest.raises(ValueError):
            ByteKey.of_pairs(pairs)
        return
    key = ByteKey.of_pairs(pairs)
    assert sorted(key.table.tolist()) == list(range(256))
    assert all(key.table[a] == b for a, b in pairs.items())


@pytest.mark.parametrize(
    "code", [b"", b"\x09", b"\x00", b"\x00" + b"\xff" * 12, b"\x00" + bytes(13)]
)
def test_bytes_that_name_no_key_are_refused(code):
    with pytest.raises(ValueError):
        ByteKey.from_bytes(code, ALPHABET)
