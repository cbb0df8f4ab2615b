"""Long n-grams of a reference: probabilities sum to one, and a text like the reference gets shorter."""

from __future__ import annotations

import numpy as np
import pytest

from distmatch.languages.language import load_language
from distmatch.languages.model import PROBABILITY
from distmatch.languages.runningtext import MAX_ORDER, running_probability


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    rng = np.random.default_rng(3)
    phrases = [
        "the captain of the ship looked at the sea",
        "she said that nothing of the kind had happened",
        "it was a cold morning and the harbour lay still",
        "nobody in the village knew what the stranger wanted",
        "old there cat",
        "new there dog",
    ]
    text = ". ".join(phrases[i] for i in rng.integers(0, len(phrases), 600))
    path = tmp_path_factory.mktemp("reference") / "text.txt"
    path.write_text(text)
    return str(path)


def test_probabilities_sum_to_one_in_every_context(reference):
    language = load_language("none", spaces=True, reference=[reference])
    size, order = language.size, language.order
    for context in ("the captain of the s", "nothing of the kin", "qqqqqqqqqq", "the"):
        codes = language.alphabet.encode(context + " ", spaces=True)
        total = 0.0
        for letter in range(size):
            codes[-1] = letter
            padded = np.concatenate([np.full(order, size - 1, np.uint8), codes])[-order:]
            short = PROBABILITY[language.cost[tuple(padded)]]
            total += running_probability(
                codes, len(codes) - 1, order, size, short, *language.running, PROBABILITY
            )
        assert total == pytest.approx(1.0, abs=0.05)  # costs are rounded to 1/16 bit


def test_text_like_the_reference_is_shorter_than_without_long_ngrams(reference):
    from dataclasses import replace

    from distmatch.languages.runningtext import NONE

    language = load_language("en", reference=[reference])
    codes = language.alphabet.encode("oldtherecatnewtheredog" * 6, spaces=False)
    with_long = language.total_bits(codes)
    without = replace(language, running=NONE).total_bits(codes)
    assert len(codes) > MAX_ORDER
    assert (
        with_long < without - 5.0
    )  # "cat" or "dog" is told six letters before, beyond the dense table's reach


def test_a_cached_language_gives_the_same_bits(reference):
    first = load_language("en", spaces=True, reference=[reference])
    again = load_language("en", spaces=True, reference=[reference])
    codes = first.alphabet.encode("the stranger looked at the sea", spaces=True)
    assert first.total_bits(codes) == again.total_bits(codes)
    assert first.share == again.share
