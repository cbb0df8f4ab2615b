"""Methods of one's own: their code is part of a run, and what they answer is checked and shown for every view."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from distmatch.__main__ import main
from distmatch.benchmark.owncode import own_code
from distmatch.benchmark.records import read_records, with_current_code

METHOD = """
from dataclasses import dataclass
import numpy as np
from shifts import SHIFT
from distmatch.benchmark.methods.answer import answer

@dataclass(frozen=True, kw_only=True)
class Shifted:
    def match(self, source, target, *, seed=0, progress=None):
        return answer((np.arange(len(source)) + SHIFT) % len(source), method="shifted", seed=seed)
"""
YAML = "method: shifted\nclass: ownmethod.Shifted\ntakes: embeddings\n"


@pytest.fixture
def own(tmp_path, write_config, monkeypatch):
    """A folder with an own method of two files, and the configuration that runs it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("ownmethod.py").write_text(METHOD)
    Path("shifts.py").write_text("SHIFT = 0\n")
    Path("shifted.yaml").write_text(YAML)
    return write_config(methods=["shifted.yaml"], seeds=2)


def run(config, capsys, out="runs"):
    code = main(["benchmark", config, "--out", out, "--jobs", "0", "--json"])
    return code, json.loads(capsys.readouterr().out)["status"]


def test_an_edited_method_is_run_again(own, capsys):
    assert run(own, capsys) == (0, {"kept": 0, "done": 4})
    assert run(own, capsys) == (0, {"kept": 4})
    Path("shifts.py").write_text("SHIFT = 1\n")  # imported by the method's module
    assert run(own, capsys) == (0, {"kept": 0, "done": 4})
    every = read_records("runs")
    assert len(every) == 8 and len({r["code"] for _, r in every}) == 2
    current, old = with_current_code(every)
    assert len(current) == 4 and old == 4
    newest = max(p.stat().st_mtime_ns for p, _ in current)
    assert all(p.stat().st_mtime_ns < newest for p, _ in every if p not in {q for q, _ in current})
    shares = [r["metrics"]["precision@1"]["value"] for _, r in every]
    assert len(set(shares)) > 1, "the edited code ran, in the same process"
    main(["report", "runs", "--format", "md"])
    assert "4 runs of earlier code" in capsys.readouterr().out


def test_only_own_code_counts(own, tmp_path):
    assert own_code("distmatch.matching.vectors.auto.Auto", None) == ""
    assert own_code("sklearn.cluster.KMeans", None) == own_code("json.JSONDecoder", None) == ""
    assert own_code("nowhere.Nothing", None) == ""
    before = own_code("ownmethod.Shifted", None)
    assert len(before) == 16
    Path("other.py").write_text("unused = 1\n")
    assert own_code("ownmethod.Shifted", None) == before
    Path("ownmethod.py").write_text(METHOD + "\n# a comment\n")
    assert own_code("ownmethod.Shifted", None) != before
    package = tmp_path / "elsewhere" / "mine"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    one = own_code("mine.deep.Shifted", str(package.parent))
    (package / "deep.py").write_text(METHOD)
    assert one and own_code("mine.deep.Shifted", str(package.parent)) != one


@pytest.mark.parametrize(
    "returned, said",
    [
        ("np.arange(len(source))", "returned ndarray, not a Match"),
        ("None", "returned NoneType, not a Match"),
        ("answer(np.ones(len(source)), method='x', seed=0)", "no map. An assignment is (n,) integers"),
        ("answer(np.arange(3), method='x', seed=0)", "a map of 3 rows; the source has"),
        ("answer(Key({'a': 'b'}, 'simple'), method='x', seed=0)", "a map of kind key; this task takes"),
    ],
)  # fmt: skip
def test_an_answer_of_the_wrong_type_is_a_failed_run(own, capsys, returned, said):
    lines = METHOD.splitlines()
    lines[-1] = f"        return {returned}"
    Path("ownmethod.py").write_text("\n".join(["from distmatch.maps.key import Key", *lines]))
    assert run(own, capsys) == (1, {"kept": 0, "failed": 4})
    for _, record in read_records("runs"):
        assert said in record["error"] and record["metrics"] == {}


# --- CONTRIBUTING shows what to return for every view -----------------------------------------------------------------

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")
LINES = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| `([^`|]+)`[^|]*\|$", TEXT, re.M))
"""View to the expression that CONTRIBUTING shows as its answer."""
TASKS = {
    "ciphertext": "{task: cipher-words, axes: {length: 64}}",
    "graph": "{task: cipher-words, axes: {length: 64}}",
    "sequences": "{task: cipher-words, axes: {length: 64}}",
    "bytes": "{task: cipher-words, axes: {length: 64}}",
    "embeddings": "{task: rotation, axes: {size: 20, dimension: 4, noise: 0.1}}",
    "anchored": "{task: rotation, axes: {size: 20, dimension: 4, noise: 0.1, anchors: 10}}",
}


def test_every_view_has_its_answer_in_contributing():
    from distmatch.benchmark.kinds.kind import TASK_KINDS, load_kind

    assert set(LINES) == set(TASKS) == {v for kind in TASK_KINDS for v in load_kind(kind).views}


@pytest.mark.parametrize("view", TASKS)
def test_what_contributing_shows_for_a_view_is_measured(view, tmp_path, monkeypatch, records):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    found = LINES[view]
    name = f"shown_{view}"
    Path(f"{name}.py").write_text(
        "from dataclasses import dataclass\nimport numpy as np\n"
        "from distmatch.benchmark.methods.answer import answer\n"
        "from distmatch.maps.key import Key\nfrom distmatch.maps.linear import LinearMap\n\n"
        "@dataclass(frozen=True)\nclass Shown:\n"
        "    def match(self, source, target, *, seed=0, progress=None):\n"
        + {
            "ciphertext": "        letters = {name: 'e' for name in source.names}\n",
            "graph": "        order = np.arange(len(source))\n",
            "sequences": "        key = np.zeros(int(target.max()) + 1, int)\n",
            "bytes": "        letters = {chr(byte): 'e' for byte in set(target)}\n",
            "embeddings": "        w = np.eye(source.dimension, dtype=np.float32)\n",
            "anchored": "        w = np.eye(target.dimension, dtype=np.float32)\n",
        }[view]
        + f"        return answer({found}, method='shown', seed=seed)\n"
    )
    Path("c.yaml").write_text(
        f"benchmark: shown\nseeds: 1\ntasks: [{TASKS[view]}]\n"
        f"methods: [{{method: shown, class: {name}.Shown, takes: {view}}}]\n"
    )
    assert main(["benchmark", "c.yaml", "--out", "runs", "--jobs", "0", "--quiet"]) == 0
    (record,) = records("runs").values()
    assert record["status"] == "done" and record["metrics"]
    assert all(np.isfinite(m["value"]) for m in record["metrics"].values())
