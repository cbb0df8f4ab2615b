"""Mutated inputs, kills at random moments over all commands that write, and load: docs/results/reliability.json.

    python benchmarks/reliability.py --inputs 3000 --seed 1 --json docs/results/reliability.json
    python benchmarks/reliability.py --kills 100 --terms 30 --seed 1 --json docs/results/reliability.json
    python benchmarks/reliability.py --batch 20000 --json docs/results/reliability.json
    python benchmarks/reliability.py --compress 100 --json docs/results/reliability.json
    python benchmarks/reliability.py --align 50000 --json docs/results/reliability.json
    python benchmarks/reliability.py --report 50000 --json docs/results/reliability.json

A command is started, killed (`kill -9`) or asked to end (SIGTERM) at a random moment of its usual time, and started again,
several times over; then it runs to its end. A fault is an input that changed, an output under its final name that is not
whole, a child that is alive 2 s later (1 s after SIGTERM), an exit code other than 143 after SIGTERM (0 or 1 where it had ended by
itself), or a final result that differs from that of a run without kills. Processes are forks of this one, which has
imported everything.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fuzz"))
from drive import drive, preload
from tables import Results

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.maps.linear import LinearMap
from distmatch.planted import PROSE, english_bytes, ranked_rotation
from distmatch.retrieval.lexicon import Lexicon

LETTERS = 128
"""Length of the ciphers of a batch."""
ROUND = 5
"""Kills before a run is left to its end."""


class Job(NamedTuple):
    """A command that writes, and what must be the same after it however often it was killed.

    Args:
        arguments: of the command.
        outcome: of a folder, what counts in it; may raise where a file is not whole.
        whole: files that are whole whenever they exist.
    """

    arguments: list[str]
    outcome: Callable[[Path], Any]
    whole: tuple[str, ...] = ()


def lines(path: Path) -> list[list]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [[row["id"], row["plaintext"], row["confidence"]] for row in rows]


def records(folder: Path) -> list[Any]:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("**/record.json"))]
    return [[row["task"]["name"] if isinstance(row["task"], dict) else row["task"], row["seed"],
             {name: m for name, m in row["metrics"].items() if "second" not in name}] for row in found]  # fmt: skip


def files(*names: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [(folder / name).read_bytes() for name in names]


def model(folder: Path) -> list[Any]:
    """The stored text and the arrays of the model made of it."""
    stored = folder / "cache/named/mine/text.txt"
    # A text that is stored again gets a model of its own; the one of before stays, and must be the same.
    arrays = {(p.name, p.read_bytes()) for p in (folder / "cache").glob("v*/own-*/*.npy")}
    return [stored.read_bytes(), *sorted(arrays)]


JOBS = {
    "decipher --batch": Job(
        ["decipher", "--batch", "batch.jsonl", "--out", "o.jsonl", "--kind", "simple"], lambda f: lines(f / "o.jsonl")
    ),
    "align": Job(
        ["align", "x.vec", "y.vec", "--out", "run", "--device", "cpu"],
        files("run/map.safetensors", "run/lexicon.tsv", "run/source.vec"),
        ("run/map.safetensors", "run/lexicon.tsv", "run/source.vec", "run/target.vec"),
    ),
    "embed": Job(
        ["embed", "text.txt", "--out", "v.vec", "--dimension", "50", "--epochs", "4", "--checkpoint-minutes", "0"],
        files("v.vec"), ("v.vec",),
    ),
    "compress": Job(["compress", "text.txt", "other.txt", "--brief", "--out", "a.dm"], files("a.dm"), ("a.dm",)),
    "encipher": Job(["encipher", "long.txt", "--kind", "word-code", "--out", "c.txt"], files("c.txt"), ("c.txt",)),
    "decompress": Job(["decompress", "made.dm", "--out", "there"], files("there/text.txt"), ("there/text.txt",)),
    "language": Job(["language", "text.txt", "--name", "mine"], model, ("cache/named/mine/text.txt",)),
    "benchmark": Job(
        ["benchmark", "bench.yaml", "--out", "runs", "--jobs", "0"], lambda f: records(f / "runs")
    ),
}  # fmt: skip


def inputs(folder: Path) -> None:
    """The files that the jobs read."""
    rows = [{"id": i, "ciphertext": PROSE[7 * i : 7 * i + 120]} for i in range(12)]
    (folder / "batch.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = ranked_rotation(900, 20)
    names = tuple(f"w{i}" for i in range(len(made.source)))
    Embeddings(names, made.source).save(folder / "x.vec")
    Embeddings(tuple(names[i] for i in made.order), made.target).save(folder / "y.vec")
    (folder / "text.txt").write_bytes(english_bytes(120_000, seed=1))
    (folder / "other.txt").write_bytes(english_bytes(20_000, seed=2))
    (folder / "long.txt").write_bytes(english_bytes(3_000_000, seed=3))
    (folder / "bench.yaml").write_text(
        "benchmark: kills\nseeds: 4\ntasks: [{task: rotation, axes: {size: 300, dimension: 20, anchors: 60}}]\n"
        "methods: [procrustes, sorted]\n"
    )


def said(folder: Path) -> Path:
    """What the last command in a folder wrote to standard error."""
    return folder.parent / "stderr"


def start(arguments: list[str], folder: Path) -> int:
    """Run a command in a fork of this process, in the folder, with a cache of its own for `language`."""
    from distmatch.__main__ import main

    child = os.fork()
    if child:
        return child
    code = 99
    with contextlib.suppress(BaseException):
        os.setsid()
        os.chdir(folder)
        if arguments[0] == "language":
            os.environ["DISTMATCH_CACHE"] = str(folder / "cache")
        with open(os.devnull, "r+") as nowhere, open(said(folder), "wb") as errors:
            for number, stream in enumerate((nowhere, nowhere, errors)):
                os.dup2(stream.fileno(), number)
        code = main(arguments)
    os._exit(code)


def wait(child: int, seconds: float) -> int | None:
    """The exit code of a process, or None if it does not end in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


