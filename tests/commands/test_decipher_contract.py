"""The contract of `distmatch decipher` that scripts rely on, and input that is bad."""

import json
import subprocess
import sys

import pytest

from distmatch.__main__ import main
from distmatch.matching.encipher import encipher

FIELDS = {
    "id", "plaintext", "text", "language", "kind", "key", "bits", "confidence", "solved", "reason", "seconds",
    "cpu_seconds", "seed", "alternatives",
}  # fmt: skip


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_list_and_string_ciphers_kind_and_language_of_the_line(tmp_path, text):
    made = encipher(text[:200], "simple", seed=1)
    codes = [ord(c) - 97 for c in made["ciphertext"]]
    rows = [
        {"id": "list", "ciphertext": codes, "kind": "simple", "lang": "en"},
        {"id": 7, "ciphertext": made["ciphertext"], "kind": "simple"},
    ]
    batch, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    batch.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["decipher", "--batch", str(batch), "--out", str(out), "--jobs", "1"]) == 0
    results = lines_of(out)
    assert [r["id"] for r in results] == ["list", 7]
    for result in results:
        assert set(result) >= FIELDS and set(result["bits"]) == {"text", "key", "control"}
        assert result["plaintext"] == made["plaintext"] and result["kind"] == "simple"
    before = out.read_bytes()
    assert main(["decipher", "--batch", str(batch), "--out", str(out), "--jobs", "2"]) == 0
    assert out.read_bytes() == before


def test_options_override_the_line(tmp_path, text, capsys):
    made = encipher(text[:120], "simple", seed=1)
    row = {"id": "a", "ciphertext": made["ciphertext"], "kind": "homophonic", "lang": "de"}
    batch, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    batch.write_text(json.dumps(row) + "\n")
    main(
        ["decipher", "--batch", str(batch), "--out", str(out), "--kind", "simple", "--language", "en", "--seed", "5"]
    )  # fmt: skip
    (result,) = lines_of(out)
    assert (result["kind"], result["language"], result["seed"]) == ("simple", "en", 5)


def test_two_jobs_give_what_one_gives(tmp_path, text):
    rows = [
        {"id": i, "ciphertext": encipher(text[20 * i : 20 * i + 150], "simple", seed=i)["ciphertext"], "kind": "simple"}
        for i in range(3)
    ]  # fmt: skip
    batch = tmp_path / "in.jsonl"
    batch.write_text("".join(json.dumps(row) + "\n" for row in rows))
    answers = []
    for jobs in "12":
        out = tmp_path / f"out{jobs}.jsonl"
        main(["decipher", "--batch", str(batch), "--out", str(out), "--jobs", jobs])
        answers.append([(r["id"], r["plaintext"], r["bits"]) for r in lines_of(out)])
    assert answers[0] == answers[1]


