import bz2
import gzip
import lzma
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distmatch.embeddings.embeddings import Embeddings
from distmatch.embeddings.keyedvectors import from_gensim, to_gensim
from distmatch.errors import InputError
from distmatch.files import read_bytes


def some(n=40, d=7, seed=0):
    generator = np.random.default_rng(seed)
    sizes = 10.0 ** generator.integers(-8, 5, (n, d))
    vectors = (generator.standard_normal((n, d)) * sizes).astype(np.float32)
    words = (*(f"wört{i}" for i in range(n - 3)), "l’été", "中文", "a\xa0b")
    return Embeddings(words, vectors, np.arange(n, 0, -1).astype(float))


@pytest.mark.parametrize(
    "name", ["v.vec", "v.txt.gz", "v.vec.xz", "v.bin", "v.safetensors", "v.npy"]
)
def test_round_trip_is_exact(tmp_path, name):
    one = some()
    one.save(tmp_path / name)
    again = Embeddings.load(tmp_path / name)
    assert again.words == one.words
    assert np.array_equal(again.vectors, one.vectors)
    assert again.vectors.dtype == np.float32 and again.vectors.flags.c_contiguous
    first = Embeddings.load(tmp_path / name, limit=11)
    assert first.words == one.words[:11] and np.array_equal(first.vectors, one.vectors[:11])
    if name == "v.safetensors":
        assert np.array_equal(again.counts, one.counts)


def test_glove_text_without_header_and_with_blanks_in_a_word(tmp_path):
    (tmp_path / "g.txt").write_text("the 1.5 -2e-3 7\n. . . 0.1 +.2 3.\nend 1 2 3")
    found = Embeddings.load(tmp_path / "g.txt")
    assert found.words == ("the", ". . .", "end")
    assert np.allclose(found.vectors, [[1.5, -0.002, 7], [0.1, 0.2, 3], [1, 2, 3]])


