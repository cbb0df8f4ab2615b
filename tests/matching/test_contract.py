"""What every matcher and every cipher kind promises, on problems with a known answer (`distmatch.planted`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from distmatch.errors import InputError
from distmatch.languages.symbols import SymbolModel
from distmatch.matching.align import METHODS
from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.matching.kinds import KINDS
from distmatch.matching.match import BELIEF
from distmatch.matching.symbols.search import SymbolSearch
from distmatch.matching.symbols.softlexicon import WordLexicon
from distmatch.planted import PROSE, planted_key, ranked_rotation, symbol_text, word_text

WORDS = ("word-code", "dictionary-code")
UNREAD = {
    "transposition": "450 letters without the order are too few to be believed",
    "dictionary-code": "alphabetical codes are not believed by the calibration (docs/results/ciphers-codes.md)",
}
FAST = {
    "symbols",
    "softkey",
    "lexicon",
    "joint-model",
    "sorted",
    "procrustes",
    "simple",
    "vigenere",
}
"""The fast run; the rest is marked slow."""


@dataclass(frozen=True)
class Problem:
    """A planted problem for one matcher: `solve(data, **options)` is its door."""

    data: Any
    control: Any
    small: Any
    solve: Callable[..., Any]
    accepted: frozenset[str]


def vectors(name: str) -> Problem:
    pytest.importorskip("torch")
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.matching.align import align
    from distmatch.retrieval.dictionary import Dictionary

    made = ranked_rotation(noise=0.0 if name == "sorted" else 0.2)
    names = tuple(f"w{i}" for i in range(len(made.source)))
    source = Embeddings(names, made.source)
    target = Embeddings(tuple(names[i] for i in made.order), made.target)
    noise = np.random.default_rng(5).standard_normal(made.target.shape).astype(np.float32)
    few = [Embeddings(names[:5], v[:5]) for v in (made.source, made.target)]

    def solve(pair, **options):
        if name == "procrustes":
            pairs = Dictionary({w: (w,) for w in names[:200]})
            return align(*pair, method=name, dictionary=pairs, **options)
        return align(*pair, method=name, device="cpu", **options)

    return Problem(
        (source, target), (source, target.with_vectors(noise)), few, solve, frozenset(METHODS)
    )


def symbols(name: str) -> Problem:
    text = symbol_text(20_000, 14, language=0)
    cipher = planted_key(symbol_text(600, 14, language=0, draw=1), 14).cipher
    noise = np.random.default_rng(1).permutation(cipher)
    order = {"symbols": 4, "softkey": 3, "lexicon": 2}.get(name, 0)
    model = SymbolModel.fit(text, 14, order=order) if order else None

    def solve(text_of_y, **options):
        if name == "joint-model":
            pytest.importorskip("torch")
            from distmatch.matching.joint.jointmodel import JointModel

            small = JointModel(width=8, heads=2, context=8, batch=4, steps=120)
            return small.match(text_of_y, text, size=14, **options)
        if name == "softkey":
            pytest.importorskip("torch")
            from distmatch.matching.symbols.softkey import SoftKey

            return SoftKey(steps=30).match(text_of_y, model, symbols=14, **options)
        search = SymbolSearch(restarts=5) if name == "symbols" else WordLexicon(steps=20)
        return search.match(text_of_y, model, symbols=14, **options)

    method = {"symbols": "symbol-search"}.get(name, name)
    return Problem(cipher, noise, np.zeros(0, np.int64), solve, frozenset({method}))


@cache
def reference(folder) -> str:
    path = folder / "reference.txt"
    path.write_text(" ".join(word_text(60_000, draw=1)))
    return str(path)


def cipher(name: str, folder) -> Problem:
    words = name in WORDS
    plain = " ".join(word_text(1_500, draw=2)) if words else PROSE
    settings = {"reference": [reference(folder)]} if words else {}
    kind = "simple" if name == "transposition" else name
    made = encipher(plain, kind, seed=3, **({"symbols": 40} if name == "homophonic" else {}))
    text = made["ciphertext"]
    rng = np.random.default_rng(0)
    if isinstance(text, str):
        pieces = text.split() if words else list(text)
        shuffled = (" " if words else "").join(rng.permutation(pieces))
    else:
        shuffled = rng.permutation(text).tolist()

    def solve(text, **options):
        return decipher(text, kind=name, threads=1, **settings, **options)

    return Problem(text, shuffled, "", solve, frozenset(KINDS))


def problem(name: str, folder) -> Problem:
    if name in MATCHERS_OF_SYMBOLS:
        return symbols(name)
    return vectors(name) if name in METHODS else cipher(name, folder)


MATCHERS_OF_SYMBOLS = ("symbols", "softkey", "lexicon", "joint-model")
"""These have no door of their own; the method that a match names is theirs."""
NAMES = (*MATCHERS_OF_SYMBOLS, *METHODS, *KINDS)
HEAVY = {"auto", "adversarial", "profile", "transposition"}
"""Searched by their own tests only (minutes each); here they refuse what is too small."""


def cases(names):
    """Names as parameters, the slow ones marked."""
    return [pytest.param(n, marks=[] if n in FAST else [pytest.mark.slow]) for n in names]


SEARCHED = [name for name in NAMES if name not in HEAVY]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("contract")


def frozen(data: Any) -> list[bytes]:
    """The bytes of a problem's inputs."""
    parts = data if isinstance(data, tuple) else (data,)
    arrays = [getattr(part, "vectors", part) for part in parts]
    return [a.tobytes() if isinstance(a, np.ndarray) else str(a).encode() for a in arrays]


def answer(match: Any) -> tuple:
    return match.bits.data, match.bits.map, match.confidence, json.dumps(match.map.to_json())


@pytest.mark.parametrize("name", cases(SEARCHED))
def test_same_seed_same_answer_from_untouched_inputs(name, folder):
    given = problem(name, folder)
    before = frozen(given.data)
    first, second = (given.solve(given.data, seed=4) for _ in range(2))
    assert answer(first) == answer(second)
    assert frozen(given.data) == before
    assert np.isfinite([first.bits.data, first.bits.map]).all()
    assert first.confidence is None or 0.0 <= first.confidence <= 1.0
    json.dumps(first.extra, allow_nan=False)
    assert first.method in given.accepted
    if first.confidence is not None and name not in UNREAD:
        assert first.confidence >= BELIEF


@pytest.mark.parametrize("name", cases(SEARCHED))
def test_the_shuffled_problem_is_not_believed(name, folder):
    given = problem(name, folder)
    match = given.solve(given.control, seed=4)
    assert not match.believed


@pytest.mark.parametrize("name", cases(NAMES))
def test_too_small_an_input_is_refused(name, folder):
    given = problem(name, folder)
    with pytest.raises(InputError):
        given.solve(given.small)


@pytest.mark.parametrize("name", cases(SEARCHED))
def test_an_interrupt_keeps_the_best_so_far(name, folder):
    given = problem(name, folder)
    calls = []

    def interrupt(done, total=None, /, **figures):
        calls.append(done)
        if len(calls) == 2:
            raise KeyboardInterrupt

    try:
        match = given.solve(given.data, seed=4, progress=interrupt)
    except KeyboardInterrupt:
        pytest.fail("the interrupt reached the caller")
    if len(calls) < 2:
        pytest.skip("reports no second step: there is nothing to interrupt")
    assert np.isfinite(match.bits.total)