def test_bad_line_costs_only_itself(tmp_path, text, capsys):
    good = {
        "id": "good",
        "ciphertext": encipher(text[:120], "simple")["ciphertext"],
        "kind": "simple",
    }
    batch, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    bad = [
        "[1, 2]", '{"id": 1}', '{"ciphertext": 5}', '{"ciphertext": [1, "x", null]}', '{"ciphertext": ""}',
        '{"ciphertext": "abcab", "kind": 3}', '{"ciphertext": "abcab", "kind": "nonsense"}',
        '{"ciphertext": "abcab", "lang": "nonsense"}', '{"ciphertext": "aaaa"}', "\x00", '{"ciphertext":',
    ]  # fmt: skip
    batch.write_text("\n".join([*bad, json.dumps(good)]) + "\n")
    assert main(["decipher", "--batch", str(batch), "--out", str(out), "--jobs", "1"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == len(bad)
    for number in range(1, len(bad) + 1):
        assert sum(f"in.jsonl:{number}:" in error for error in errors) == 1
    assert [r["plaintext"] for r in lines_of(out) if r["id"] == "good"] != []


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", [], "no ciphertext"),
        (b"\n# only a comment\n", [], "no ciphertext"),
        (b"7 7 7 7", [], "one distinct symbol"),
        (b"abc\x01\xff", [], "not UTF-8"),
        (b"1 2 3 4 1 2 q! 3", [], "one style"),
        (b"1 2 3 4 2 1 3", ["--kind", "nonsense"], "for --kind. Choose from"),
        (" ".join(map(str, range(90))).encode(), ["--kind", "homophonic"], "occurs once"),
        (b"abcabcabc", ["--language", "nonsense"], "unknown language"),
        (b"abcabcabc", ["--language", "e" * 300], "unknown language"),
        (b"abcabcabc", ["--crib", "aa"], "impossible"),
        (b"abcabcabc", ["--crib", "word@8"], "beyond the end"),
        (b"abcabcabc", ["--crib", "z=e"], "does not occur"),
        (b"abcabcabc", ["--crib", "a=the"], "one letter"),
        (b"abcabcabc", ["--spaces", "maybe"], "for --spaces. Choose from"),
        (b"abcabcabc", ["--transposition", "zigzag"], "unknown transposition"),
        (b"abcabcabc", ["--reference", "/no/such/file"], "cannot read"),
        (b"1 2 3 1", ["--kind", "word-code"], "--reference"),
        (b"abcabcabc", ["--time-limit", "0"], "--time-limit"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, content, options, message):
    path = tmp_path / "c.txt"
    path.write_bytes(content)
    assert main(["decipher", str(path), *options]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_batch_reads_and_restricts_as_one_ciphertext_does(tmp_path, text):
    """--puzzle and the reading options; a key that must not map a letter to itself is another than the best."""
    cipher = encipher(text[:150], "simple", seed=5, spaces=True)["ciphertext"]
    one, batch, out = (tmp_path / name for name in ("c.txt", "in.jsonl", "out.jsonl"))
    one.write_text(cipher.upper() + ", 1\n")
    batch.write_text(json.dumps({"id": 1, "ciphertext": one.read_text()}) + "\n")
    options = ["--kind", "simple", "--puzzle", "--punctuation", "keep", "--case", "fold"]
    main(["decipher", "--batch", str(batch), "--out", str(out), "--jobs", "1", *options])
    (kept,) = lines_of(out)
    assert kept["printed"].endswith(", 1") and kept["key"]["letters"]
    assert all(symbol != letter for symbol, letter in kept["key"]["letters"].items())
    options[4] = "symbols"
    main(["decipher", "--batch", str(batch), "--out", str(out), "--jobs", "1", "--force", *options])
    (other,) = lines_of(out)
    assert not other["printed"].endswith(", 1") and other["input"] != kept["input"]


@pytest.mark.parametrize(
    "options",
    [["--not", "7=e"], ["--key", "3"], ["--interlinear"], ["--text", "abc"], ["--example", "newspaper"]],
)  # fmt: skip
def test_what_is_for_one_ciphertext_is_refused_in_a_batch(tmp_path, capsys, options):
    (tmp_path / "in.jsonl").write_text('{"ciphertext": "abcab"}\n')
    out = tmp_path / "out.jsonl"
    command = ["decipher", "--batch", str(tmp_path / "in.jsonl"), "--out", str(out)]
    assert main([*command, *options]) == 2
    told = capsys.readouterr()
    assert "batch" in told.err and told.err.count("\n") == 1 and not out.exists()


@pytest.mark.parametrize("command", [["decipher", "-", "--kind", "simple"], ["encipher", "-"]])
def test_full_standard_output_is_one_line(command):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "distmatch", *command],
            input="abcabdaceb", stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and "No space left" in result.stderr


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "c.txt").write_text("abcabdacebabc")
    out = str(tmp_path / "file" / "run")
    assert main(["decipher", str(tmp_path / "c.txt"), "--kind", "simple", "--out", out]) == 2
    assert "cannot write" in capsys.readouterr().err
    assert main(["encipher", str(tmp_path / "c.txt"), "--out", out]) == 2


def test_word_code_by_commands(tmp_path, capsys):
    sentence = "the cat sat on the mat and the dog sat on the rug then the cat ran to the dog"
    (tmp_path / "plain.txt").write_text(sentence)
    (tmp_path / "book.txt").write_text((sentence + " ") * 400)
    code = tmp_path / "code.txt"
    made = [
        "encipher",
        str(tmp_path / "plain.txt"),
        "--kind",
        "dictionary-code",
        "--out",
        str(code),
    ]
    assert main(made) == 0
    main(
        ["decipher", str(code), "--kind", "dictionary-code", "--reference", str(tmp_path / "book.txt"), "--json"]
    )  # fmt: skip
    result = json.loads(capsys.readouterr().out)
    assert result["text"] == sentence
    assert result["kind"] == "dictionary-code" and set(result) >= FIELDS
