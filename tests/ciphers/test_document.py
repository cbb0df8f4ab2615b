"""A ciphertext is a document: what is a symbol, what is print, and how the plaintext goes back into the layout."""

import pytest

from distmatch.ciphers.reading import as_pairs, read_ciphertext
from distmatch.planted import shifted


def back(letter: str) -> str:
    return chr((ord(letter) - 97 - 1) % 26 + 97)


PRINTED = [
    "Don't look, he said: the well-known map (of 1902) is gone!",
    'THE 12TH MAN, O\'BRIEN, WAS "LATE" - AS EVER.',
    "first line of a verse\nand a second; with marks,\n\nand a third",
    "«Qu’elle est belle», dit-il.",
    "He left U.S. soil at 4,000 feet & never wrote.",
]


@pytest.mark.parametrize("plain", PRINTED)
def test_marks_capitals_and_lines_come_back(plain):
    source = read_ciphertext(shifted(plain, "b"))
    assert all(name.isalpha() and name == name.lower() for name in source.names)
    letters = [back(source.names[s]) for s in source.symbols]
    assert source.document.printed(letters) == plain


def test_an_apostrophe_and_a_line_end_break_words():
    source = read_ciphertext("epo'u hp\nipnf")
    ends = "".join("|" if b else "." for b in source.breaks)
    assert ends == "..||.|...."
    assert read_ciphertext("epo'u hp\nipnf", breaks="joined").breaks.sum() == 2


def test_lines_of_one_length_are_not_words():
    source = read_ciphertext("ab cd\nef gh\nij kl\nmn")
    assert source.document.notes["lines"] == "joined"


def test_line_numbers_and_comments_pass_through():
    source = read_ciphertext("# from a paper\n1. Obq rjz\n2. kskob uq")
    assert "".join(source.names) == "obqrjzksu"
    printed = source.document.printed(["x"] * len(source))
    assert printed == "# from a paper\n1. Xxx xxx\n2. xxxxx xx"


@pytest.mark.parametrize(
    ("line", "clue"),
    [
        ("V = S", "V=S"),
        ("x=y", "x=y"),
        ("Clue: X equals Y", "X=Y"),
        ("Hint: Q is u.", "Q=u"),
        ("Clue - X is E", "X=E"),
        ("(X = E)", "X=E"),
        ("Today's clue: X equals E", "X=E"),
        ("Today's Cryptoquip clue: X represents E", "X=E"),
    ],
)
def test_clue_lines_are_not_cipher(line, clue):
    source = read_ciphertext(f"{line}\nABC XQV ABX")
    assert source.document.clues == (clue,)
    assert source.document.printed(["x"] * len(source)) == "XXX XXX XXX"


def test_a_clue_line_may_stand_below():
    source = read_ciphertext("ABC XQV ABX\n\nToday's Cryptoquip Clue: X equals I\n")
    assert source.document.clues == ("X=I",) and len(source) == 9


@pytest.mark.parametrize(
    "heading", ["CRYPTOQUOTE", "Today's Cryptoquip:", "Celebrity Cipher #12", "Cryptogram No. 7"]
)
def test_headings_of_newspapers_pass_through(heading):
    source = read_ciphertext(f"{heading}\nABC XQV ABX")
    assert "".join(source.names) == "abcxqv"
    assert source.document.printed(["x"] * 9) == f"{heading}\nXXX XXX XXX"
    assert len(read_ciphertext("CRYPTOGRAM")) == 10


def test_signs_among_letters_of_a_cipher_alphabet_are_symbols():
    zodiac = "9%P/Z/UB%kOR=pX=BWV+eGYF69HP@K!qYeMJY^UIk7qTtNQYD5)S(/9#BPORAU%fRlqEk^LMZJdrpFHVWe8Y"
    source = read_ciphertext(zodiac)
    assert len(source) == len(zodiac) and "%" in source.names
    assert {"k", "K"} <= set(source.names)
    kept = read_ciphertext(zodiac, punctuation="keep", case="fold")
    assert all(name.isalpha() for name in kept.names)