def running(process: psutil.Process) -> bool:
    """Whether a process does anything: one that has ended and waits for its parent does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stopped(
    job: Job, folder: Path, number: signal.Signals, moment: float, expected: Any
) -> list[str]:
    """Start a job, stop it after `moment` seconds, and say what is wrong then."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    outputs = {folder / name for name in (*job.whole, "o.jsonl", "v.vec.json")}
    child = start(job.arguments, folder)
    code = wait(child, moment)
    if code is not None:
        return [] if code in (0, 1) else [f"ended by itself with {code}"]
    family = [psutil.Process(child), *psutil.Process(child).children(recursive=True)]
    os.kill(child, number)
    code = wait(child, 10)
    found = []
    if number == signal.SIGTERM and code not in (0, 1, 143):
        last = said(folder).read_text("utf-8", "replace").strip().splitlines()[-1:]
        found.append(f"exit {code} after SIGTERM: {' '.join(last)}")
    patience = 1.0 if number == signal.SIGTERM else 2.0
    _, alive = psutil.wait_procs(family[1:], timeout=patience)
    found += [f"orphan {' '.join(p.cmdline())[:80]}" for p in alive if running(p)]
    found += [f"changed {path.name}" for path, data in before.items()
              if path not in outputs and path.suffix != ".lock" and path.read_bytes() != data]  # fmt: skip
    whole = dict(zip(job.whole, expected, strict=False)) if isinstance(expected, list) else {}
    for name, data in whole.items():
        path = folder / name
        if not isinstance(data, bytes) or not path.exists() or path.read_bytes() == data:
            continue
        # After SIGTERM a file may hold the best so far, which must read as a whole.
        if number == signal.SIGKILL or not readable(path):
            found.append(f"half {name}")
    return found


def readable(path: Path) -> bool:
    """Whether distmatch reads a file of vectors, a lexicon or a map that a stopped run left."""
    try:
        if path.suffix == ".safetensors":
            LinearMap.load(path)
        elif path.suffix == ".tsv":
            Lexicon.load(path)
        else:
            Embeddings.load(path)
    except InputError:
        return False
    return True