def test_fasttext_text_with_trailing_blanks_and_windows_line_ends(tmp_path):
    (tmp_path / "f.vec").write_bytes(b"2 3\r\n</s> 1 2 3 \r\n, 0.25 -1 4 \r\n")
    found = Embeddings.load(tmp_path / "f.vec")
    assert found.words == ("</s>", ",")
    assert np.array_equal(found.vectors, np.array([[1, 2, 3], [0.25, -1, 4]], np.float32))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_any_float_survives_text(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("t") / "v.vec"
    vector = np.array([[1.0, *values]], np.float32)
    Embeddings(("w",), vector).save(path)
    read = Embeddings.load(path).vectors
    small = np.abs(vector) < 1e-36
    assert np.array_equal(read[~small], vector[~small])


@settings(max_examples=150, deadline=None)
@given(st.from_regex(r"[+-]?[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
def test_numbers_are_read_as_python_reads_them(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("t") / "v.txt"
    path.write_text(f"w 1 {text}\n")
    with np.errstate(over="ignore"):
        value = np.float32(text)
    if not np.isfinite(value):
        with pytest.raises(InputError, match="inf"):
            Embeddings.load(path)
    else:
        assert np.isclose(Embeddings.load(path).vectors[0, 1], value, rtol=1.2e-7, atol=1e-45)


def test_lower_case_keeps_the_first_and_adds_the_counts(tmp_path):
    vectors = np.eye(4, 3, dtype=np.float32) + 1
    Embeddings(("Der", "das", "der", "Das"), vectors, np.array([4.0, 3, 2, 1])).save(
        tmp_path / "v.safetensors"
    )
    found = Embeddings.load(tmp_path / "v.safetensors", lower=True)
    assert found.words == ("der", "das")
    assert np.array_equal(found.vectors, vectors[:2])
    assert found.counts is not None and found.counts.tolist() == [6, 4]


def test_rows_of_npy_need_no_words(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float16))
    found = Embeddings.load(tmp_path / "x.npy")
    assert found.words == ("0", "1", "2") and not found.ranked
    assert found.vectors.dtype == np.float32


def test_gensim_in_memory():
    pytest.importorskip("gensim")
    one = some()
    again = from_gensim(to_gensim(one))
    assert again.words == one.words
    assert np.array_equal(again.vectors, one.vectors)
    assert np.array_equal(again.counts, one.counts)


BAD = {
    "columns.vec": (b"2 4\na 1 2 3\nb 1 2 3\n", ":2:", "header says 4 numbers per row, found 3"),
    "rows.vec": (b"3 3\na 1 2 3\nb 1 2 3\n", ":1:", "header says 3 rows, the file holds 2"),
    "more.vec": (b"1 3\na 1 2 3\nb 1 2 3\n", ":1:", "header says 1 rows, the file holds 2"),
    "short.vec": (b"2 3\na 1 2 3\nb 1 2\n", ":3:", r"expected 3 numbers, found 2 \(word 'b'\)"),
    "long.vec": (b"a 1 2 3\nb 1 2 3 4\n", ":2:", "expected 3 numbers, found 4"),
    "nan.vec": (b"2 3\na 1 2 3\nb 1 nan 3\n", ":3:", "NaN or inf in the vector of 'b'"),
    "inf.vec": (b"a 1 2 3\nb 1 -inf 3\n", ":2:", "NaN or inf"),
    "huge.vec": (b"a 1 2 3\nb 1 1e99 3\n", ":2:", "NaN or inf"),
    "zero.vec": (b"2 3\na 1 2 3\nb 0 0 -0.0\n", ":3:", "'b' is zero"),
    "word.vec": (b"2 3\na 1 2 3\nb 1 2x 3\n", ":3:", "'2x' is not a number"),
    "latin.vec": (b"2 3\na 1 2 3\n\xe9t\xe9 1 2 3\n", ":3:", "not UTF-8"),
    "empty.vec": (b"", "empty.vec:", "empty file"),
    "text.vec": (b"It was a dark and stormy night\n", ":1:", "expected a word and its numbers"),
    "model.bin": ((793712314).to_bytes(4, "little") + b"\x0c" * 40, "model.bin:", "fastText model"),
    "cut.bin": (b"2 3\na " + b"\x00\x00\x80?" * 3 + b"\nb \x00", "cut.bin:", "ends in row 2"),
    "more.bin": (b"1 3\na " + b"\x00\x00\x80?" * 3 + b"\nb " + b"\x00\x00\x80?" * 3, ":1:", "more"),
    "v.pkl": (pickle.dumps([1]), "v.pkl:", "can run code"),
    "objects.npy": (b"", "objects.npy:", "no objects"),
    "cube.npy": (b"", "cube.npy:", r"shape \(2, 2, 2\)"),
    "nan.npy": (b"", "nan.npy:", "row 2: NaN or inf"),
    "zero.npy": (b"", "zero.npy:", "row 2: a zero vector"),
    "junk.safetensors": (b"junk", "junk.safetensors:", "safetensors"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_place_and_remedy(tmp_path, name):
    content, place, message = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    arrays = {
        "objects.npy": np.array([{"a": 1}], object),
        "cube.npy": np.ones((2, 2, 2)),
        "nan.npy": np.array([[1, 2], [np.nan, 1]]),
        "zero.npy": np.array([[1, 2], [0, 0]]),
    }
    if name in arrays:
        np.save(path, arrays[name], allow_pickle=True)
    with pytest.raises(InputError, match=message) as error:
        Embeddings.load(path)
    assert place in str(error.value)
    assert "\n" not in str(error.value)


def test_a_limit_before_the_damage_reads_the_rest(tmp_path):
    path = tmp_path / "v.vec"
    path.write_bytes(BAD["nan.vec"][0])
    assert Embeddings.load(path, limit=1).words == ("a",)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_truncated_archives(tmp_path, suffix, pack):
    lines = [f"w{i} {i + 1} 2.5 {i}" for i in range(5000)]
    packed = pack("\n".join(lines).encode())
    path = tmp_path / f"v.vec{suffix}"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="truncated"):
        Embeddings.load(path)
    path.write_bytes(packed)
    assert len(Embeddings.load(path)) == 5000


def test_blocks_of_any_size_give_the_same_rows(tmp_path, monkeypatch):
    one = some(300, 5)
    one.save(tmp_path / "v.vec")
    one.save(tmp_path / "v.bin")
    for size in (7, 64, 1000):
        monkeypatch.setattr("distmatch.embeddings.fileheads.BLOCK_BYTES", size)
        for name in ("v.vec", "v.bin"):
            if name == "v.bin" and size < 1000:
                continue  # the kind of file is told from the first block
            again = Embeddings.load(tmp_path / name)
            assert again.words == one.words
            assert np.array_equal(again.vectors, one.vectors)


@pytest.mark.parametrize(("word", "suffix"), [("a\tb", "vec"), ("a b", "bin"), ("", "txt")])
def test_a_word_that_a_format_cannot_hold_is_refused(tmp_path, word, suffix):
    with pytest.raises(InputError, match=r"safetensors"):
        Embeddings((word,), np.ones((1, 2), np.float32)).save(tmp_path / f"v.{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_word_with_blanks_comes_back_from_text(tmp_path):
    words = ("New York", "windows 95", "plain", "a  b")
    rows = Embeddings(words, np.arange(1, 13, dtype=np.float32).reshape(4, 3))
    rows.save(tmp_path / "v.vec")
    again = Embeddings.load(tmp_path / "v.vec")
    assert again.words == words and np.array_equal(again.vectors, rows.vectors)


def test_of_a_word_that_is_there_twice_the_first_is_kept_with_one_warning(tmp_path):
    path = tmp_path / "twice.vec"
    path.write_text("3 2\na 1 2\nb 3 4\na 5 6\n")
    with pytest.warns(UserWarning, match="1 rows repeat a word") as told:
        found = Embeddings.load(path)
    assert len(told) == 1
    assert found.words == ("a", "b") and found.vectors[0].tolist() == [1, 2]
    with pytest.raises(InputError, match=r"twice \(rows 1 and 3\).*--duplicates first"):
        Embeddings.load(path, duplicates="error")


FIELD = {
    "bom.vec": None, "bom-glove.txt": None, "dup.vec": "repeat", "dup-same.vec": "repeat", "en300-space.vec": None,
    "gensim-space.vec": None, "nowords.safetensors": None, "ok.vec.bz2": None, "ok.vec.zst": None,
    "spaces-number.vec": None, "utf16.vec": "UTF-16", "g.bin": None,
}  # fmt: skip


@pytest.mark.parametrize("name", FIELD)
def test_files_as_other_tools_write_them_are_read(data, name):
    if name.endswith(".zst"):
        pytest.importorskip("zstandard")
    path = data / "field" / "vectors" / name
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = Embeddings.load(path)
    expected = FIELD[name]
    assert [expected in str(w.message) for w in told] == ([True] if expected else [])
    assert len(found) >= 2 and not any("\ufeff" in w or "\0" in w for w in found.words)
    if name == "spaces-number.vec":
        assert "windows 95" in found.words
    if name == "en300-space.vec":
        assert any(" " in w for w in found.words)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.bin", (793712314).to_bytes(4, "little") + bytes(50), "load_facebook_vectors as load"),
        ("m.kv", b"\x80\x04\x95cgensim.models.keyedvectors KeyedVectors", "KeyedVectors.load"),
        ("m.model", b"\x80\x04\x95cgensim.models.word2vec Word2Vec", "Word2Vec.load"),
        ("v.csv", b"word,d0\na,1\n", "tr , ' '"),
    ],
)
def test_models_are_refused_with_the_command_that_converts_them(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as told:
        Embeddings.load(tmp_path / name)
    assert message in str(told.value) and "\n" not in str(told.value)


HOSTILE = ("bf16.safetensors", "npz-as.npy", "digits5000.vec", "huge-dim.vec")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_one_line(data, name):
    with pytest.raises(InputError):
        Embeddings.load(data / "field" / "reliability" / name)


@pytest.mark.parametrize("pack", ["gz", "xz", "bz2"])
def test_a_packed_file_does_not_unpack_without_bounds(tmp_path, pack):
    opener = {"gz": gzip.open, "xz": lzma.open, "bz2": bz2.open}[pack]
    with opener(tmp_path / f"v.vec.{pack}", "wb") as file:
        for _ in range(10):
            file.write(bytes(1 << 24))
    size = (tmp_path / f"v.vec.{pack}").stat().st_size
    if size * 1000 > 10 << 24:
        pytest.skip("not packed well enough to be refused")
    with pytest.raises(InputError, match="1,000 times its size"):
        read_bytes(tmp_path / f"v.vec.{pack}")
