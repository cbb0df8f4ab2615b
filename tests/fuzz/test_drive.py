"""A short stretch of the fuzz driver; `drive.py --inputs 3000 --seed N` is the long one."""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_no_mutated_input_is_a_fault():
    """In a process of its own: a fork of one in which OpenMP threads have run may wait for them forever."""
    script = Path(__file__).with_name("drive.py")
    command = [sys.executable, str(script), "--inputs", "1000", "--seed", "0", "--seconds", "40"]
    root = str(Path(__file__).parents[2])
    keep = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root}
    done = subprocess.run(command, env=keep, capture_output=True, text=True, timeout=700)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["inputs"] >= 3 and not result["faults"], result
