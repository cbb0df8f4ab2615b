"""The command line as such: options, choices, configurations, errors and exit codes."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest

import distmatch
from distmatch.__main__ import COMMANDS, main, parse
from distmatch.commands.align import align
from distmatch.commands.align_flags import FLAGS
from distmatch.processes import Terminated

ROOT = Path(__file__).parents[2]
TABLES = {
    "align.Method": "distmatch.matching.align.METHODS",
    "align.Preset": "distmatch.matching.align.PRESETS",
    "compress.Coder": "distmatch.compression.coders.NUMBERS",
    "compress.MapKind": "distmatch.matching.joint.candidates.MAPS",
    "embed.Breaks": "distmatch.text.tokenizer.BREAKS",
    "evaluate.Scoring": "distmatch.retrieval.scoring.SCORINGS",
    "report.Format": "distmatch.benchmark.reporting.FORMATS",
    "translate.Unknown": "distmatch.translation.wordbyword.UNKNOWN_WORDS",
}


@pytest.mark.parametrize("choices", TABLES)
def test_the_choices_of_an_option_are_those_of_the_table(choices):
    command, name = choices.split(".")
    module, _, table = TABLES[choices].rpartition(".")
    offered = getattr(importlib.import_module(f"distmatch.commands.{command}"), name)
    assert set(get_args(offered)) == set(getattr(importlib.import_module(module), table))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["algin", "a", "b"], "unknown command 'algin'. Did you mean 'align'?"),
        (["algin", "--help"], "Did you mean 'align'?"),
        (["decipher", "x", "--langage", "en"], "Did you mean --language?"),
        (["align", "a", "b", "--method", "gromow"], 'Did you mean "gromov"?'),
        (["align", "a", "b", "--preset", "vecmat"], 'Did you mean "vecmap"?'),
        (["compress", "a", "b", "--map", "keys"], 'Did you mean "key"?'),
        (["report", "a", "--format", "htm"], 'Did you mean "html"?'),
        (["embed", "a", "--out", "b", "--breaks", "lines"], 'Did you mean "line"?'),
        (["encipher", "a", "--faults", "wrong", "mising"], 'Did you mean "missing"?'),
        (["align", "a"], "TARGET is missing"),
        (["align", "a", "b", "--out"], "--out needs a value"),
        (["embed", "a"], "--out is missing"),
        (["align", "a", "b", "c"], "unexpected argument 'c'"),
        (["align", "a", "b", "--limit", "ten"], "--limit"),
        (["--versoin"], "Did you mean '--version'?"),
        (["align", "--src_emb", "a.vec", "--tgt_emb", "b.vec"], "Here it is the first argument"),
        (["align", "a.vec", "b.vec", "--max-vocab=9"], "Here it is --limit N"),
        (["align", "a.vec", "b.vec", "--unsupervised"], "--preset vecmap"),
    ],
)
def test_a_mistake_is_one_line_before_any_file_is_read(
    tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)  # none of the files exists, and none is missed
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.err.startswith("distmatch: ") and told.err.count("\n") == 1 and not told.out
    assert message in told.err


def test_the_page_for_users_of_muse_and_vecmap_has_every_flag():
    page = (ROOT / "docs" / "muse-vecmap.md").read_text("utf-8")
    rows = re.findall(r"^\| `(--\w+)` \| (?:MUSE|VecMap|both) \| (.+) \|$", page, re.M)
    assert dict(rows) == FLAGS
    options = set(inspect.signature(align).parameters)
    for flag, here in FLAGS.items():
        assert flag[2:] not in options, "a flag of our own"
        named = set(re.findall(r"--([a-z]+)", here))
        assert named <= options, (flag, here)


@pytest.mark.parametrize(
    "arguments",
    [
        ["decipher", "c.txt", "--crib", "7=e", "attack@12"],
        ["decipher", "c.txt", "--crib", "7=e", "--crib", "attack@12"],
        ["decipher", "--crib", "7=e", "--crib", "attack@12", "--seed", "0", "c.txt"],
        ["decipher", "--crib=7=e", "attack@12", "--", "c.txt"],
    ],
)
def test_several_values_after_one_flag_or_the_flag_again(arguments):
    _, options = parse(*arguments)
    assert (options["file"], options["crib"]) == ("c.txt", ["7=e", "attack@12"])


def test_a_hyphen_is_standard_input_wherever_a_file_may_be():
    assert parse("decipher", "-")[1]["file"] == "-"
    assert parse("compress", "x", "-")[1]["files"] == ["x", "-"]
    assert parse("translate", "d", "--text", "-", "--corpus", "a", "-")[1]["corpus"] == ["a", "-"]


def test_a_configuration_holds_the_options_and_flags_prevail(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "language: 'no'\nkind: simple\ncrib: [7=e]\nnulls: true\ntime_limit: 3\nseed: 4\nout:\n"
    )
    _, options = parse(
        "decipher", "x", "--config", str(path), "--seed", "5", "--kind", "homophonic"
    )
    assert options["language"] == "no" and options["crib"] == ["7=e"] and options["nulls"] is True
    assert (options["time_limit"], options["seed"], options["kind"]) == (3.0, 5, "homophonic")
    assert options["out"] is None and options["file"] == "x"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("langage: en", "'langage'. Did you mean 'language'?"),
        ("kind: simpel", 'Did you mean "simple"?'),
        ("seed: one", "seed: one is no integer of 0 or more"),
        ("seed: -1", "seed: -1 is no integer of 0 or more"),
        ("seed: 1.5", "seed: 1.5 is no integer of 0 or more"),
        ("seed: true", "seed: True is no integer of 0 or more"),
        ("- a\n- b", "not a mapping"),
        ("kind: [", ":1:"),
        ("", "not a mapping"),
    ],
)
def test_a_bad_configuration_is_one_line(tmp_path, capsys, content, message):
    path = tmp_path / "c.yaml"
    path.write_text(content)
    assert main(["decipher", "x", "--config", str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_seed_in_the_configuration_is_that_of_the_command_line(tmp_path, capsys):
    (tmp_path / "text.txt").write_text("attack at dawn and hold the bridge")
    (tmp_path / "c.yaml").write_text("seed: 7\n")
    printed = []
    for options in (["--config", str(tmp_path / "c.yaml")], ["--seed", "7"], ["--seed", "8"]):
        assert main(["encipher", str(tmp_path / "text.txt"), *options]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != printed[2]
    for wrong in ("-1", "1.5", "x"):
        assert main(["encipher", str(tmp_path / "text.txt"), "--seed", wrong]) == 2
        error = capsys.readouterr().err
        assert f"--seed {wrong} is no integer of 0 or more" in error and error.count("\n") == 1


def test_version_by_both_flags(capsys):
    assert main(["-V"]) == main(["--version"]) == 0
    assert capsys.readouterr().out.split() == [distmatch.__version__] * 2


def test_help_shows_choices_and_no_types_of_python(capsys):
    for command in COMMANDS:
        assert main([command, "--help"]) == 0
        text = capsys.readouterr().out
        assert "NoneType" not in text and "default: None" not in text
    main(["align", "--help"])
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "[choices: auto, self-learning, sorted" in text and "[default: auto]" in text


def test_an_unexpected_error_is_exit_code_70(monkeypatch, capsys):
    def broken(*_):
        raise ZeroDivisionError("planted\ntrouble")

    monkeypatch.setattr("distmatch.ciphers.examples.example", broken)
    assert main(["decipher", "--example", "zodiac-408"]) == 70
    error = capsys.readouterr().err
    assert "unexpected ZeroDivisionError: planted trouble" in error and "--debug" in error
    assert error.count("\n") == 1
    with pytest.raises(ZeroDivisionError):
        main(["decipher", "--example", "zodiac-408", "--debug"])


def test_an_interrupt_is_exit_code_130(monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("distmatch.ciphers.examples.example", stopped)
    assert main(["decipher", "--example", "zodiac-408"]) == 130
    assert capsys.readouterr().err == "distmatch: interrupted before there was a result\n"


def test_completion_of_commands_options_and_choices(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "distmatch", "--install-completion", "--shell", "bash"],
        env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (script,) = (tmp_path / ".local/share/bash-completion/completions").iterdir()
    ask = (
        f"source {script}; COMP_WORDS=(distmatch align a b --method gro); COMP_CWORD=5; _distmatch; "
        'echo "${COMPREPLY[@]}"; COMP_WORDS=(distmatch dec); COMP_CWORD=1; _distmatch; echo "${COMPREPLY[@]}"'
    )
    told = subprocess.run(["bash", "-c", ask], capture_output=True, text=True)
    assert told.stdout.split() == ["gromov", "decipher", "decompress"], told.stderr


def test_of_a_repeated_option_the_last_counts():
    assert parse("decipher", "x", "--seed", "1", "--seed", "2")[1]["seed"] == 2


def test_decipher_never_imports_torch():
    script = (
        "import sys\nfrom distmatch.__main__ import main\n"
        "code = main(['decipher', '--example', 'zodiac-408', '--quiet'])\n"
        "assert 'torch' not in sys.modules\nsys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_signal_inside_a_compiled_function_is_an_interrupt(monkeypatch, capsys):
    """Numba hands it on as the cause of a SystemError."""

    def interrupted(*_, **__):
        raise SystemError("returned a result with an exception set") from Terminated()

    monkeypatch.setattr("distmatch.__main__.build", lambda: SimpleNamespace(meta=interrupted))
    assert main(["identify", "x.txt"]) == 143
    assert "Traceback" not in capsys.readouterr().err
