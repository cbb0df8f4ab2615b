import numpy as np
import pytest

from distmatch.errors import InputError
from distmatch.languages.ngram import text_counts
from distmatch.languages.wordfrequency import (
    NOT_ALPHABETIC,
    available,
    expected_counts,
    word_list,
    words_from_counts,
)


@pytest.mark.parametrize("spaces", [False, True])
def test_closed_form_equals_a_long_sample_of_independent_words(spaces):
    words = words_from_counts(["a", "bc", "cab", "abca"], np.array([4.0, 3.0, 2.0, 1.0]))
    rng = np.random.default_rng(0)
    names = np.array(["a", "bc", "cab", "abca"])
    stream = rng.choice(names, 200_000, p=[0.4, 0.3, 0.2, 0.1])
    text = (" " if spaces else "").join(stream)
    codes = words.alphabet.encode(text, spaces=spaces)
    sampled = text_counts(codes, 3, 26 + spaces)
    sampled /= sampled.sum()
    exact = expected_counts(words, 3, spaces=spaces)
    assert exact.sum() == pytest.approx(1)
    assert np.abs(exact - sampled).max() < 0.002
    assert exact.max() > 0.05


def test_unknown_language_names_the_nearest():
    with pytest.raises(InputError, match="'en'"):
        word_list("enn")


def test_languages_without_an_alphabet_are_refused():
    with pytest.raises(InputError, match="Chinese is not written with an alphabet"):
        word_list("zh")


@pytest.mark.parametrize(("language", "letters"), [("ru", 32), ("el", 24), ("he", 22), ("de", 26)])
def test_alphabets(language, letters):
    assert len(word_list(language).alphabet) == letters


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in available() if n not in NOT_ALPHABETIC])
def test_every_language_builds_and_reads_a_cipher_of_its_own_words(name):
    """300 letters of words drawn by frequency, enciphered letter by letter."""
    from distmatch.ciphers.reading import from_symbols
    from distmatch.languages.language import load_language
    from distmatch.matching.decipher import decipher

    model = load_language(name)
    words = word_list(name).without_spaces()
    rng = np.random.default_rng(3)
    drawn = rng.choice(len(words.frequency), 150, p=words.frequency)
    plain = np.concatenate([words.flat[words.starts[w] : words.starts[w + 1]] for w in drawn])[:300]
    key = rng.permutation(len(model.alphabet))
    match = decipher(
        from_symbols([int(s) for s in key[plain]]), language=name, kind="simple", seed=1
    )
    gold = model.alphabet.decode(plain)
    assert np.mean([a != b for a, b in zip(match.plaintext, gold, strict=True)]) <= 0.05
    assert model.order >= 4
