"""Keyed alphabets: the key word is found and decides letters that the text leaves open."""

import pytest

from distmatch.ciphers.cribs import parse_crib
from distmatch.matching.decipher import decipher
from distmatch.text.alphabet import LATIN

PLAIN = "Meet me at the station at nine and do not tell anyone where you are going, Zachary"


def enciphered(plain: str, word: str, *, plain_keyed: bool) -> str:
    row = "".join(dict.fromkeys(word + LATIN))
    table = dict(zip(row, LATIN, strict=True) if plain_keyed else zip(LATIN, row, strict=True))
    return "".join(
        table.get(c, table.get(c.lower(), c).upper() if c.isalpha() else c) for c in plain
    )


@pytest.mark.parametrize("plain_keyed", [False, True])
@pytest.mark.parametrize("word", ["keyboard", "wonderful"])
def test_a_key_word_of_the_language_is_named_and_decides_rare_letters(word, plain_keyed):
    match = decipher(enciphered(PLAIN, word, plain_keyed=plain_keyed))
    assert match.kind == "simple" and match.printed == PLAIN and match.solved
    assert match.key.detail["keyword"] == word and not match.doubts
    assert f"keyed alphabet, key word {word.upper()}" in match.key_shown


def test_a_key_word_that_is_no_word_is_found_from_its_letters():
    plain = f"{PLAIN}, before five, with Bob"
    match = decipher(enciphered(plain, "xqtaberd", plain_keyed=False))
    assert match.printed == plain and match.key.detail["keyword"] == "xqtaberd"


def test_a_free_key_has_no_key_word():
    order = "qwertyuiopasdfghjklzxcvbnm"
    match = decipher("".join(dict(zip(LATIN, order, strict=True)).get(c, c) for c in PLAIN.lower()))
    assert "keyword" not in match.key.detail


def test_a_crib_of_a_periodic_key_holds_at_one_place():
    from distmatch.planted import shifted

    cipher = shifted(PLAIN.lower(), "lemon")
    match = decipher(cipher, cribs=[parse_crib(f"{cipher[0]}=m")])
    assert match.kind == "vigenere" and match.printed == PLAIN.lower()
