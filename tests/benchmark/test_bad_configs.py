import hashlib

import pytest
import yaml

from distmatch.__main__ import main

GOOD = {
    "benchmark": "b",
    "seeds": 1,
    "tasks": [{"task": "tiny", "kind": "mapping", "axes": {"size": 10, "dimension": 2}}],
    "methods": [
        {"method": "planted", "class": "planted_method.Planted", "takes": "embeddings"},
    ],
}


def changed(path, value):
    """GOOD with one place changed; a value of None removes it."""
    copy = yaml.safe_load(yaml.safe_dump(GOOD))
    place = copy
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


BAD = {
    "task": (
        ["tasks", 0],
        "cipher-wrods",
        "unknown task 'cipher-wrods'. Did you mean 'cipher-words'?",
    ),
    "method": (
        ["methods", 0],
        "aneealing",
        "unknown method 'aneealing'. Did you mean 'annealing'?",
    ),
    "kind": (
        ["tasks", 0, "kind"],
        "maping",
        "unknown kind of task 'maping'. Did you mean 'mapping'?",
    ),
    "axis": (
        ["tasks", 0, "axes", "sise"],
        3,
        "unknown axis of a mapping task 'sise'. Did you mean 'size'?",
    ),
    "metric": (
        ["tasks", 0, "metrics"],
        [{"name": "precison@1", "higher_is_better": True}],
        "unknown metric of a mapping task 'precison@1'. Did you mean 'precision@1'?",
    ),
    "direction": (
        ["tasks", 0, "metrics"],
        [{"name": "rotation_error", "higher_is_better": True}],
        "higher_is_better: false",
    ),
    "view": (["methods", 0, "takes"], "embedings", "Did you mean 'embeddings'?"),
    "no view": (["methods", 0, "takes"], None, "has no `takes:`"),
    "key": (["sedes"], 3, "unknown key 'sedes'. Did you mean 'seeds'?"),
    "task key": (["tasks", 0, "axis"], {}, "unknown key 'axis'. Did you mean 'axes'?"),
    "type": (["seeds"], "many", "seeds must be integer or array"),
    "range": (
        ["tasks", 0, "axes", "size"],
        3,
        "axis 'size' has value 3; it takes a number from 10",
    ),
    "word for number": (["tasks", 0, "axes", "noise"], "much", "axis 'noise' has value 'much'"),
    "data": (
        ["tasks", 0, "data"],
        {"vektors": {"file": "x", "sha256": "0" * 64}},
        "Did you mean 'vectors'?",
    ),
    "missing data": (
        ["tasks", 0, "data"],
        {
            "vectors": {
                "file": "no/such.vec",
                "sha256": "0" * 64,
                "fetch": "python data_scripts/fetch_it.py",
            }
        },
        "Fetch it: python data_scripts/fetch_it.py",
    ),
    "data not made": (
        ["tasks", 0, "data"],
        {"vectors": {"file": "no/such.vec", "make": "distmatch embed fr.txt --out data/fr.vec"}},
        "Make it: distmatch embed fr.txt --out data/fr.vec",
    ),
    "data of no origin": (["tasks", 0, "data"], {"vectors": {"file": "x.vec"}}, "data.vectors"),
    "nothing": (["methods"], [], "methods must contain at least 1"),
    "limit": (["limits"], {"seconds": 0}, "limits.seconds must be bigger than 0"),
    "choice": (
        ["tasks", 0],
        {"task": "c", "kind": "cipher", "axes": {"cipher": "simpel"}},
        "Did you mean 'simple'?",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_configuration_is_one_line(tmp_path, capsys, name):
    path, value, message = BAD[name]
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump(changed(path, value)))
    out = tmp_path / "runs"
    assert main(["benchmark", str(file), "--out", str(out), "--jobs", "0"]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1, error
    assert not list(out.rglob("record.json"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class": "planted_method.Plantd"}, "Did you mean 'Planted'?"),
        ({"class": "no_such_module.X"}, "no module 'no_such_module' is installed"),
        (
            {"settings": {"secods": 1}},
            "unknown setting of Planted 'secods'. Did you mean 'seconds'?",
        ),
        ({"class": "json.JSONDecoder"}, "is not a matcher"),
    ],
)
def test_a_method_that_cannot_be_made_fails_and_the_sweep_goes_on(
    tmp_path, change, message, records
):
    config = changed(["benchmark"], "b")
    config["methods"].append(config["methods"][0] | {"method": "bad"} | change)
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump(config))
    assert main(["benchmark", str(file), "--out", str(tmp_path / "r"), "--jobs", "0"]) == 1
    found = {r["method"]: r for r in records(tmp_path / "r").values()}
    assert found["planted"]["status"] == "done" and found["bad"]["status"] == "failed"
    assert message in found["bad"]["error"]


def test_bad_files_and_options(tmp_path, capsys):
    def error(*arguments):
        assert main(["benchmark", *map(str, arguments)]) == 2
        text = capsys.readouterr().err
        assert text.count("\n") == 1
        return text

    file = tmp_path / "c.yaml"
    file.write_text("benchmark: [\n- x: {")
    assert "c.yaml:" in (said := error(file)) and "not YAML" in said
    file.write_text("just words")
    assert "must be object" in error(file)
    file.write_text(yaml.safe_dump(GOOD))
    assert "cannot read" in error(tmp_path / "none.yaml")
    assert "CONFIGS is missing" in error()
    assert 'Did you mean "dask"' in error(file, "--backend", "dsk")
    assert "go together" in error(file, "--backend", "dask")
    assert "negative" in error(file, "--jobs", "-1")
    assert "--seeds 0" in error(file, "--seeds", "0")
    assert "cannot write" in error(file, "--out", "/dev/null/runs")


def test_wrong_bytes_are_refused(tmp_path, capsys):
    (tmp_path / "v.txt").write_text("x")
    data = {"vectors": {"file": "v.txt", "sha256": "0" * 64}}
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump(changed(["tasks", 0, "data"], data)))
    assert (
        main(["benchmark", str(file), "--data", str(tmp_path), "--out", str(tmp_path / "r")]) == 2
    )
    assert "SHA-256 is 2d711642b726..., the task expects 000000000000" in capsys.readouterr().err


