import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from distmatch.text.alphabet import LATIN, Alphabet, fold


def test_diacritics_fold_to_base_letters_or_stay():
    assert fold("Élève straße, Łódź: Æther!") == "eleve strasse lodz aether"
    assert fold("Élève, l'été", diacritics=True) == "élève l été"
    assert fold("e\u0301te\u0301", diacritics=True) == "été"


def test_letters_of_their_own_stay_letters():
    assert fold("Ёлка йод їжак") == "елка йод їжак"
    assert fold("Ὀδυσσεύς") == "οδυσσευσ"


@given(st.text(max_size=200))
@example("ى İ ǣ Ǿ ﾞ")
def test_folding_twice_changes_nothing(text):
    once = fold(text)
    assert fold(once) == once


@given(st.text(alphabet=LATIN + " ", max_size=100))
def test_codes_round_trip(text):
    alphabet = Alphabet(LATIN)
    assert alphabet.decode(alphabet.encode(text, spaces=True)) == text
    assert alphabet.decode(alphabet.encode(text, spaces=False)) == text.replace(" ", "")


def test_foreign_characters_are_dropped():
    assert np.array_equal(Alphabet(LATIN).encode("aя😀c", spaces=True), [0, 2])
