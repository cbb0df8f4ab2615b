"""No file of a user is lost: done as a user does, in another folder, by the installed command."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from distmatch.planted import PROSE

NOTES = "my precious single line of notes, no newline"
CIPHERS = [
    {"id": f"c{i}", "ciphertext": word * 3}
    for i, word in enumerate(("uryyb jbeyq", "lipps asvph", "ebiil tloia"))
]


def distmatch(*arguments, cwd, **options):
    """One command in a folder of the user's."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-m", "distmatch", *map(str, arguments)], capture_output=True, text=True, cwd=cwd,
        env=environment, timeout=300, **options,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path):
    """A folder with a file for each command and a file of notes under each name that could be an output."""
    (tmp_path / "text.txt").write_text(PROSE)
    (tmp_path / "notes.txt").write_text(NOTES)
    (tmp_path / "batch.jsonl").write_text("\n".join(map(json.dumps, CIPHERS)))  # no final newline
    words = PROSE.lower().split()[:60]
    rows = "".join(
        f"{w}{i} {i % 7 + 0.5} {(i * i) % 11 - 3.25} {(i * 5) % 13 - 4}\n"
        for i, w in enumerate(words)
    )
    for name in ("source.vec", "b.vec"):
        (tmp_path / name).write_text(f"{len(words)} 3\n{rows}")
    return tmp_path


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


