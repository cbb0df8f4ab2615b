"""Symbols that stand for nothing, and wrong, missing and extra ones."""

import numpy as np
import pytest

from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher

FAULTS = ("wrong", "missing", "extra")


def test_planted_nulls_are_found(text):
    made = encipher(text, "homophonic", seed=3, symbols=36, nulls=3)
    match = decipher(made["ciphertext"], kind="homophonic", nulls=True, seed=1)
    assert set(match.key.detail["nulls"]) == {s for s, letter in made["key"].items() if not letter}
    wrong = np.mean([a != b for a, b in zip(match.plaintext, made["plaintext"], strict=True)])
    assert wrong <= 0.05


def test_no_nulls_where_there_are_none(text):
    made = encipher(text, "homophonic", seed=3, symbols=36)
    match = decipher(made["ciphertext"], kind="homophonic", nulls=True)
    assert "nulls" not in match.key.detail
    assert match.plaintext == made["plaintext"]


@pytest.mark.parametrize("seed", [1, 2])
def test_simple_key_through_five_per_cent_of_faults(text, seed):
    made = encipher(text, "simple", seed=seed, noise=0.05, faults=FAULTS)
    assert len(made["ciphertext"]) != len(made["plaintext"])
    match = decipher(made["ciphertext"], kind="simple")
    key = made["key"]
    used = {s: match.key.letters[s] == key[s] for s in match.key.letters}
    share = np.mean([used[s] for s in made["ciphertext"]])
    assert share >= 0.97


def test_homophonic_key_through_five_per_cent_of_faults(text):
    made = encipher(text, "homophonic", seed=4, symbols=40, noise=0.05, faults=FAULTS)
    match = decipher(made["ciphertext"], kind="homophonic", seed=1)
    share = np.mean([match.key.letters[str(s)] == made["key"][str(s)] for s in made["ciphertext"]])
    assert share >= 0.93


def test_faults_happen_as_often_as_asked(text):
    long = text * 20
    clean = encipher(long, "homophonic", seed=4)["ciphertext"]
    lost = encipher(long, "homophonic", seed=4, noise=0.1, faults=("missing",))["ciphertext"]
    more = encipher(long, "homophonic", seed=4, noise=0.1, faults=("extra",))["ciphertext"]
    assert len(lost) / len(clean) == pytest.approx(0.9, abs=0.02)
    assert len(more) / len(clean) == pytest.approx(1.1, abs=0.02)
    rest = iter(more)
    assert all(symbol in rest for symbol in clean)


def test_spaces_stay_where_words_end(text):
    made = encipher(text, "simple", seed=4, spaces=True, noise=0.05, faults=("wrong", "extra"))
    words = made["plaintext"].split()
    assert len(made["ciphertext"].split()) == len(words)
