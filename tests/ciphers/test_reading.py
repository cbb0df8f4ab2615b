import pytest
from hypothesis import given
from hypothesis import strategies as st

from distmatch.ciphers.reading import from_symbols, read_ciphertext
from distmatch.errors import InputError


def test_running_text_keeps_breaks():
    cipher = read_ciphertext("ab cab\nca")
    assert "".join(cipher.names[s] for s in cipher.symbols) == "abcabca"
    assert list(cipher.breaks[:2]) == [False, True]
    assert cipher.has_breaks and not cipher.tokens


@pytest.mark.parametrize("written", ["12 7 12\n# a comment\n8", "12,7,12,8", "S12 S7 S12 S8"])
def test_tokens(written):
    cipher = read_ciphertext(written)
    assert cipher.tokens
    assert len(cipher) == 4 and len(cipher.names) == 3


def test_bar_marks_word_breaks_between_tokens():
    assert list(read_ciphertext("1 2|3 | 1").breaks) == [False, True, True, False]


def test_lines_are_kept():
    assert list(read_ciphertext("1 2\n3 1").lines) == [0, 0, 1, 1]


@pytest.mark.parametrize("bad", ["", "  \n ", "# only a comment", "aaaa"])
def test_nothing_to_decipher(bad):
    with pytest.raises(InputError):
        read_ciphertext(bad)


def test_mixed_tokens_name_the_line():
    with pytest.raises(InputError, match=r"f\.txt:2: token 'xyz!'"):
        read_ciphertext("1 2 3 4\n5 6 xyz! 7 8 9", path="f.txt")


@pytest.mark.parametrize("bad", [[], [1, 2.5], [True, 1], [[1], 2]])
def test_bad_lists(bad):
    with pytest.raises(InputError):
        from_symbols(bad)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    try:
        cipher = read_ciphertext(text)
    except InputError:
        return
    assert len(cipher.names) == len(set(cipher.names)) > 0
    assert cipher.symbols.max() == len(cipher.names) - 1


@pytest.mark.parametrize("mixed", ["12 S5 7 12", "12 ab 34 cd 12", "S01 S02 13 S01", "5a a5 5a a5"])
def test_mixed_styles_are_refused(mixed):
    with pytest.raises(InputError, match="one style"):
        read_ciphertext(mixed)


def test_characters_with_digits_among_them_are_running_text():
    cipher = read_ciphertext("9%P/Z UB%kO R=pX=B")
    assert not cipher.tokens and cipher.names[0] == "9"
    assert not read_ciphertext("H 8 + 9 H 7").tokens


def test_words_as_symbols_keep_their_lines():
    cipher = read_ciphertext("# a code\n[12]^ 4.[2]= +y\n[12]^ O.", words=True)
    assert cipher.names == ("[12]^", "4.[2]=", "+y", "O.")
    assert list(cipher.lines) == [0, 0, 0, 1, 1]
