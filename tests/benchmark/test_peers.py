"""Peers, each on a known figure of its own; those that are not installed or built are skipped."""

import os
import random
import textwrap
from pathlib import Path

import numpy as np
import pytest

from distmatch.benchmark.configuration import catalogue, read_yaml
from distmatch.benchmark.execution import make
from distmatch.benchmark.kinds.cipher import KIND
from distmatch.benchmark.kinds.kind import DoesNotApply
from distmatch.benchmark.kinds.plaintext import Plain
from distmatch.benchmark.plan import Method
from distmatch.ciphers.reading import from_symbols, read_ciphertext
from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.planted import clustered_rotation

ENGLISH = Plain("en", False, None)


def method(name, **settings):
    told = read_yaml(catalogue("methods")[name])
    given = {**told.get("settings", {}), **settings}
    return make(Method(name=name, matcher=told["class"], takes=told["takes"], settings=given))


def problem_of(**axes):
    defaults = {name: axis.default for name, axis in KIND.axes.items()}
    return KIND.build(defaults | axes, {}, 0)


def test_vigenere_solver_reads_what_its_page_says():
    """100 % of keys of 4 to 12 letters from 400 letters of its own texts."""
    vigenere = pytest.importorskip("vigenere")
    from vigenere.data.corpus import CORPUS_SOURCES

    text = vigenere.clean_letters(CORPUS_SOURCES["federalist_1"])[:400]
    assert len(text) == 400
    for seed, period in enumerate((4, 8, 12)):
        random.seed(seed)
        key = vigenere.random_key(period)
        found = method("vigenere-solver").match(
            read_ciphertext(vigenere.encrypt(text, key)), ENGLISH
        )
        assert found.extra["key"] == key.lower()


def test_vigenere_solver_is_scored_as_a_method():
    pytest.importorskip("vigenere")
    problem = problem_of(cipher="vigenere", length=500, period=6)
    score = problem.score(method("vigenere-solver").match(*problem.view("ciphertext"), seed=0))
    assert score.metrics["accuracy"].value > 0.95
    with pytest.raises(DoesNotApply, match="no tables of 'fr'"):
        method("vigenere-solver").match(read_ciphertext("abc" * 9), Plain("fr", False, None))
    with pytest.raises(DoesNotApply, match="letters only"):
        method("vigenere-solver").match(from_symbols(["1", "2"] * 9), ENGLISH)


PROGRAM = textwrap.dedent("""
    import sys
    cipher = open(sys.argv[1]).read().strip()
    symbols = cipher.split(",") if "," in cipher else list(cipher)
    key = {s: "ETAOINSHRDLU"[k % 12] for k, s in enumerate(sorted(set(symbols)))}
    print("score 0.1"); print(cipher); print("".join(key[s] for s in symbols)); print(">>> done,", cipher)
    sys.exit(1)
""")


def test_a_program_that_prints_its_plaintext_is_a_method(tmp_path):
    (tmp_path / "solver.py").write_text(PROGRAM)
    settings = {"checkout": str(tmp_path), "command": "{python} solver.py {cipher} {seed}"}
    cipher = from_symbols(["@", "7", "@", "x", "7", "@"])  # numbered by first occurrence
    expected = "eteate"
    for symbols in ("letters", "numbers"):
        found = method("colossus", **settings, symbols=symbols).match(cipher, ENGLISH)
        assert found.extra["plaintext"] == expected
        assert found.map.letters == {"@": "e", "7": "t", "x": "a"} and found.method == tmp_path.name
    many = from_symbols([str(k) for k in range(30)])
    assert (
        len(
            method("colossus", **settings, symbols="numbers")
            .match(many, ENGLISH)
            .extra["plaintext"]
        )
        == 30
    )
    with pytest.raises(DoesNotApply, match="30 symbols"):
        method("colossus", **settings).match(many, ENGLISH)
    (tmp_path / "solver.py").write_text(
        "print('nothing found'); raise SystemExit('planted trouble')"
    )
    with pytest.raises(InputError, match="printed no plaintext: planted trouble"):
        method("colossus", **settings).match(cipher, ENGLISH)
    with pytest.raises(InputError, match="no such checkout"):
        method("colossus", checkout=str(tmp_path / "none")).match(cipher, ENGLISH)


@pytest.mark.skipif("COLOSSUS" not in os.environ, reason="COLOSSUS names no folder with a build")
@pytest.mark.parametrize(
    "name, file", [("colossus", "aristocrat_pp"), ("colossus-vigenere", "cipher_vigenere")]
)
def test_colossus_reads_the_ciphers_of_its_repository(name, file):
    checkout = os.environ["COLOSSUS"]
    folder = Path(checkout) / "ciphers" / "tests"
    cipher = read_ciphertext("".join((folder / f"{file}.txt").read_text().split()))
    found = method(name, checkout=checkout).match(cipher, ENGLISH, seed=1)
    gold = "".join((folder / f"{file}.solution").read_text().lower().split())
    assert found.extra["plaintext"] == gold


def test_mini_vec2vec_finds_a_rotation_of_clusters():
    """Of clouds in clusters, which its anchors need, nearly every row; it asks for Python 3.12 or newer."""
    pytest.importorskip("mini_vec2vec")
    planted = clustered_rotation(seed=0)
    names = tuple(map(str, range(len(planted.order))))
    source, target = (Embeddings(names, v, None, False) for v in planted[:2])
    found = method("mini-vec2vec").match(source, target, seed=0)
    scores = found.map(source).vectors @ found.map.map_target(target).vectors.T
    assert (planted.order[scores.argmax(1)] == np.arange(len(scores))).mean() > 0.95
