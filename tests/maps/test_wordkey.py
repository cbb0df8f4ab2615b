"""`WordKey`: any lexicon can be undone on any bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distmatch.maps.wordkey import WORD_BYTES, WordKey, ranked_words

WORDS = st.text("ab1é", min_size=1, max_size=3).map(str.encode)
PAIRS = st.dictionaries(WORDS, WORDS, max_size=8).map(
    lambda pairs: {a: b for b, a in {b: a for a, b in pairs.items()}.items()}
)
TEXTS = st.text("abAB1é .\n", max_size=60).map(str.encode)


@given(PAIRS, st.one_of(TEXTS, st.binary(max_size=40)))
def test_any_text_comes_back(pairs, text):
    key, data = WordKey(pairs), np.frombuffer(text, np.uint8)
    assert key.inverse(key(data)).tobytes() == text
    assert key(key.inverse(data)).tobytes() == text


@given(PAIRS)
def test_every_pair_holds(pairs):
    key = WordKey(pairs)
    for a, b in pairs.items():
        assert key(np.frombuffer(a, np.uint8)).tobytes() == b


def test_capitals_are_kept():
    key = WordKey({b"le": b"the", b"roi": b"king", b"7": b"of", b"est": b"9"})
    data = np.frombuffer(b"Le roi LE Roi 7 Est.", np.uint8)
    assert key(data).tobytes() == b"The king THE King of Est."


@pytest.mark.parametrize(
    "pairs", [{b"a": b"c", b"b": b"c"}, {b"A": b"c"}, {b"a b": b"c"}, {b"a": b""}]
)
def test_what_is_no_lexicon_is_refused(pairs):
    with pytest.raises(ValueError):
        WordKey(pairs)


def test_words_by_frequency():
    assert ranked_words(b"b a, b? A c") == [b"a", b"b", b"c"]
    assert WORD_BYTES.findall("l’été 12".encode()) == ["l’été".encode(), b"12"]
