"""What users have is accepted, and comes back as what it was: arrays, tensors, gensim, paths, scikit-learn, notebooks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import distmatch as dm

torch = pytest.importorskip("torch")

RANDOM = np.random.default_rng(0)
WORDS = tuple(f"w{i}" for i in range(400))
X = RANDOM.standard_normal((400, 8)).astype(np.float32) * np.arange(1, 9) ** -0.5
TURN = np.linalg.qr(RANDOM.standard_normal((8, 8)))[0].astype(np.float32)
Y = X @ TURN


def embeddings() -> tuple[dm.Embeddings, dm.Embeddings]:
    return dm.Embeddings(WORDS, X), dm.Embeddings(WORDS, Y)


def near(mapped, target) -> bool:
    """Each mapped row is nearest to its own target, by cosine after centring."""
    a, b = (np.asarray(z, np.float64) - np.asarray(z).mean(0) for z in (mapped, target))
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (a, b))
    return bool(((a @ b.T).argmax(1) == np.arange(len(a))).mean() > 0.95)


def test_align_takes_arrays_tensors_gensim_and_paths_and_maps_each_to_its_kind(tmp_path):
    gensim = pytest.importorskip("gensim.models")
    pairs = {word: word for word in WORDS}
    source, target = embeddings()
    source.save(tmp_path / "x.vec")
    vectors = gensim.KeyedVectors(8)
    vectors.add_vectors(list(WORDS), X)
    numbers = {str(i): str(i) for i in range(400)}
    for given, gold in (
        (tmp_path / "x.vec", pairs), (vectors, pairs), (X.astype(np.float64), numbers), (torch.from_numpy(X), numbers),
    ):  # fmt: skip
        other = target if gold is pairs else Y
        match = dm.align(given, other, dictionary=gold)
        mapped = match.map(given)
        assert isinstance(mapped, dm.Embeddings if isinstance(given, Path) else type(given))
        assert near(getattr(mapped, "vectors", mapped), Y)
        assert getattr(mapped, "dtype", None) == getattr(given, "dtype", None)


def test_align_says_what_it_takes():
    with pytest.raises(dm.InputError, match="array of shape"):
        dm.align(np.zeros(5), Y)
    with pytest.raises(dm.InputError, match="row 3 has NaN"):
        dm.align(np.where(np.arange(400)[:, None] == 3, np.nan, X), Y)
    with pytest.raises(dm.InputError, match="dict holds no vectors"):
        dm.align({}, Y)


def test_transport_of_arrays_gives_arrays_and_mixed_types_work():
    whole = dm.sinkhorn(torch.from_numpy(X[:60]), torch.from_numpy(Y[:50]), epsilon=0.5)
    arrays = dm.sinkhorn(X[:60], Y[:50].astype(np.float64), epsilon=0.5)
    mixed = dm.sinkhorn(torch.from_numpy(X[:60]).double(), Y[:50], epsilon=0.5)
    assert isinstance(arrays.dense(), np.ndarray) and isinstance(arrays.f, np.ndarray)
    assert isinstance(mixed.dense(), torch.Tensor) and mixed.f.dtype == torch.float64
    assert np.abs(arrays.dense() - mixed.dense().numpy()).max() < 1e-9
    assert np.abs(arrays.dense() - whole.dense().numpy()).max() < 1e-5
    assert np.abs(arrays.marginals()[1] - 1 / 50).max() < 1e-9
    assert arrays.barycentre(X[:50]).shape == (60, 8) and arrays.best().shape == (60,)
    result = dm.gromov_wasserstein(X[:60] + 1, Y[:60] + TURN.sum(0), steps=3)
    assert isinstance(result.moment, np.ndarray) and isinstance(result.coupling.f, np.ndarray)
    assert np.abs(dm.procrustes(X.T @ Y) - TURN).max() < 1e-4
    scores, places = dm.csls(torch.from_numpy(X @ TURN), Y, 1)
    assert isinstance(scores, torch.Tensor) and places[:, 0].tolist() == list(range(400))


@pytest.mark.parametrize(
    "name", ["sinkhorn_divergence", "sliced_wasserstein", "maximum_mean_discrepancy"]
)
def test_gradients_of_divergences_are_those_of_finite_differences(name):
    x, y = torch.from_numpy(X[:20]).double(), torch.from_numpy(Y[:25] + 1).double()

    def value(points):
        more = (
            {"epsilon": 0.5, "iterations": 5000, "tolerance": 1e-12}
            if name == "sinkhorn_divergence"
            else {}
        )
        if name == "maximum_mean_discrepancy":
            more = {"bandwidth": 2.0}
        found = getattr(dm, name)(points, y, **more)
        return getattr(found, "value", found)

    free = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(value(free), free)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)
    step = 1e-5
    expected = (value(x + step * direction) - value(x - step * direction)) / (2 * step)
    assert isinstance(value(x), float)
    assert float((slope * direction).sum()) == pytest.approx(expected, rel=1e-4)


def test_what_has_no_gradient_says_so():
    x = torch.from_numpy(X).requires_grad_()
    for call in (
        dm.sinkhorn,
        dm.gromov_wasserstein,
        dm.csls,
        dm.discriminator_divergence,
        dm.align,
    ):
        with pytest.raises(dm.InputError, match="detach"):
            call(x, torch.from_numpy(Y))


def test_embeddings_are_looked_up_by_word():
    source, _ = embeddings()
    assert "w3" in source and "v3" not in source and (source["w3"] == X[3]).all()
    with pytest.raises(KeyError):
        source["v3"]
    assert len(repr(source)) < 60 and repr(source).startswith("Embeddings(400 x 8: 'w0'")
    (word, cosine), *_ = source.most_similar("w3", 2)
    cosines = X @ X[3] / np.linalg.norm(X, axis=1) / np.linalg.norm(X[3])
    cosines[3] = -1
    assert word == f"w{cosines.argmax()}" and cosine == pytest.approx(cosines.max(), abs=1e-5)
    assert source.most_similar(X[3], 1)[0][0] == "w3"


def test_embeddings_of_a_word2vec_model_and_of_a_sentence_encoder():
    gensim = pytest.importorskip("gensim.models")
    model = gensim.Word2Vec([["a", "b", "a", "c"]] * 5, vector_size=4, min_count=1, epochs=1)
    made = dm.Embeddings.from_gensim(model)
    assert made.words[0] == "a" and made.counts is not None and made.counts.tolist() == [10, 5, 5]

    class Encoder:
        def encode(self, texts):
            return torch.tensor([[len(t), 1.0] for t in texts])

    texts = dm.Embeddings.from_sentence_transformer(Encoder(), ["one", "three"])
    assert texts["three"].tolist() == [5, 1] and not texts.ranked
    with pytest.raises(dm.InputError, match="distinct"):
        dm.Embeddings.from_sentence_transformer(Encoder(), ["one", "one"])


def test_a_match_is_saved_loaded_and_shown(tmp_path):
    source, target = embeddings()
    match = dm.align(source, target, method="gromov", seed=3)
    match.save(tmp_path / "match")
    assert {p.suffix for p in (tmp_path / "match").iterdir()} == {".json", ".safetensors"}
    again = dm.Match.load(tmp_path / "match")
    assert again.bits == match.bits and again.confidence == match.confidence and again.seed == 3
    assert (again.map(X) == match.map(X)).all() and len(again.history) == len(match.history)
    assert json.loads(json.dumps(match.to_dict(), allow_nan=False))["map"]["name"] == "linear"
    assert "<table>" in match._repr_html_() and "<th>confidence</th>" in match._repr_html_()
    assert len(repr(match)) < 100
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    assert len(match.plot().lines) >= 2
    (tmp_path / "match/match.json").write_text("{}")
    with pytest.raises(dm.InputError, match="not a match"):
        dm.Match.load(tmp_path / "match")


def test_matchers_follow_the_protocol_of_scikit_learn():
    base = pytest.importorskip("sklearn.base")
    matcher = dm.Procrustes(dictionary=dm.Dictionary({str(i): str(i) for i in range(400)}))
    copy = base.clone(matcher)
    assert copy == matcher and copy is not matcher
    assert near(copy.fit(X, Y).transform(X), Y) and not hasattr(matcher, "match_")
    with pytest.raises(dm.InputError, match="not fitted"):
        matcher.transform(X)
    for kind in (
        dm.Auto,
        dm.SelfLearning,
        dm.ProximalGromov,
        dm.ProfileGromov,
        dm.WassersteinProcrustes,
        dm.Adversarial,
    ):
        assert base.clone(kind()) == kind()
    changed = dm.Auto().set_params(refinement__growth=3.0, device="cpu")
    assert changed.refinement.growth == 3.0 and dm.Auto().refinement.growth == 2.0
    assert changed.get_params()["refinement__growth"] == 3.0
    with pytest.raises(dm.InputError, match="has no speed"):
        changed.set_params(speed=1)


def test_a_dictionary_is_made_of_strings():
    assert dm.Dictionary({"rey": "king", "casa": ["house", "home"]}).targets == {
        "rey": ("king",), "casa": ("house", "home"),
    }  # fmt: skip
    with pytest.raises(dm.InputError, match=r"Dictionary\.load"):
        dm.Dictionary("es-en.txt")


def test_decipher_reads_bytes():
    text = "Wkh txlfn eurzq ira mxpsv ryhu wkh odcb grj dqg uxqv iru klv olih"
    one, two = (dm.decipher(t, language="en", kind="simple", seed=1) for t in (text, text.encode()))
    assert one.text == two.text and "quick" in one.text.lower()


USER = """
import numpy as np
import torch
import distmatch as dm

