import gzip
import textwrap

import numpy as np
import pytest

from distmatch.errors import InputError
from distmatch.text import corpus as corpus_module
from distmatch.text.corpus import encode_corpus
from distmatch.text.phrases import join_phrases
from distmatch.text.tokenizer import Pieces, characters, words


def write(tmp_path, text, name="text.txt"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def spelled(corpus):
    return " ".join("|" if t < 0 else corpus.words[t] for t in corpus.tokens)


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        ("line", "der | tag | der | | don t été |"),
        ("blank", "der tag der | don t été"),
        ("none", "der tag der don t été"),
    ],
)
def test_words_and_sentence_ends(tmp_path, breaks, expected):
    path = write(tmp_path, "Der\nTag,\nder\n\ndon't e\u0301te\u0301_\n")
    found = encode_corpus([path], words(breaks=breaks), tmp_path, min_count=1)
    assert spelled(found) == expected
    assert found.words[0] == "der" and found.counts.tolist() == [2, 1, 1, 1, 1]


def test_marks_belong_to_their_letters():
    assert words()("हिन्दी भाषा") == ["हिन्दी", "भाषा"]
    assert words(lower=False)("Ein_Wort42 x") == ["Ein", "Wort42", "x"]


def test_rare_words_go_and_ties_are_alphabetical(tmp_path):
    path = write(tmp_path, "b a c a b rare d d c\n" * 2 + "a")
    found = encode_corpus([path], words(), tmp_path, min_count=4, vocabulary=3)
    assert found.words == ("a", "b", "c")
    assert found.counts.tolist() == [5, 4, 4]
    assert spelled(found) == "b a c a b c | b a c a b c | a |"


def test_many_packed_files_and_any_block_size_give_the_same(tmp_path, monkeypatch):
    text = "Ein Größe Wort\nund noch eins\n" * 50 + "das Ende"
    plain = write(tmp_path, text * 2)
    packed = write(tmp_path, gzip.compress((text + "\n").encode()), "a.gz")
    rest = write(tmp_path, text, "b.txt")
    one = encode_corpus([plain], words(breaks="none"), tmp_path, min_count=1)
    tokens = one.tokens.tolist()
    monkeypatch.setattr(corpus_module, "_BLOCK", 64)
    two = encode_corpus([packed, rest], words(breaks="none"), tmp_path, min_count=1)
    assert "endeein" in one.words and "endeein" not in two.words
    assert [one.words[t] for t in tokens[:299]] == [two.words[t] for t in two.tokens[:299]]


def test_bad_text_names_the_line(tmp_path):
    path = write(tmp_path, b"eins\nzwei \xff\n")
    with pytest.raises(InputError, match=r"text.txt:2: byte 0xff"):
        encode_corpus([path], words(), tmp_path)
    cut = write(tmp_path, gzip.compress(b"word " * 9999)[:-20], "cut.gz")
    with pytest.raises(InputError, match="truncated"):
        encode_corpus([cut], words(), tmp_path)
    with pytest.raises(InputError, match="no word occurs 5 times"):
        encode_corpus([write(tmp_path, "too short\n")], words(), tmp_path)
    with pytest.raises(InputError, match="no words"):
        encode_corpus([write(tmp_path, "... !\n")], words(breaks="none"), tmp_path)


def test_characters():
    assert characters()("Ab  c\nd") == ["a", "b", "▁", "c", "\n", "d"]
    assert characters(breaks="none")("a\nb") == ["a", "▁", "b"]


def test_pieces_spell_the_text_and_repeat_exactly(text):
    pytest.importorskip("sentencepiece")
    lines = [text[i : i + 80] for i in range(0, len(text), 80)] * 3
    one, two = (Pieces.train(lines, 60) for _ in range(2))
    assert one.tokenizer()(text) == two.tokenizer()(text)
    found = one.tokenizer()(text)
    assert "".join(found[:-1]).replace("▁", " ").strip() == text.lower()
    with pytest.raises(InputError, match="Ask for fewer"):
        Pieces.train(["a b"], 8000)


def test_phrases_join_what_belongs_together(tmp_path):
    generator = np.random.default_rng(0)
    lines = []
    for _ in range(400):
        line = [f"w{i}" for i in generator.integers(0, 30, 8)]
        line[3:3] = ["new", "york"]
        lines.append(" ".join(line))
    found = encode_corpus([write(tmp_path, "\n".join(lines))], words(), tmp_path, min_count=1)
    joined = join_phrases(found, tmp_path, threshold=5, min_count=5)
    assert joined.words[0] == "new_york" and joined.counts[0] == 400
    assert "new" not in joined.words and "york" not in joined.words
    assert not [w for w in joined.words if "_" in w and w != "new_york"]
    assert joined.counts.sum() == found.counts.sum() - 400
    assert spelled(joined).replace("new_york", "new york").split() == [
        *" | ".join(lines).split(),
        "|",
    ]


def test_lines_wrapped_at_a_width_are_joined_and_sentences_a_line_are_not():
    rng = np.random.default_rng(0)
    paragraphs = [" ".join(["word"] * size) for size in rng.integers(40, 150, 30)]
    lines = [line for p in paragraphs for line in textwrap.wrap(p, 70)]
    found = words(breaks="auto")("\n".join(lines) + "\n")
    # A paragraph whose last line happens to be long goes on in the next.
    assert 10 <= found.count("\n") <= 30 < len(lines)
    assert found.count("word") == sum(p.count("word") for p in paragraphs)
    sentences = "\n".join(" ".join(["so"] * size) for size in rng.integers(3, 40, 300)) + "\n"
    assert words(breaks="auto")(sentences) == words(breaks="line")(sentences)