COMMANDS = {
    "batch": ["decipher", "--batch", "batch.jsonl"],
    "encipher": ["encipher", "text.txt"],
    "compress": ["compress", "text.txt", "b.vec", "--brief"],
    "embed": ["embed", "text.txt", "--min-count", "1", "--dimension", "4", "--epochs", "1"],
    "translate": ["translate", ".", "--text", "text.txt"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_an_input_is_never_replaced(home, name):
    """Not even with --force, nor by another name of the same file."""
    command = COMMANDS[name]
    source = next(a for a in command[1:] if a.endswith((".txt", ".jsonl")))
    os.link(home / source, home / ("link" + Path(source).suffix))
    before = contents(home)
    for out in (source, f"./{source}", "link" + Path(source).suffix):
        result = distmatch(*command, "--out", out, cwd=home)
        assert result.returncode == 2 and "is an input of this command" in result.stderr, result
        assert result.stderr.count("\n") == 1
    assert contents(home) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_of_the_user_is_replaced_only_by_force(home, name):
    before = contents(home)
    result = distmatch(*COMMANDS[name], "--out", "notes.txt", cwd=home)
    assert result.returncode == 2 and "--force" in result.stderr and not result.stdout
    assert contents(home) == before


def test_align_spares_its_sources(home):
    pytest.importorskip("torch")
    before = contents(home)
    result = distmatch("align", "source.vec", "b.vec", "--out", ".", cwd=home)
    assert result.returncode == 2 and "source.vec: is an input" in result.stderr, result.stderr
    assert contents(home) == before


def test_decompress_spares_a_file_of_other_contents(home):
    assert distmatch("compress", "notes.txt", "--out", "a.dm", "--brief", cwd=home).returncode == 0
    assert distmatch("decompress", "a.dm", cwd=home).returncode == 0  # the same contents
    (home / "notes.txt").write_text("rewritten since")
    result = distmatch("decompress", "a.dm", cwd=home)
    assert result.returncode == 2 and "notes.txt: exists" in result.stderr
    assert (home / "notes.txt").read_text() == "rewritten since"
    assert distmatch("decompress", "a.dm", "--force", cwd=home).returncode == 0
    assert (home / "notes.txt").read_text() == NOTES


def test_what_distmatch_wrote_is_replaced_without_asking(home):
    for command in (
        ["encipher", "text.txt", "--out", "c.txt"],
        ["encipher", "text.txt", "--json", "--out", "c.json"],
        ["compress", "text.txt", "--brief", "--out", "x.dm"],
        [*COMMANDS["embed"], "--out", "v.npy"],
        ["decipher", "--batch", "batch.jsonl", "--out", "o.jsonl"],
    ):
        first, second = (distmatch(*command, cwd=home) for _ in range(2))
        assert first.returncode == second.returncode < 2, (first.stderr, second.stderr)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(home, name):
    result = distmatch(*COMMANDS[name], "--out", "notes.txt/below/o", cwd=home)
    assert result.returncode == 2 and "cannot write" in result.stderr and not result.stdout
    long = "n" * 300
    result = distmatch(*COMMANDS[name], "--out", long, cwd=home)
    assert result.returncode == 2 and "cannot write" in result.stderr and not result.stdout


def test_the_answer_is_printed_if_writing_fails(home):
    result = distmatch("encipher", "text.txt", "--out", "/dev/full", cwd=home)
    assert result.returncode == 2 and "key" in result.stdout and "cannot write" in result.stderr


def test_names_as_long_as_the_system_allows(tmp_path):
    name = "n" * 245 + ".txt"
    (tmp_path / name).write_text(NOTES)
    assert distmatch("compress", name, "--brief", "--out", "a.dm", cwd=tmp_path).returncode == 0
    result = distmatch("decompress", "a.dm", "--out", "there", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "there" / name).read_text() == NOTES


def test_a_batch_resumes_by_cipher_and_settings(home):
    """An id whose ciphertext changed is computed again; the others are not."""
    batch = ["decipher", "--batch", "batch.jsonl", "--out", "o.jsonl"]
    distmatch(*batch, cwd=home)
    first = [json.loads(line) for line in (home / "o.jsonl").read_text().splitlines()]
    changed = [dict(c) for c in CIPHERS]
    changed[0]["ciphertext"] = "wkh txlfn eurzq ira " * 3
    changed.insert(1, {"id": "new", "ciphertext": "khoor zruog " * 3})
    (home / "batch.jsonl").write_text("\n".join(map(json.dumps, changed)) + "\n")
    distmatch(*batch, cwd=home)
    second = [json.loads(line) for line in (home / "o.jsonl").read_text().splitlines()]
    assert [r["id"] for r in second] == ["c0", "new", "c1", "c2"]
    assert second[2:] == first[1:]  # their seconds too: kept, not computed again
    assert second[0]["input"] != first[0]["input"]
    distmatch(*batch, "--seed", "7", cwd=home)
    third = [json.loads(line) for line in (home / "o.jsonl").read_text().splitlines()]
    assert [r["seed"] for r in third] == [7] * 4


def test_two_batches_do_not_mix(home):
    ciphers = [
        {"id": i, "ciphertext": PROSE[40 * i :][:300], "kind": "homophonic"} for i in range(6)
    ]
    (home / "batch.jsonl").write_text("".join(json.dumps(c) + "\n" for c in ciphers))
    command = [sys.executable, "-m", "distmatch", "decipher", "--batch", "batch.jsonl", "--out", "o.jsonl"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    first = subprocess.Popen(command, cwd=home, env=environment, stderr=subprocess.PIPE)
    lock = home / "o.jsonl.lock"
    _until(lambda: lock.exists() and str(first.pid) in lock.read_text())
    second = distmatch(*command[3:], cwd=home)
    assert second.returncode == 2 and f"process {first.pid} on " in second.stderr
    first.kill()
    first.communicate()
    third = distmatch(*command[3:], cwd=home)  # a lock that a kill left is no obstacle
    assert third.returncode < 2, third.stderr
    assert not lock.exists() and len((home / "o.jsonl").read_text().splitlines()) == 6


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_batch_leaves_no_process(home, number, code):
    psutil = pytest.importorskip("psutil")
    cipher = {"ciphertext": PROSE[:700], "kind": "homophonic"}
    (home / "batch.jsonl").write_text((json.dumps(cipher) + "\n") * 40)
    command = [sys.executable, "-m", "distmatch", "decipher", "--batch", "batch.jsonl", "--out", "o.jsonl"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, cwd=home, env=environment, stderr=subprocess.PIPE, text=True)  # fmt: skip
    me = psutil.Process(process.pid)
    _until(lambda: len(me.children()) >= 2)
    time.sleep(1)
    children = me.children(recursive=True)
    process.send_signal(number)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    _, told = process.communicate(timeout=10)
    assert process.returncode == code and told.count("\n") == 1 and "Traceback" not in told


def _until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_killed_batch_takes_its_workers_along(home):
    psutil = pytest.importorskip("psutil")
    cipher = {"ciphertext": PROSE[:700], "kind": "homophonic"}
    (home / "batch.jsonl").write_text((json.dumps(cipher) + "\n") * 40)
    command = [sys.executable, "-m", "distmatch", "decipher", "--batch", "batch.jsonl", "--out", "o.jsonl"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, cwd=home, env=environment, stderr=subprocess.DEVNULL)
    me = psutil.Process(process.pid)
    _until(lambda: len(me.children()) >= 2)
    children = me.children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
