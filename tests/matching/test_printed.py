"""What people bring: printed cryptograms, clues, repeats, other encodings, keys that they know."""

import re
import time

import numpy as np
import pytest

from distmatch.ciphers.cribs import parse_crib, parse_never
from distmatch.ciphers.reading import read_ciphertext
from distmatch.commands.identify import describe
from distmatch.errors import InputError
from distmatch.maps.key import Key
from distmatch.maps.shownkey import key_lines, keyword_of
from distmatch.matching.decipher import decipher, to_json
from distmatch.matching.identify import NO_KIND, identify
from distmatch.matching.keys.reading import distinct_letters
from distmatch.matching.knownkey import apply_key, parse_key, score
from distmatch.planted import shifted
from distmatch.text.alphabet import LATIN

ORDER = "qwertyuiopasdfghjklzxcvbnm"
LETTER = (
    'It was late when the "old" fisherman came home; his daughter hadn\'t lit the lamp, and she asked him (twice) what '
    "the weather would be like in the morning.\nHe looked at the sky - for a while - before he answered."
)


def enciphered(text: str, order: str = ORDER) -> str:
    table = {a: order[i] for i, a in enumerate(LATIN)} | {
        a.upper(): order[i].upper() for i, a in enumerate(LATIN)
    }
    return "".join(table.get(c, c) for c in text)


def test_a_printed_cryptogram_comes_back_as_printed():
    match = decipher(enciphered(LETTER))
    assert match.printed == LETTER and match.solved and match.kind == "simple"
    assert to_json(match)["printed"] == LETTER
    assert match.read_as["punctuation"] == "kept" and match.read_as["case"] == "folded"


def test_capitals_at_random_are_folded_where_that_is_shorter():
    plain = "the man who lived in the house at the corner had never spoken to anyone about his years at sea"
    alternating = "".join(c.upper() if i % 2 else c for i, c in enumerate(plain))
    match = decipher(enciphered(alternating))
    assert match.kind == "simple" and match.printed == alternating
    assert match.read_as["case"] == "folded"
    assert decipher(enciphered(alternating), case="symbols").read_as["case"] == "symbols"


def test_a_clue_line_is_obeyed():
    match = decipher("Q = A\n" + enciphered("A cat and a dog sat at a gate.").upper())
    assert match.key.letters["q"] == "a"


def test_caesar_atbash_and_affine_are_named():
    caesar = decipher("Maxr ghp mhi max mtuex")
    assert (caesar.kind, caesar.key.detail["shift"], caesar.printed) == (
        "caesar",
        19,
        "They now top the table",
    )
    atbash = decipher("Gsvb mld glk gsv gzyov, gsv lmob fmyvzgvm hrwv")
    assert atbash.kind == "atbash" and atbash.printed.startswith("They now top the table")
    affine = decipher(enciphered(LETTER, "".join(LATIN[(5 * i + 8) % 26] for i in range(26))))
    assert (affine.kind, affine.key.detail["factor"], affine.printed) == ("affine", 5, LETTER)


def test_umlauts_of_the_ciphertext_are_letters_of_the_key():
    plain = "Über den Dächern schläft die Stadt; nur ein müder Wächter zählt die Stunden und träumt vom nächsten Frühstück."
    key = str.maketrans("abcdefghijklmnopqrstuvwxyzäöüß", "ürlbnsugjqzxfiymäoadkßvchpewtö")
    cipher = plain.lower().translate(key)
    assert set(cipher) & set("äöüß")
    match = decipher(cipher, language="de")
    assert match.solved and match.printed == plain.lower()
    assert match.read_as["diacritics"] == "letters of their own"


def test_a_russian_shift_counts_in_the_russian_alphabet():
    match = decipher("Хгоге лгпимйъим кжлср лю ягогб мяосцжаюгрпэ прглю амвщ", language="ru")
    assert match.kind == "caesar" and match.printed.startswith("Через несколько минут на берег")


def test_a_spanish_shift_may_count_enye():
    order = "abcdefghijklmnñopqrstuvwxyz"
    plain = "el niño mira la montaña y el viento de la mañana"
    cipher = "".join(order[(order.index(c) + 4) % 27] if c in order else c for c in plain)
    match = decipher(cipher, language="es")
    assert match.kind == "caesar" and match.printed == plain


def test_a_periodic_key_has_its_true_period_and_keeps_breaks():
    match = decipher(shifted(LETTER, "isyno"))
    assert match.key.detail["key"] == ["isyno"] and match.key.period == 5
    assert match.printed == LETTER and " fisherman " in match.text


def test_letters_in_doubt_are_named():
    plain = "If you can't decide, don't, said Mr. Knox. Just pour the tea, as always, and wait for the rain."
    match = decipher(enciphered(plain))
    doubts = {d["letter"] for d in match.doubts} | {d["other"] for d in match.doubts}
    assert match.doubts and doubts & set("qjxzkvw")
    assert all(d["bits"] < 7 for d in match.doubts)
    assert any(other.printed != match.printed for other in match.alternatives)


@pytest.mark.parametrize(
    "text",
    [
        "oooo oooo oooo oooo", "row row row your boat " * 2, "the end " * 6, "ab ba ab ba ab ba ab ba", "tick tock " * 4,
    ],
)  # fmt: skip
def test_a_text_that_repeats_itself_is_not_solved(text):
    try:
        match = decipher(enciphered(text))
    except InputError:
        return
    right = match.plaintext.split() == text.split()
    assert right or not match.solved


