import numpy as np
import pytest

from distmatch.ciphers.reading import read_ciphertext
from distmatch.languages.language import load_language
from distmatch.maps.transposition import Transposition, candidates
from distmatch.matching.encipher import encipher
from distmatch.matching.keys.reordering import TranspositionScreen, climb_columns, repeats


def written(made, order, width):
    letters = np.array(list(made["ciphertext"]))
    grid = np.empty(len(letters), letters.dtype)
    grid[order.indices(len(letters))] = letters
    rows = ["".join(grid[i : i + width]) for i in range(0, len(grid), width)]
    return read_ciphertext("\n".join(rows))


def test_planted_order_ranks_first_and_reads(text):
    made = encipher(text, "simple", seed=5)
    length = 20 * 15
    made = {"ciphertext": made["ciphertext"][:length], "plaintext": made["plaintext"][:length]}
    order = Transposition("step", 15, (), 1, 2)
    screen = TranspositionScreen()
    best = screen.search(written(made, order, 15), load_language("en"), seed=1)[0]
    gold = load_language("en").alphabet.encode(made["plaintext"], spaces=False)
    assert np.mean(best.letters != gold) < 0.05
    assert best.map.order == order


@pytest.mark.slow
def test_family_of_the_zodiac_340_ranks_first(data):
    import json

    from distmatch.ciphers.reading import Ciphertext, from_symbols

    rows = [
        json.loads(line) for line in (data / "ciphers/historical.jsonl").read_text().splitlines()
    ]
    item = next(row for row in rows if row["id"] == "zodiac-340")
    source = from_symbols(list(item["ciphertext"]))
    lines = (np.arange(len(source)) // int(item["width"])).astype(np.int32)
    source = Ciphertext(source.symbols, source.names, source.breaks, source.tokens, lines)
    best = TranspositionScreen().rank(source, load_language("en"), seed=0)[0][1]
    assert (best.family, best.down, best.right) == ("step", 1, 2)


def test_a_given_order_is_read(text):
    made = encipher(text[:300], "simple", seed=5)
    length = len(made["ciphertext"]) // 15 * 15
    made = {"ciphertext": made["ciphertext"][:length], "plaintext": made["plaintext"][:length]}
    order = Transposition("columns", 15)
    from distmatch.matching.decipher import decipher

    match = decipher(written(made, order, 15), transposition="columns width 15", seed=1)
    wrong = np.mean([a != b for a, b in zip(match.plaintext, made["plaintext"], strict=True)])
    assert wrong < 0.05
    assert match.key.detail["transposition"] == "columns width 15"


def test_repeats_are_counted_by_pairs():
    symbols = np.array([0, 1, 2, 0, 1, 2, 0, 1], np.int32)
    # pairs 01 x3, 12 x2, 20 x2; triples 012 x2, 120 x2, 201 x2
    assert repeats(symbols, 3) == (5, 3)


def test_order_of_columns_is_climbed_to(text):
    letters = encipher(text, "simple", seed=2)["ciphertext"][:420]
    codes = np.array([ord(c) - 97 for c in letters], np.int32)
    order = Transposition("keyed", 7, order=(3, 0, 6, 2, 5, 1, 4))
    cipher = np.empty_like(codes)
    cipher[order.indices(len(codes))] = codes
    found = climb_columns(cipher, 7, 26, 40, 1, 30)
    assert tuple(found) == order.order


def test_noise_of_order_is_not_preferred(text):
    """The true order has more repeats than nearly all others."""
    made = encipher(text, "homophonic", seed=5, symbols=40)
    codes = np.array(made["ciphertext"][:340], np.int32)
    order = Transposition("step", 17, (9, 9), 1, 2)
    cipher = np.empty_like(codes)
    cipher[order.indices(340)] = codes
    pool = list(candidates(340, 17))
    scores = [sum(repeats(cipher[o.indices(340)], 40)) for o in pool]
    better = sum(s > scores[pool.index(order)] for s in scores)
    assert better <= 0.05 * len(pool)
