import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distmatch.text.bytesymbols import Symbols, pack_alphabet, unpack_alphabet


@given(st.binary(max_size=300), st.binary(max_size=3))
def test_bytes_and_alphabet_come_back(data, tail):
    symbols = Symbols.of(data)
    assert symbols.to_bytes() == data
    assert symbols.size == len(set(data))
    if data:
        code = pack_alphabet(symbols.names)
        names, used = unpack_alphabet(code + tail)
        assert (names == symbols.names).all() and used == len(code)


def test_every_size_of_alphabet():
    rng = np.random.default_rng(0)
    for k in (1, 2, 27, 128, 255, 256):
        names = np.sort(rng.permutation(256)[:k]).astype(np.uint8)
        assert (unpack_alphabet(pack_alphabet(names))[0] == names).all()
    with pytest.raises(ValueError):
        unpack_alphabet(b"\x01\xff\xff")  # 32,640 sets of two
