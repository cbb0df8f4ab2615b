import shutil

import numpy as np
import pytest

from distmatch.errors import InputError
from distmatch.files import cache_folder
from distmatch.languages import language as module
from distmatch.languages.language import load_language, store_language
from distmatch.languages.ngram import interpolate, mix_with_text
from distmatch.text.alphabet import fold


def test_probabilities_sum_to_one():
    counts = np.random.default_rng(0).poisson(0.3, (6, 6, 6)).astype(float)
    assert interpolate(counts, total=counts.sum()).sum(axis=-1) == pytest.approx(1, abs=1e-5)


def test_mixture_probabilities_of_next_letter_sum_to_one(text):
    """The word model is a code: over all next letters, 2 ** -bits sums to at most one (cost tables are rounded)."""
    for spaces in (False, True):
        model = load_language("en", spaces=spaces)
        prefix = model.alphabet.encode(fold(text)[:60], spaces=spaces)
        total = 0.0
        for letter in range(model.size):
            extended = np.append(prefix, letter).astype(np.uint8)
            total += 2.0 ** -model.bits(extended)[-1]
        assert total == pytest.approx(1, abs=0.03)


def test_english_has_fewer_bits_than_shuffled_english(text):
    model = load_language("en")
    codes = model.alphabet.encode(fold(text), spaces=False)
    assert model.total_bits(codes) / len(codes) < 2.7
    assert model.total_bits(np.random.default_rng(0).permutation(codes)) / len(codes) > 4


def test_segmentation_restores_word_breaks(text):
    model = load_language("en")
    folded = fold(text)
    found = model.segment(model.alphabet.encode(folded, spaces=False))
    gold = set(np.cumsum([len(w) for w in folded.split()]))
    cuts = set(np.cumsum([len(w) for w in found.split()]))
    assert len(gold & cuts) / len(gold) > 0.9
    assert len(gold & cuts) / len(cuts) > 0.9


def test_damaged_cache_is_rebuilt(tmp_path, monkeypatch):
    # A cache of its own: cutting a file that another test's language has mapped would end the process (SIGBUS).
    monkeypatch.setenv("DISTMATCH_CACHE", str(tmp_path))
    load_language("en")
    folder = cache_folder()
    assert folder is not None
    cost = folder / f"v{module.CACHE_VERSION}" / "en-plain" / "cost.npy"
    cost.write_bytes(b"garbage")
    model = load_language("en")
    assert model.cost.shape == (26,) * 5
    assert model.cost.std() > 1


def test_read_only_cache_warns_and_goes_on(monkeypatch):
    from distmatch import files

    files._WARNED.clear()
    monkeypatch.setenv("DISTMATCH_CACHE", "/proc/distmatch")
    with pytest.warns(UserWarning, match="not writable"):
        assert cache_folder() is None


def test_reference_text_helps_on_its_own_kind(tmp_path):
    jargon = "xylq zorp quix vantrel mobbin flarg " * 200
    path = tmp_path / "jargon.txt"
    path.write_text(jargon)
    plain, mixed = load_language("en"), load_language("en", reference=[str(path)])
    codes = plain.alphabet.encode(fold(jargon[:300]), spaces=False)
    assert mixed.total_bits(codes) < 0.6 * plain.total_bits(codes)


def test_stored_language_loads_by_name(tmp_path, text):
    path = tmp_path / "own.txt"
    path.write_text(text * 20)
    try:
        store_language("fishermen", [str(path)])
        model = load_language("fishermen")
        codes = model.alphabet.encode(fold(text), spaces=False)
        assert model.total_bits(codes) / len(codes) < 1.5
    finally:
        folder = cache_folder()
        assert folder is not None
        shutil.rmtree(folder / "named")


def test_too_short_reference_is_refused(tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("hello")
    with pytest.raises(InputError, match=r"short\.txt.*2,000"):
        load_language("en", reference=[str(path)])


def test_mixing_weight_follows_the_text():
    rng = np.random.default_rng(0)
    codes = rng.choice(3, 5000, p=[0.8, 0.1, 0.1])
    language = np.full((3, 3), 1 / 3, np.float32)
    mixed = mix_with_text(language, codes, 2, 3)
    assert mixed[:, 0].mean() > 0.7
