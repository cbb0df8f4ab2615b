import numpy as np
import pytest

from distmatch.ciphers.reading import from_symbols
from distmatch.errors import InputError
from distmatch.languages.language import load_language
from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.matching.keys.polyalphabetic import PeriodicSearch


@pytest.mark.parametrize(
    ("kind", "letters", "period"),
    [("vigenere", 100, 7), ("beaufort", 200, 10), ("vigenere", 400, 20)],
)
def test_planted_shifts_with_unknown_period(text, kind, letters, period):
    made = encipher(text, kind, seed=period, period=period)
    cipher, plain = made["ciphertext"][:letters], made["plaintext"][:letters]
    match = decipher(cipher)
    assert match.kind == kind
    assert match.plaintext == plain
    assert match.key.period == period
    assert match.key.detail["key"] == [made["key"]["key"]]
    assert match.solved


def test_variant_beaufort_if_named(text):
    made = encipher(text[:200], "variant-beaufort", seed=3, period=6)
    match = decipher(made["ciphertext"], kind="variant-beaufort")
    assert match.plaintext == made["plaintext"]
    assert match.key.detail["key"] == [made["key"]["key"]]


def test_mixed_alphabets(text):
    made = encipher(text * 3, "periodic", seed=3, period=3)
    source = from_symbols(list(made["ciphertext"]))
    best = PeriodicSearch(kinds=("periodic",)).search(source, load_language("en"))[0]
    gold = load_language("en").alphabet.encode(made["plaintext"], spaces=False)
    assert best.map.period % 3 == 0
    assert np.mean(best.letters != gold) < 0.03


def test_shifts_need_letters():
    with pytest.raises(InputError, match="no letter"):
        decipher("1 2 3 4 5 6 7 1 2 3", kind="vigenere")
