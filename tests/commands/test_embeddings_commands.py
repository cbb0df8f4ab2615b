import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from distmatch.__main__ import main
from distmatch.commands.embed import passes
from distmatch.embeddings.embeddings import Embeddings
from distmatch.retrieval.lexicon import Lexicon, translate_words


@pytest.fixture
def corpus(tmp_path):
    generator = np.random.default_rng(0)
    topics = generator.integers(0, 6, 1500)
    lines = [" ".join(f"Word{t + 6 * i}" for i in generator.integers(0, 8, 9)) for t in topics]
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def embed(corpus, out, *more):
    return [
        "embed",
        str(corpus),
        "--out",
        str(out),
        "--dimension",
        "16",
        "--subsample",
        "0",
        "--epochs",
        "2",
        *more,
    ]


def test_embed_writes_vectors_and_a_record_and_repeats_exactly(corpus, tmp_path, capsys):
    assert main([*embed(corpus, tmp_path / "a.vec"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["words"] == 48 and result["running_words"] == 1500 * 9
    found = Embeddings.load(tmp_path / "a.vec")
    assert found.dimension == 16 and set(found.words) == {f"word{i}" for i in range(48)}
    assert json.loads((tmp_path / "a.vec.json").read_text())["epochs"] == 2
    assert main([*embed(corpus, tmp_path / "b.vec"), "--quiet"]) == 0
    assert (tmp_path / "a.vec").read_bytes() == (tmp_path / "b.vec").read_bytes()
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--method", "spectral"], {"word1", "word47"}),
        (["--tokens", "characters"], {"w", "4", "▁"}),
        (["--tokens", "sentencepiece:50"], set()),
        (["--keep-case"], {"Word1"}),
        (["--phrases", "1"], set()),
    ],
)
def test_embed_options(corpus, tmp_path, options, words):
    out = tmp_path / "a.safetensors"
    dimension = ["--dimension", "8"] if "characters" in options else []
    assert main([*embed(corpus, out, *dimension), *options, "--quiet"]) == 0
    found = Embeddings.load(out)
    assert words <= set(found.words)
    assert found.counts is not None and np.all(np.diff(found.counts) <= 0)
    assert (tmp_path / "a.model").exists() == ("sentencepiece:50" in options)


def test_embed_reads_standard_input(corpus, tmp_path):
    command = [sys.executable, "-m", "distmatch", *embed("-", tmp_path / "a.vec"), "--quiet"]
    with open(corpus, "rb") as file:
        subprocess.run(command, stdin=file, check=True)
    assert main([*embed(corpus, tmp_path / "b.vec"), "--quiet"]) == 0
    assert (tmp_path / "a.vec").read_bytes() == (tmp_path / "b.vec").read_bytes()


def test_embed_killed_goes_on_to_the_same_vectors(corpus, tmp_path):
    options = ["--epochs", "60", "--quiet"]
    command = [sys.executable, "-m", "distmatch", *embed(corpus, tmp_path / "a.vec", *options)]
    state = tmp_path / "a.vec.partial" / "state.safetensors"
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 120
        while not state.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert process.poll() is None, "finished before it could be killed"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert state.exists() and not (tmp_path / "a.vec").exists()
    assert main(embed(corpus, tmp_path / "a.vec", *options)) == 0
    assert main(embed(corpus, tmp_path / "b.vec", *options)) == 0
    assert (tmp_path / "a.vec").read_bytes() == (tmp_path / "b.vec").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "cbow"], '"skipgram", "spectral"'),
        (["--tokens", "bytes"], "sentencepiece:8000"),
        (["--breaks", "page"], '"auto", "line", "blank", "none"'),
        (["--min-count", "9999999"], "lower --min-count"),
        (["--window", "0"], "--window 0"),
    ],
)
def test_embed_refuses_and_leaves_nothing(corpus, tmp_path, capsys, options, message):
    assert main([*embed(corpus, tmp_path / "a.vec"), *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == [corpus]


@pytest.fixture
def aligned(tmp_path):
    """A folder as `align` writes it: s_i is t_i."""
    rows = np.random.default_rng(0).standard_normal((60, 12)).astype(np.float32)
    source = Embeddings(tuple(f"s{i}" for i in range(60)), rows)
    target = Embeddings(tuple(f"t{i}" for i in range(60)), rows)
    folder = tmp_path / "found"
    source.save(folder / "source.vec")
    target.save(folder / "target.vec")
    translate_words(source, target).save(folder / "lexicon.tsv")
    return folder


def test_evaluate_a_folder_two_files_and_a_lexicon(aligned, tmp_path, capsys):
    gold = tmp_path / "gold.txt"
    gold.write_text("".join(f"s{i} t{i if i < 45 else i - 1}\n" for i in range(60)) + "x y\n")
    options = ["--dictionary", str(gold), "--json"]
    assert main(["evaluate", str(aligned), *options]) == 0
    one = json.loads(capsys.readouterr().out)
    assert one["precision@1"] == 0.75 and one["n"] == 60
    assert set(one) == {
            "precision@1", "precision@5", "precision@10", "coverage", "n", "interval", "stem_precision@1",
        }  # fmt: skip
    files = ["--source", str(aligned / "source.vec"), "--target", str(aligned / "target.vec")]
    assert main(["evaluate", *files, *options]) == 0
    assert json.loads(capsys.readouterr().out) == one
    (aligned / "source.vec").unlink()
    assert main(["evaluate", str(aligned), *options]) == 0
    read = json.loads(capsys.readouterr().out)
    assert read["precision@1"] == 0.75 and read["precision@10"] is None
    assert main(["evaluate", str(aligned), "--dictionary", str(gold)]) == 0
    assert "precision@1    75.0 %" in capsys.readouterr().out


def test_evaluate_says_what_is_wrong(aligned, tmp_path, capsys):
    gold = tmp_path / "gold.txt"
    gold.write_text("chat cat\n")
    Embeddings(("t1",), np.ones((1, 3), np.float32)).save(tmp_path / "other.vec")
    cases = [
        (["evaluate"], "nothing to measure"),
        (["evaluate", str(aligned), "--dictionary", str(gold)], "none of its 1 words"),
        (["evaluate", str(tmp_path), "--dictionary", str(gold)], "distmatch align"),
        (["evaluate", "--source", str(aligned / "source.vec"), "--target", str(tmp_path / "other.vec"),
          "--dictionary", str(gold)], "3 dimensions against 12"),
    ]  # fmt: skip
    for arguments, message in cases:
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


def test_translate_with_and_without_a_model(aligned, tmp_path, capsys):
    text, reference = tmp_path / "text.txt", tmp_path / "reference.txt"
    text.write_text("S1 s2, s3 s4!\n\ns5 Unbekannt s6 s7\n")
    reference.write_text("t1 t2, t3 t4!\n\nt5 unknown t6 t7\n")
    arguments = ["translate", str(aligned), "--text", str(text)]
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr().out == "t1 t2 , t3 t4 !\n\nt5 unbekannt t6 t7\n"
    running = tmp_path / "target.txt"
    running.write_text("t1 t2 t3 t4\nt5 t6 t7\n" * 20)
    more = ["--corpus", str(running), "--reference", str(reference), "--unknown", "drop", "--json"]
    assert main([*arguments, *more]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["translations"] == ["t1 t2 , t3 t4 !", "", "t5 t6 t7"]
    assert result["bleu"] > 70 and result["chrf"] > 40
    assert "case:lc" in result["signature"]
    reference.write_text("one line\n")
    assert main([*arguments, "--reference", str(reference)]) == 2
    assert "1 lines for 3 sentences" in capsys.readouterr().err


def test_translate_from_a_lexicon_alone(aligned, tmp_path, capsys):
    for name in ("source.vec", "target.vec"):
        (aligned / name).unlink()
    assert len(Lexicon.load(aligned / "lexicon.tsv")) == 300
    (tmp_path / "text.txt").write_text("s1 s2")
    assert main(["translate", str(aligned), "--text", str(tmp_path / "text.txt"), "--quiet"]) == 0
    assert capsys.readouterr().out == "t1 t2\n"


def test_small_corpora_get_more_epochs(corpus, tmp_path):
    assert [passes(words) for words in (1_000, 5_400_000, 30_000_000)] == [10, 9, 5]
    options = ["--dimension", "4", "--quiet", "--out", str(tmp_path / "a.vec")]
    assert main(["embed", str(corpus), *options]) == 0
    assert json.loads((tmp_path / "a.vec.json").read_text())["epochs"] == 10


def test_an_interrupted_embed_says_where_it_goes_on(corpus, tmp_path, capsys, monkeypatch):
    from distmatch.embeddings.skipgram import SkipGram

    def interrupt(self, *given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(SkipGram, "train", interrupt)
    assert main([*embed(corpus, tmp_path / "a.vec"), "--quiet"]) == 130
    told = capsys.readouterr().err
    assert "a.vec.partial" in told and "same command" in told and told.count("\n") == 1
    assert (tmp_path / "a.vec.partial").is_dir() and not (tmp_path / "a.vec").exists()
