"""The substitution of bytes that makes Y look like X, for `distmatch compress`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from distmatch.languages.symbols import SymbolModel
from distmatch.maps.bytekey import LOWER, ByteKey
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.match import BELIEF, Bits, Match
from distmatch.matching.symbols.search import SymbolSearch
from distmatch.text.bytesymbols import Symbols

BLANK = 26
MAX_KEY_BYTES = 4 << 20
"""Bytes of X that are counted, and of Y that are decoded."""


def fold_bytes(data: bytes) -> np.ndarray:
    """a-z as 0 .. 25 whatever their case, every run of other bytes as one 26, (n,) uint8."""
    table = np.full(256, BLANK, np.uint8)
    table[LOWER] = table[LOWER - 32] = np.arange(26)
    codes = table[np.frombuffer(data, np.uint8)]
    keep = codes != BLANK
    keep[1:] |= codes[:-1] != BLANK
    return codes[keep]


def find_byte_map(x: bytes, y: bytes, *, seed: int = 0) -> Match[ByteKey] | None:
    """A key of letters that both cases obey, or else of all bytes that occur; None if Y is best left as it is.

    The bits are of the letters alone in the first case, and only serve to choose: what the map is worth is the
    code's to say. `extra["posterior"]` is that of `SymbolSearch`.
    """
    x, y = x[:MAX_KEY_BYTES], y[:MAX_KEY_BYTES]
    source, target = fold_bytes(x), fold_bytes(y)
    if not x or not y:
        return None
    # Half of either side must be letters for a key of letters to be worth looking for.
    if 2 * min(len(source) / len(x), len(target) / len(y)) >= 1:
        model = SymbolModel.fit(source, 27)
        unmoved = float(model.bits(target).sum())
        match = SymbolSearch().match(target, model, symbols=27, seed=seed)
        letters = match.map.table
        if match.bits.total >= unmoved or np.array_equal(letters, np.arange(27)):
            return None
        if match.extra["posterior"] >= BELIEF and letters[BLANK] == BLANK:
            return _with_map(match, ByteKey.of_letters(_settled(letters[:BLANK], target)))
        unmoved = np.inf
    else:  # most of it is no letters
        unmoved = _unmoved_bits(x, y)
    a, b = Symbols.of(x), Symbols.of(y)
    if max(a.size, b.size) < 2:
        return None
    wide = search_bijection(a, b, seed=seed)
    if wide.bits.total >= unmoved:
        return None
    names = np.concatenate([a.names, np.setdiff1d(np.arange(256), a.names)])
    pairs = dict(zip(b.names.tolist(), names[wide.map.table].tolist(), strict=True))
    return _with_map(wide, ByteKey.of_pairs(pairs, wide.map.bits))


def _unmoved_bits(x: bytes, y: bytes) -> float:
    """Y as it is under n-gram counts of X."""
    both = Symbols.of(x + y)
    return float(SymbolModel.fit(both.codes[: len(x)], both.size).bits(both.codes[len(x) :]).sum())


def _settled(letters: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Letters that do not occur in Y stay where they are if that place is free."""
    pairs = {int(c): int(letters[c]) for c in np.unique(target) if c < BLANK}
    free = sorted(set(range(26)) - set(pairs.values()))
    for letter in range(26):
        if letter not in pairs and letter in free:
            pairs[letter] = letter
            free.remove(letter)
    for letter in range(26):
        if letter not in pairs:
            pairs[letter] = free.pop(0)
    return np.array([pairs[letter] for letter in range(26)])


def _with_map(match: Match, key: ByteKey) -> Match[ByteKey]:
    bits = Bits(data=match.bits.data, map=match.bits.map)
    return replace(match, map=key, bits=bits, method="key", alternatives=[])


def search_bijection(source: Symbols, target: Symbols, *, seed: int = 0) -> Match[Relabelling]:
    """A one-to-one map of Y's symbols to X's; the longer of the two is counted, the other decoded."""
    size = max(source.size, target.size)
    search = SymbolSearch(kind="bijection")
    if len(target) <= 4 * len(source):
        model = SymbolModel.fit(source.codes, size)
        return search.match(target.codes, model, symbols=target.size, seed=seed)
    model = SymbolModel.fit(target.codes, size)
    match = search.match(source.codes, model, symbols=source.size, seed=seed)
    table = np.concatenate([match.map.table, np.setdiff1d(np.arange(size), match.map.table)])
    f = Relabelling(np.argsort(table)[: target.size].astype(np.int32), size, "bijection")
    forward = SymbolModel.fit(source.codes, size)
    bits = Bits(data=float(forward.bits(f(target.codes)).sum()), map=f.bits)
    return Match(
        map=f, bits=bits, confidence=None, reason=match.reason, method=match.method, seed=seed,
        seconds=match.seconds, cpu_seconds=match.cpu_seconds, history=match.history, extra=match.extra,
    )  # fmt: skip
