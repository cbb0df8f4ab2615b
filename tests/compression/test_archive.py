"""Archives: every file comes back, every damaged archive is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distmatch.compression.archive import Entry, pack, unpack
from distmatch.compression.coders import compress_files, decompress
from distmatch.compression.pair import MIN_DELTA
from distmatch.errors import InputError
from distmatch.maps.bytekey import ByteKey
from distmatch.maps.wordkey import WordKey, ranked_words

CONTENTS = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=200).map(str.encode),
    st.builds(lambda unit, times: unit * times, st.binary(max_size=6), st.integers(0, 80)),
)


@settings(max_examples=250, deadline=None)
@given(CONTENTS, CONTENTS)
def test_any_pair_comes_back(x, y):
    lengths = compress_files([("x", x), ("y", y)])
    assert decompress(lengths.archive) == {"x": x, "y": y}
    assert lengths.delta >= MIN_DELTA - 0.001 * len(y)
    assert 0 <= lengths.container <= 8 * 128  # two alphabets included
    assert decompress(lengths.archive, only="y") == {"y": y}
    assert decompress(lengths.archive, only="X") == {"x": x}


@settings(max_examples=250, deadline=None)
@given(CONTENTS)
def test_any_file_comes_back(data):
    lengths = compress_files([("file.bin", data)])
    assert decompress(lengths.archive) == {"file.bin": data}
    assert abs(lengths.xy - lengths.x) <= 0.001 * lengths.x + 64 + 8 * 40


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(CONTENTS, CONTENTS)
def test_a_thousand_pairs_come_back(x, y):
    assert decompress(compress_files([("x", x), ("y", y)]).archive) == {"x": x, "y": y}


@pytest.mark.slow
def test_twenty_megabytes_come_back(data):
    import lzma

    with lzma.open(data / "corpora" / "en.txt.xz") as file:
        raw = file.read(20_000_000)
    lengths = compress_files([("en.txt", raw)])
    assert decompress(lengths.archive) == {"en.txt": raw}
    assert lengths.xy < 0.26 * 8 * len(raw)


def test_every_flipped_bit_and_every_cut_is_refused(text):
    x, y = text.encode()[:120], bytes(range(40))
    archive = compress_files([("x.txt", x), ("y.bin", y)]).archive
    for place in range(len(archive)):
        for bit in range(8):
            bad = bytearray(archive)
            bad[place] ^= 1 << bit
            with pytest.raises(InputError):
                unpack(bytes(bad))
        with pytest.raises(InputError):
            unpack(archive[:place])
    with pytest.raises(InputError):
        unpack(archive + b"\0")


@pytest.mark.parametrize(
    ("entries", "coder"),
    [
        ([Entry.of("../x", b"abc", b"abc")], 1),
        ([Entry.of("..", b"abc", b"abc")], 1),
        ([Entry.of("x", b"abc", b"abc"), Entry.of("x", b"abc", b"abc")], 1),
        ([Entry.of("x", b"abc", b"abc")], 99),
        ([Entry("x", 10**12, 0, b"abc")], 1),
        ([], 1),
        ([Entry("x", 5, 0, b"abc")], 1),
        ([Entry.of("x", b"", b""), Entry("y", 5, 0, b"")], 1),
        ([Entry.of("x", b"", b""), Entry("y", 5, 0, b"\x01\x03\x02\x03")], 1),
        ([Entry.of("x", b"", b""), Entry("y", 5, 0, b"\x02\x05\x80\x80\x80\x40\x01\x00")], 1),
        ([Entry.of("x", b"", b""), Entry("y", 5, 0, b"\x02\x05")], 1),
        ([Entry.of("x", b"", b""), Entry("y", 5, 0, b"\x07\x05")], 1),
    ],
)
def test_forged_archives_with_good_checksums_are_refused(entries, coder):
    with pytest.raises(InputError):
        decompress(pack(coder, entries))


def test_a_key_that_pays_is_used_and_the_file_comes_back(text):
    rng = np.random.default_rng(1)
    key = ByteKey.of_letters(rng.permutation(26))
    x = text.encode()
    y = key.inverse(np.frombuffer(x[100:], np.uint8)).tobytes()
    plain = compress_files([("x", x), ("y", y)])
    mapped = compress_files([("x", x), ("y", y)], maps=[key])
    assert decompress(mapped.archive) == {"x": x, "y": y}
    assert mapped.f is key and mapped.map == pytest.approx(88.4, abs=0.1)
    assert mapped.delta > plain.delta + 500
    wrong = compress_files([("x", x), ("y", y)], maps=[ByteKey.of_letters(rng.permutation(26))])
    assert wrong.f is None and wrong.delta >= MIN_DELTA
    assert decompress(wrong.archive) == {"x": x, "y": y}


def test_a_lexicon_that_pays_is_used_and_both_files_come_back(text):
    rng = np.random.default_rng(2)
    x = (text * 3).encode()
    words = ranked_words(x)
    key = WordKey(dict(zip((b"%d" % n for n in rng.permutation(999)), words, strict=False)))
    y = key.inverse(np.frombuffer(x, np.uint8)).tobytes()
    assert y != x and key(np.frombuffer(y, np.uint8)).tobytes() == x
    mapped = compress_files([("x", x), ("y", y)], maps=[key])
    assert mapped.f is key and mapped.delta > 0
    assert abs(mapped.xy - mapped.x - (mapped.y_given_x or 0)) <= 8 * 64
    assert decompress(mapped.archive) == {"x": x, "y": y}
    assert decompress(mapped.archive, only="Y") == {"y": y}


def test_f_of_y_may_be_far_longer_than_y():
    x = b"incomprehensibilities " * 40
    key = WordKey({b"1": b"incomprehensibilities"})
    y = b"1 " * 400
    lengths = compress_files([("x", x), ("y", y)], maps=[key])
    assert decompress(lengths.archive) == {"x": x, "y": y}
