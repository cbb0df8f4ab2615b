"""Hostile and damaged inputs of the field: one clear line and exit code 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = {
    "seeds as a float": (["benchmark", "{}/seeds-float.yaml", "--list"], "seeds: 2.0 is not an integer"),
    "recursive alias": (["benchmark", "{}/recursive.yaml", "--list"], ":6: alias *s"),
    "aliases of aliases": (["benchmark", "{}/laughs.yaml", "--list"], "alias *a0"),
    "aliases in --config": (["align", "a", "b", "--config", "{}/laughs.yaml"], "alias *a0"),
    "negative seed": (["decipher", "{}/repeat-period.txt", "--seed", "-1"], "--seed -1 is negative"),
    "bomb": (["decompress", "{}/bomb.dm", "--out", "new"], "--max-size 1900000000"),
    "surrogate": (["decipher", "--batch", "{}/surrogate.jsonl", "--out", "o"], "surrogate"),
    "zip for npy": (["evaluate", "--source", "{}/npz-as.npy", "--target", "{}/n60.npy", "--dictionary", "d.txt"], "npz"),
}  # fmt: skip


def run(*arguments, cwd, **options):
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-m", "distmatch", *arguments], capture_output=True, text=True, cwd=cwd,
        env=environment | options.pop("env", {}), timeout=60, **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_line_and_exit_code_2(data, tmp_path, name):
    arguments, message = CASES[name]
    (tmp_path / "d.txt").write_text("a b\n")
    result = run(*(a.format(data / "field" / "reliability") for a in arguments), cwd=tmp_path)
    assert result.returncode == 2 and message in result.stderr, result.stderr
    assert result.stderr.count("\n") == 1 and not result.stdout


def test_a_run_cannot_leave_the_folder(data, tmp_path):
    result = run("benchmark", str(data / "field/reliability/escape.yaml"), "--list", cwd=tmp_path)
    assert result.returncode == 0 and "/../" not in result.stdout and result.stdout.count("/") == 2


def test_a_closed_standard_input_is_one_line(tmp_path):
    script = 'exec "$0" -m distmatch encipher - <&-'
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    result = subprocess.run(
        ["sh", "-c", script, sys.executable], capture_output=True, text=True, cwd=tmp_path, env=environment
    )  # fmt: skip
    assert result.returncode == 2 and "standard input" in result.stderr, result.stderr


def test_an_ascii_terminal_gets_an_answer(tmp_path):
    (tmp_path / "t.txt").write_text("żółta łódź płynie przez rzekę", "utf-8")
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    result = run("encipher", "t.txt", cwd=tmp_path, env=ascii_only)
    assert result.returncode in (0, 2) and "Traceback" not in result.stderr
    assert "unexpected" not in result.stderr, result.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "latin-1"])
def test_texts_in_other_encodings_are_read(tmp_path, encoding):
    (tmp_path / "t.txt").write_bytes("Les élèves ont été à l'école\r\nhier.\r\n".encode(encoding))
    result = run("encipher", "t.txt", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "elevesontetealecolehier" in result.stdout.replace(" ", "").replace("'", "")
    assert ("read as" in result.stderr) == (encoding != "utf-8-sig")


def test_align_names_what_is_missing_before_any_work(tmp_path):
    """Without torch, as after a plain `pip install`."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nclass Hide:\n    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] == 'torch': raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Hide())\n"
    )
    path = f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"
    result = run("align", "no.vec", "none.vec", cwd=tmp_path, env={"PYTHONPATH": path})
    assert result.returncode == 2 and result.stderr.count("\n") == 1
    assert "'torch'" in result.stderr and "pip install -e '" in result.stderr
