"""Adapters and peers: each finds a planted answer on a task that it can solve."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from distmatch.benchmark.configuration import catalogue, load_config
from distmatch.benchmark.execution import make as make_method
from distmatch.benchmark.kinds.kind import DoesNotApply, load_kind
from distmatch.benchmark.plan import Method
from distmatch.errors import InputError


def problem_of(kind, seed=0, **axes):
    found = load_kind(kind)
    return found.build({k: a.default for k, a in found.axes.items()} | axes, {}, seed)


def solve(problem, takes, matcher, **settings):
    module = "" if matcher.startswith("distmatch.") else "distmatch.benchmark.methods."
    method = Method(name="m", matcher=module + matcher, takes=takes, settings=settings)
    match = make_method(method).match(*problem.view(takes), seed=0)
    return problem.score(match).metrics, match


CIPHERS = {
    "ours": ("ciphertext", "ciphersearch.Annealing", {}, 200, 1.0),
    "subbreaker": ("ciphertext", "subbreaker.Subbreaker", {"consolidate": 2}, 300, 0.97),
    "scipy": ("graph", "graphs.QuadraticAssignment", {}, 3000, 0.97),
    "pot": ("graph", "graphs.PotGromov", {"solver": "pgd"}, 3000, 0.9),
    "soft key": (
        "sequences",
        "symbollikelihood.SymbolLikelihood",
        {"search": "gradient"},
        3000,
        0.95,
    ),
    "symbol search": ("sequences", "symbollikelihood.SymbolLikelihood", {}, 400, 0.95),
    "proximal": ("embeddings", "proximal.ProximalPoints", {"steps": 100}, 6000, 0.95),
    "gromov": (
        "embeddings",
        "distmatch.matching.vectors.proximalgromov.ProximalGromov",
        {},
        6000,
        0.9,
    ),
    "wasserstein": (
        "embeddings",
        "distmatch.matching.vectors.wasserstein.WassersteinProcrustes",
        {},
        6000,
        0.9,
    ),
    "joint": ("bytes", "jointcompression.JointCompression", {}, 400, 0.95),
    "joint model": ("sequences", "jointnetwork.JointNetwork", {}, 20_000, 0.95),
}


@pytest.mark.parametrize("name", CIPHERS)
def test_ciphers(name):
    takes, matcher, settings, length, accuracy = CIPHERS[name]
    metrics, _ = solve(problem_of("cipher", length=length), takes, matcher, **settings)
    assert metrics["accuracy"].value >= accuracy


def test_known_symbols_are_used():
    problem = problem_of("cipher", length=40, known=20)
    assert len(problem.plain.known) == min(20, len(problem.source.names))
    _, match = solve(problem, "ciphertext", "ciphersearch.Annealing")
    assert all(match.map.letters[s] == c for s, c in problem.plain.known)


@pytest.mark.parametrize("matcher", ["anchored.Procrustes", "anchored.CanonicalCorrelation"])
def test_supervised_ceilings(matcher):
    problem = problem_of("mapping", size=300, dimension=20, noise=0.1, anchors=100)
    metrics, _ = solve(problem, "anchored", matcher)
    assert metrics["precision@1"].value >= 0.9


@pytest.mark.slow
def test_an_adversary_reads_better_than_chance():
    """26 rows are few for a discriminator, so the best of three; the most frequent letter everywhere gives an eighth."""
    settings = {"hidden": 64, "fourier": 50, "batch": 64, "steps": 500, "conditions": 6}
    name, found = "distmatch.matching.vectors.adversarial.Adversarial", []
    for seed in range(3):
        metrics, _ = solve(problem_of("cipher", seed, length=8000), "embeddings", name, **settings)
        found.append(metrics["accuracy"].value)
    assert max(found) > 0.4


def test_settings_of_a_setting_are_changes_of_its_default():
    name = "distmatch.matching.vectors.wasserstein.WassersteinProcrustes"
    chosen = {"start": {"frequency": 0}, "normalization": ["unit"]}
    matcher = make_method(Method(name="m", matcher=name, takes="embeddings", settings=chosen))
    assert matcher.start.frequency == 0 and matcher.start.words == 500
    assert matcher.normalization == ("unit",)
    wrong = Method(name="m", matcher=name, takes="embeddings", settings={"start": {"frequncy": 0}})
    with pytest.raises(InputError, match="setting of Start 'frequncy'"):
        make_method(wrong)


UNIFORM = {"power": 1, "marginals": "uniform", "epsilon": 0.02}


def test_faq_and_pot_recover_a_planted_rotation():
    problem = problem_of("mapping", size=60, dimension=20)
    for matcher, settings in (("QuadraticAssignment", {"power": 1}), ("PotGromov", UNIFORM)):
        metrics, _ = solve(problem, "graph", f"graphs.{matcher}", **settings)
        assert metrics["precision@1"].value == 1


def test_compressors_see_sameness_and_not_ciphers():
    def delta(**axes):
        problem = problem_of("texts", size=4000, size_x=8000, **axes)
        return solve(problem, "bytes", "compressors.Compressor", name="xz")[0][
            "delta_percent"
        ].value

    assert delta(relation="same", enciphered=False) > 80
    assert abs(delta(relation="random")) < 8
    assert delta(relation="author", enciphered=True) < 12


def test_subbreaker_says_what_it_cannot_read():
    problem = problem_of("cipher", length=60, language="fr")
    with pytest.raises(DoesNotApply, match="no quadgrams of 'fr'"):
        solve(problem, "ciphertext", "subbreaker.Subbreaker")


PROGRAM = """
import sys
import numpy as np

