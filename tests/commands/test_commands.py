import json
import subprocess
import sys

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distmatch.__main__ import COMMANDS, main, parse
from distmatch.matching.encipher import encipher


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "distmatch", *arguments], capture_output=True, text=True, **options
    )


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_works_and_imports_no_torch(command):
    script = (
        "import sys\nfrom distmatch.__main__ import main\n"
        f"arguments = {[command] if command else []} + ['--help']\n"
        "try:\n    code = main(arguments)\nexcept SystemExit as stop:\n    code = stop.code\n"
        "assert not code, code\nassert 'torch' not in sys.modules\nassert 'numba' not in sys.modules\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Usage: distmatch")


def test_every_config_parses(request):
    for path in sorted((request.config.rootpath / "configs").rglob("*.yaml")):
        command = path.parent.name
        content = yaml.safe_load(path.read_text())
        assert content
        if command == "joint":  # an experiment, run by its own script
            script = request.config.rootpath / "benchmarks" / "joint_model.py"
            check = [sys.executable, str(script), "--config", str(path), "--check"]
            result = subprocess.run(check, capture_output=True, text=True)
            cells = len(content["width"]) * len(content["anchor"]) * len(content["letters"])
            assert result.returncode == 0, result.stderr
            assert result.stdout.count("letters") == cells > 0
            continue
        if "benchmark" in content:
            from distmatch.benchmark.configuration import load_config

            assert load_config(str(path)).runs()
            continue
        _, values = parse(command, "--config", str(path))
        assert {key: values[key] for key in content} == content


def test_round_trip_by_commands(tmp_path, text, capsys):
    (tmp_path / "plain.txt").write_text(text)
    assert (
        main(
            [
                "encipher",
                str(tmp_path / "plain.txt"),
                "--seed",
                "3",
                "--out",
                str(tmp_path / "c.txt"),
            ]
        )
        == 0
    )
    assert (
        main(["decipher", str(tmp_path / "c.txt"), "--json", "--out", str(tmp_path / "run")]) == 0
    )
    result = json.loads(capsys.readouterr().out)
    assert result["solved"] and "fisherman" in result["text"]
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["result"]["plaintext"] == result["plaintext"]
    assert json.loads((tmp_path / "run" / "key.json").read_text())["letters"]
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["language"] == "en"


def test_unsolved_is_exit_code_1(tmp_path, capsys):
    (tmp_path / "c.txt").write_text("qwertyuiopasdfgh")
    assert main(["decipher", str(tmp_path / "c.txt"), "--kind", "simple"]) == 1
    assert "NOT solved" in capsys.readouterr().out


BAD = {
    "empty": (b"", "no ciphertext"),
    "one symbol": (b"aaaaaa", "one distinct symbol"),
    "bytes": (b"abc\n\xff\xfe\x01", ":2: byte 0xff is not UTF-8"),
    "tokens": (b"1 2 3 4 5 6 x! 8 9", "token 'x!'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(tmp_path, capsys, name):
    content, message = BAD[name]
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    assert main(["decipher", str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["decipher"], "give one ciphertext"),
        (["decipher", "/no/such/file"], "cannot read"),
        (["decipher", "--example", "zodiac-409"], "unknown example"),
        (["decipher", "--example", "zodiac-408", "--kind", "simpel"], 'Did you mean "simple"'),
        (["decipher", "--example", "zodiac-408", "--kind", "simple"], "more than kind"),
        (["decipher", "--example", "zodiac-408", "--language", "xx"], "unknown language"),
        (["decipher", "--example", "zodiac-408", "--time-limit", "-1"], "--time-limit"),
        (["decipher", "--example", "zodiac-408", "--crib", "99=e"], "does not occur"),
        (["decypher"], "Did you mean 'decipher'"),
        (["decipher", "--batch", "x.jsonl"], "--out"),
    ],
)
def test_bad_options(capsys, arguments, message):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    error = error.removeprefix(
        "distmatch: building the model of en (once)\n"
    )  # with an empty cache
    assert message in error and error.count("\n") == 1


def test_batch_reports_bad_lines_resumes_and_keeps_order(tmp_path, text, capsys):
    ciphers = [encipher(text[i : i + 150], "simple", seed=i) for i in range(0, 90, 30)]
    lines = [
        json.dumps({"id": f"c{i}", "ciphertext": c["ciphertext"], "kind": "simple"})
        for i, c in enumerate(ciphers)
    ]
    lines.insert(1, "{not json")
    batch, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    batch.write_text("\n".join(lines) + "\n")
    assert main(["decipher", "--batch", str(batch), "--out", str(out), "--jobs", "1"]) == 2
    assert "in.jsonl:2: not JSON" in capsys.readouterr().err
    whole = out.read_text().splitlines()
    assert [json.loads(line)["id"] for line in whole] == ["c0", "c1", "c2"]
    out.write_text(whole[0] + "\n" + whole[1][:40])
    main(["decipher", "--batch", str(batch), "--out", str(out), "--jobs", "2"])
    again = out.read_text().splitlines()
    assert again[0] == whole[0]
    assert [json.loads(line)["plaintext"] for line in again] == [
        json.loads(line)["plaintext"] for line in whole
    ]


def test_output_of_another_batch_is_not_overwritten(tmp_path, capsys):
    batch, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    batch.write_text('{"id": "a", "ciphertext": "xyzzy abc"}\n')
    out.write_text('{"id": "other", "solved": true}\n{"id": "more", "solved": false}\n')
    assert main(["decipher", "--batch", str(batch), "--out", str(out)]) == 2
    assert "2 ciphers that are not in this batch" in capsys.readouterr().err
    assert "other" in out.read_text()


def test_full_disk_leaves_one_line(capsys, tmp_path):
    batch = tmp_path / "in.jsonl"
    batch.write_text('{"id": "a", "ciphertext": "xyzzy abc"}\n')
    assert main(["decipher", "--batch", str(batch), "--out", "/dev/full", "--jobs", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=40).map(str.encode)))
def test_random_bytes_never_raise(tmp_path, content):
    path = tmp_path / "random"
    path.write_bytes(content)
    assert main(["decipher", str(path), "--kind", "homophonic", "--json"]) in (0, 1, 2)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=6
    ),
    st.text(max_size=9),
)
def test_random_json_never_raises(tmp_path, value, text):
    batch, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    batch.write_text(
        json.dumps({"ciphertext": value}) + "\n" + json.dumps(value) + "\n" + text + "\n"
    )
    out.unlink(missing_ok=True)
    assert main(
        ["decipher", "--batch", str(batch), "--out", str(out), "--jobs", "1", "--quiet"]
    ) in (0, 1, 2)


def test_evaluate_language(tmp_path, text, capsys):
    (tmp_path / "t.txt").write_text(text)
    assert main(["evaluate", "--language", "en", "--text", str(tmp_path / "t.txt"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["with_spaces"]["mixture_bits"] < result["with_spaces"]["ngram_bits"] < 2.6


def test_no_network_and_no_traceback_on_the_real_command(tmp_path):
    result = run("decipher", "-", input="\x00\x01")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
