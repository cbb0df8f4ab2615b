"""Mutated inputs to every command: `python tests/fuzz/drive.py --inputs 3000 --seed N` counts what must not happen.

A fault is a traceback or exit code 70, a run over the time limit, a file that a stopped write left behind, or a file of the
user that changed. Each input runs in a folder of its own and in a process of its own: a fork of this one, which has imported
everything, so that an input costs what its command does. `--fresh` starts a new interpreter for each, as a user would.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import importlib
import json
import lzma
import os
import pkgutil
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
TIME_LIMIT = 60
"""CPU seconds of an input; ten times as many by the clock, since a machine may be busy."""
TEXT = (
    "the old fisherman went down to the sea and the sea was calm that day. he had no net and no boat. "
    * 8
)
SPICE = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\r\n", b"\t", b" ", b"nan", b"-1", b"1e999", b"9" * 5000,
    b"{", b"[" * 2000, b"&a [*a]", b"\\ud800", b"../../x", b"<script>", b"\x1f\x8b", b"\n\n", b"null", b'"', b"''", b"0",
    b"\xed\xa0\x80", b"=", b": ", b"#", b"1e-320", b"inf", b"\xcc\x81", b"/", b"?",
)  # fmt: skip
WARNING = "distmatch: warning: "
LEFT = (".part", ".lock", ".partial")
"""Endings of what an unfinished write leaves."""


def samples(folder: Path) -> None:
    """Sound inputs of every kind that a command reads."""
    rng = np.random.default_rng(0)
    (folder / "text.txt").write_text(TEXT)
    (folder / "text.txt.gz").write_bytes(gzip.compress(TEXT.encode(), mtime=0))
    (folder / "text.txt.xz").write_bytes(lzma.compress(TEXT.encode()))
    (folder / "printed.txt").write_text(
        "# 12 June\nCLUE: X = Y\n\n" + TEXT[:150].upper() + "\n  -- B. Franklin"
    )
    (folder / "groups.txt").write_text(" / ".join("05 12 31 07" for _ in range(20)))
    (folder / "numbers.txt").write_text(" ".join(map(str, rng.integers(0, 30, 120))))
    words = TEXT.split()
    book = {w: str(i) for i, w in enumerate(sorted(set(words)), 10)}
    (folder / "code.txt").write_text(" ".join(book[w] for w in words[:60]))
    (folder / "reference.txt").write_text(TEXT * 8)
    (folder / "key.json").write_text(
        json.dumps({"kind": "simple", "letters": {c: c for c in "abcdefghijklmnopqrstuvwxyz. "}})
    )
    ciphers = [{"id": i, "ciphertext": TEXT[i : i + 60], "kind": "simple"} for i in range(2)]
    (folder / "batch.jsonl").write_text("".join(json.dumps(c) + "\n" for c in ciphers))
    vectors(folder, rng)
    (folder / "lexicon").mkdir()
    (folder / "lexicon/lexicon.tsv").write_text(
        "".join(f"{w}\tt{w}\t{0.9 - i / 99}\t1\n" for i, w in enumerate(book))
    )
    (folder / "aligned").mkdir()
    for name in ("source.vec", "target.vec"):
        shutil.copy(folder / "x.vec", folder / "aligned" / name)
    (folder / "bench.yaml").write_text(
        "benchmark: f\nseeds: 1\ntasks:\n - {task: rotation, axes: {size: 30, dimension: 5, anchors: 10}}\nmethods: [procrustes]\n"
    )
    (folder / "method.yaml").write_text(
        "method: own\ntitle: own\nclass: distmatch.matching.vectors.supervised.Procrustes\ntakes: anchored\n"
    )
    (folder / "own.yaml").write_text(
        "benchmark: g\nseeds: 1\ntasks: [{task: rotation, axes: {size: 30, dimension: 5, anchors: 10}}]\nmethods: [method.yaml]\n"
    )
    (folder / "options.yaml").write_text("kind: simple\nseed: 1\nquiet: true\n")
    made = [
        ["compress", "text.txt", "gold.txt", "--brief", "--quiet", "--out", "a.dm"],
        ["decipher", "--batch", "batch.jsonl", "--out", "done.jsonl", "--jobs", "1", "--quiet"],
        ["benchmark", "bench.yaml", "--out", "runs", "--jobs", "0", "--quiet"],
    ]
    for arguments in made:
        code, told = forked(arguments, folder)
        assert code in (0, 1), (arguments, code, told)
    (folder / "bench.yaml").touch()
    record = next(folder.glob("runs/**/record.json"))
    record.rename(folder / "runs/record.json")  # a place that `CASES` can name


def vectors(folder: Path, rng: np.random.Generator) -> None:
    """Vectors in every format, and a dictionary."""
    from distmatch.embeddings.embeddings import Embeddings

    x = rng.normal(size=(30, 6)).astype(np.float32)
    names = tuple(f"w{i}" for i in range(30))
    for name in ("x.vec", "y.vec", "x.bin", "x.safetensors", "x.vec.gz"):
        Embeddings(names, x).save(folder / name)
    np.save(folder / "x.npy", x)
    (folder / "gold.txt").write_text("".join(f"w{i} w{i}\n" for i in range(30)))


def measured(source: str) -> list[str]:
    target = "x.npy" if source.endswith("npy") else "y.vec"
    return ["evaluate", "--source", source, "--target", target, "--dictionary", "gold.txt"]


DECIPHER = ["decipher", "--time-limit", "1"]
BATCH = ["decipher", "--jobs", "1", "--batch", "batch.jsonl", "--out"]
EMBED = ["--out", "v.vec", "--min-count", "1", "--dimension", "4", "--epochs", "1"]
SORTED = ["--method", "sorted", "--out", "run"]
CASES: dict[str, tuple[list[str], str]] = {
    "decipher": ([*DECIPHER, "text.txt", "--kind", "simple"], "text.txt"),
    "decipher printed": ([*DECIPHER, "printed.txt", "--interlinear"], "printed.txt"),
    "decipher groups": ([*DECIPHER, "groups.txt"], "groups.txt"),
    "decipher numbers": ([*DECIPHER, "numbers.txt"], "numbers.txt"),
    "decipher compressed": ([*DECIPHER, "text.txt.gz", "--kind", "caesar"], "text.txt.gz"),
    "decipher code": ([*DECIPHER, "code.txt", "--kind", "dictionary-code", "--reference", "reference.txt"], "code.txt"),
    "decipher reference": ([*DECIPHER, "code.txt", "--kind", "word-code", "--reference", "reference.txt"], "reference.txt"),
    "decipher own language": ([*DECIPHER, "text.txt", "--language", "none", "--reference", "reference.txt"], "reference.txt"),
    "decipher key": (["decipher", "text.txt", "--key", "key.json"], "key.json"),
    "decipher batch": ([*BATCH, "o.jsonl"], "batch.jsonl"),
    "decipher batch resumed": ([*BATCH, "done.jsonl"], "done.jsonl"),
    "decipher onto": ([*BATCH, "text.txt"], "batch.jsonl"),
    "identify": (["identify", "printed.txt", "--time-limit", "1"], "printed.txt"),
    "config": (["encipher", "text.txt", "--config", "options.yaml"], "options.yaml"),
    "encipher": (["encipher", "text.txt", "--out", "c.txt"], "text.txt"),
    "encipher words": (["encipher", "text.txt.xz", "--kind", "word-code", "--out", "c.txt"], "text.txt.xz"),
    "language": (["language", "reference.txt", "--name", "fuzzed"], "reference.txt"),
    "embed": (["embed", "text.txt", *EMBED], "text.txt"),
    "embed pieces": (["embed", "reference.txt", *EMBED, "--tokens", "characters", "--method", "spectral"], "reference.txt"),
    "evaluate": (measured("x.vec"), "x.vec"),
    "evaluate npy": (measured("x.npy"), "x.npy"),
    "evaluate bin": (measured("x.bin"), "x.bin"),
    "evaluate safetensors": (measured("x.safetensors"), "x.safetensors"),
    "evaluate gz": (measured("x.vec.gz"), "x.vec.gz"),
    "evaluate gold": (measured("x.vec"), "gold.txt"),
    "evaluate folder": (["evaluate", "aligned", "--dictionary", "gold.txt"], "aligned/target.vec"),
    "evaluate text": (["evaluate", "--language", "en", "--text", "text.txt"], "text.txt"),
    "align": (["align", "x.vec", "y.vec", *SORTED], "y.vec"),
    "align npy": (["align", "x.npy", "x.vec", "--out", "run"], "x.npy"),
    "align dictionary": (["align", "x.vec", "y.vec", "--dictionary", "gold.txt", "--out", "run"], "gold.txt"),
    "translate": (["translate", "lexicon", "--text", "text.txt", "--out", "t.txt"], "text.txt"),
    "translate lexicon": (["translate", "lexicon", "--text", "text.txt", "--unknown", "spell"], "lexicon/lexicon.tsv"),
    "translate corpus": (["translate", "aligned", "--text", "text.txt", "--corpus", "reference.txt"], "reference.txt"),
    "translate reference": (["translate", "lexicon", "--text", "text.txt", "--reference", "printed.txt"], "printed.txt"),
    "compress": (["compress", "text.txt", "--brief", "--out", "b.dm"], "text.txt"),
    "compress pair": (["compress", "text.txt", "printed.txt", "--brief", "--out", "b.dm"], "printed.txt"),
    "decompress": (["decompress", "a.dm", "--out", "there"], "a.dm"),
    "benchmark": (["benchmark", "bench.yaml", "--list"], "bench.yaml"),
    "benchmark method": (["benchmark", "own.yaml", "--list"], "method.yaml"),
    "benchmark run": (["benchmark", "bench.yaml", "--out", "new", "--jobs", "0"], "bench.yaml"),
    "report": (["report", "runs", "--out", "r.html"], "runs/record.json"),
    "report csv": (["report", "runs", "--out", "r.csv", "--against", "runs"], "runs/record.json"),
}  # fmt: skip
OWN_CACHE = ("language", "decipher own language", "decipher reference", "decipher code")
"""Cases whose models are of the mutated text, and go with it."""


def preload() -> None:
    """Import everything and load the compiled searches, so that a fork has them."""
    import distmatch
    from distmatch.__main__ import build
    from distmatch.matching.decipher import decipher

    for module in pkgutil.walk_packages(distmatch.__path__, "distmatch."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    build()
    for kind in ("simple", "homophonic", "vigenere"):
        decipher(TEXT[:60].replace(".", ""), kind=kind, threads=1, time_limit=1.0)


def forked(arguments: list[str], folder: Path) -> tuple[int | None, str]:
    """Exit code (None after the time limit) and standard error of a command in a fork of this process."""
    from distmatch.__main__ import main

    with tempfile.TemporaryFile() as told:
        child = os.fork()
        if child == 0:
            code = 99
            with contextlib.suppress(BaseException):
                os.setsid()
                resource.setrlimit(resource.RLIMIT_CPU, (TIME_LIMIT, TIME_LIMIT + 1))
                os.chdir(folder)
                os.dup2(os.open(os.devnull, os.O_RDWR), 0)
                os.dup2(0, 1)
                os.dup2(told.fileno(), 2)
                sys.stdin = open(0, closefd=False)
                sys.stdout, sys.stderr = (open(n, "w", closefd=False) for n in (1, 2))
                try:
                    code = main(arguments)
                except BaseException:
                    traceback.print_exc()
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
        end = time.monotonic() + 10 * TIME_LIMIT
        while (ended := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < end:
            time.sleep(0.01)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, 9)
        if ended[0] == 0:
            os.waitpid(child, 0)
            return None, ""
        told.seek(0)
        if os.WIFSIGNALED(ended[1]) and os.WTERMSIG(ended[1]) in (signal.SIGXCPU, signal.SIGKILL):
            return None, ""
        return os.waitstatus_to_exitcode(ended[1]), told.read().decode("utf-8", "replace")


def fresh(arguments: list[str], folder: Path) -> tuple[int | None, str]:
    """The same in a new interpreter."""
    process = subprocess.Popen(
        [sys.executable, "-m", "distmatch", *arguments], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        _, told = process.communicate(timeout=10 * TIME_LIMIT)
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


def contents(folder: Path) -> dict[str, bytes]:
    """Files below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@contextlib.contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """`DISTMATCH_CACHE` in a folder that is removed afterwards."""
    shared = os.environ.get("DISTMATCH_CACHE")
    os.environ["DISTMATCH_CACHE"] = str(folder / "cache")
    try:
        yield
    finally:
        shutil.rmtree(folder / "cache", ignore_errors=True)
        os.environ.pop("DISTMATCH_CACHE")
        if shared is not None:
            os.environ["DISTMATCH_CACHE"] = shared


