"""What `train` and `translate` refuse: one line that says why, exit code 2, nothing written."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from distmatch.__main__ import main
from distmatch.planted import PlantedLanguages


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    languages = PlantedLanguages(1)
    for name, lines in zip(("x.txt", "y.txt"), languages.unpaired(300), strict=True):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "again.txt").write_text("\n".join(languages.unpaired(300)[0]), encoding="utf-8")
    (folder / "empty.txt").write_text("")
    (folder / "one.txt").write_text("Only one line.\n")
    (folder / "long.txt").write_text("word " * 100_000)
    (folder / "binary.txt").write_bytes(np.random.default_rng(0).bytes(4000))
    (folder / "lexicon").mkdir()
    rows = "\n".join(f"q{i} " + " ".join(["0.5"] * 12) for i in range(40))
    for name in ("source.vec", "target.vec"):
        (folder / "lexicon" / name).write_text(f"40 12\n{rows}\n")
    (folder / "nothing").mkdir()
    return folder


@pytest.mark.parametrize(
    ("source", "target", "flags", "said"),
    [
        ("empty.txt", "y.txt", [], "empty.txt: 0 sentences"),
        ("x.txt", "one.txt", [], "one.txt: 1 sentences"),
        ("long.txt", "y.txt", [], "long.txt: 0 sentences of 1 to 60 words"),
        ("x.txt", "x.txt", [], "the same text"),
        ("x.txt", "again.txt", [], "the same language twice"),
        ("binary.txt", "y.txt", [], "binary.txt"),
        ("x.txt", "none.txt", [], "none.txt"),
        ("x.txt", "y.txt", ["--lexicon", "lexicon"], "have a vector"),
        ("x.txt", "y.txt", ["--lexicon", "nothing"], "no source.vec"),
        ("x.txt", "y.txt", ["--time-limit", "soon"], "--time-limit soon"),
        ("x.txt", "y.txt", ["--iterations", "-1"], "--iterations"),
    ],
)
def test_training_refuses(home, tmp_path, monkeypatch, capsys, source, target, flags, said):
    monkeypatch.chdir(home)
    out = tmp_path / "run"
    assert main(["train", source, target, "--out", str(out), *flags]) == 2
    told = capsys.readouterr().err.splitlines()
    assert said in told[-1] and told[-1].startswith("distmatch: "), told
    assert not (out / "model.safetensors").exists() and not (out / "record.json").exists()


def test_another_format_is_named(tmp_path, capsys):
    from safetensors.numpy import save_file

    (tmp_path / "text.txt").write_text("Text.\n")
    model = tmp_path / "model.safetensors"
    save_file({"a": np.zeros(3)}, model, {"format": "distmatch translator 99"})
    assert main(["translate", str(tmp_path), "--text", str(tmp_path / "text.txt")]) == 2
    assert "distmatch translator 99" in capsys.readouterr().err
    model.write_bytes(model.read_bytes()[:20])
    assert main(["translate", str(tmp_path), "--text", str(tmp_path / "text.txt")]) == 2
    assert "damaged model" in capsys.readouterr().err


def test_halves_share_no_line(data, monkeypatch):
    """The protocol of the benchmark: no caption of one side translates a caption of the other."""
    root = Path(__file__).parents[2] / "benchmarks"
    monkeypatch.syspath_prepend(str(root))
    spec = importlib.util.spec_from_file_location("translation_benchmark", root / "translation.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    for kind in ("multi30k", "tatoeba"):
        train, val, test = module.READERS[kind](data, "fr", "en")
        left, right = module.halves(train)
        taken = {i for i, line in enumerate(train[0]) if i < len(left)}
        assert left == train[0][: len(left)] and right == train[1][-len(right) :]
        assert len(left) + len(right) == len(train[0]) and len(taken) == len(left)
        if kind == "tatoeba":  # there sentences repeat in the source data; here none does
            assert not set(left) & {train[0][i] for i in range(len(left), len(train[0]))}
            assert not set(val[0]) & set(train[0]) and not set(test[1]) & set(train[1])
