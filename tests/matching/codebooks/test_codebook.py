import itertools

import numpy as np
import pytest

from distmatch.ciphers.codes import code_book, joined
from distmatch.ciphers.reading import read_ciphertext
from distmatch.errors import InputError
from distmatch.languages.wordtext import WordText, load_word_text
from distmatch.languages.wordtrigram import train, trigram_log
from distmatch.matching.codebooks.twopart import POSTERIOR, WordCodeSearch, consensus
from distmatch.matching.codebooks.twopartkernel import sample_keys
from distmatch.matching.codebooks.wordcode import estimated_words
from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.planted import planted_book, planted_key, word_text


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "reference.txt"
    path.write_text(" ".join(word_text(60_000, draw=1)))
    return str(path)


def test_probabilities_sum_to_one(reference):
    text = load_word_text([reference])
    model, held_out = train(text, np.arange(40))
    for u, v in ((-1, -1), (-1, 3), (2, 5), (40, 1), (1, 40)):
        total = sum(2.0 ** trigram_log(u, v, w, model.tables) for w in range(41))
        assert total == pytest.approx(1.0, abs=1e-4)
    assert 1.0 < held_out < np.log2(41)


def test_held_out_text_costs_what_the_model_says(reference):
    text = load_word_text([reference])
    model, expected = train(text, np.arange(len(text.words)))
    other = model.encode(word_text(5000, draw=5))
    assert model.bits(other) / 5000 == pytest.approx(expected, rel=0.03)


def test_cached_words_are_the_words_read(reference, tmp_path, monkeypatch):
    monkeypatch.setenv("DISTMATCH_CACHE", str(tmp_path))
    first, again = load_word_text([reference]), load_word_text([reference])
    assert first.words == again.words and np.array_equal(first.ids, again.ids)
    (stored,) = tmp_path.glob("words-*.npz")
    stored.write_bytes(stored.read_bytes()[:500])
    assert load_word_text([reference]).words == first.words


def test_planted_word_code(reference):
    plain = "\n".join(" ".join(word_text(3000, draw=2)[i : i + 12]) for i in range(0, 3000, 12))
    made = encipher(plain, "word-code", seed=4)
    match = decipher(made["ciphertext"], kind="word-code", reference=[reference])
    right = np.mean([a == b for a, b in zip(match.text.split(), plain.split(), strict=True)])
    assert right >= 0.97
    assert match.kind == "word-code" and match.text.count("\n") == plain.count("\n")
    key = made["key"]
    assert np.mean([key[s] == w for s, w in match.key.letters.items()]) > 0.9
    assert match.bits.control is not None and match.bits.total < match.bits.control


def test_planted_dictionary_code_beats_a_random_one_on_few_words(reference):
    words = word_text(260, draw=3)
    made = encipher(" ".join(words), "dictionary-code", seed=4)
    ordered = decipher(made["ciphertext"], kind="dictionary-code", reference=[reference])
    right = np.mean([a == b for a, b in zip(ordered.text.split(), words, strict=True)])
    assert right >= 0.9
    numbers = sorted(ordered.key.letters, key=int)
    found = [ordered.key.letters[number] for number in numbers]
    assert found == sorted(found)


def test_known_words_are_kept(reference):
    words = word_text(120, draw=3)
    made = encipher(" ".join(words), "dictionary-code", seed=4)
    number = next(n for n, w in made["key"].items() if w == words[0])
    from distmatch.ciphers.cribs import parse_crib

    match = decipher(
        made["ciphertext"], kind="dictionary-code", reference=[reference],
        cribs=[parse_crib(f"{number}={words[0]}")],
    )  # fmt: skip
    assert match.key.letters[number] == words[0]
    with pytest.raises(InputError, match="does not occur"):
        decipher("1 2 3 2", kind="word-code", reference=[reference], cribs=[parse_crib("9=waa")])


def test_no_reference_no_word_code():
    with pytest.raises(InputError, match="--reference"):
        decipher("12 7 12 9", kind="word-code")


def test_a_shuffled_text_is_not_believed(reference):
    words = word_text(900, draw=2)
    np.random.default_rng(0).shuffle(words)
    made = encipher(" ".join(words), "word-code", seed=4)
    match = decipher(made["ciphertext"], kind="word-code", reference=[reference])
    assert not match.solved and match.reason


