"""Without any optional package, as after a plain `pip install`: the names are there, and what is missing is named first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HIDE = """
import sys
OPTIONAL = {"torch", "safetensors", "ot", "faiss", "sentencepiece", "sacrebleu", "constriction", "joblib", "distributed", "dask",
            "fastjsonschema", "gensim", "sklearn", "brotli", "pyppmd", "zstandard", "matplotlib", "subbreaker"}
class Without:
    def __init__(self, finder): self.finder = finder
    def find_spec(self, name, *more):
        return None if name.partition(".")[0] in OPTIONAL else self.finder.find_spec(name, *more)
    def __getattr__(self, name): return getattr(self.finder, name)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""


@pytest.fixture
def base(tmp_path):
    """Runs Python in an empty folder, as if no optional package were installed."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(HIDE)
    folder = tmp_path / "folder"
    folder.mkdir()
    environment = os.environ | {"PYTHONPATH": f"{hidden}{os.pathsep}{ROOT}"}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, timeout=200,
        )  # fmt: skip

    run.folder = folder
    return run


def test_help_and_star_import_and_what_a_missing_name_says(base):
    done = base("-c", "import distmatch\nhelp(distmatch)")
    assert done.returncode == 0 and "decipher(" in done.stdout, done.stderr
    assert "Not installed: needs the package 'torch'. Run: pip install -e '" in done.stdout
    script = (
        "from distmatch import *\n"
        "assert decipher('Wkh txlfn eurzq ira mxpsv ryhu wkh odcb grj').printed.startswith('The quick')\n"
        "import distmatch\n"
        "assert set(distmatch.__all__) <= set(globals())\n"
        "try: sinkhorn([[0.0]], [[1.0]])\n"
        "except InputError as error: print(error)\n"
    )
    done = base("-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"this needs the package 'torch'. Run: pip install -e '{ROOT}[align]'\n"


@pytest.mark.parametrize(
    ("command", "package"),
    [
        (["align", "none.vec", "none.vec"], "torch"),
        (["embed", "text.txt", "--out", "v.vec"], "safetensors"),
        (["embed", "text.txt", "--out", "v.vec", "--tokens", "sentencepiece:30"], "sentencepiece"),
        (["evaluate", "--source", "none", "--target", "none", "--dictionary", "none"], "torch"),
        (["translate", "lexicon", "--text", "text.txt", "--reference", "none"], "sacrebleu"),
        (["compress", "text.txt", "--coder", "neural"], "constriction"),
        (["benchmark", "bench.yaml"], "fastjsonschema"),
    ],
)
def test_a_missing_package_is_named_before_any_work(base, command, package):
    (base.folder / "text.txt").write_text("to be or not to be " * 50)
    (base.folder / "bench.yaml").write_text(
        "benchmark: b\ntasks: [rotation]\nmethods: [procrustes]\n"
    )
    before = sorted(base.folder.iterdir())
    done = base("-m", "distmatch", *command)
    assert done.returncode == 2 and f"'{package}'. Run: pip install -e '{ROOT}[" in done.stderr
    assert done.stderr.count("\n") == 1 and not done.stdout
    assert sorted(base.folder.iterdir()) == before


def test_what_needs_no_package_works(base):
    (base.folder / "text.txt").write_text("to be or not to be " * 50)
    (base.folder / "lexicon.tsv").write_text("to\tser\t0.9\t1\nto\testar\t0.8\t2\n")
    for command in (
        ["encipher", "text.txt"], ["compress", "text.txt", "--quiet"], ["translate", ".", "--text", "text.txt"],
        ["language"], ["decipher", "--text", "Wkh txlfn eurzq ira mxpsv ryhu wkh odcb grj", "--kind", "caesar"],
    ):  # fmt: skip
        done = base("-m", "distmatch", *command)
        assert done.returncode == 0 and done.stdout, (command, done.stderr)