def faults(case: str, folder: Path, rng: random.Random, run: Callable) -> list[str]:
    """What went wrong with one mutated input."""
    arguments, name = CASES[case]
    path = folder / name
    path.write_bytes(mutate(path.read_bytes(), rng))
    before = contents(folder)
    with own_cache(folder) if case in OWN_CACHE else contextlib.nullcontext():
        code, told = run([*arguments, "--quiet"], folder)
    found = []
    if code is None:
        found.append("hang")
    elif "Traceback" in told or code not in (0, 1, 2):
        found.append(f"exit {code}: {' '.join(told.split())[-300:]}")
    errors = [line for line in told.splitlines() if not line.startswith(WARNING)]
    if code == 2 and len(errors) > 1 and "--batch" not in arguments:
        found.append(f"lines {len(errors)}: {' '.join(errors)[-300:]}")
    if " encountered in " in told:
        found.append(f"lines of numpy: {' '.join(told.split())[-300:]}")
    after = contents(folder)
    own = ("done.jsonl",)  # results of a batch, which the command completes
    found += [f"changed {n}" for n, data in before.items() if after.get(n) != data and n not in own]
    new = after.keys() - before.keys() - {"new/.lock"}  # which a folder of runs keeps
    if code is not None:  # what is killed cannot tidy up
        found += [f"left {n}" for n in sorted(new) if n.endswith(LEFT) or ".partial/" in n]
    return found


