"""`torchrun -m distmatch align` on a real pair: the map of several processes is that of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")

RUN = (sys.executable, "-m", "distmatch")
SHARDED = (
    sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "distmatch",
)  # fmt: skip


def align(command, arguments, out):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    return subprocess.run(
        [*command, "align", *arguments, "--out", str(out), "--json", "--device", "cpu"],
        capture_output=True, text=True, env=environment, timeout=600,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("method", ["auto", "gromov", "wasserstein"])
def test_two_processes_find_the_map_of_one(data, tmp_path, method):
    from distmatch.maps.linear import LinearMap

    words = [str(data / f"vectors/es-en/{side}.vec.xz") for side in ("es", "en")]
    arguments = [*words, "--limit", "1500", "--method", method]
    one, two = tmp_path / "one", tmp_path / "two"
    alone, shared = align(RUN, arguments, one), align(SHARDED, arguments, two)
    for done in (alone, shared):
        assert done.returncode in (0, 1), done.stderr
    assert alone.returncode == shared.returncode
    found = [json.loads(done.stdout) for done in (alone, shared)]  # one object: one process prints
    assert abs(found[0]["confidence"] - found[1]["confidence"]) < 1e-4
    maps = [LinearMap.load(folder / "map.safetensors") for folder in (one, two)]
    np.testing.assert_allclose(maps[0].source, maps[1].source, atol=1e-5)
    if maps[0].target is not None:
        np.testing.assert_allclose(maps[0].target, maps[1].target, atol=1e-5)


def test_cuda_without_a_device_is_an_error_of_one_line(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    rows = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", rows)
    done = subprocess.run(
        [*RUN, "align", "x.npy", "x.npy", "--device", "cuda", "--out", "out"],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert done.returncode == 2 and not done.stdout
    assert "0 CUDA device(s)" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
