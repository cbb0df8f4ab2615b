import numpy as np
import pytest

from distmatch.ciphers.codes import code_book, joined
from distmatch.ciphers.encipher import encipher
from distmatch.ciphers.reading import read_ciphertext
from distmatch.errors import InputError
from distmatch.languages.wordgrams import load_word_text, train, trigram_log
from distmatch.matching.codes import estimated_words
from distmatch.matching.decipher import decipher
from distmatch.matching.wordcode import WordCodeSearch, doubly_stochastic


def chain(seed: int, n: int, size: int = 60) -> list[str]:
    """Words of a random language in which every word has a few likely followers."""
    rng = np.random.default_rng(11)
    follows = rng.dirichlet(np.full(size, 0.08), size)
    out, at = [], 0
    rng = np.random.default_rng(seed)
    for _ in range(n):
        at = int(rng.choice(size, p=0.9 * follows[at] + 0.1 / size))
        out.append(f"w{chr(97 + at // 26)}{chr(97 + at % 26)}")
    return out


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "reference.txt"
    path.write_text(" ".join(chain(1, 60_000)))
    return str(path)


def test_probabilities_sum_to_one(reference):
    text = load_word_text([reference])
    model, held_out = train(text, np.arange(40))
    for u, v in ((-1, -1), (-1, 3), (2, 5), (40, 1), (1, 40)):
        total = sum(2.0 ** trigram_log(u, v, w, *model.tables) for w in range(41))
        assert total == pytest.approx(1.0, abs=1e-4)
    assert 1.0 < held_out < np.log2(41)


def test_held_out_text_costs_what_the_model_says(reference):
    text = load_word_text([reference])
    model, expected = train(text, np.arange(len(text.words)))
    other = model.encode(chain(5, 5000))
    assert model.bits(other) / 5000 == pytest.approx(expected, rel=0.03)


def test_cached_words_are_the_words_read(reference, tmp_path, monkeypatch):
    monkeypatch.setenv("DISTMATCH_CACHE", str(tmp_path))
    first, again = load_word_text([reference]), load_word_text([reference])
    assert first.words == again.words and np.array_equal(first.ids, again.ids)
    (stored,) = tmp_path.glob("words-*.npz")
    stored.write_bytes(stored.read_bytes()[:500])
    assert load_word_text([reference]).words == first.words


def test_planted_word_code(reference):
    plain = "\n".join(" ".join(chain(2, 3000)[i : i + 12]) for i in range(0, 3000, 12))
    made = encipher(plain, "word-code", seed=4)
    match = decipher(made["ciphertext"], kind="word-code", reference=[reference])
    right = np.mean([a == b for a, b in zip(match.text.split(), plain.split(), strict=True)])
    assert right >= 0.97
    assert match.kind == "word-code" and match.text.count("\n") == plain.count("\n")
    key = made["key"]
    assert np.mean([key[s] == w for s, w in match.key.letters.items()]) > 0.9
    assert match.bits.control is not None and match.bits.total < match.bits.control


def test_planted_dictionary_code_beats_a_random_one_on_few_words(reference):
    words = chain(3, 260)
    made = encipher(" ".join(words), "dictionary-code", seed=4)
    ordered = decipher(made["ciphertext"], kind="dictionary-code", reference=[reference])
    right = np.mean([a == b for a, b in zip(ordered.text.split(), words, strict=True)])
    assert right >= 0.9
    numbers = sorted(ordered.key.letters, key=int)
    found = [ordered.key.letters[number] for number in numbers]
    assert found == sorted(found)


def test_known_words_are_kept(reference):
    words = chain(3, 120)
    made = encipher(" ".join(words), "dictionary-code", seed=4)
    number = next(n for n, w in made["key"].items() if w == words[0])
    from distmatch.matching.cribs import parse_crib

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
    words = chain(2, 900)
    np.random.default_rng(0).shuffle(words)
    made = encipher(" ".join(words), "word-code", seed=4)
    match = decipher(made["ciphertext"], kind="word-code", reference=[reference])
    assert not match.solved and match.reason


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


def test_beliefs_are_doubly_stochastic():
    logits = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    belief = doubly_stochastic(logits, 50)
    assert np.allclose(belief.sum(axis=1), 1, atol=1e-3)
    assert (belief.sum(axis=0) < 1.01).all()


def test_same_seed_same_key(reference):
    text = load_word_text([reference])
    model, _ = train(text, np.arange(len(text.words)), closed=True)
    source = read_ciphertext(encipher(" ".join(chain(4, 600)), "word-code")["ciphertext"])
    keys = [
        WordCodeSearch(steps=10, rounds=2).search(source.symbols, len(source.names), model, seed=3)
        for _ in range(2)
    ]
    assert np.array_equal(keys[0].key, keys[1].key)


def test_unseen_words_are_estimated():
    rng = np.random.default_rng(0)
    counts = np.bincount(rng.integers(0, 400, 600), minlength=400)
    assert estimated_words(counts) == pytest.approx(400, rel=0.15)
    assert estimated_words(np.array([5, 5, 5])) == 3
