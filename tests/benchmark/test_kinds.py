"""Kinds of task: the hidden answer scores perfectly, a wrong one does not, and bits say which is which."""

import lzma
import math
from types import SimpleNamespace

import numpy as np
import pytest

from distmatch.benchmark.kinds.finiteclass import generalization
from distmatch.benchmark.kinds.kind import DoesNotApply, WrongAnswer, load_kind
from distmatch.benchmark.methods.answer import as_map
from distmatch.maps.key import Key
from distmatch.maps.linear import LinearMap


def make(kind, seed=0, paths=None, **axes):
    found = load_kind(kind)
    return found.build({k: a.default for k, a in found.axes.items()} | axes, paths or {}, seed)


def matched(map, **more):
    return SimpleNamespace(map=as_map(map), bits=None, extra={}, **more)


@pytest.mark.parametrize("cipher", ["simple", "homophonic"])
def test_the_true_key_scores_perfectly_and_a_wrong_one_costs_bits(cipher):
    problem = make("cipher", cipher=cipher, length=300)
    names, source = problem.source.names, problem.source
    letters = "abcdefghijklmnopqrstuvwxyz"
    truth = {names[s]: letters[g] for s, g in zip(source.symbols, problem.gold, strict=True)}
    right = problem.score(matched(Key(truth, cipher)))
    assert right.metrics["accuracy"].value == 1 and right.right
    assert right.metrics["excess"].value == pytest.approx(0, abs=1e-9)
    assert right.bits["data"] + right.bits["map"] == pytest.approx(right.bits["truth"])
    swapped = dict(truth)
    a, b = names[0], next(n for n in names if truth[n] != truth[names[0]])
    swapped[a], swapped[b] = swapped[b], swapped[a]
    wrong = problem.score(matched(Key(swapped, cipher)))
    counts = np.bincount(source.symbols)
    lost = counts[names.index(a)] + counts[names.index(b)]
    assert wrong.metrics["accuracy"].value == pytest.approx(1 - lost / 300)
    assert wrong.metrics["excess"].value > 0 and wrong.bits["saved"] < right.bits["saved"]
    table = [letters.index(truth[n]) for n in names]
    assert problem.score(matched(np.array(table))).metrics["accuracy"].value == 1
    with pytest.raises(DoesNotApply, match="finds no map"):
        problem.score(matched(None))


def test_ciphers_differ_by_seed_and_repeat_and_can_be_fixed():
    texts = [make("cipher", seed, length=80).data_sha256["cipher"] for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]


def test_letter_embeddings_are_related_by_a_rotation():
    """Relabelled letters permute rows and turn their coordinates: a rotation fits the true key, and scores 1."""
    problem = make("cipher", length=4000)
    source, target = problem.view("embeddings")
    assert source.dimension == target.dimension == len(problem.source.names) - 1 < len(target)
    letters = problem.plain.load().alphabet.letters
    truth = dict(zip(problem.source.symbols, problem.gold, strict=True))
    row = {word: i for i, word in enumerate(target.words)}
    partners = [row[letters[truth[problem.source.names.index(word)]]] for word in source.words]
    u, spread, vt = np.linalg.svd(source.vectors.T @ target.vectors[partners])
    assert spread.sum() / len(source) > 1.9  # of 2, the squared length of every row
    score = problem.score(matched(LinearMap((u @ vt).astype(np.float32))))
    assert score.metrics["accuracy"].value > 0.97


def test_views_that_do_not_apply_say_why():
    with pytest.raises(DoesNotApply, match="homophonic"):
        make("cipher", cipher="homophonic", length=300).view("graph")
    with pytest.raises(DoesNotApply, match="word breaks"):
        make("cipher", spaces=True, length=100).view("bytes")
    with pytest.raises(DoesNotApply, match="anchors"):
        make("mapping", size=20).view("anchored")
    with pytest.raises(DoesNotApply, match="not given as ciphertext"):
        make("mapping", size=20).view("ciphertext")


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_the_planted_rotation_scores_perfectly(noise):
    problem = make("mapping", size=200, dimension=20, noise=noise)
    score = problem.score(matched(LinearMap(problem.rotation.astype(np.float32))))
    assert score.metrics["precision@1"].value > 0.97 and score.right
    assert score.metrics["rotation_error"].value < 1e-6
    assert score.bits["saved"] > 0
    assert problem.score(matched(problem.order)).metrics["precision@1"].value == 1
    plan = np.zeros((200, 200))
    plan[np.arange(200), problem.order] = 1 / 200
    assert problem.score(matched(plan)).metrics["precision@10"].value == 1
    other = np.linalg.qr(np.random.default_rng(1).standard_normal((20, 20)))[0]
    wrong = problem.score(matched(LinearMap(other.astype(np.float32))))
    assert wrong.metrics["precision@1"].value < 0.1 and not wrong.right
    assert wrong.metrics["rotation_error"].value == pytest.approx(1, abs=0.25)
    assert wrong.bits["saved"] < score.bits["saved"]


