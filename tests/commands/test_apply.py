"""`distmatch apply`: rows moved in blocks are those that the map moves at once, in every format; bad input is one line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from distmatch.__main__ import main
from distmatch.embeddings.embeddings import Embeddings
from distmatch.maps import vectorstream
from distmatch.maps.linear import LinearMap

pytest.importorskip("safetensors")


@pytest.fixture
def run(tmp_path):
    """A folder with a map from 6 to 4 dimensions with means, and 50 new rows far from those means."""
    random = np.random.default_rng(0)
    means = (random.normal(size=(2, 6)) * 0.1, random.normal(size=(2, 4)) * 0.1)
    f = LinearMap(
        random.normal(size=(6, 4)).astype(np.float32), None, ("unit", "center", "unit", "center", "unit"),
        means=(means[0].astype(np.float32), means[1].astype(np.float32)),
    )  # fmt: skip
    (tmp_path / "d").mkdir()
    f.save(tmp_path / "d" / "map.safetensors")
    rows = (random.normal(size=(50, 6)) + 3).astype(np.float32)
    return tmp_path, rows


def by_hand(f: LinearMap, rows: np.ndarray) -> np.ndarray:
    out = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    for mean in f.means[0]:
        out = out - mean
        out = out / np.linalg.norm(out, axis=1, keepdims=True)
    return out @ f.source


@pytest.mark.parametrize("kind", ["npy", "safetensors", "vec", "headless.txt"])
@pytest.mark.parametrize("out", ["npy", "safetensors", "vec"])
def test_blocks_of_any_size_and_format_move_alike(run, kind, out, monkeypatch, capsys):
    folder, rows = run
    words = tuple(f"w{i}" for i in range(50))
    given, moved = folder / f"v.{kind}", folder / f"moved.{out}"
    if kind == "npy":
        np.save(given, rows.astype(np.float64))
    elif kind == "headless.txt":
        given.write_text("".join(f"{w} {' '.join(map(str, r))}\n" for w, r in zip(words, rows, strict=True)))  # fmt: skip
    else:
        Embeddings(words, rows).save(given)
    monkeypatch.setattr(vectorstream, "BLOCK_NUMBERS", 6 * 7)
    assert main(["apply", str(folder / "d"), str(given), "--out", str(moved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rows": 50, "from": 6, "to": 4, "out": str(moved)}  # fmt: skip
    found = Embeddings.load(moved)
    f = LinearMap.load(folder / "d" / "map.safetensors")
    np.testing.assert_allclose(found.vectors, by_hand(f, rows), atol=1e-5)
    if kind != "npy":
        assert found.words == words
    # A single row moves as it does among the others.
    np.testing.assert_allclose(f(rows[:1]), found.vectors[:1], atol=1e-5)


def test_the_other_side_is_centred_by_its_own_means(run, capsys):
    folder, rows = run
    np.save(folder / "q.npy", rows[:, :4])
    given = [str(folder / "d"), str(folder / "q.npy"), "--out", str(folder / "o.npy")]
    assert main(["apply", *given, "--side", "target"]) == 0
    f = LinearMap.load(folder / "d" / "map.safetensors")
    np.testing.assert_allclose(np.load(folder / "o.npy"), f.map_target(rows[:, :4]), atol=1e-6)


def refused(capsys, *arguments: object) -> str:
    assert main(["apply", *map(str, arguments)]) == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line and line.startswith("distmatch: ")
    return line


def test_what_cannot_be_moved_is_one_line_and_leaves_nothing(run, capsys):
    folder, rows = run
    np.save(folder / "v.npy", rows)
    wrong = rows.copy()
    wrong[7, 2] = np.nan
    np.save(folder / "nan.npy", wrong)
    np.save(folder / "narrow.npy", rows[:, :5])
    (folder / "ragged.vec").write_text("2 6\na 1 2 3 4 5 6\nb 1 2 3\n")
    (folder / "short.vec").write_text("3 6\na 1 2 3 4 5 6\nb 1 2 3 4 5 7\n")
    (folder / "p.parquet").write_text("no")
    out = folder / "out.npy"
    assert "row 8: NaN" in refused(capsys, folder / "d", folder / "nan.npy", "--out", out)
    assert "dimension 5" in refused(capsys, folder / "d", folder / "narrow.npy", "--out", out)
    ragged = ":3: expected 6 numbers, found 3 (word 'b'). Re-export the file"
    assert ragged in refused(capsys, folder / "d", folder / "ragged.vec", "--out", out)  # fmt: skip
    assert "3 rows announced, 2 found" in refused(capsys, folder / "d", folder / "short.vec", "--out", out)  # fmt: skip
    assert "parquet" in refused(capsys, folder / "d", folder / "p.parquet", "--out", out)
    assert "not written as .csv" in refused(capsys, folder / "d", folder / "v.npy", "--out", folder / "o.csv")  # fmt: skip
    assert "input of this command" in refused(capsys, folder / "d", folder / "v.npy", "--out", folder / "v.npy")  # fmt: skip
    assert "map.safetensors" in refused(capsys, folder, folder / "v.npy", "--out", out)
    assert not out.exists() and not list(folder.glob(".distmatch-*"))


def test_a_map_without_means_is_refused(run, capsys):
    folder, rows = run
    np.save(folder / "v.npy", rows)
    LinearMap(np.eye(6, dtype=np.float32), None, ("unit", "center")).save(folder / "d" / "map.safetensors")  # fmt: skip
    assert "lacks the means" in refused(capsys, folder / "d", folder / "v.npy", "--out", folder / "o.npy")  # fmt: skip


def test_align_writes_the_means_that_apply_needs(tmp_path, capsys):
    pytest.importorskip("torch")
    random = np.random.default_rng(1)
    rows = (random.normal(size=(300, 8)) * np.arange(1, 9) ** -0.5 + 1).astype(np.float32)
    turn = np.linalg.qr(random.normal(size=(8, 8)))[0].astype(np.float32)
    words = tuple(f"w{i}" for i in range(300))
    Embeddings(words, rows).save(tmp_path / "x.vec")
    Embeddings(words, rows @ turn).save(tmp_path / "y.vec")
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("".join(f"{w} {w}\n" for w in words[:40]))
    sides = [str(tmp_path / "x.vec"), str(tmp_path / "y.vec")]
    main(["align", *sides, "--dictionary", str(pairs), "--out", str(tmp_path / "d"), "--quiet"])
    assert main(["apply", str(tmp_path / "d"), str(tmp_path / "x.vec"), "--out", str(tmp_path / "m.vec")]) == 0  # fmt: skip
    capsys.readouterr()
    moved, aligned = Embeddings.load(tmp_path / "m.vec"), Embeddings.load(tmp_path / "d/source.vec")
    np.testing.assert_allclose(moved.vectors, aligned.vectors, atol=1e-5)


@pytest.mark.parametrize(
    "raw",
    [
        "\ufeff2 6\nat work 1 2 3 4 5 6\nb 1 2 3 4 5 7\n".encode(),
        "\ufeffat work 1 2 3 4 5 6\n\nb\t1 2 3 4 5 7".encode(),
        "2 6\nat work 1 2 3 4 5 6\nb 1 2 3 4 5 7\n".encode("utf-16"),
        "2 6\n\u00a0x 1 2 3 4 5 6\r\nb 1 2 3 4 5 7\r\n".encode(),
        b"2 6\nat " + np.arange(1, 7, dtype="<f4").tobytes() + b"b " + np.arange(1, 7, dtype="<f4").tobytes(),
    ],
    ids=["mark", "mark, no header", "utf-16", "no-break space", "binary"],
)  # fmt: skip
def test_apply_reads_a_file_of_text_as_align_does(run, raw, capsys):
    """Byte order marks, words with blanks, blank lines, other encodings, word2vec binary."""
    folder, _ = run
    (folder / "v.vec").write_bytes(raw)
    read = Embeddings.load(folder / "v.vec")
    assert main(["apply", str(folder / "d"), str(folder / "v.vec"), "--out", str(folder / "o.vec")]) == 0  # fmt: skip
    capsys.readouterr()
    moved = Embeddings.load(folder / "o.vec")
    assert moved.words == read.words and len(read) == 2
    f = LinearMap.load(folder / "d" / "map.safetensors")
    np.testing.assert_allclose(moved.vectors, by_hand(f, read.vectors), atol=1e-5)
