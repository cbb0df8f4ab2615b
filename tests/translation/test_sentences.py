import pytest

from distmatch.translation.sentences import Casing, join, split


@pytest.mark.parametrize(
    "line",
    [
        "Un homme s'assied à l'ombre.", "The man's dog (a pug) isn't here, it's out.", 'He said "yes" and left.',
        "Ein „Schild“ steht da: 3.5 Meter!", "a t-shirt & jeans; what?", "",
    ],
)  # fmt: skip
def test_ordinary_text_comes_back(line):
    assert join(split(line)) == line.replace("isn't", "isn't")


def test_clitics_are_words():
    assert split("L'homme qu'il a vu, the man's") == [
        "L'",
        "homme",
        "qu'",
        "il",
        "a",
        "vu",
        ",",
        "the",
        "man",
        "'s",
    ]


def test_casing_is_learned_inside_sentences():
    casing = Casing.learn([split("Der Hund und Peter schlafen."), split("Und der Hund bellt.")])
    written = casing.written(
        ["der", "hund", "bellt", "und", "peter", "USA"], copied=[False] * 5 + [True]
    )
    assert written == ["Der", "Hund", "bellt", "und", "Peter", "USA"]