def test_ranks_survive_a_partial_shuffle():
    order = make("mapping", size=500, shuffle=0.1).order
    assert np.abs(order - np.arange(500)).max() <= 60 and (order != np.arange(500)).any()
    assert make("mapping", size=50, shuffle=0.1).source.ranked


@pytest.fixture
def lexicon_files(tmp_path):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((60, 12))
    rotation = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    for name, rows, mark in (("x", x, "a"), ("y", x @ rotation, "b")):
        lines = [f"{mark}{i} " + " ".join(f"{v:.6f}" for v in row) for i, row in enumerate(rows)]
        (tmp_path / f"{name}.vec.xz").write_bytes(
            lzma.compress(f"60 12\n{chr(10).join(lines)}\n".encode())
        )
    (tmp_path / "gold.txt").write_text("".join(f"a{i} b{i}\n" for i in range(40)) + "none b1\n")
    (tmp_path / "more.txt").write_text("a50 b50\na1 b59\n")
    paths = {
        "source": "x.vec.xz",
        "target": "y.vec.xz",
        "dictionary": "gold.txt",
        "dictionary_more": "more.txt",
    }
    return {k: tmp_path / v for k, v in paths.items()}, rotation.astype(np.float32)


def test_lexicon_is_scored_by_the_dictionary_and_anchors_are_not_asked(lexicon_files):
    paths, rotation = lexicon_files
    problem = make("lexicon", paths=paths)
    assert problem.context["asked"] == 41
    score = problem.score(matched(LinearMap(rotation)))
    assert score.metrics["precision@1"].value == 1 and score.metrics["precision@1"].n == 41
    wrong = np.roll(np.arange(60), 1)
    assert problem.score(matched(wrong)).metrics["precision@1"].value == 0
    given = make("lexicon", paths=paths, anchors=20)
    source, _ = given.view("anchored")
    assert (source.pairs[:, 0] == source.pairs[:, 1]).all() and len(source.pairs) == 20
    assert given.score(matched(np.arange(60))).metrics["precision@1"].n == 21


def test_encoders_are_scored_on_texts_that_both_encoded(tmp_path):
    rng = np.random.default_rng(4)
    x, test = rng.standard_normal((80, 10)), rng.standard_normal((30, 10))
    matrix = rng.standard_normal((10, 6))
    files = {"source": x, "target": rng.standard_normal((70, 10)) @ matrix, "source_test": test,
             "target_test": test @ matrix}  # fmt: skip
    for name, rows in files.items():
        np.save(tmp_path / f"{name}.npy", rows.astype(np.float32))
    problem = make("embeddings", paths={name: tmp_path / f"{name}.npy" for name in files})
    score = problem.score(matched(LinearMap(matrix.astype(np.float32))))
    assert score.metrics["precision@1"].value > 0.9 and score.metrics["mean_rank"].value < 1.2
    assert score.metrics["precision@1"].n == 30
    with pytest.raises(WrongAnswer, match="maps new rows"):
        problem.score(matched(np.arange(80)))


@pytest.mark.parametrize("cipher", ["vigenere", "beaufort"])
def test_a_key_word_is_read_and_symbols_alone_do_not_apply(cipher):
    from distmatch.benchmark.methods.ciphersearch import Annealing

    problem = make("cipher", cipher=cipher, length=200, period=5)
    match = Annealing(kind=cipher).match(*problem.view("ciphertext"), seed=0)
    score = problem.score(match)
    assert score.metrics["accuracy"].value == 1 and score.right
    assert score.metrics["excess"].value == pytest.approx(0, abs=1e-6)
    assert score.bits["map"] == pytest.approx(5 * math.log2(26)) and score.bits["saved"] > 200
    with pytest.raises(DoesNotApply, match="depends on its place"):
        problem.view("graph")
    with pytest.raises(WrongAnswer, match="one table per alphabet"):
        problem.score(matched(np.arange(26)))


def test_texts_are_scored_in_bits_and_by_the_key():
    problem = make("texts", size=200, size_x=1000)
    x, y = problem.view("bytes")
    assert len(x) == 1000 and len(y) == 200 and set(y) <= set(b"abcdefghijklmnopqrstuvwxyz ")
    found = matched(np.argsort(problem.permutation))
    with pytest.raises(DoesNotApply, match="finds no map"):
        problem.score(matched(None))
    found.extra["bits"] = {"x": 2000.0, "y": 500.0, "xy": 2300.0, "map": 90.0}
    score = problem.score(found)
    assert score.metrics["delta"].value == 200 and score.metrics["delta_percent"].value == 40
    assert (
        score.metrics["given"].value == 1.5
        and score.metrics["key_accuracy"].value == 1
        and score.right
    )
    found.map = as_map(np.roll(found.map.table, 1))
    assert problem.score(found).metrics["key_accuracy"].value < 0.2


