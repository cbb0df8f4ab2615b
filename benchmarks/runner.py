"""What the engine itself costs: CPU milliseconds a run of a sweep whose method does nothing.

    python benchmarks/runner.py [--runs 10000] [--jobs 2]

The time of the whole command (parent and workers) less that of the same command with one run, divided by the runs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

METHOD = """
from dataclasses import dataclass
import numpy as np
from distmatch.benchmark.methods.answer import answer

@dataclass(frozen=True, kw_only=True)
class Nothing:
    def match(self, source, target, *, seed=0, progress=None):
        return answer(np.arange(len(source)), method="nothing", seed=seed)
"""


def seconds(folder: Path, runs: int, jobs: int) -> tuple[float, float]:
    """CPU and wall seconds of one sweep, and whether every record is there."""
    out = folder / f"runs{runs}-{jobs}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), os.getcwd()])}
    command = [
        sys.executable,
        "-m",
        "distmatch",
        "benchmark",
        str(folder / "c.yaml"),
        "--out",
        str(out),
    ]
    before, wall = os.times(), time.perf_counter()
    subprocess.run(
        [*command, "--seeds", str(runs), "--jobs", str(jobs), "--quiet"],
        env=environment,
        check=True,
    )
    after = os.times()
    assert sum(1 for _ in out.rglob("record.json")) == runs
    cpu = (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
    return cpu, time.perf_counter() - wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    config = {
        "benchmark": "nothing",
        "limits": {"seconds": 60, "memory_mib": 4000},
        "tasks": [
            {
                "task": "t",
                "kind": "mapping",
                "axes": {"size": 10, "dimension": 2, "instance": 0, "bits": False},
            }
        ],
        "methods": [
            {"method": "nothing", "class": "nothing_method.Nothing", "takes": "embeddings"}
        ],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nothing_method.py").write_text(METHOD)
        (folder / "c.yaml").write_text(yaml.safe_dump(config))
        start = seconds(folder, 1, arguments.jobs)
        whole = seconds(folder, arguments.runs, arguments.jobs)
    cpu, wall = ((b - a) / (arguments.runs - 1) * 1e3 for a, b in zip(start, whole, strict=True))
    print(
        f"{arguments.runs} runs, {arguments.jobs} jobs: {cpu:.2f} CPU ms and {wall:.2f} wall ms a run"
    )


if __name__ == "__main__":
    main()
