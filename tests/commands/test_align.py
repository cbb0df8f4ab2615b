"""`distmatch align`: files, contract, exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from distmatch.__main__ import main
from distmatch.embeddings.embeddings import Embeddings

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A cloud, the same turned, and noise, as word2vec text."""
    folder = tmp_path_factory.mktemp("vectors")
    rng = np.random.default_rng(0)
    n, d = 500, 16
    centres = rng.standard_normal((25, d)) * np.linspace(2, 0.4, d)
    rows = centres[rng.integers(0, 25, n)] + rng.standard_normal((n, d)) * np.linspace(1.5, 0.4, d)
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    clouds = {
        "x": rows,
        "y": rows @ turn + 0.1 * rng.standard_normal((n, d)),
        "noise": rng.standard_normal((n, d)),
        "wide": np.hstack([rows @ turn, 0.1 * rng.standard_normal((n, 4))]),
    }
    for name, cloud in clouds.items():
        words = tuple(f"{'x' if name == 'x' else 'y'}{i}" for i in range(n))
        Embeddings(words, cloud.astype(np.float32)).save(folder / f"{name}.vec")
    return folder


def test_a_run_leaves_its_files_and_a_right_lexicon(files, tmp_path, capsys):
    out = tmp_path / "run"
    code = main([
        "align", str(files / "x.vec"), str(files / "y.vec"), "--out", str(out), "--json", "--method", "self-learning",
    ])  # fmt: skip
    result = json.loads(capsys.readouterr().out)
    assert code == 0 and result["believed"] and result["confidence"] >= 0.9
    assert {
        "confidence", "believed", "reason", "method", "bits", "divergences", "seconds", "cpu_seconds", "seed", "samples",
    } <= set(result)  # fmt: skip
    assert {"sinkhorn", "sliced_wasserstein", "mmd", "discriminator", "csls", "bits_saved"} == set(
        result["divergences"]
    )
    assert len(result["samples"]) == 10 and result["bits"]["delta"] > 0
    names = {path.name for path in out.iterdir()}
    assert {
        "source.vec", "target.vec", "map.safetensors", "lexicon.tsv", "record.json", "config.yaml", "history.jsonl",
    } <= names  # fmt: skip
    assert "checkpoint.safetensors" not in names
    from distmatch.maps.linear import LinearMap
    from distmatch.retrieval.lexicon import Lexicon

    best = Lexicon.load(out / "lexicon.tsv").best()
    assert np.mean([targets[0][0][1:] == word[1:] for word, targets in best.items()]) > 0.95
    assert all(len(targets) == 5 for targets in best.values())
    mapped = LinearMap.load(out / "map.safetensors")(Embeddings.load(files / "x.vec"))
    np.testing.assert_allclose(
        mapped.vectors, Embeddings.load(out / "source.vec").vectors, atol=1e-4
    )


def test_noise_is_not_believed_and_exits_with_1(files, capsys):
    code = main([
        "align", str(files / "x.vec"), str(files / "noise.vec"), "--method", "self-learning", "--quiet",
    ])  # fmt: skip
    assert code == 1
    assert capsys.readouterr().out.startswith("NOT trusted: confidence 0.0")


@pytest.mark.slow
def test_matrices_of_two_encoders_choose_their_method_and_map_themselves(tmp_path, capsys):
    rng = np.random.default_rng(1)
    n, d, wide = 500, 24, 32
    centres = rng.standard_normal((40, d)) * np.linspace(2, 0.5, d)
    rows = centres[(40 * rng.random(n) ** 2).astype(int)] + 0.7 * rng.standard_normal((n, d))
    turn = np.linalg.qr(rng.standard_normal((wide, wide)))[0][:d]
    order = rng.permutation(n)
    np.save(tmp_path / "a.npy", rows.astype(np.float32))
    other = rows @ turn + 0.1 * rng.standard_normal((n, wide))
    np.save(tmp_path / "b.npy", other[order].astype(np.float32))
    paths = [str(tmp_path / f"{side}.npy") for side in "ab"]
    code = main(["align", *paths, "--out", str(tmp_path / "run"), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["method"] == "profile"
    assert code == 0 and result["believed"]
    left, right = (
        Embeddings.load(tmp_path / "run" / f"{side}.vec") for side in ("source", "target")
    )
    left, right = (
        v.vectors / np.linalg.norm(v.vectors, axis=1, keepdims=True) for v in (left, right)
    )
    assert np.mean(order[(left @ right.T).argmax(axis=1)] == np.arange(n)) > 0.95


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["x.vec", "missing.vec"], "cannot read"),
        (["x.vec", "y.vec", "--method", "magic"], "for --method. Choose from"),
        (["x.vec", "y.vec", "--preset", "magic"], "for --preset. Choose from"),
        (["x.vec", "wide.vec", "--method", "adversarial"], "need equal dimensions"),
        (["x.vec", "y.vec", "--limit", "10"], "Give more rows than dimensions"),
        (["x.vec", "y.vec", "--device", "cuda:7"], "cuda:7"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(files, tmp_path, capsys, arguments, says):
    paths = [str(files / a) if a.endswith(".vec") else a for a in arguments]
    out = tmp_path / "out"
    assert main(["align", *paths, "--out", str(out)]) == 2
    captured = capsys.readouterr()
    assert says in captured.err and captured.err.count("\n") == 1 and not captured.out
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "no pairs"), ("a b c\n", "found 3 columns"), ("nowhere else\n", "in both vocabularies")],
)
def test_a_bad_file_of_pairs_is_one_line(files, tmp_path, capsys, text, says):
    path = tmp_path / "pairs.txt"
    path.write_text(text)
    code = main(["align", str(files / "x.vec"), str(files / "y.vec"), "--pairs", str(path)])
    error = capsys.readouterr().err
    assert code == 2 and says in error and str(path) in error and len(error.splitlines()) == 1


def test_pairs_of_row_numbers_help_arrays(files, tmp_path, capsys):
    for name in ("x", "wide"):
        np.save(tmp_path / f"{name}.npy", Embeddings.load(files / f"{name}.vec").vectors)
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{i}\t{i}\n" for i in range(100)))
    main(["align", str(tmp_path / "x.npy"), str(tmp_path / "wide.npy"), "--pairs", str(path), "--json",
          "--method", "self-learning"])  # fmt: skip
    result = json.loads(capsys.readouterr().out)
    assert result["confidence"] > 0.5


def test_a_dictionary_maps_into_a_wider_space(files, tmp_path, capsys):
    """Sides of 16 and 20 dimensions; half of the words are known, the others are found."""
    x, y = (Embeddings.load(files / f"{name}.vec") for name in ("x", "wide"))
    path = tmp_path / "gold.txt"
    path.write_text(
        "".join(f"{a} {b}\n" for a, b in list(zip(x.words, y.words, strict=True))[:250])
    )
    main(["align", str(files / "x.vec"), str(files / "wide.vec"), "--dictionary", str(path), "--json",
          "--out", str(tmp_path / "d")])  # fmt: skip
    capsys.readouterr()
    left, right = (
        Embeddings.load(tmp_path / f"d/{side}.vec").vectors for side in ("source", "target")
    )
    left, right = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (left, right))
    assert ((left[250:] @ right.T).argmax(1) == np.arange(250, 500)).mean() > 0.95