def read(path):
    with open(path) as file:
        next(file)
        rows = [line.rstrip().split(" ") for line in file]
    return [r[0] for r in rows], np.array([r[1:] for r in rows], float)

def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)

def normal(x):
    x = unit(x)
    return unit(x - x.mean(0))

x, y, out_x, out_y = sys.argv[-4:]
(words, a), (others, b) = read(x), read(y)
a, b = normal(a), normal(b)
# A stand-in for the real program, which knows the pairs by their numbers.
place = {w[1:]: i for i, w in enumerate(others)}
u, _, vt = np.linalg.svd(a.T @ b[[GOLD[int(w[1:])] for w in words]])
for path, names, rows in ((out_x, words, a @ u @ vt), (out_y, others, b)):
    with open(path, "w") as file:
        print(*rows.shape, file=file)
        for name, row in zip(names, rows):
            print(name, *(f"{v:.7f}" for v in row), file=file)
"""


def test_an_external_program_is_run_and_its_map_recovered(tmp_path):
    problem = problem_of("mapping", size=80, dimension=10)
    gold = f"GOLD = {[int(j) for j in problem.order]}\n"
    (tmp_path / "map_embeddings.py").write_text(gold + textwrap.dedent(PROGRAM))
    metrics, match = solve(problem, "embeddings", "external.External", checkout=str(tmp_path))
    assert metrics["precision@1"].value == 1 and match.extra["not_linear"] < 1e-3
    with pytest.raises(InputError, match="no such checkout"):
        solve(problem, "embeddings", "external.External", checkout=str(tmp_path / "none"))
    (tmp_path / "map_embeddings.py").write_text("raise SystemExit('planted trouble')")
    with pytest.raises(InputError, match=r"map_embeddings.py failed: planted trouble"):
        solve(problem, "embeddings", "external.External", checkout=str(tmp_path))


def test_every_method_of_the_catalogue_can_be_made(tmp_path):
    names = sorted(catalogue("methods"))
    assert len(names) >= 15
    file = tmp_path / "c.yaml"
    file.write_text(f"benchmark: all\ntasks: [cipher-words]\nmethods: [{', '.join(names)}]\n")
    for method in load_config(str(file)).methods:
        assert callable(make_method(method).match)


def test_every_task_of_the_catalogue_loads(tmp_path):
    names = sorted(catalogue("tasks"))
    file = tmp_path / "c.yaml"
    file.write_text(f"benchmark: all\ntasks: [{', '.join(names)}]\nmethods: [annealing]\n")
    tasks = load_config(str(file)).tasks
    assert [t.name for t in tasks] == names and {t.kind for t in tasks} == {
        "cipher", "lexicon", "mapping", "texts", "embeddings"
    }  # fmt: skip
    assert all((f.sha256 and f.fetch) or f.make for t in tasks for f in t.data.values())


def test_hints_name_scripts_that_fetch_these_very_bytes(tmp_path):
    root = Path(__file__).parents[2]
    sums = json.loads((root / "data_scripts" / "checksums.json").read_text())
    names = ", ".join(catalogue("tasks"))
    (tmp_path / "c.yaml").write_text(f"benchmark: all\ntasks: [{names}]\nmethods: [annealing]\n")
    files = [f for t in load_config(str(tmp_path / "c.yaml")).tasks for f in t.data.values()]
    fetched = [f for f in files if f.fetch]
    assert len(fetched) > 10
    for file in fetched:
        python, script = file.fetch.split()
        assert python == "python" and (root / script).is_file()
        assert sums[file.file] == file.sha256
    for file in files:  # what is made is made by a command of ours
        assert file.fetch or file.make.startswith("distmatch embed ")


def test_commands_start_without_heavy_imports():
    script = (
        "import sys\nimport distmatch.benchmark.configuration as c\n"
        "c.load_config('configs/smoke.yaml')\nassert 'torch' not in sys.modules and 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_random_seeds_reach_the_method():
    problem = problem_of("mapping", size=40, dimension=4, noise=2.0)
    keys = [
        make_method(Method(name="m", matcher="distmatch.benchmark.methods.graphs.QuadraticAssignment", takes="graph",
                           settings={"algorithm": "2opt", "starts": 1})).match(*problem.view("graph"), seed=s).map.table
        for s in (0, 0, 1)
    ]  # fmt: skip
    assert np.array_equal(keys[0], keys[1]) and not np.array_equal(keys[0], keys[2])
