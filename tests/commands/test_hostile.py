"""Hostile and damaged inputs of the field: one clear line and exit code 2."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CASES = {
    "seeds as a float": (["benchmark", "{}/seeds-float.yaml", "--list"], "seeds: 2.0 is not an integer"),
    "recursive alias": (["benchmark", "{}/recursive.yaml", "--list"], ":6: alias *s"),
    "aliases of aliases": (["benchmark", "{}/laughs.yaml", "--list"], "alias *a0"),
    "aliases in --config": (["align", "a", "b", "--config", "{}/laughs.yaml"], "alias *a0"),
    "negative seed": (["decipher", "{}/repeat-period.txt", "--seed", "-1"], "--seed -1 is no integer of 0 or more"),
    "bomb": (["decompress", "{}/bomb.dm", "--out", "new"], "--max-size 1900000000"),
    "surrogate": (["decipher", "--batch", "{}/surrogate.jsonl", "--out", "o"], "surrogate"),
    "rows that are all equal": (["align", "equal.npy", "equal.npy", "--out", "o"], "point in one direction"),
    "equal words": (["align", "equal.vec", "equal.vec", "--out", "o"], "point in one direction"),
    "no rows": (["align", "none.npy", "equal.npy", "--out", "o"], "none.npy: shape (0, 8)"),
    "negative seed of vectors": (["embed", "d.txt", "--out", "v.vec", "--seed=-3"], "--seed -3 is no integer"),
    "text that is no alphabet": (["language", "many.txt", "--name", "many"], "many.txt: 400 common characters"),
    "a reference of such": (["decipher", "d.txt", "--reference", "many.txt"], "many.txt: 400 common characters"),
    "nothing to decipher": (["decipher", "empty.txt"], "empty.txt: no ciphertext"),
    "nothing to identify": (["identify", "empty.txt"], "empty.txt: no ciphertext"),
    "nothing to encipher": (["encipher", "empty.txt"], "no letters"),
    "nothing to embed": (["embed", "empty.txt", "--out", "v.vec"], "empty.txt: no words"),
    "nothing to learn": (["language", "empty.txt", "--name", "many"], "empty.txt: fewer than 2,000 letters"),
    "no records": (["report", "."], "no records of"),
    "zip for npy": (["evaluate", "--source", "{}/npz-as.npy", "--target", "{}/n60.npy", "--dictionary", "d.txt"], "npz"),
}  # fmt: skip


def run(*arguments, cwd, **options):
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-m", "distmatch", *arguments], capture_output=True, text=True, cwd=cwd,
        env=environment | options.pop("env", {}), timeout=240, **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_line_and_exit_code_2(data, tmp_path, name):
    arguments, message = CASES[name]
    (tmp_path / "d.txt").write_text("a b\n")
    (tmp_path / "empty.txt").touch()
    np.save(tmp_path / "equal.npy", np.ones((50, 8), np.float32))
    np.save(tmp_path / "none.npy", np.ones((0, 8), np.float32))
    (tmp_path / "equal.vec").write_text("30 3\n" + "".join(f"w{i} 1 1 1\n" for i in range(30)))
    letters = "".join(chr(0xA000 + i) for i in range(400))
    (tmp_path / "many.txt").write_text(f"{letters} " * 20, "utf-8")
    result = run(*(a.format(data / "field" / "reliability") for a in arguments), cwd=tmp_path)
    assert result.returncode == 2 and message in result.stderr, result.stderr
    assert result.stderr.count("\n") == 1 and not result.stdout


def test_a_run_cannot_leave_the_folder(data, tmp_path):
    result = run("benchmark", str(data / "field/reliability/escape.yaml"), "--list", cwd=tmp_path)
    assert result.returncode == 0 and "/../" not in result.stdout and result.stdout.count("/") == 2


def shell(line, cwd):
    """A command line with its redirections, `distmatch` standing for the command."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        ["sh", "-c", line.replace("distmatch", f"exec {sys.executable} -m distmatch", 1)], capture_output=True, text=True,
        cwd=cwd, env=environment, timeout=240,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    ["encipher -", "decipher -", "decipher --batch - --out o", "embed - --out v.vec", "language - --name a", "compress -",
     "identify -", "translate d.tsv --text -"],
)  # fmt: skip
def test_a_closed_standard_input_is_one_line(tmp_path, command):
    (tmp_path / "d.tsv").write_text("a\tb\t1.0\n")
    result = shell(f"distmatch {command} <&-", tmp_path)
    assert result.returncode == 2 and "standard input is closed" in result.stderr, result.stderr
    assert result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["d.tsv"]


def test_closed_output_drops_the_answer_and_no_file_takes_its_place(tmp_path):
    (tmp_path / "t.txt").write_text("some text to encipher")
    for command in ("encipher t.txt", "encipher t.txt --out c.txt"):
        result = shell(f"distmatch {command} >&-", tmp_path)
        assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "c.txt").read_text().startswith("# key: ")
    result = shell("distmatch encipher none.txt 2>&-", tmp_path)
    assert (result.returncode, result.stdout) == (2, "")


def test_sets_of_unequal_size_align(data, tmp_path):
    files = [str(data / "field/reliability" / name) for name in ("n120.npy", "n60.npy")]
    result = run("align", *files, "--out", "o", "--json", cwd=tmp_path)
    assert result.returncode in (0, 1) and (tmp_path / "o").is_dir(), result.stderr
    assert json.loads(result.stdout)["confidence"] is not None


def test_two_empty_files_compress_and_come_back(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).touch()
    assert run("compress", "x", "y", "--quiet", "--out", "a.dm", cwd=tmp_path).returncode == 0
    assert run("decompress", "a.dm", "--out", "there", cwd=tmp_path).returncode == 0
    assert [p.read_bytes() for p in sorted((tmp_path / "there").iterdir())] == [b"", b""]


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


def test_records_whose_axes_differ_make_a_report(tmp_path):
    """A record of an older version, or with a name of its own, lacks an axis of the others."""
    for number, axes in enumerate(
        ({"size": 30, "noise": 0.0}, {"size": 60, "noise": 0.5}, {"size": 90, "own": 1})
    ):
        folder = tmp_path / "runs" / str(number)
        folder.mkdir(parents=True)
        one = {"value": 0.5, "n": 30, "low": 0.3, "high": 0.7, "higher_is_better": True, "unit": ""}
        record = {
            "schema": 2, "id": str(number), "task": "t", "task_version": 1, "kind": "mapping", "axes": axes, "method": "m",
            "class": "a.B", "settings": {}, "seed": 0, "status": "done", "error": None, "metrics": {"precision@1": one},
            "bits": None, "confidence": None, "right": True, "reason": "", "context": {}, "data_sha256": {}, "seconds": 1.0,
            "cpu_seconds": 1.0, "peak_memory_mib": 9.0, "versions": {}, "commit": "x", "device": "cpu",
            "started": "2026-11-30T22:49:20+00:00", "warm": False, "start_memory_mib": 9.0, "result": {},
        }  # fmt: skip
        (folder / "record.json").write_text(json.dumps(record))
    result = run("report", "runs", "--out", "r.html", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "precision@1" in (tmp_path / "r.html").read_text()


def test_a_signalling_nan_is_one_line(tmp_path):
    rows = np.ones((10, 4), np.float32)
    rows.view(np.uint32)[3, 1] = 0x7F800001
    np.save(tmp_path / "x.npy", rows)
    result = run("align", "x.npy", "x.npy", "--out", "o", cwd=tmp_path)
    assert result.returncode == 2 and "row 4: NaN or inf" in result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
