"""Candidates for the f of a pair of byte strings, for `distmatch compress` and `joint_code` alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from distmatch.compression.pairalphabet import MAX_NAMED
from distmatch.languages.symbols import SymbolModel
from distmatch.maps.bytekey import ByteKey
from distmatch.maps.map import Map
from distmatch.matching.joint.bytekeys import find_byte_map, search_bijection
from distmatch.matching.joint.wordkeys import alike, find_word_map
from distmatch.matching.match import BELIEF, Match
from distmatch.matching.symbols.search import SymbolSearch
from distmatch.progress import Progress, silent
from distmatch.text.bytesymbols import Symbols

MAPS = ("auto", "none", "key", "bijection", "homophonic", "lexicon")
"""Kinds of f that are looked for; Y as it is and Y apart from X are always tried."""
MAX_FEWER = 0.7
"""Distinct bytes of Y per distinct byte of X up to which Y is not searched for homophones."""


def find_maps(
    x: bytes, y: bytes, kind: str = "auto", *, seed: int = 0, progress: Progress = silent
) -> list[Match[Any]]:
    """A key of letters or bytes, homophones where no key is certain, and a lexicon where Y does not use X's words.

    Args:
        x, y: any bytes.
        kind: one of `MAPS`.
        seed: of the searches.
    """
    matches: list[Match[Any]] = []
    if kind in ("auto", "key") and (key := find_byte_map(x, y, seed=seed)):
        matches.append(key)
    if kind in ("bijection", "homophonic") or (kind == "auto" and x and y):
        matches += _find_relabelling(x, y, kind, seed, sure=_sure(matches))
    if kind == "lexicon" or (kind == "auto" and not _sure(matches) and not alike(x, y)):
        match = find_word_map(x, y, seed=seed, progress=progress)
        matches += [match] if match else []
    return matches


def _sure(matches: list[Match[Any]]) -> bool:
    return any(match.extra["posterior"] >= BELIEF for match in matches)


def _find_relabelling(x: bytes, y: bytes, kind: str, seed: int, *, sure: bool) -> list[Match[Any]]:
    source, target = Symbols.of(x), Symbols.of(y)
    if not len(source) or not len(target) or max(source.size, target.size) < 2:
        return []
    if kind == "bijection":
        return [search_bijection(source, target, seed=seed)]
    many = MAX_FEWER * source.size < target.size and source.size <= MAX_NAMED
    if kind == "auto" and (sure or not many):
        return []
    if source.size < 2:
        return []
    model = SymbolModel.fit(source.codes, source.size)
    search = SymbolSearch(kind="homophonic")
    match = search.match(target.codes, model, symbols=target.size, seed=seed)
    return [replace(match, method="homophonic")]


def table_of(f: Map, x: bytes, y: bytes) -> dict[int, int]:
    """Byte of X for each byte of Y under a key or a relabelling; those that stand for none of X's are left out."""
    source, target = Symbols.of(x), Symbols.of(y)
    if isinstance(f, ByteKey):
        return {byte: int(f.table[byte]) for byte in target.names.tolist()}
    letters = f(np.arange(target.size)).tolist()
    pairs = zip(target.names.tolist(), letters, strict=True)
    return {byte: int(source.names[letter]) for byte, letter in pairs if letter < source.size}
