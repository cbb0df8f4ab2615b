import numpy as np
import pytest

from distmatch.ciphers.reading import from_symbols
from distmatch.languages.ngram import best_letters, costs, place_costs, shorter
from distmatch.matching.decipher import decipher, to_json
from distmatch.matching.encipher import encipher
from distmatch.matching.keys.substitution import KeySearch
from distmatch.matching.keys.tasks import decode
from distmatch.matching.symbols.heatbath import heat_bath_homophonic

ORDER = 3


def whole_cost(letters, key, symbols, cost, logs, emission):
    """What the kernel keeps up to date step by step, from the definition."""
    homophones, used = (
        np.bincount(key, minlength=cost.shape[0]),
        np.bincount(key[symbols[symbols >= 0]], minlength=cost.shape[0]),
    )
    windows = sum(int(cost[tuple(letters[i : i + ORDER])]) for i in range(len(letters) - ORDER + 1))
    return windows + emission * float((used * logs[homophones]).sum())


def anneal(size, free, seed, *, moves, hot, cold):
    """A run on random costs, with repeated symbols side by side and some fixed letters."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 256, (size,) * ORDER).astype(np.uint8)
    symbols = rng.integers(0, 12, 90).astype(np.int32)
    symbols[10:14] = 3
    symbols[::9] = -size  # the letter size - 1, fixed
    key = rng.integers(0, free, 12).astype(np.int32)
    fixed = np.zeros(12, bool)
    fixed[5] = True
    allowed = np.ones((12, size), bool)
    allowed[5] = np.arange(size) == key[5]
    given = key[5]
    logs = (16 * np.log2(np.maximum(np.arange(14), 1))).astype(np.float32)
    best, made = heat_bath_homophonic(
        symbols, key, allowed, place_costs(cost), cost.reshape(-1), logs, ORDER, size, free, 0.7, moves, hot, cold, -1.0,
        np.zeros(1, np.uint8),
        seed + 1,
    )  # fmt: skip
    assert key[5] == given
    assert key.max() < free
    return symbols, key, fixed, cost, logs, best, made


@pytest.mark.parametrize("size", [7, 32, 40])
def test_cost_kept_step_by_step_equals_the_whole(size):
    symbols, key, _, cost, logs, best, _ = anneal(
        size, size - 1, 3, moves=4000, hot=40.0, cold=20.0
    )
    letters = np.where(symbols >= 0, key[np.maximum(symbols, 0)], -1 - symbols)
    assert best == pytest.approx(whole_cost(letters, key, symbols, cost, logs, 0.7), abs=1.0)


@pytest.mark.parametrize("size", [7, 40])
def test_cooled_to_nothing_no_single_change_improves(size):
    symbols, key, fixed, cost, logs, best, _ = anneal(
        size, size - 1, 5, moves=8000, hot=30.0, cold=5.0
    )
    for symbol in np.flatnonzero(~fixed):
        for letter in range(size - 1):
            other = key.copy()
            other[symbol] = letter
            letters = np.where(symbols >= 0, other[np.maximum(symbols, 0)], -1 - symbols)
            assert whole_cost(letters, other, symbols, cost, logs, 0.7) >= best - 1.5


def test_place_costs_hold_every_letter_of_every_place():
    cost = np.random.default_rng(1).integers(0, 256, (5,) * 4).astype(np.uint8)
    table = place_costs(cost).view(np.uint8).reshape(4, 125, 32)
    for place in range(4):
        for window in np.random.default_rng(2).integers(0, 5, (20, 4)):
            rest = np.delete(window, place)
            row = int(np.ravel_multi_index(rest, (5, 5, 5)))
            assert table[place, row, window[place]] == cost[tuple(window)]
    assert not table[:, :, 5:].any()


def test_shorter_table_is_the_marginal():
    rng = np.random.default_rng(4)
    joint = rng.random((4, 4, 4))
    joint /= joint.sum()
    expected = joint.sum(axis=0) / joint.sum(axis=(0, 2))[:, None]
    assert np.exp2(shorter(np.log2(joint))) == pytest.approx(expected, rel=1e-4)
    assert best_letters(np.log2(joint)).shape == (3, 16)
    assert costs(np.array([-1.0, -40.0])).tolist() == [16, 255]


def test_planted_homophonic_key_and_core_count(text):
    made = encipher(text[:700], "homophonic", seed=4, symbols=60)
    source = from_symbols(made["ciphertext"])
    one, two = (
        to_json(decipher(source, kind="homophonic", seed=2, threads=threads)) for threads in (1, 2)
    )
    for result in (one, two):
        for changing in ("seconds", "cpu_seconds"):
            del result[changing]
    assert one == two
    assert (
        np.mean([a != b for a, b in zip(one["plaintext"], made["plaintext"], strict=True)]) < 0.02
    )
    assert one["solved"]


def test_key_found_under_noise(text):
    made = encipher(text[:700], "homophonic", seed=5, symbols=50, noise=0.05)
    match = decipher(from_symbols(made["ciphertext"]), kind="homophonic", seed=1)
    true = "".join(made["key"][str(s)] for s in made["ciphertext"])
    assert np.mean([a != b for a, b in zip(match.plaintext, true, strict=True)]) <= 0.05
    made = encipher(text[:300], "simple", seed=5, noise=0.05)
    match = decipher(made["ciphertext"], kind="simple", seed=1)
    true = "".join(made["key"][s] for s in made["ciphertext"])
    assert np.mean([a != b for a, b in zip(match.plaintext, true, strict=True)]) <= 0.05


def test_shorter_table_also_reads(text):
    from distmatch.languages.language import load_language

    model = load_language("en")
    made = encipher(text[:700], "homophonic", seed=8, symbols=40)
    source = from_symbols(made["ciphertext"])
    found = KeySearch(kind="homophonic", short=True).search(source, model, seed=1)[0]
    gold = model.alphabet.encode(made["plaintext"], spaces=False)
    assert np.mean(decode(source.symbols, found.map.table) != gold) <= 0.05


def test_interrupt_ends_the_running_restarts_and_gives_the_best(monkeypatch):
    from distmatch.languages.language import load_language
    from distmatch.matching.keys import substitution

    symbols = np.random.default_rng(0).integers(0, 60, 240)
    source = from_symbols([int(s) for s in symbols])
    calls = []

    def interrupted(jobs, timeout):
        calls.append(len(jobs))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(jobs, timeout)

    real = substitution.wait
    monkeypatch.setattr(substitution, "wait", interrupted)
    search = KeySearch(kind="homophonic", moves=50_000, restarts=50, threads=2)
    found = search.search(source, load_language("en"), seed=1)
    assert calls == [
        1,
        2,
    ]  # one restart, then a round of two that was halted; the other 47 never began
    assert found[0].total == min(c.total for c in found)