@pytest.mark.parametrize(
    "text",
    [
        "1601571551601451571551451641621511571561641501451631511441451541511561451631571461641501451651561471451561451621411541411631631451551421541711411561441631411511441411461641451621671411621441631641501411641501451671571651541441661511631511641601711571561471711411561471411471411511561561451701641551571561641501",
        "abbbbabbbaabbaaabbbbaabaaabbbaabbaaaabaabaabbbaaababaaaabbbaabbabbaabbaabbbaabaabaabaabaaaaaabbaabaaababbabaaaabbabaabaabaabaabbbaaababbaabbaabbbaabaababaaabbabaabbaaabaaabbabaabaabaaabaaaaaababbaaaaa",
        "gggaacccgcctctgcgctacaactgcaatgtttagagcacaccttccctcattgattacgctagaggcagacccaaaagtaattaggtagaccatccctagtacgagaagtgtgttcggagatctggagtcctatcgagcgagtacctgttatat",
    ],
    ids=["octal", "bacon", "dna"],
)
def test_other_encodings_are_not_solved(text):
    assert not decipher(text).solved


def test_pairs_of_digits_are_a_guess_without_a_confidence():
    square = "abcdefghiklmnopqrstuvwxyz"
    plain = "pompeometrionthesidelinesoftheungeneralassemblyandsaidafterwards"
    text = "".join(f"{square.index(c) // 5 + 1}{square.index(c) % 5 + 1}" for c in plain)
    match = decipher(text)
    assert match.plaintext == plain and match.confidence is None and not match.solved
    assert decipher(text, groups="pairs").confidence is not None


def test_exclusions_and_the_rule_of_newspaper_puzzles():
    cipher = enciphered("we went home at ten to eat", "".join(reversed(LATIN)))
    first = decipher(cipher, kind="simple").key.letters
    symbol = next(iter(first))
    never = decipher(cipher, kind="simple", cribs=[parse_never(f"{symbol}={first[symbol]}")])
    assert never.key.letters[symbol] != first[symbol]
    puzzle = decipher(cipher, kind="simple", puzzle=True)
    assert all(a != b for a, b in puzzle.key.letters.items())


def test_a_word_of_the_cipher_as_a_crib():
    match = decipher("XIBU BSF ZPV EPJOH", cribs=[parse_crib("XIBU = what")])
    assert match.printed == "WHAT ARE YOU DOING"


def test_a_crib_that_no_key_of_the_kind_obeys_is_said():
    with pytest.raises(InputError, match="obeys the cribs"):
        decipher(
            "Maxr ghp mhi max mtuex", kind="caesar", cribs=[parse_crib("m=q"), parse_crib("a=b")]
        )


def test_known_keys_are_applied_and_scored():
    source = read_ciphertext("Maxr ghp mhi max mtuex")
    key = parse_key("19", source)
    assert apply_key(source, key).printed == "They now top the table"
    right, wrong = score(source, key), score(source, "3")
    assert right.total < wrong.total - 40
    lemon = read_ciphertext("LXFOPV EF RNHR")
    assert apply_key(lemon, parse_key("vigenere lemon", lemon)).printed == "ATTACK AT DAWN"
    keyed = read_ciphertext("Yrffj, vjpfa")  # monarchybdefgijklpqstuvwxz under a to z
    assert apply_key(keyed, parse_key("keyword monarchy", keyed)).printed == "Hello, world"
    with pytest.raises(InputError, match="no key"):
        parse_key("???", source)


def test_a_keyword_alphabet_shows_its_word():
    row = "keyboardcfghijlmnpqstuvwxz"
    assert keyword_of(row, LATIN) == "keyboard"
    assert keyword_of(row.replace("x", ".").replace("j", "."), LATIN) == "keyboard"
    assert keyword_of(ORDER, LATIN) is None
    lines = key_lines(Key({row[i]: LATIN[i] for i in range(24)}, "simple"))
    assert any("KEYBOARD" in line for line in lines)


def test_repeats_count_once():
    assert distinct_letters(read_ciphertext("therosesarered" * 4).symbols) == 14
    assert distinct_letters(read_ciphertext("abcdefghijklm").symbols) == 13


def test_identify_ranks_the_kinds():
    source = read_ciphertext("Maxr ghp mhi max mtuex, max hger nguxtmxg lbwx")
    found = identify(source)
    assert next(iter(found.kinds.items())) == ("caesar", 0.0) and len(found.kinds) > 2
    assert found.kinds["simple"] > 7 and sorted(found.kinds.values()) == list(found.kinds.values())
    assert next(iter(found.probability)) == "caesar" and found.probability["caesar"] > 0.7
    assert sum(found.probability.values()) == pytest.approx(1.0)
    told = describe(found.to_json())
    assert re.search(r"^  caesar +0\.\d{3} +\+0$", told, re.M)
    assert found.to_json()["index_of_coincidence"] > 0.04


def test_identify_doubts_that_a_text_without_a_message_is_a_cipher():
    letters = "".join(np.random.default_rng(5).choice(list(LATIN), 120))
    found = identify(read_ciphertext(letters))
    assert next(iter(found.probability)) == NO_KIND and found.probability[NO_KIND] > 0.7


def test_identify_does_not_depend_on_the_time_that_it_takes(monkeypatch):
    """A clock of walls that runs 200 times as fast changes nothing: the work is fixed."""
    source = read_ciphertext(enciphered(LETTER[:90]))
    before = identify(source)
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: 200.0 * now())
    assert identify(source).kinds == before.kinds