def test_a_key_without_bits_is_coded_as_joint_compression_codes_its_own():
    """The true key costs what `joint_code` says of it, and a wrong one no more than the separate code and 2.8 bits."""
    from distmatch.matching.joint.jointcode import joint_code

    problem = make("texts", size=2000, size_x=20_000)
    score = problem.score(matched(np.argsort(problem.permutation)))
    code = joint_code(*problem.view("bytes"))
    assert score.metrics["key_accuracy"].value == 1 and score.bits["map"] > 60
    assert score.metrics["delta"].value == pytest.approx(code.delta, rel=0.02)
    wrong = problem.score(matched(np.roll(np.argsort(problem.permutation), 3)))
    assert -3 < wrong.metrics["delta"].value < 0 and wrong.bits["map"] == 0


def test_texts_show_their_symbols_as_graph_and_as_vectors():
    problem = make("texts", size=30_000)
    for name, matrix in zip("yx", problem.view("graph"), strict=True):
        assert matrix.shape == (27, 27) and matrix.sum() == pytest.approx(1), name
    source, target = problem.view("embeddings")
    letters = "abcdefghijklmnopqrstuvwxyz "
    names = [letters[problem.permutation[letters.index(c)]] for c in target.words]
    rows = [source.words.index(name) for name in names]
    u, _, vt = np.linalg.svd(source.vectors[rows].T @ target.vectors)
    score = problem.score(matched(LinearMap((u @ vt).astype(np.float32))))
    assert score.metrics["key_accuracy"].value > 0.97


def test_generalisation_gap_of_the_true_key_is_small_and_of_a_shuffle_is_not_hidden():
    """The bound holds by far, falls with n as it must, and a key that overfits has the larger gap."""
    problem = make("cipher", length=64, held_out=5000)
    names = problem.source.names
    truth = {names[s]: int(g) for s, g in zip(problem.source.symbols, problem.gold, strict=True)}
    shown = "".join(names[i] for i in problem.source.symbols), problem.gold
    model = problem.plain.load()
    metrics = generalization(truth, shown, problem.held, 0, model)
    spare = len(set(problem.held[0]) - set(names))
    share = sum(c not in names for c in problem.held[0]) / 5000
    assert abs(metrics["gap"].value - metrics["gap_true"].value) <= 16 * 5 * share and spare < 12
    log_keys = math.lgamma(27)
    assert metrics["bound"].value == pytest.approx(
        255 / 16 * math.sqrt((log_keys + math.log(20)) / 128), rel=1e-6
    )
    assert metrics["naive"].value == pytest.approx(
        math.sqrt((log_keys + math.log(20)) / math.log(2) / 64)
    )
    assert metrics["gap"].value < metrics["bound"].value
    fewer = generalization(truth, shown, problem.held, 20, model)
    assert fewer["bound"].value < metrics["bound"].value


def test_word_codes_come_from_the_part_that_methods_do_not_see(tmp_path, monkeypatch):
    rng = np.random.default_rng(8)
    words = ["".join(rng.choice(list("abcdefghijkl"), 4)) for _ in range(200)]
    text = " ".join(rng.choice(words, 6000)) + " " + " ".join(rng.choice(words[:50], 2000))
    (tmp_path / "t.txt").write_text(text)
    monkeypatch.setenv("DISTMATCH_CACHE", str(tmp_path / "cache"))
    problem = make(
        "cipher", paths={"text": tmp_path / "t.txt"}, cipher="word", length=300, vocabulary=40
    )
    assert len(problem.source) == 300 and len(problem.source.names) <= 40
    shown = problem.plain.reference().read_text()
    assert text.startswith(shown) and 0.79 < len(shown) / len(text) < 0.81
    names = problem.source.names
    truth = {names[s]: w for s, w in zip(problem.source.symbols, problem.gold, strict=True)}
    score = problem.score(matched(Key(truth, "word-code")))
    assert score.metrics["accuracy"].value == 1 and score.right
    wrong = dict(zip(truth, [*list(truth.values())[1:], "nothing"], strict=True))
    assert problem.score(matched(Key(wrong, "word-code"))).metrics["accuracy"].value == 0
    with pytest.raises(DoesNotApply, match="code of words"):
        problem.view("graph")
