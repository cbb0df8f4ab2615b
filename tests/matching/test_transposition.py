import numpy as np
import pytest

from distmatch.ciphers.encipher import encipher
from distmatch.ciphers.reading import read_ciphertext
from distmatch.ciphers.transposition import Transposition
from distmatch.languages.language import load_language
from distmatch.matching.transposition import TranspositionScreen


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
    screen = TranspositionScreen(long_moves=60_000, restarts=8)
    best = screen.search(written(made, order, 15), load_language("en"), seed=1)[0]
    gold = load_language("en").alphabet.encode(made["plaintext"], spaces=False)
    assert np.mean(best.letters != gold) < 0.05
    assert best.transposition == order


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
