import pytest

from distmatch.errors import InputError
from distmatch.matching.encipher import encipher
from distmatch.text.alphabet import LATIN


def test_simple_key_undoes_the_cipher(text):
    made = encipher(text, "simple", seed=4, spaces=True)
    key = made["key"] | {" ": " "}
    assert "".join(key[c] for c in made["ciphertext"]) == made["plaintext"]
    assert made["ciphertext"] != made["plaintext"]


def test_homophonic_key_undoes_the_cipher(text):
    made = encipher(text, "homophonic", seed=4, symbols=60)
    assert "".join(made["key"][str(s)] for s in made["ciphertext"]) == made["plaintext"]
    assert len(set(made["ciphertext"])) > 50


@pytest.mark.parametrize(("kind", "sign"), [("vigenere", 1), ("variant-beaufort", -1)])
def test_shift_ciphers(text, kind, sign):
    made = encipher(text, kind, seed=1, period=5)
    for i, (c, p) in enumerate(zip(made["ciphertext"], made["plaintext"], strict=True)):
        shift = LATIN.index(made["key"]["key"][i % 5])
        assert LATIN.index(c) == (LATIN.index(p) + sign * shift) % 26


def test_beaufort_is_its_own_inverse(text):
    made = encipher(text, "beaufort", seed=1, period=5)
    for i, (c, p) in enumerate(zip(made["ciphertext"], made["plaintext"], strict=True)):
        assert (LATIN.index(c) + LATIN.index(p)) % 26 == LATIN.index(made["key"]["key"][i % 5])


def test_same_seed_same_cipher(text):
    assert encipher(text, "simple", seed=5) == encipher(text, "simple", seed=5)
    assert encipher(text, "simple", seed=5) != encipher(text, "simple", seed=6)


def test_no_letters_and_too_few_symbols():
    with pytest.raises(InputError):
        encipher("123", "simple")
    with pytest.raises(InputError, match="fewer"):
        encipher("the quick brown fox", "homophonic", symbols=5)
