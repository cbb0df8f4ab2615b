"""The commands compress and decompress, as a user calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from distmatch.__main__ import main
from distmatch.compression.pair import MIN_DELTA
from distmatch.maps.bytekey import ByteKey
from distmatch.planted import planted_book


@pytest.fixture
def pair(tmp_path, text):
    x, y = tmp_path / "x.txt", tmp_path / "y.txt"
    x.write_bytes(text.encode())
    y.write_bytes(text.encode()[150:] + b"\xff\x00\r\n")
    return x, y


def run(capsys, *arguments) -> dict:
    assert main([*map(str, arguments), "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return json.loads(out)


def test_a_pair_and_its_figures(pair, tmp_path, capsys):
    x, y = pair
    archive = tmp_path / "pair.dm"
    result = run(capsys, "compress", x, y, "--out", archive)
    bits = result["bits"]
    assert bits["xy"] == 8 * archive.stat().st_size
    assert result["delta"] == pytest.approx(bits["x"] + bits["y"] + bits["container"] - bits["xy"])
    assert result["delta_percent"] == pytest.approx(100 * result["delta"] / bits["y"])
    assert result["delta_percent"] > 70
    assert 0 < bits["x_given_y"] < 0.5 * bits["x"]
    assert result["controls"]["itself"]["delta"] > 0.8 * result["controls"]["itself"]["bits"]
    # Shuffled bytes still have the frequencies of X, and a coder that has learned anything weighs its contexts better.
    for name, most in (("random", 0.01), ("unrelated", 0.1), ("shuffled", 0.15)):
        control = result["controls"][name]
        assert MIN_DELTA - 0.5 <= control["delta"] < most * control["bits"]
    assert {"zlib", "bz2", "xz"} <= set(result["peers"])
    assert result["peers"]["zlib"]["x"] > bits["x"]
    run(capsys, "decompress", archive, "--out", tmp_path / "out")
    assert (tmp_path / "out/x.txt").read_bytes() == x.read_bytes()
    assert (tmp_path / "out/y.txt").read_bytes() == y.read_bytes()


@pytest.mark.parametrize(("only", "kept"), [("Y", "y.txt"), ("x.txt", "x.txt")])
def test_only_one_file_of_a_pair(pair, tmp_path, capsys, only, kept):
    archive = tmp_path / "pair.dm"
    run(capsys, "compress", *pair, "--out", archive, "--brief")
    result = run(capsys, "decompress", archive, "--out", tmp_path / "out", "--only", only)
    assert list(result["files"]) == [kept] == os.listdir(tmp_path / "out")
    assert (tmp_path / "out" / kept).read_bytes() == (tmp_path / kept).read_bytes()


def test_one_file_and_one_from_standard_input(pair, tmp_path):
    command = [sys.executable, "-m", "distmatch"]
    data = pair[0].read_bytes()
    archive = tmp_path / "one.dm"
    subprocess.run(
        [*command, "compress", "-", "--brief", "--out", archive],
        input=data,
        check=True,
        capture_output=True,
    )
    packed = archive.read_bytes()
    assert len(packed) < len(data) / 2 + 60
    subprocess.run(
        [*command, "decompress", "-", "--out", tmp_path / "out"],
        input=packed,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "out/stdin").read_bytes() == data


def test_the_table_names_the_key(tmp_path, capsys, data):
    import lzma

    with lzma.open(data / "corpora" / "en.txt.xz") as file:
        raw = np.frombuffer(file.read(104_000), np.uint8)
    key = ByteKey.of_letters(np.random.default_rng(5).permutation(26))
    (tmp_path / "x").write_bytes(raw[:100_000].tobytes())
    (tmp_path / "y").write_bytes(key.inverse(raw[100_000:]).tobytes())
    archive = tmp_path / "p.dm"
    result = run(capsys, "compress", tmp_path / "x", tmp_path / "y", "--out", archive, "--brief")
    assert (
        result["map"]["used"]
        and result["map"]["posterior"] > 0.9
        and result["map"]["confidence"] is None
    )
    assert result["delta_percent"] > 15
    e = key.inverse(np.array([101], np.uint8))
    assert result["map"]["key"][chr(e[0])] == "e"
    apart = run(capsys, "compress", tmp_path / "x", tmp_path / "y", "--brief", "--map", "none")
    assert apart["map"] is None and apart["delta_percent"] < 5
    run(capsys, "decompress", archive, "--out", tmp_path / "out")
    assert (tmp_path / "out/y").read_bytes() == (tmp_path / "y").read_bytes()
    assert main(["compress", str(tmp_path / "x"), str(tmp_path / "y")]) == 0
    table = capsys.readouterr().out
    assert all(
        word in table for word in ("C(X∘Y)", "Δ", "control", "zlib", "confidence", "not kept")
    )


def test_a_code_of_words_is_read_and_comes_back(tmp_path, capsys, data):
    import lzma

    from distmatch.maps.wordkey import WORD_BYTES, words_of

    with lzma.open(data / "corpora" / "en.txt.xz") as file:
        raw = file.read(900_000)
    x, plain = raw[:700_000], raw[700_000:]
    book = planted_book(words_of(plain), first=1000, seed=4)
    table = {word: b"%d" % number for word, number in book.items()}
    y = WORD_BYTES.sub(lambda word: table[word[0].lower()], plain)
    for name, content in (("x", x), ("y", y)):
        (tmp_path / name).write_bytes(content)
    archive = tmp_path / "p.dm"
    paths = tmp_path / "x", tmp_path / "y"
    result = run(capsys, "compress", *paths, "--out", archive, "--brief", "--map", "lexicon")
    found = result["map"]
    assert found["kind"] == "lexicon" and found["used"] and result["bits"]["map"] > 1000
    assert found["lexicon"][table[b"the"].decode()] == "the"
    assert result["delta"] > 0
    assert result["bits"]["xy"] == 8 * archive.stat().st_size
    run(capsys, "decompress", archive, "--out", tmp_path / "out")
    assert (tmp_path / "out/y").read_bytes() == y and (tmp_path / "out/x").read_bytes() == x


def test_files_of_the_same_name_are_told_apart(pair, tmp_path, capsys):
    other = tmp_path / "other" / "x.txt"
    other.parent.mkdir()
    other.write_bytes(b"another file")
    archive = tmp_path / "pair.dm"
    run(capsys, "compress", pair[0], other, "--out", archive, "--brief")
    run(capsys, "decompress", archive, "--out", tmp_path / "out")
    assert (tmp_path / "out/x.txt").read_bytes() == pair[0].read_bytes()
    assert (tmp_path / "out/x.2.txt").read_bytes() == b"another file"


@pytest.mark.parametrize(
    "arguments",
    [
        ["compress"],
        ["compress", "{x}", "{missing}"],
        ["compress", "{missing}"],
        ["compress", "{x}", "{x}"],
        ["compress", "{x}", "{link}"],
        ["compress", "-", "-"],
        ["compress", "{x}", "{folder}"],
        ["compress", "{folder}"],
        ["compress", "{x}", "{y}", "{x}"],
        ["compress", "{x}", "--coder", "best"],
        ["compress", "{x}", "{y}", "--map", "guess"],
        ["compress", "{x}", "--brief", "--out", "/dev/full"],
        ["compress", "{x}", "--brief", "--out", "{folder}"],
        ["compress", "{x}", "--brief", "--out", "{x}/a.dm"],
        ["decompress"],
        ["decompress", "{missing}"],
        ["decompress", "{folder}"],
        ["decompress", "{x}", "--out", "{new}"],
        ["decompress", "{empty}", "--out", "{new}"],
        ["decompress", "{short}", "--out", "{new}"],
        ["decompress", "{version}", "--out", "{new}"],
        ["decompress", "{flipped}", "--out", "{new}"],
        ["decompress", "{good}", "--out", "{new}", "--only", "z"],
        ["decompress", "{good}", "--out", "{x}"],
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(pair, tmp_path, capsys, arguments):
    good = tmp_path / "good.dm"
    run(capsys, "compress", *pair, "--out", good, "--brief")
    packed = bytearray(good.read_bytes())
    made = {
        "empty": b"", "short": packed[:-20], "version": packed[:4] + b"\x09" + packed[5:],
        "flipped": packed[:90] + bytes([packed[90] ^ 4]) + packed[91:],
    }  # fmt: skip
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(pair[0])
    names = ("missing", "folder", "link", "new", *made)
    places = {name: tmp_path / name for name in names} | {"x": pair[0], "y": pair[1], "good": good}
    before = sorted(tmp_path.rglob("*"))
    assert main([argument.format(**places) for argument in arguments]) == 2
    captured = capsys.readouterr()
    late = "/dev/full" in arguments  # writing failed after the work: the answer is printed
    assert (captured.out == "") != late and captured.err.count("\n") == 1
    assert captured.err.startswith("distmatch: ") and "Traceback" not in captured.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_killed_run_leaves_nothing(tmp_path):
    big = tmp_path / "big"
    big.write_bytes(np.random.default_rng(0).integers(0, 256, 3_000_000, np.uint8).tobytes())
    command = [
        sys.executable,
        "-m",
        "distmatch",
        "compress",
        str(big),
        "--out",
        str(tmp_path / "big.dm"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(4)
    process.kill()
    process.wait()
    assert os.listdir(tmp_path) == ["big"]