@pytest.mark.parametrize(
    ("written", "names", "ends"),
    [
        ("05 12 / 07 12", ("05", "12", "07"), [1]),
        ("S013 S012 / S005 S013", ("S013", "S012", "S005"), [1]),
        ("12-7-5 3-4 12-5", ("12", "7", "5", "3", "4"), [2, 4]),
        (".- -... / -.-. .- -... -..", (".-", "-...", "-.-.", "-.."), [1]),
        ("12 5/7 3 12", ("12", "5", "7", "3"), [1]),
        ("12_7_5 3_4 12_5", ("12", "7", "5", "3", "4"), [2, 4]),
        ("12:7:5 3:4 12:5.", ("12", "7", "5", "3", "4"), [2, 4]),
        ("12; 7; 5; 12", ("12", "7", "5"), []),
        ("[12, 7, 5, 12]", ("12", "7", "5"), []),
        ("[12][7][12] [5][7]", ("12", "7", "5"), [2]),
        ("(12) (07)  (05) (12)", ("12", "07", "05"), [1]),
        ("12 07  05 12.", ("12", "07", "05"), [1]),
        ("12  7 12  5", ("12", "7", "5"), []),
        ("1. 12 07\n2. 05 12\n3. 07 07", ("12", "07", "05"), []),
        ("77 6b 68 77 68 6b 68 77 77 6b 68 77", ("77", "6b", "68"), []),
    ],
)
def test_groups_are_symbols(written, names, ends):
    source = read_ciphertext(written)
    assert source.tokens and source.names == names
    assert [i for i, b in enumerate(source.breaks) if b] == ends


def test_line_ends_are_breaks_between_groups_where_that_is_said():
    source = read_ciphertext("12 7\n5 12\n7", breaks="breaks")
    assert [i for i, ends in enumerate(source.breaks) if ends] == [1, 3]


def test_an_address_in_running_text_is_print():
    plain = "see https://example.org/path?x=1 for the details of the meeting on monday"
    source = read_ciphertext(shifted(plain, "b"))
    assert all(name.isalpha() for name in source.names)
    assert source.document.printed([back(source.names[s]) for s in source.symbols]) == plain


def test_an_illegible_sign_passes_through():
    source = read_ciphertext("05 12 ? 07 12 05")
    assert "?" not in source.names
    assert source.document.printed(list("abcba")) == "ab?cba"


def test_digits_without_separators_may_be_pairs():
    text = "3534323515343215444224343344231543241415" * 2
    pairs = as_pairs(read_ciphertext(text))
    assert len(pairs) == len(text) // 2 and pairs.names[0] == "35"
    assert as_pairs(read_ciphertext(text + "3")) is None
    assert read_ciphertext(text, groups="pairs").names == pairs.names


def test_words_of_another_script_pass_through():
    source = read_ciphertext("Еяжьмн пмийф Ukip ходлдп ыцт утпмцмом")
    assert not set("ukip") & set(source.names)
    assert "Ukip" in source.document.printed(["а"] * len(source))


def test_cipher_over_plain():
    source = read_ciphertext("Bc, d")
    assert source.document.interlinear(["a", "b", "c"]) == "Bc, d\nAb, c"
    assert read_ciphertext("12 3 / 12").document.interlinear(["a", "b", "a"]).splitlines()[
        1
    ].split() == ["a", "b", "a"]


@pytest.mark.parametrize("hyphen", ["-", "¬", "\u00ad"])
def test_hyphens_that_divide_words_at_line_ends_are_no_breaks(hyphen):
    written = f"bc def{hyphen}\nghi jk lm{hyphen}\nno pq"
    source = read_ciphertext(written)
    assert [i for i, ends in enumerate(source.breaks) if ends] == [1, 7, 9, 13]
    assert source.document.printed([source.names[s] for s in source.symbols]) == written


def test_hyphens_of_compounds_are_breaks_wherever_they_stand():
    source = read_ciphertext("bc def-\nghi jk-lm no-pq\nno pq")
    assert [i for i, ends in enumerate(source.breaks) if ends] == [1, 4, 7, 9, 11, 13, 15, 17]
