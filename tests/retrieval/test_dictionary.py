import numpy as np
import pytest

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.retrieval.dictionary import Dictionary, evaluate
from distmatch.retrieval.lexicon import Lexicon, translate_words


def planted(n=200, d=20, wrong=50):
    """Source word s_i is t_i, but the first `wrong` rows of the source stand in each other's place."""
    y = np.random.default_rng(0).standard_normal((n, d)).astype(np.float32)
    x = y.copy()
    x[:wrong] = np.roll(y[:wrong], 1, axis=0)
    return (
        Embeddings(tuple(f"s{i}" for i in range(n)), x),
        Embeddings(tuple(f"t{i}" for i in range(n)), y),
    )


def gold(tmp_path, lines, name="gold.txt"):
    path = tmp_path / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_precision_of_a_planted_lexicon(tmp_path):
    source, target = planted()
    lines = [f"s{i} t{i}" for i in range(200)] + ["s0 t199", "missing t1", "s5\tmissing"]
    dictionary = Dictionary.load(gold(tmp_path, lines))
    result = evaluate((source, target), dictionary)
    assert result.n == 200
    assert result.coverage == pytest.approx(200 / 201)
    assert result.precision[1] == pytest.approx(0.75)
    assert result.interval[0] < 0.75 < result.interval[1]
    assert (
        0.08 < result.interval[1] - result.interval[0] < 0.16
    )  # 2 x 1.96 x sqrt(.75 x .25 / 200) = 0.12
    lexicon = translate_words(source, target)
    read = evaluate(lexicon, dictionary)
    assert read.precision[1] == pytest.approx(0.75)
    assert read.precision[10] is None and read.precision[5] is not None
    assert set(result.to_json()) == {
        "precision@1", "precision@5", "precision@10", "coverage", "n", "interval", "stem_precision@1",
    }  # fmt: skip


def test_any_gold_target_counts_and_capitals_are_looked_up_in_lower_case(tmp_path):
    source, target = planted(20, wrong=0)
    path = gold(tmp_path, ["S3\tT9", "S3\tT3", "s4\tt8"])
    result = evaluate((source, target), Dictionary.load(path))
    assert result.n == 2
    assert result.precision[1] == 0.5


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        (["ein one", "zwei"], ":2:", "found 1 column"),
        (["ein one", "", "drei three vier"], ":3:", "tab"),
        ([], "gold.txt:", "no pairs"),
    ],
)
def test_bad_dictionaries_name_the_line(tmp_path, lines, place, message):
    with pytest.raises(InputError, match=message) as error:
        Dictionary.load(gold(tmp_path, lines))
    assert place in str(error.value)


def test_no_covered_word_is_an_error(tmp_path):
    with pytest.raises(InputError, match="none of its 1 words"):
        evaluate(planted(20), Dictionary.load(gold(tmp_path, ["chat cat"])))


def test_lexicon_round_trip_and_damage(tmp_path):
    lexicon = translate_words(*planted(30), best=3, limit=7)
    assert len(lexicon) == 21
    lexicon.save(tmp_path / "lexicon.tsv")
    again = Lexicon.load(tmp_path / "lexicon.tsv")
    assert again.source == lexicon.source and again.target == lexicon.target
    assert np.allclose(again.score, lexicon.score, rtol=1e-5)
    assert np.array_equal(again.rank, lexicon.rank)
    (tmp_path / "bad.tsv").write_text("source\ttarget\tscore\trank\na\tb\t0.5\n")
    with pytest.raises(InputError, match=r"bad.tsv:2: .*found 3 fields"):
        Lexicon.load(tmp_path / "bad.tsv")


def test_words_of_one_stem_by_their_first_letters():
    from distmatch.retrieval.precision import same_stem

    for one, other in (
        ("house", "houses"),
        ("Nation", "national"),
        ("walked", "walker"),
        ("я", "Я"),
    ):
        assert same_stem(one, other)
    for one, other in (("cat", "cats"), ("went", "going"), ("contain", "contrast"), ("run", "ran")):
        assert not same_stem(one, other)


def test_stem_precision_counts_other_forms_of_the_gold():
    vectors = np.eye(3, dtype=np.float32)
    source = Embeddings(("casa", "gato", "perro"), vectors)
    target = Embeddings(("houses", "cat", "house"), vectors[[0, 1, 2]])
    found = evaluate(
        (source, target), Dictionary({"casa": "house", "gato": "cat"}), scoring="cosine"
    )
    assert found.precision[1] == 0.5 and found.stem == 1.0
    lexicon = Lexicon(("casa", "gato"), ("houses", "dog"), np.ones(2, np.float32), np.ones(2, np.int64))  # fmt: skip
    found = evaluate(lexicon, Dictionary({"casa": "house", "gato": "cat"}))
    assert found.precision[1] == 0.0 and found.stem == 0.5


def test_kept_neighbourhoods_give_the_same_figures_and_those_of_other_rows_are_left(tmp_path):
    from distmatch.retrieval.crowdfile import load_crowd, save_crowd
    from distmatch.retrieval.scoring import csls, mean_similarity

    random = np.random.default_rng(0)
    x, y = (random.normal(size=(n, 6)).astype(np.float32) for n in (50, 60))
    crowd = mean_similarity(y, x, 10)
    save_crowd(tmp_path / "c", crowd, 10, x, y)
    kept = load_crowd(tmp_path / "c", 10, x, y)
    np.testing.assert_array_equal(csls(x, y, 3)[1], csls(x, y, 3, crowd=kept)[1])
    assert load_crowd(tmp_path / "c", 5, x, y) is None
    assert load_crowd(tmp_path / "c", 10, x, y[:-1]) is None
    assert load_crowd(tmp_path / "c", 10, 2 * x, y) is None
    assert load_crowd(tmp_path / "none", 10, x, y) is None
    (tmp_path / "c").write_bytes(b"damaged")
    assert load_crowd(tmp_path / "c", 10, x, y) is None