reveal_type(dm.sinkhorn(torch.zeros(3, 2), torch.zeros(3, 2)))
reveal_type(dm.sinkhorn(np.zeros((3, 2)), np.zeros((3, 2))).dense())
reveal_type(dm.decipher(b"abc"))
reveal_type(dm.Embeddings.load("x.vec")["word"])
reveal_type(dm.align("x.vec", "y.vec").map)
dm.Embeddings.load(3)
dm.no_such_name
"""


def test_a_type_checker_sees_the_types_of_the_public_names(tmp_path):
    pytest.importorskip("pyright")
    (tmp_path / "user.py").write_text(USER)
    # A type checker does not follow the import hook of an editable install; what a wheel holds lies at the root.
    root = Path(__file__).parents[1]
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(root)]}))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "user.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    found = json.loads(done.stdout)["generalDiagnostics"]
    said = "\n".join(d["message"] for d in found)
    for kind in ("Coupling[Tensor]", "ndarray", "Decipherment", "LinearMap"):
        assert kind in said, said
    assert len([d for d in found if d["severity"] == "error"]) == 2, said
    assert "no_such_name" in said


def test_the_stub_names_what_the_package_exports():
    stub = (Path(dm.__file__).parent / "__init__.pyi").read_text("utf-8")
    lines = [line.split() for line in stub.splitlines() if line.startswith("from ")]
    assert sorted(words[-1] for words in lines) == list(dm.__all__)
    assert all(dm._PUBLIC[words[-1]] == words[1] for words in lines)