def drive(
    inputs: int, seed: int, seconds: float = float("inf"), run: Callable = forked
) -> dict[str, object]:
    """Run mutated inputs in turn through all cases, until there are enough or the time is over."""
    end = time.monotonic() + seconds
    kinds: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    examples: list[str] = []
    done = 0
    preload()
    with tempfile.TemporaryDirectory() as sound, tempfile.TemporaryDirectory() as kept:
        samples(Path(sound))
        order = list(CASES)
        random.Random(seed).shuffle(order)
        while done < inputs and time.monotonic() < end:
            rng = random.Random(f"{seed}/{done}")
            case = order[done % len(order)]
            folder = Path(kept) / str(done)
            shutil.copytree(sound, folder)
            for fault in faults(case, folder, rng, run):
                kinds[fault.split()[0]] += 1
                examples.append(f"{case}, input {done}: {fault}")
            shutil.rmtree(folder, ignore_errors=True)
            cases[case] += 1
            done += 1
    return {
        "inputs": done, "seed": seed, "cases": len(cases), "faults": dict(kinds), "examples": examples,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--fresh", action="store_true", help="a new interpreter for every input")
    given = parser.parse_args()
    result = drive(given.inputs, given.seed, given.seconds, fresh if given.fresh else forked)
    print(json.dumps(result, indent=1))
