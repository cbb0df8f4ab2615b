"""The wheel, installed in an environment of its own, does the main job from another folder."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        str(ROOT),
        "--no-deps",
        "-q",
        "-w",
        str(folder),
    ]
    built = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if built.returncode and "Could not find a version" in built.stderr:
        pytest.skip("no network: pip cannot fetch setuptools")
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """An environment that has the wheel, and sees of this one only what is below its site-packages folder."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    install = [python, "-m", "pip", "install", "-q", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, env=bare)
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], capture_output=True, text=True, check=True
    ).stdout.strip()  # fmt: skip
    Path(own, "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin" / "distmatch"


@pytest.mark.slow
def test_the_wheel_holds_what_the_commands_read(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    configs = {p.relative_to(ROOT).as_posix() for p in (ROOT / "configs").rglob("*.yaml")}
    held = {n.partition("/data/share/distmatch/")[2] for n in names}
    assert configs <= held
    files = (p for p in (ROOT / "distmatch").rglob("*.*") if p.parent.name != "__pycache__")
    package = {p.relative_to(ROOT).as_posix() for p in files}
    assert package <= set(names)
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/", "docs/"))]


@pytest.mark.slow
def test_the_wheel_does_the_main_job_from_another_folder(environment, tmp_path):
    keep = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "DISTMATCH_CACHE": str(tmp_path / "cache"),
    }
    run = {"cwd": tmp_path, "env": keep, "capture_output": True, "text": True, "timeout": 300}
    where = subprocess.run(
        [environment.with_name("python"), "-c", "import distmatch; print(distmatch.__file__)"],
        **run,
    )
    assert str(environment.parents[1]) in where.stdout
    read = subprocess.run([environment, "decipher", "--example", "zodiac-408", "--quiet"], **run)
    assert read.returncode == 0 and "KILLING PEOPLE" in read.stdout.upper(), read.stderr
    listed = subprocess.run([environment, "benchmark", "smoke", "--list"], **run)
    assert listed.returncode == 0 and listed.stdout.count("\n") > 3, listed.stderr
    wrong = subprocess.run([environment, "benchmark", "smok", "--list"], **run)
    assert wrong.returncode == 2 and "Did you mean 'smoke'" in wrong.stderr
