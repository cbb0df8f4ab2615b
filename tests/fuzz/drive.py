"""Mutated inputs to every command: `python tests/fuzz/drive.py --inputs 3000 --seed N` counts what must not happen.

A fault is a traceback or exit code 70, a run over the time limit, a file that a stopped write left behind, or a file of the
user that changed. Each input runs in a folder of its own, as a user would run it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
TIME_LIMIT = 60.0
TEXT = (
    "the old fisherman went down to the sea and the sea was calm that day. he had no net and no boat. "
    * 8
)
SPICE = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\r\n", b"\t", b" ", b"nan", b"-1", b"1e999", b"9" * 5000,
    b"{", b"[" * 2000, b"&a [*a]", b"\\ud800", b"../../x", b"<script>", b"\x1f\x8b", b"\n\n",
)  # fmt: skip


def samples(folder: Path) -> None:
    """Sound inputs of every kind that a command reads."""
    rng = np.random.default_rng(0)
    (folder / "text.txt").write_text(TEXT)
    (folder / "numbers.txt").write_text(" ".join(map(str, rng.integers(0, 30, 120))))
    ciphers = [{"id": i, "ciphertext": TEXT[i : i + 60], "kind": "simple"} for i in range(2)]
    (folder / "batch.jsonl").write_text("".join(json.dumps(c) + "\n" for c in ciphers))
    x = rng.normal(size=(30, 6)).astype(np.float32)
    rows = "".join(f"w{i} " + " ".join(f"{v:.4f}" for v in row) + "\n" for i, row in enumerate(x))
    (folder / "x.vec").write_text(f"30 6\n{rows}")
    (folder / "y.vec").write_text(f"30 6\n{rows}")
    np.save(folder / "x.npy", x)
    (folder / "gold.txt").write_text("".join(f"w{i} w{i}\n" for i in range(30)))
    (folder / "bench.yaml").write_text(
        "benchmark: f\nseeds: 1\ntasks:\n - {task: rotation, axes: {size: 30, dimension: 5, anchors: 10}}\nmethods: [procrustes]\n"
    )
    (folder / "options.yaml").write_text("kind: simple\nseed: 1\nquiet: true\n")
    command(["compress", "text.txt", "gold.txt", "--brief", "--quiet", "--out", "a.dm"], folder)


CASES: dict[str, tuple[list[str], str]] = {
    "decipher": (["decipher", "text.txt", "--kind", "simple", "--time-limit", "1"], "text.txt"),
    "decipher numbers": (["decipher", "numbers.txt", "--time-limit", "1"], "numbers.txt"),
    "decipher batch": (["decipher", "--batch", "batch.jsonl", "--out", "o.jsonl", "--jobs", "1"], "batch.jsonl"),
    "decipher onto": (["decipher", "--batch", "batch.jsonl", "--out", "text.txt", "--jobs", "1"], "text.txt"),
    "config": (["encipher", "text.txt", "--config", "options.yaml"], "options.yaml"),
    "encipher": (["encipher", "text.txt", "--out", "c.txt"], "text.txt"),
    "embed": (["embed", "text.txt", "--out", "v.vec", "--min-count", "1", "--dimension", "4", "--epochs", "1"], "text.txt"),
    "evaluate": (["evaluate", "--source", "x.vec", "--target", "y.vec", "--dictionary", "gold.txt"], "x.vec"),
    "evaluate npy": (["evaluate", "--source", "x.npy", "--target", "x.npy", "--dictionary", "gold.txt"], "x.npy"),
    "evaluate gold": (["evaluate", "--source", "x.vec", "--target", "y.vec", "--dictionary", "gold.txt"], "gold.txt"),
    "align": (["align", "x.vec", "y.vec", "--method", "sorted", "--out", "run"], "y.vec"),
    "compress": (["compress", "text.txt", "--brief", "--out", "b.dm"], "text.txt"),
    "decompress": (["decompress", "a.dm", "--out", "there"], "a.dm"),
    "benchmark": (["benchmark", "bench.yaml", "--list"], "bench.yaml"),
    "report": (["report", "runs", "--out", "r.html"], "bench.yaml"),
}  # fmt: skip


def command(arguments: list[str], folder: Path) -> tuple[int | None, str]:
    """Exit code (None after the time limit) and standard error."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "distmatch", *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        _, told = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return None, ""
    return process.returncode, told.decode("utf-8", "replace")


def mutate(data: bytes, rng: random.Random) -> bytes:
    """The data with one to four pieces flipped, cut, repeated, moved or spiced."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(out) + 1)
        length = rng.choice((1, 4, 40, 400))
        match rng.randrange(6):
            case 0 if place < len(out):
                out[place] ^= 1 << rng.randrange(8)
            case 1:
                del out[place : place + length]
            case 2:
                out[place:place] = out[place : place + length]
            case 3:
                out[place:place] = rng.choice(SPICE)
            case 4:
                out[place : place + length] = rng.randbytes(length)
            case _:
                del out[place:]
    return bytes(out)


def faults(case: str, folder: Path, rng: random.Random) -> list[str]:
    """What went wrong with one mutated input."""
    arguments, name = CASES[case]
    path = folder / name
    path.write_bytes(mutate(path.read_bytes(), rng))
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    code, told = command([*arguments, "--quiet"], folder)
    found = []
    if code is None:
        found.append("hang")
    elif "Traceback" in told or code not in (0, 1, 2):
        found.append(f"exit {code}: {' '.join(told.split())[-200:]}")
    after = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    found += [f"changed {n}" for n, data in before.items() if after.get(n) != data]
    found += [f"left {p.name}" for p in folder.rglob("*") if p.suffix in (".part", ".lock")]
    return found


def drive(inputs: int, seed: int, seconds: float = float("inf")) -> dict[str, object]:
    """Run mutated inputs in turn through all cases, until there are enough or the time is over."""
    end = time.monotonic() + seconds
    kinds: Counter[str] = Counter()
    examples: list[str] = []
    done = 0
    with tempfile.TemporaryDirectory() as sound:
        samples(Path(sound))
        while done < inputs and time.monotonic() < end:
            rng = random.Random(f"{seed}/{done}")
            case = list(CASES)[done % len(CASES)]
            with tempfile.TemporaryDirectory() as name:
                for path in Path(sound).iterdir():
                    (Path(name) / path.name).write_bytes(path.read_bytes())
                for fault in faults(case, Path(name), rng):
                    kinds[fault.split()[0]] += 1
                    examples.append(f"{case}, input {done}: {fault}")
            done += 1
    return {"inputs": done, "seed": seed, "faults": dict(kinds), "examples": examples}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    given = parser.parse_args()
    print(json.dumps(drive(given.inputs, given.seed, given.seconds), indent=1))
