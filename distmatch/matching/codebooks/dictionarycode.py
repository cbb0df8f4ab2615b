"""Codes whose numbers keep the alphabetical order of the words: the text for `DictionarySearch`, and its readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from distmatch.ciphers.codes import CodeBook, joined
from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.wordtext import WordText
from distmatch.languages.wordtrigram import WordTrigram, train
from distmatch.maps.key import Key
from distmatch.matching.codebooks.knownwords import fixed_words
from distmatch.matching.codebooks.onepart import DictionarySearch, DictionaryText
from distmatch.matching.codebooks.reading import BookEvidence, CodeReading
from distmatch.matching.symbols.problem import Problem
from distmatch.progress import Effort

MAX_OPEN_WORDS = 25_000
"""Words that a dictionary code may stand for."""
MAX_BELIEFS = 20_000_000
"""Codes times words of the beliefs about a dictionary code, about; many codes must do with fewer words."""


def dictionary_readings(
    problem: Problem, book: CodeBook, words: WordText, effort: Effort
) -> list[CodeReading]:
    """One reading per restart of the sampler, the fewest bits first; none if the codes outnumber the words."""
    source = problem.source
    most = max(
        MAX_BELIEFS // max(int((book.family >= 0).sum()), 1), 3 * int((book.family >= 0).sum()) // 2
    )
    chosen = np.arange(min(MAX_OPEN_WORDS, most, len(words.words)))
    chosen = np.array(sorted(chosen, key=lambda i: words.words[i]))
    if len(chosen) < len(source.names):
        return []
    model, expected = train(words, chosen)
    text, codes = dictionary_text(source, book, model)
    known = fixed_words(problem.cribs, source, model)
    search = DictionarySearch(deadline=effort.clock.deadline)
    names = [*model.words, "?"]
    readings = []
    for found, belief in search.search(
        text, model, model.counts, seed=effort.seed, report=effort.progress,
        fixed={codes[s]: w for s, w in known.items() if s in codes},
    ):  # fmt: skip
        table = {source.names[s]: names[found.map.table[c]] for s, c in codes.items()}
        table |= {source.names[s]: word for s, word in book.clear.items()}
        table |= {source.names[s]: "+" + e for s, e in book.endings.items()}
        coded = text.units[text.units >= 0]
        evidence = BookEvidence(
            book=book, reference=words, model=model, expected=expected,
            words=[table[source.names[s]] for s in source.symbols],
            belief=float(belief[coded].mean()) if len(coded) else 1.0, codes=len(codes),
        )  # fmt: skip
        readings.append(
            CodeReading(
                map=Key(table, "dictionary-code", bits=found.map_bits), letters=found.letters, text=found.text,
                map_bits=found.map_bits, problem=problem, evidence=evidence,
            )
        )  # fmt: skip
    return readings


def dictionary_control(problem: Problem, best: CodeReading, effort: Effort) -> float:
    """Total bits of a short search on the shuffled tokens."""
    order = np.random.default_rng([effort.seed, 77]).permutation(len(problem.source))
    mixed = replace(problem.source, symbols=problem.source.symbols[order])
    model = best.evidence.model
    text, _ = dictionary_text(mixed, best.evidence.book, model)
    search = DictionarySearch(
        steps=4, sweeps=16, restarts=1, sampled=0, deadline=effort.clock.deadline
    )
    return search.search(text, model, model.counts, seed=effort.seed)[0].reading.total


def dictionary_text(
    source: Ciphertext, book: CodeBook, model: WordTrigram
) -> tuple[DictionaryText, dict[int, int]]:
    """The text for the sampler, and which code each symbol is; endings join the word before, signs are left out."""
    symbols = [s for s in range(len(source.names)) if book.family[s] >= 0]
    codes = {s: c for c, s in enumerate(symbols)}
    endings = sorted(set(book.endings.values()))
    counts = dict(zip(model.words, map(int, model.counts), strict=True))
    other = len(model.words)
    units: list[int] = []
    ending: list[int] = []
    for s in map(int, source.symbols):
        if s in codes:
            units.append(codes[s])
            ending.append(0)
        elif s in book.endings:
            if units and units[-1] >= 0 and ending[-1] == 0:
                ending[-1] = 1 + endings.index(book.endings[s])
        elif any(char.isalpha() for char in book.clear[s]):
            units.append(-1 - model.ids.get(book.clear[s].lower().strip("."), other))
            ending.append(0)
    forms = np.full((len(endings) + 1, other + 1), other, np.int32)
    forms[0] = np.arange(other + 1)
    for row, suffix in enumerate(endings, 1):
        for word, number in model.ids.items():
            forms[row, number] = model.ids.get(joined(word, suffix, counts), other)
    text = DictionaryText(
        np.array(units, np.int32), np.array(ending, np.int32), forms, book.family[symbols], book.place[symbols]
    )  # fmt: skip
    return text, codes