def kills(count: int, number: signal.Signals, seed: int, only: list[str]) -> dict[str, Any]:
    """Stop jobs in turn; every `ROUND` stops a job runs to its end and is compared."""
    rng = random.Random(f"{seed}/{number}")
    done: dict[str, int] = dict.fromkeys(only, 0)
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        sound = Path(name) / "sound"
        sound.mkdir()
        inputs(sound)
        finish(
            Job(["compress", "text.txt", "--brief", "--out", "made.dm"], files("made.dm")), sound
        )
        usual = {}
        for title in only:
            folder = Path(name) / "once"
            shutil.copytree(sound, folder)
            begin = time.monotonic()
            finish(JOBS[title], folder)
            usual[title] = (JOBS[title].outcome(folder), time.monotonic() - begin)
            shutil.rmtree(folder)
        while sum(done.values()) < count:
            title = min(done, key=lambda t: done[t])
            job, (expected, seconds) = JOBS[title], usual[title]
            folder = Path(name) / "killed"
            shutil.copytree(sound, folder)
            share = min(ROUND, -(-count // len(only)))
            for _ in range(min(share, count - sum(done.values()))):
                moment = rng.uniform(0.02, 1.0) * seconds
                faults += [f"{title}: {fault}" for fault in stopped(job, folder, number, moment, expected)]  # fmt: skip
                done[title] += 1
            code = finish(job, folder)
            left = [p.name for p in folder.rglob("*") if p.suffix in (".part", ".lock", ".partial")]
            if code not in (0, 1) or job.outcome(folder) != expected:
                faults.append(f"{title}: another result, exit {code}")
            faults += [f"{title}: left {n}" for n in left]
            shutil.rmtree(folder)
            print(title, done[title], faults[-3:], flush=True)
    return {"stops": sum(done.values()), "by command": done, "faults": faults}


def finish(job: Job, folder: Path) -> int | None:
    child = start(job.arguments, folder)
    return wait(child, 600)


def batch(count: int) -> dict[str, Any]:
    """A batch of short ciphers of the cheapest kind: peak memory of the process and its largest worker, seconds."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "batch.jsonl"
        text = english_bytes(LETTERS * count, seed=6).decode()
        with open(path, "w") as file:
            for i in range(count):
                part = text[LETTERS * i : LETTERS * (i + 1)]
                file.write(json.dumps({"id": i, "ciphertext": part}) + "\n")
        begin = time.monotonic()
        command = ["decipher", "--batch", str(path), "--out", f"{name}/o.jsonl", "--kind", "caesar", "--quiet"]  # fmt: skip
        code = subprocess.run([sys.executable, "-m", "distmatch", *command]).returncode
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        rows = sum(1 for _ in open(f"{name}/o.jsonl"))
    return {
        "rows": rows, "exit": code, "seconds": time.monotonic() - begin, "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
    }  # fmt: skip


def compress(mebibytes: int) -> dict[str, Any]:
    """One large file through `compress` and back: speed, bits per byte, peak memory."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "large.txt"
        path.write_bytes(english_bytes(mebibytes << 20, seed=4))
        out = {}
        for step, command in (
            ("compress", ["compress", str(path), "--brief", "--out", f"{name}/a.dm", "--quiet"]),
            ("decompress", ["decompress", f"{name}/a.dm", "--out", f"{name}/there", "--quiet"]),
        ):
            begin = time.monotonic()
            code = subprocess.run([sys.executable, "-m", "distmatch", *command], stdout=subprocess.DEVNULL).returncode  # fmt: skip
            out[step] = {"exit": code, "mib_per_second": mebibytes / (time.monotonic() - begin)}
        same = (Path(name) / "there/large.txt").read_bytes() == path.read_bytes()
        bits = 8 * (Path(name) / "a.dm").stat().st_size / (mebibytes << 20)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"mib": mebibytes, **out, "same": same, "bits_per_byte": bits, "peak_mib": peak}


def report(count: int) -> dict[str, Any]:
    """A page of so many records: those of two methods on one task, with other seeds and precisions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs(folder)
        command = [sys.executable, "-m", "distmatch"]
        quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL}
        subprocess.run([*command, "benchmark", "bench.yaml", "--out", "runs", "--quiet"], **quiet)
        found = sorted((folder / "runs").glob("**/record.json"))
        made = [json.loads(path.read_text("utf-8")) for path in found]
        rng = random.Random(7)
        for number in range(count):
            record = made[number % len(made)]
            task, method, last = record["id"].split("/")
            axes = last.rpartition(",seed=")[0]
            record |= {"seed": number, "id": f"{task}/{method}/{axes},seed={number}-{number:010x}"}
            record["metrics"]["precision@1"]["value"] = rng.random()
            place = folder / "many" / record["id"]
            place.mkdir(parents=True)
            (place / "record.json").write_text(json.dumps(record))
        begin = time.monotonic()
        code = subprocess.run(
            [*command, "report", "many", "--out", "page.html"], **quiet
        ).returncode
        seconds = time.monotonic() - begin
        size = (folder / "page.html").stat().st_size / 2**20
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"records": count, "exit": code, "seconds": seconds, "page_mib": size, "peak_mib": peak}


def large(rows: int) -> dict[str, Any]:
    """`align` of two text files of so many vectors in 300 dimensions, killed after each eighth of its usual time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "large"
        folder.mkdir()
        made = ranked_rotation(rows, 300)
        names = tuple(f"w{i}" for i in range(rows))
        Embeddings(names, made.source).save(folder / "x.vec")
        Embeddings(tuple(names[i] for i in made.order), made.target).save(folder / "y.vec")
        command = [sys.executable, "-m", "distmatch", "align", "x.vec", "y.vec", "--device", "cpu", "--out"]  # fmt: skip
        quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # fmt: skip
        begin = time.monotonic()
        code = subprocess.run([*command, "once"], **quiet).returncode
        usual, kills, faults = time.monotonic() - begin, 0, 0
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                again = subprocess.run([*command, "killed"], timeout=(1 + kills / 4) * usual / 8, **quiet).returncode  # fmt: skip
                break
            kills += 1
        for file in ("map.safetensors", "lexicon.tsv", "source.vec", "target.vec"):
            faults += (folder / "once" / file).read_bytes() != (folder / "killed" / file).read_bytes()  # fmt: skip
    return {
        "rows": rows, "exit": code, "kills": kills, "faults": faults + (again != code), "peak_mib": used.ru_maxrss / 1024,
        "cpu": used.ru_utime + used.ru_stime,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=0, help="of tests/fuzz/drive.py")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="that the inputs may take"
    )
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--terms", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=0, help="ciphers of a batch")
    parser.add_argument("--compress", type=int, default=0, help="MiB of a file")
    parser.add_argument("--align", type=int, default=0, help="rows of two files of vectors")
    parser.add_argument("--report", type=int, default=0, help="records of a page")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    results = Results(given.json)
    if given.inputs:
        found = drive(given.inputs, given.seed, given.seconds)
        print(json.dumps(found, indent=1))
        names = ("exit", "hang", "changed", "left", "lines")
        columns = ("seed", "inputs", "cases", "tracebacks", "hangs", "files of the user changed", "files left behind",
                   "errors of several lines")  # fmt: skip
        cells = [given.seed, found["inputs"], found["cases"], *(found["faults"].get(n, 0) for n in names)]  # fmt: skip
        results.row("inputs", columns, cells)
    columns = ("stop", "stops", "commands", "faults")
    if given.kills or given.terms:
        preload()
    for name, count, number in (
        ("kill -9", given.kills, signal.SIGKILL), ("SIGTERM", given.terms, signal.SIGTERM),
    ):  # fmt: skip
        if count:
            found = kills(count, number, given.seed, given.only)
            print(json.dumps(found, indent=1))
            results.row(
                "stops", columns, [name, found["stops"], len(given.only), len(found["faults"])]
            )
    columns = ("load", "result", "peak memory", "time")
    if given.batch:
        found = batch(given.batch)
        print(json.dumps(found))
        results.row("load", columns, [
            f"batch of {given.batch:,} ciphers of {LETTERS} letters, kind caesar", f"{found['rows']:,} results",
            f"{found['peak_mib']:.0f} MiB per process", f"{1000 * found['cpu'] / found['rows']:.1f} CPU ms per cipher",
        ])  # fmt: skip
    if given.compress:
        found = compress(given.compress)
        print(json.dumps(found))
        results.row("load", columns, [
            f"compress --brief of {given.compress} MiB and back", "equal" if found["same"] else "NOT EQUAL",
            f"{found['peak_mib']:.0f} MiB", f"{found['compress']['mib_per_second']:.3f} MiB/s",
        ])  # fmt: skip
    if given.align:
        found = large(given.align)
        print(json.dumps(found))
        results.row("load", columns, [
            f"align of two {given.align:,} x 300 text files, killed {found['kills']} times on the way",
            f"{found['faults']} files differ from those of a run without kills, exit {found['exit']}",
            f"{found['peak_mib']:.0f} MiB", f"{found['cpu']:.0f} CPU s without kills",
        ])  # fmt: skip
    if given.report:
        found = report(given.report)
        print(json.dumps(found))
        results.row("load", columns, [
            f"report of {given.report:,} records", f"a page of {found['page_mib']:.2f} MiB, exit {found['exit']}",
            f"{found['peak_mib']:.0f} MiB", f"{found['seconds']:.0f} s",
        ])  # fmt: skip


if __name__ == "__main__":
    main()
