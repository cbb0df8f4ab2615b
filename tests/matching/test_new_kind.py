"""A new kind of cipher is one file (`hillpairs.py`) and one line in the table: everything else finds it there."""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.matching.kinds import KINDS
from distmatch.planted import PROSE

READ_AT_IMPORT = ("commands.decipher", "commands.encipher", "benchmark.kinds.cipher")
"""Modules that read the table when they are imported, as users' processes do."""


def module_beside(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def kind():
    """The kind in the table, and the modules that read it imported afresh."""
    made = module_beside("hillpairs").HILL_PAIRS
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, made.name, made)  # the one line
        modules = [importlib.import_module(f"distmatch.{name}") for name in READ_AT_IMPORT]
        for module in modules:
            importlib.reload(module)
        yield made
    for module in modules:
        importlib.reload(module)


def test_it_is_enciphered_and_deciphered_by_name(kind):
    made = encipher(PROSE, kind.name, seed=1)
    match = decipher(made["ciphertext"], kind=kind.name)
    assert match.plaintext == made["plaintext"] and match.believed and match.method == kind.name
    assert {k: match.map.detail[k] for k in "ab"} == made["key"]
    shuffled = "".join(np.random.default_rng(0).permutation(list(made["ciphertext"])))
    assert not decipher(shuffled, kind=kind.name).believed


def test_auto_tries_it_where_others_fail_and_compares_bits(kind):
    made = encipher(PROSE[:200], kind.name, seed=1)
    match = decipher(made["ciphertext"])
    assert match.kind == kind.name and match.plaintext == made["plaintext"]
    assert "simple/en" in match.extra["compared"]


def test_the_command_line_offers_it(kind, tmp_path, capsys):
    from distmatch.__main__ import main
    from distmatch.commands.decipher import Kind

    assert kind.name in get_args(Kind)
    plain, cipher = tmp_path / "plain.txt", tmp_path / "cipher.txt"
    plain.write_text(PROSE)
    assert main(["encipher", str(plain), "--kind", kind.name, "--quiet", "--out", str(cipher)]) == 0
    assert main(["decipher", str(cipher), "--kind", kind.name]) == 0
    printed = capsys.readouterr().out
    assert "old fisherman" in printed and "hill-pairs, a " in printed
    assert main(["decipher", str(cipher), "--kind", "hill-pair"]) == 2
    assert 'Did you mean "hill-pairs"?' in capsys.readouterr().err
    assert main(["decipher", "--help"]) == 0
    assert kind.name in capsys.readouterr().out


def test_the_benchmark_makes_and_scores_it(kind):
    from distmatch.benchmark.kinds.kind import load_kind

    cipher = load_kind("cipher")
    cipher.axes["cipher"].check("cipher", kind.name, None)
    axes = {name: axis.default for name, axis in cipher.axes.items()}
    problem = cipher.build(axes | {"cipher": kind.name, "length": 300}, {}, 2)
    assert problem.context["key_bits"] == pytest.approx(2 * np.log2(26))
    source, _ = problem.view("ciphertext")
    score = problem.score(decipher(source, kind=kind.name))
    assert score.right and score.metrics["accuracy"].value == 1
    assert score.metrics["excess"].value == pytest.approx(0, abs=1e-9)
