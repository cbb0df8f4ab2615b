"""Ctrl-C, as a user presses it, ends a search with the best answer so far."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from distmatch.embeddings.embeddings import Embeddings
from distmatch.planted import PlantedLanguages, ranked_rotation

psutil = pytest.importorskip("psutil")
MAX_SECONDS = 240


def interrupted(command, folder, ready):
    """Exit code, output and errors of a command that gets SIGINT once it is ready."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-m", "distmatch", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=folder, env=environment, start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + MAX_SECONDS
    while process.poll() is None and not ready(psutil.Process(process.pid)):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert process.returncode is None, "it had ended before"
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=MAX_SECONDS)
    return process.returncode, out, told


def test_decipher_shows_the_best_so_far(tmp_path):
    """Noise never satisfies the search, which would go on until its limit."""
    rng = random.Random(3)
    (tmp_path / "c.txt").write_text(" ".join(str(rng.randrange(60)) for _ in range(400)))
    command = ["decipher", "c.txt", "--kind", "homophonic", "--time-limit", "100000", "--json"]

    def searching(process):
        return sum(process.cpu_times()[:2]) > 6

    code, out, told = interrupted(command, tmp_path, searching)
    result = json.loads(out)
    assert code == 130 and not result["solved"] and "Traceback" not in told
    assert len(result["plaintext"]) == 400 and result["bits"]["text"] > 400
    assert result["seconds"] < 2 * MAX_SECONDS


def test_align_keeps_the_best_map_so_far(tmp_path):
    pytest.importorskip("torch")
    made = ranked_rotation(1500, 40, noise=0.6)
    names = tuple(f"w{i}" for i in range(len(made.source)))
    Embeddings(names, made.source).save(tmp_path / "x.vec")
    Embeddings(tuple(names[i] for i in made.order), made.target).save(tmp_path / "y.vec")
    kept = tmp_path / "run" / "checkpoint.safetensors"
    command = ["align", "x.vec", "y.vec", "--out", "run", "--device", "cpu", "--json"]
    code, out, told = interrupted(command, tmp_path, lambda _: kept.exists())
    assert code == 130 and "Traceback" not in told, told
    assert json.loads(out)["bits"]["map"] > 0
    assert (tmp_path / "run" / "map.safetensors").exists()
    assert (tmp_path / "run" / "lexicon.tsv").read_text().count("\n") > 100


def test_train_keeps_the_best_model_so_far(tmp_path):
    pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors")
    for name, lines in zip(("x.txt", "y.txt"), PlantedLanguages(0).unpaired(1_500), strict=True):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    kept = tmp_path / "run" / "checkpoint.safetensors"

    def iterated(_):
        if not kept.exists():
            return False
        with safetensors.safe_open(kept, "numpy") as file:
            return "history" in file.keys()

    command = ["train", "x.txt", "y.txt", "--out", "run", "--iterations", "10000", "--json"]
    code, out, told = interrupted(command, tmp_path, iterated)
    assert code == 130 and "Traceback" not in told, told
    result = json.loads(out)
    assert result["stopped"] and result["iteration"] >= 1 and kept.exists()
    text = "Piluba.\n\n"
    done = subprocess.run(
        [sys.executable, "-m", "distmatch", "translate", "run", "--text", "-"], input=text, text=True, cwd=tmp_path,
        capture_output=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.count("\n") == 2, done.stderr