def test_data_made_here_is_known_by_its_bytes(tmp_path, records):
    """The record says which bytes, a second call does nothing again, and other bytes are another run."""
    vectors = tmp_path / "v.vec"
    data = {"vectors": {"file": "v.vec", "make": "distmatch embed x.txt --out v.vec"}}
    file, out = tmp_path / "c.yaml", tmp_path / "r"
    file.write_text(yaml.safe_dump(changed(["tasks", 0, "data"], data)))
    arguments = ["benchmark", str(file), "--data", str(tmp_path), "--out", str(out), "--jobs", "0"]
    for number, count in ((1, 1), (1, 1), (2, 2)):
        rows = [f"w{i} {i % 3} {i + number}" for i in range(12)]
        vectors.write_text("\n".join(["12 2", *rows]) + "\n")
        assert main(arguments) == 0
        assert len(records(out)) == count
    hashes = {r["data_sha256"]["vectors"] for r in records(out).values()}
    assert len(hashes) == 2 and hashlib.sha256(vectors.read_bytes()).hexdigest() in hashes


def test_two_sweeps_do_not_write_into_one_folder(tmp_path, capsys):
    fcntl = pytest.importorskip("fcntl")
    file, out = tmp_path / "c.yaml", tmp_path / "r"
    file.write_text(yaml.safe_dump(GOOD))
    arguments = ["benchmark", str(file), "--out", str(out), "--jobs", "0"]
    out.mkdir()
    with open(out / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(arguments) == 2
        assert "another sweep is writing here" in capsys.readouterr().err
    assert main(arguments) == 0


def test_clashing_versions_and_old_records_are_refused(tmp_path, capsys):
    file, out = tmp_path / "c.yaml", tmp_path / "r"
    file.write_text(yaml.safe_dump(GOOD))
    arguments = ["benchmark", str(file), "--out", str(out), "--jobs", "0"]
    assert main(arguments) == 0
    file.write_text(yaml.safe_dump(changed(["tasks", 0, "version"], 2)))
    assert main(arguments) == 2
    assert "task 'tiny' in version 2" in capsys.readouterr().err
    file.write_text(yaml.safe_dump(GOOD))
    record = next(out.rglob("record.json"))
    record.write_text(record.read_text().replace('"schema": 2', '"schema": 1'))
    assert main(arguments) == 2
    assert "a record of an older schema (1" in capsys.readouterr().err
    record.write_text('{"schema"')
    assert main(arguments) == 0
    assert '"status": "done"' in record.read_text()


def test_two_tasks_of_one_name_are_refused(tmp_path, capsys):
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for number, file in enumerate(files):
        file.write_text(yaml.safe_dump(changed(["tasks", 0, "version"], number + 1)))
    assert main(["benchmark", *map(str, files), "--out", str(tmp_path / "r"), "--jobs", "0"]) == 2
    assert "two different tasks are named 'tiny' (versions 1 and 2)" in capsys.readouterr().err
