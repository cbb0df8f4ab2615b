"""The cache: any damage is noticed, users share it, and checking it takes no time."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from distmatch.languages.language import load_language
from distmatch.languages.storage import checksum, load_arrays, save_arrays

ARRAYS = {
    "table": np.arange(70_000, dtype=np.uint16).reshape(7, -1),
    "costs": np.linspace(0, 1, 5000, dtype=np.float32),
    "nothing": np.zeros(0, np.int64),
}


@pytest.fixture
def stored(tmp_path):
    folder = tmp_path / "cache" / "model"
    save_arrays(folder, ARRAYS, {"letters": "abc", "bits": 2.25})
    return folder


def test_what_is_stored_comes_back(stored):
    arrays, meta = load_arrays(stored)
    assert meta["letters"] == "abc" and meta["bits"] == 2.25
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and np.array_equal(arrays[name], array)


@pytest.mark.parametrize("seed", range(60))
def test_any_damage_is_noticed(stored, seed):
    """A bit flipped, a page zeroed or moved, the end cut or a file removed, anywhere."""
    rng = np.random.default_rng(seed)
    names = sorted(p.name for p in stored.iterdir())
    path = stored / names[seed % len(names)]
    data = bytearray(path.read_bytes())
    place = int(rng.integers(len(data)))
    kind = ("flip", "cut", "zero", "move", "remove")[seed % 5]
    before = bytes(data)
    if kind == "flip":
        data[place] ^= 1 << int(rng.integers(8))
    elif kind == "cut":
        del data[place:]
    elif kind == "zero":
        data[place : place + 512] = bytes(len(data[place : place + 512]))
    elif kind == "move":
        data = data[place:] + data[:place]
    path.write_bytes(data)
    if kind == "remove":
        path.unlink()
    elif bytes(data) == before:
        data[-1] ^= 1
        path.write_bytes(data)
    with pytest.warns(UserWarning, match="is damaged .* built again"):
        assert load_arrays(stored) is None


def test_a_checksum_sees_exchanged_rows_and_types():
    x = np.random.default_rng(0).integers(0, 255, 1 << 20, dtype=np.uint8)
    swapped = x.copy()
    swapped[:32768], swapped[32768:65536] = x[32768:65536], x[:32768]
    sums = [checksum(a) for a in (x, swapped, x.view(np.int8), x.reshape(2, -1), x[:-1])]
    assert len(set(sums)) == 5


def test_a_damaged_language_is_built_again(tmp_path, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = load_language("en")
    assert whole.folder is not None
    shutil.copytree(whole.folder, tmp_path / whole.folder.parent.name / whole.folder.name)
    monkeypatch.setenv("DISTMATCH_CACHE", str(tmp_path))
    path = tmp_path / whole.folder.parent.name / whole.folder.name / "guess.npy"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.warns(UserWarning, match=r"guess\.npy is wrong"):
        again = load_language("en")
    assert np.array_equal(again.guess, whole.guess)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_language("en")


def test_others_may_read_what_the_umask_allows(tmp_path):
    script = (
        "import os, sys, numpy\nfrom pathlib import Path\nos.umask(0o002)\n"
        "from distmatch.languages.storage import save_arrays\n"
        "save_arrays(Path(sys.argv[1]), {'a': numpy.ones(3)}, {})\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", script, tmp_path / "m"], check=True, env=environment)
    assert (tmp_path / "m").stat().st_mode & 0o777 == 0o775
    assert all(p.stat().st_mode & 0o777 == 0o664 for p in (tmp_path / "m").iterdir())
