import hashlib
import importlib
import sys
from pathlib import Path

import pytest

from distmatch.errors import InputError

SCRIPTS = Path(__file__).resolve().parents[2] / "data_scripts"


@pytest.fixture
def fetching(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("fetching")


@pytest.fixture
def local(tmp_path, fetching, monkeypatch):
    """A local copy of two files and their checksums."""
    folder = tmp_path / "copy"
    sums = {}
    for name in ("a/one.txt", "a/two.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        sums[name] = hashlib.sha256(name.encode()).hexdigest()
    monkeypatch.setattr(fetching, "CHECKSUMS", sums)
    return folder


def test_copies_once_and_checks(fetching, local, tmp_path):
    files = [fetching.File(name) for name in ("a/one.txt", "a/two.txt")]
    to = tmp_path / "data"
    assert fetching.fetch(files, to, local) == 2
    assert (to / "a/two.txt").read_text() == "a/two.txt"
    assert fetching.fetch(files, to, local) == 0
    (to / "a/one.txt").write_text("damaged")
    assert fetching.fetch(files, to, local) == 1
    assert (to / "a/one.txt").read_text() == "a/one.txt"


def test_a_wrong_checksum_is_not_kept(fetching, local, tmp_path):
    (local / "a/one.txt").write_text("something else")
    with pytest.raises(InputError, match="checksum"):
        fetching.fetch([fetching.File("a/one.txt")], tmp_path / "data", local)
    assert not list((tmp_path / "data" / "a").iterdir())


def test_downloads_and_takes_other_bytes_only_where_that_is_stated(fetching, local, tmp_path):
    url = (local / "a/two.txt").as_uri()
    to = tmp_path / "data"
    with pytest.raises(InputError, match="checksum"):
        fetching.fetch([fetching.File("a/one.txt", url)], to)
    assert fetching.fetch([fetching.File("a/one.txt", url, pinned=False)], to) == 1
    assert fetching.fetch([fetching.File("a/two.txt", url)], to) == 1
    with pytest.raises(InputError, match="cannot download"):
        fetching.fetch([fetching.File("a/one.txt", (local / "gone").as_uri())], tmp_path / "x")
    with pytest.raises(InputError, match="--from"):
        fetching.fetch([fetching.File("a/one.txt", note="made from b")], tmp_path / "x")


@pytest.mark.parametrize("script", sorted(p.stem for p in SCRIPTS.glob("fetch_*.py")))
def test_every_script_takes_the_local_copy(fetching, data, tmp_path, script, capsys):
    module = importlib.import_module(script)
    there = [f for f in module.FILES if (data / f.path).is_file()]
    if not there:
        pytest.skip(f"{data} has no file of {script}")
    files = [f for f in there if (data / f.path).stat().st_size < 1_200_000][:12] or there
    assert fetching.fetch(files, tmp_path, data) == len(files)
    assert (
        fetching.main(script, module.LICENCE, files, ["--to", str(tmp_path), "--from", str(data)])
        == 0
    )
    assert "0 new" in capsys.readouterr().out
    for file in module.FILES:
        assert file.path in fetching.CHECKSUMS and (file.url or file.note)
    sys.modules.pop(script)
