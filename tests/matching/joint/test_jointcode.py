"""Joint code lengths: f found on planted keys, controls, the bound, archives as long as their bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import distmatch as dm
from distmatch.compression.pairmap import CHOICE_BITS
from distmatch.errors import InputError
from distmatch.matching.compress import compress
from distmatch.matching.joint.jointcode import joint_code
from distmatch.planted import byte_cipher, english_bytes


@pytest.mark.parametrize("n", [300, 3000])
def test_key_found_and_paid_for(n):
    x, plain = english_bytes(12_000, seed=0), english_bytes(n, seed=1)
    y, inverse = byte_cipher(plain, seed=2)
    code = joint_code(x, y)
    assert code.kind in ("bijection", "cased")
    assert np.mean([code.table.get(c) == inverse[c] for c in y]) > 0.95
    assert code.delta > 0.2 * code.y and code.posterior > 0.9
    assert code.y_given_x == pytest.approx(code.y - code.delta)
    assert code.map == pytest.approx(code.match.map.bits) and code.map > 50
    clear = joint_code(x, plain, map="none")
    assert clear.y_given_x < code.y_given_x


def test_homophonic_key_is_found():
    x, plain = english_bytes(12_000, seed=0), english_bytes(1500, seed=1)
    rng = np.random.default_rng(3)
    names = sorted(set(plain))
    y = bytes(100 + 2 * names.index(c) + int(rng.integers(2)) for c in plain)
    code = joint_code(x, y)
    assert code.kind == "homophonic" and code.delta > 0
    assert np.mean([code.table[c] == p for c, p in zip(y, plain, strict=True)]) > 0.95
    assert dm.decode(code.encode()) == (x, y)


def controls() -> dict[str, tuple[bytes, bytes]]:
    rng = np.random.default_rng(0)
    x = english_bytes(4_000, seed=0)
    return {
        "random bytes": (x, rng.bytes(600)),
        "shuffled": (
            x,
            bytes(rng.permutation(np.frombuffer(english_bytes(600, seed=1), np.uint8))),
        ),
        "random letters": (x, bytes(97 + rng.integers(0, 26, 600, dtype=np.uint8))),
        "empty Y": (x, b""),
        "empty X": (b"", x),
        "both empty": (b"", b""),
        "one byte": (x, b"\x00"),
        "one symbol": (x, b"zzzzzzzzzzzzz"),
    }


@pytest.mark.parametrize("name", controls())
def test_controls_lose_no_more_than_the_choice(name):
    x, y = controls()[name]
    code = joint_code(x, y)
    assert code.delta >= -CHOICE_BITS - 1e-6
    assert code.x_given_y <= code.x + CHOICE_BITS + 1 + 1e-6
    assert CHOICE_BITS < 3
    if name in ("random bytes", "random letters"):
        assert code.delta < 0.01 * code.y and code.posterior < 0.9
    if name == "shuffled":  # X tells the frequencies of the letters
        assert code.delta < 0.1 * code.y
    assert dm.decode(code.encode()) == (x, y)


def test_the_same_text_is_nearly_free():
    x = english_bytes(8_000, seed=0)
    code = joint_code(x, x)
    assert code.kind == "identity" and code.y_given_x < 0.1 * code.y


@pytest.mark.parametrize("kind", ["identity", "bijection"])
def test_archive_is_as_long_as_its_bits(kind):
    x, plain = english_bytes(6_000, seed=0), english_bytes(2000, seed=1)
    y = byte_cipher(plain, seed=5)[0] if kind == "bijection" else plain
    code = joint_code(x, y, map="bijection" if kind == "bijection" else "none")
    assert code.kind == kind
    header = 8 * (2 * 20 + 40)  # alphabets, lengths, kind, checksums
    assert 0 <= 8 * len(code.encode()) - code.xy < 0.001 * code.xy + 64 + header


def test_the_command_and_joint_code_are_one_coder():
    x, plain = english_bytes(12_000, seed=0), english_bytes(900, seed=1)
    y = byte_cipher(plain, seed=5)[0]
    code = joint_code(x, y)
    lengths, result = compress([("X", x), ("Y", y)], brief=True)
    assert lengths.archive == code.encode()
    assert result["bits"]["y_given_x"] == code.y_given_x and result["delta"] == code.delta


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(["none", "auto"]))
def test_any_two_byte_strings_come_back(x, y, kind):
    code = joint_code(x, y, map=kind)
    assert dm.decode(code.encode()) == (x, y)
    assert code.delta >= -CHOICE_BITS - 1e-6


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_damaged_archives_are_errors(data):
    archive = bytearray(joint_code(b"abcabcabc abc", b"xyzxyzxyz xyz").encode())
    archive[data.draw(st.integers(0, len(archive) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(archive)))
    with pytest.raises(InputError):
        dm.decode(bytes(archive[:cut]))


def test_unknown_kind_of_map():
    with pytest.raises(ValueError, match="bijection"):
        joint_code(b"a", b"b", map="magic")
