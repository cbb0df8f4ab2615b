"""The worked example of CONTRIBUTING.md, run as it stands there."""

import re
from pathlib import Path

from distmatch.__main__ import main

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")


def block(language, mark):
    """The code block of a language that holds a mark."""
    blocks = re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)
    return next(b for b in blocks if mark in b)


def test_the_worked_example_of_a_method_runs(tmp_path, monkeypatch, records):
    monkeypatch.chdir(tmp_path)
    Path("frequencyranks.py").write_text(block("python", "class FrequencyRanks"))
    Path("frequency-ranks.yaml").write_text(block("yaml", "method: frequency-ranks"))
    Path("example.yaml").write_text(block("yaml", "benchmark: example"))
    assert main(["benchmark", "example.yaml", "--out", "runs", "--jobs", "0"]) == 0
    assert main(["report", "runs", "--out", "report.html"]) == 0
    found = records("runs").values()
    assert len(found) == 12 and all(r["status"] == "done" for r in found)
    assert "frequency-ranks" in Path("report.html").read_text()
    long = [r for r in found if r["axes"]["length"] == 4096]
    accuracy = {
        m: [r["metrics"]["accuracy"]["value"] for r in long if r["method"] == m]
        for m in ("faq", "frequency-ranks")
    }
    assert 0.2 < sum(accuracy["frequency-ranks"]) / 3 < 0.9 < sum(accuracy["faq"]) / 3


def test_readme_says_that_the_yaml_of_a_method_names_code_that_runs():
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    for text in (readme, TEXT):
        assert re.search(r"names?\s+code and commands that run on your\s+machine", text)
