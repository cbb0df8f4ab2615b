"""Two processes give the answer of one: Sinkhorn, Gromov-Wasserstein, Wasserstein-Procrustes, self-learning."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch")

PROGRAM = """
import torch
from distmatch.device import close, process_group
from distmatch.matching.vectors.induction import mutual_neighbours
from distmatch.matching.vectors.fitting import soft_learn
from distmatch.matching.vectors.induction import soft_moment
from distmatch.matching.vectors.wasserstein import WassersteinProcrustes
from distmatch.transport.gromov import gromov_wasserstein
from distmatch.transport.sinkhorn import sinkhorn

torch.set_num_threads(1)
group = process_group()
assert group is not None
random = torch.Generator().manual_seed(0)
unit = torch.nn.functional.normalize
x = unit(torch.randn(301, 12, generator=random) + 0.5, dim=1)
y = unit(torch.randn(250, 12, generator=random) + 0.5, dim=1)
for dense in (False, True):
    one = sinkhorn(x, y, iterations=20, tolerance=0, dense=dense, chunk=64)
    two = sinkhorn(x, y, iterations=20, tolerance=0, dense=dense, chunk=64, group=group)
    assert (one.f - two.f).abs().max() < 1e-5 and (one.g - two.g).abs().max() < 1e-5
    assert abs(one.error - two.error) < 1e-5 and len(two.f) == 301
one, two = (gromov_wasserstein(x, y, 0.1, 0.1, steps=5, group=g) for g in (None, group))
assert (one.moment - two.moment).abs().max() < 1e-5
matcher = WassersteinProcrustes(steps=3)
maps = [
    matcher.learn(x, y, torch.eye(12), torch.Generator().manual_seed(0), group=g)[0] for g in (None, group)
]
assert (maps[0] - maps[1]).abs().max() < 1e-5
wide = [unit(torch.randn(1201, 8, generator=random), dim=1), unit(torch.randn(900, 8, generator=random), dim=1)]
one, two = (mutual_neighbours(*wide, union=False, group=g) for g in (None, group))
assert torch.equal(one.source, two.source) and torch.equal(one.target, two.target)
assert (one.crowd[1] - two.crowd[1]).abs().max() < 1e-6
one, two = (soft_moment(*wide, tuple(wide), temperature=0.05, group=g) for g in (None, group))
assert (one[0] - two[0]).abs().max() < 1e-6 and abs(one[1] - two[1]) < 1e-5
one, two = (soft_learn(*wide, torch.eye(8), steps=4, group=g) for g in (None, group))
assert (one - two).abs().max() < 1e-5
print("same", flush=True)
close(group)
del group
"""


def test_two_processes_agree_with_one(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [*command, str(program)], capture_output=True, text=True, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("same") == 2
