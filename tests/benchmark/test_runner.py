import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from distmatch.__main__ import main
from distmatch.benchmark.records import read_record


def test_every_run_has_one_valid_record(write_config, tmp_path, capsys, records):
    out = tmp_path / "runs"
    assert main(["benchmark", write_config(), "--out", str(out), "--jobs", "0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == 6 and told["failed"] == 0
    found = records(out)
    assert len(found) == 6
    for path in out.rglob("record.json"):
        record = read_record(path)
        assert record["status"] == "done" and record["metrics"]["precision@1"]["n"] in (10, 12)
        assert record["data_sha256"]["clouds"] and record["bits"]["data"] > 0
    assert not list(out.glob(".scratch*"))


def test_a_run_directory_reruns_itself(write_config, tmp_path, records, lasting):
    out, again = tmp_path / "runs", tmp_path / "again"
    main(["benchmark", write_config(), "--out", str(out), "--jobs", "0"])
    name, record = next(iter(records(out).items()))
    config = out / name / "config.yaml"
    assert yaml.safe_load(config.read_text())["seeds"] == [record["seed"]]
    assert main(["benchmark", str(config), "--out", str(again), "--jobs", "0"]) == 0
    assert lasting(again) == {name: lasting(out)[name]}


def test_histories_are_thinned_and_keep_their_ends(write_config, tmp_path):
    main(["benchmark", write_config(seeds=1), "--out", str(tmp_path / "r"), "--jobs", "0"])
    lines = next((tmp_path / "r").rglob("history.jsonl")).read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert len(steps) == 400 and steps[0] == 0 and steps[-1] == 999 and steps == sorted(set(steps))


def test_two_processes_give_what_one_gives(write_config, tmp_path, lasting):
    config = write_config()
    main(["benchmark", config, "--out", str(tmp_path / "one"), "--jobs", "0"])
    main(["benchmark", config, "--out", str(tmp_path / "two"), "--jobs", "2"])
    assert lasting(tmp_path / "one") == lasting(tmp_path / "two")


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("raise", "failed", "ValueError: planted failure"),
        pytest.param("exit", "crashed", "the process died", marks=pytest.mark.slow),
        pytest.param("sleep", "time-out", "more than 1 s", marks=pytest.mark.slow),
        ("swallow", "time-out", "no reaction to a signal"),
        pytest.param("child", "time-out", "no reaction to a signal", marks=pytest.mark.slow),
        pytest.param("hoard", "out of memory", "", marks=pytest.mark.slow),
    ],
)
def test_one_bad_run_never_stops_the_sweep(
    write_config, tmp_path, how, status, error, records, method
):
    limits = {"memory_mib": 900} if how == "hoard" else {"seconds": 1.0}
    methods = [method("good"), method("bad", bad_seed=1, how=how)]
    config = write_config(methods=methods, limits=limits, seeds=2)
    assert main(["benchmark", config, "--out", str(tmp_path / "r"), "--jobs", "2", "--quiet"]) == 1
    found = records(tmp_path / "r")
    assert len(found) == 8
    for record in found.values():
        bad = record["method"] == "bad" and record["seed"] == 1
        assert record["status"] == (status if bad else "done"), record
        assert (record["error"] is None) != bad
        if bad:
            assert error in record["error"] and "\n" not in record["error"]
    if how == "child":
        deadline = time.monotonic() + 10
        while (left := running("601.125")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left


def running(text):
    """Whether any process has the text in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                return True
        except OSError:  # it has ended
            continue
    return False


def test_what_does_not_apply_is_said(write_config, tmp_path, records):
    chosen = {"method": "graphless", "class": "planted_method.Planted", "takes": "graph"}
    tasks = [
        {"task": "h", "kind": "cipher", "axes": {"cipher": "homophonic", "length": 400}},
        {"task": "big", "kind": "mapping", "axes": {"size": 3000, "dimension": 4}},
    ]
    config = write_config(methods=[chosen], tasks=tasks, seeds=1)
    assert main(["benchmark", config, "--out", str(tmp_path / "r"), "--jobs", "0"]) == 0
    errors = {r["task"]: (r["status"], r["error"]) for r in records(tmp_path / "r").values()}
    assert errors["h"][0] == errors["big"][0] == "does not apply"
    assert "homophonic" in errors["h"][1] and "3000 rows are too many" in errors["big"][1]


def test_failures_are_tried_again_and_kept_with_resume(write_config, tmp_path, method):
    note, out = tmp_path / "note", str(tmp_path / "r")
    methods = [method("bad", bad_seed=1, how="raise", note=str(note))]
    arguments = ["benchmark", write_config(methods=methods), "--out", out, "--jobs", "0"]
    seen = lambda: sorted(note.read_text().split())  # noqa: E731
    main(arguments)
    assert seen() == sorted("012012")
    main([*arguments, "--resume"])
    assert seen() == sorted("012012")
    main(arguments)
    assert seen() == sorted("01201211")


def test_killed_at_any_moment_and_rerun(write_config, tmp_path, records, lasting, method):
    """What was done is kept byte for byte, what was half done is done, and nothing is left over."""
    note = tmp_path / "note"
    methods = [method(seconds=0.15, note=str(note))]
    config, out = write_config(methods=methods, seeds=12), tmp_path / "r"
    command = [sys.executable, "-m", "distmatch", "benchmark", config, "--out", str(out), "--quiet"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(out.rglob("record.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in out.glob("tiny/**/record.json")}
    assert 3 <= len(before) < 24
    started = note.read_text().split()
    assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0
    assert len(records(out)) == 24
    assert all((p.read_bytes(), p.stat().st_mtime_ns) == kept for p, kept in before.items())
    assert len(note.read_text().split()) - len(started) == 24 - len(before)
    main(["benchmark", config, "--out", str(tmp_path / "whole"), "--jobs", "0"])
    assert lasting(out) == lasting(tmp_path / "whole")


def test_an_interrupted_sweep_says_where_it_goes_on(write_config, tmp_path, capsys, monkeypatch):
    from distmatch.benchmark.runner import Sweep

    def interrupt(self, *given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(Sweep, "run", interrupt)
    assert main(["benchmark", write_config(), "--out", str(tmp_path / "runs")]) == 130
    told = capsys.readouterr().err
    assert f"kept in {tmp_path / 'runs'}" in told and "same command" in told


def test_full_disk_is_one_line_and_keeps_what_is_done(
    write_config, tmp_path, monkeypatch, capsys, records
):
    real, calls = os.mkdir, []

    def mkdir(path, *more, **named):
        if str(path).endswith(".run"):
            calls.append(path)
            if len(calls) > 2:
                raise OSError(28, "No space left on device")
        return real(path, *more, **named)

    monkeypatch.setattr(os, "mkdir", mkdir)
    arguments = ["benchmark", write_config(), "--out", str(tmp_path / "r"), "--jobs", "0"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "No space left on device" in error and error.count("\n") == 1
    assert len(records(tmp_path / "r")) == 2
    monkeypatch.undo()
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        assert main(arguments) == 0
    finally:
        sys.path.pop(0)
    assert len(records(tmp_path / "r")) == 6


@pytest.mark.slow
def test_dask_with_a_worker_killed_in_the_middle(write_config, tmp_path, records, lasting, method):
    """A real scheduler and two workers on loopback: every record once, equal to the one-process result."""
    environment = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5"}
    dask = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
    ]
    file = tmp_path / "scheduler.json"
    scheduler = subprocess.Popen(
        [*dask, "--no-dashboard", "--scheduler-file", str(file)], env=environment
    )
    workers = []
    try:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        for _ in range(2):
            command = [
                sys.executable,
                "-m",
                "distributed.cli.dask_worker",
                address,
                "--nthreads",
                "1",
                "--no-nanny",
            ]
            workers.append(subprocess.Popen([*command, "--no-dashboard"], env=environment))
        config = write_config(methods=[method(seconds=0.2)], seeds=20)
        out = tmp_path / "dask"
        command = [
            sys.executable,
            "-m",
            "distmatch",
            "benchmark",
            config,
            "--out",
            str(out),
            "--quiet",
        ]
        sweep = subprocess.Popen([*command, "--backend", "dask", "--scheduler", address])
        deadline = time.monotonic() + 120
        while len(list(out.rglob("record.json"))) < 8 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sweep.poll() is None
        workers[0].kill()
        assert sweep.wait(180) == 0
    finally:
        for process in [*workers, scheduler]:
            process.kill()
            process.wait()
    main(["benchmark", write_config("same", methods=[method(seconds=0.2)], seeds=20),
          "--out", str(tmp_path / "one"), "--jobs", "0"])  # fmt: skip
    assert len(records(out)) == 40
    assert lasting(out) == lasting(tmp_path / "one")


@pytest.mark.parametrize("jobs", [0, 2])
def test_ctrl_c_keeps_the_finished_runs(write_config, tmp_path, records, method, jobs):
    """As a user would: the console's Ctrl-C goes to the whole process group while runs are going."""
    out = tmp_path / "runs"
    config = write_config(seeds=40, methods=[method(seconds=0.2)])
    command = [sys.executable, "-m", "distmatch", "benchmark", config, "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--jobs", str(jobs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list(out.rglob("record.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr and "Finished runs are kept" in stderr
    kept = records(out)
    assert 3 <= len(kept) < 80 and all(r["status"] == "done" for r in kept.values())
    assert not (out / ".scratch").exists() or not list((out / ".scratch").iterdir())
    with pytest.raises(ProcessLookupError):  # no worker is left behind
        os.killpg(process.pid, 0)
        time.sleep(2)
        os.killpg(process.pid, 0)