def test_the_reference_of_another_language_is_not_believed(tmp_path):
    (tmp_path / "other.txt").write_text(" ".join(word_text(30_000, language=12, draw=1)))
    made = encipher(" ".join(word_text(900, draw=2)), "word-code", seed=4)
    match = decipher(made["ciphertext"], kind="word-code", reference=[str(tmp_path / "other.txt")])
    assert not match.solved and "reference" in match.reason


def test_families_of_a_real_code_book():
    book = code_book(["[12]^", "[3]^", "4.[2]=", "4.[9]-", "3.[30]=", "+ing", "."])
    assert list(book.family) == [1, 1, 0, 0, 0, -1, -1]
    assert book.place[1] < book.place[0]
    assert book.place[4] < book.place[3] < book.place[2]
    assert book.endings == {5: "ing"} and book.clear == {6: "."}


def test_endings_take_the_spelling_that_occurs():
    known = {"resuming": 3, "carried": 5, "lands": 9, "running": 2}
    assert joined("resume", "ing", known) == "resuming"
    assert joined("carry", "ed", known) == "carried"
    assert joined("land", "s", known) == "lands"
    assert joined("run", "ing", known) == "running"
    assert joined("xy", "zz", known) == "xyzz"


def test_votes_make_a_one_to_one_key():
    samples = np.array(
        [[0, 1, 5, 9], [0, 2, 5, 9], [3, 1, 5, 9], [3, 1, 0, 9], [3, 2, 0, 9]], np.int32
    )
    held = np.array([False, False, False, True])
    key, share = consensus(samples, held)
    assert list(key) == [3, 1, 5, 9]
    assert list(share) == pytest.approx([0.6, 0.6, 0.6, 1.0])


def test_sampler_weighs_keys_as_the_model_does():
    """Three codes over three words: the share of samples of each key is its probability under the trigrams."""
    text = WordText(("a", "b", "c"), np.array([0, 1, 2, 0, 0, 1, 2, 1, 2, 0, 1] * 40, np.int32))
    model, _ = train(text, np.arange(3))
    codes = np.array([0, 1, 2, 1, 0, 2], np.int32)
    keys = list(itertools.permutations(range(3)))
    bits = np.array([model.bits(np.array(key, np.int32)[codes]) for key in keys])
    expected = np.exp2(bits.min() - bits) / np.exp2(bits.min() - bits).sum()
    near = np.tile(np.arange(3, dtype=np.int32), (3, 1))
    drawn = np.empty((60_000, 3), np.int32)
    key = np.arange(3, dtype=np.int32)
    sample_keys(
        codes, key, np.zeros(3, bool), near, np.cumsum(np.ones((3, 3)), axis=1), model.tables, POSTERIOR, 1, drawn
    )  # fmt: skip
    shares = [np.mean((drawn == key).all(axis=1)) for key in keys]
    assert shares == pytest.approx(expected, abs=0.02)


def test_same_seed_same_key(reference):
    text = load_word_text([reference])
    model, _ = train(text, np.arange(len(text.words)), closed=True)
    source = read_ciphertext(encipher(" ".join(word_text(600, draw=4)), "word-code")["ciphertext"])
    search = WordCodeSearch(rounds=2, voting=1)
    keys = [
        search.search(source.symbols, len(source.names), model, text.ids, seed=3).reading.map.table
        for _ in range(2)
    ]
    assert np.array_equal(*keys)


def test_more_words_than_the_dense_start_takes(reference):
    text = load_word_text([reference])
    model, _ = train(text, np.arange(len(text.words)), closed=True)
    plain = model.encode(word_text(3000, draw=2))
    codes = planted_key(plain, len(model.words), seed=1).cipher.astype(np.int32)
    found = WordCodeSearch(dense=30).search(codes, len(model.words), model, text.ids, seed=0)
    assert np.mean(found.reading.letters == plain) > 0.9


def test_nomenclator_of_random_codes_and_clear_words(reference):
    words = word_text(700, draw=2)
    coded = sorted(set(words))[::2]
    number = planted_book(coded, first=10)
    cipher = " ".join(str(number.get(w, w)) for w in words)
    match = decipher(cipher, kind="word-code", reference=[reference])
    right = np.mean([a == b for a, b in zip(match.text.split(), words, strict=True)])
    assert right >= 0.95


def test_unseen_words_are_estimated():
    rng = np.random.default_rng(0)
    counts = np.bincount(rng.integers(0, 400, 600), minlength=400)
    assert estimated_words(counts) == pytest.approx(400, rel=0.15)
    assert estimated_words(np.array([5, 5, 5])) == 3
