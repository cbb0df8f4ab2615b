"""Codes numbered at random: models of as many words as there seem to be, searched by `WordCodeSearch`."""

from __future__ import annotations

import time

import numpy as np

from distmatch.ciphers.codes import CodeBook
from distmatch.languages.wordtext import WordText, renamed
from distmatch.languages.wordtrigram import WordTrigram, train
from distmatch.maps.key import Key, bijection_bits
from distmatch.matching.codebooks.knownwords import fixed_words, spoken
from distmatch.matching.codebooks.reading import BookEvidence, CodeReading
from distmatch.matching.codebooks.twopart import WordCodeSearch
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import total_bits
from distmatch.matching.symbols.softlexicon import WordLexicon
from distmatch.progress import Effort

MIN_NOMENCLATOR = 8_000
"""Words that codes at random may stand for where other words are in clear."""
MAX_EXCESS = 0.3
"""Bits per word above the reference's own text up to which no larger vocabulary is tried."""


def word_code_readings(
    problem: Problem, book: CodeBook, words: WordText, effort: Effort
) -> list[CodeReading]:
    """A model of as many words as there seem to be, then one of more if that reads badly; the fewest bits first."""
    source, coded = problem.source, book.family >= 0
    codes = int(coded.sum())
    tokens = source.symbols[spoken(source, book)]
    all_words = estimated_words(np.bincount(tokens, minlength=len(coded))[coded])
    found: list[CodeReading] = []
    first: dict[int, str] = {}
    # First as many words as the counts suggest; a text that uses rarer ones gets twice as many.
    for size in (round(1.05 * all_words) + 5, 2 * all_words + 200):
        size = min(max(size, MIN_NOMENCLATOR if book.clear else 0), len(words.words))
        late = time.monotonic() > effort.clock.deadline
        if size < codes or (found and (late or size == found[-1].size)):
            continue
        vocabulary = np.arange(size)
        model, expected = train(words, vocabulary, closed=not book.clear)
        running = renamed(words, vocabulary, closed=not book.clear)
        key = np.array([model.ids.get(first.get(s, ""), -1) for s in range(len(coded))])
        best, belief = WordCodeSearch(deadline=effort.clock.deadline).search(
            tokens, len(coded), model, running, seed=effort.seed, fixed=_held(problem, book, model),
            first=key if first else None, report=effort.progress,
        )  # fmt: skip
        names = [*model.words, "?"]
        first = {int(s): names[best.map.table[s]] for s in np.flatnonzero(coded)}
        shown = {source.names[s]: word for s, word in (first | book.clear).items()}
        plain = [shown[source.names[s]] for s in source.symbols]
        key_bits = bijection_bits(codes, size)
        evidence = BookEvidence(
            book=book, reference=words, model=model, expected=expected, words=plain,
            belief=float(belief[tokens[coded[tokens]]].mean()), codes=codes,
        )  # fmt: skip
        found.append(
            CodeReading(
                map=Key(shown, "word-code", bits=key_bits), letters=model.encode(plain), text=best.text,
                map_bits=key_bits, problem=problem, evidence=evidence,
            )
        )  # fmt: skip
        if found[-1].excess < MAX_EXCESS:
            break
    return sorted(found, key=total_bits)


def word_code_control(problem: Problem, best: CodeReading, effort: Effort) -> float:
    """Total bits of a short search on the shuffled tokens."""
    source, evidence = problem.source, best.evidence
    book, model = evidence.book, evidence.model
    tokens = source.symbols[spoken(source, book)]
    mixed = tokens[np.random.default_rng([effort.seed, 77]).permutation(len(tokens))]
    running = renamed(evidence.reference, np.arange(best.size), closed=not book.clear)
    # Less work than a search: a control has no key to find.
    search = WordCodeSearch(
        lexicon=WordLexicon(steps=40), rounds=3, voting=1, moves=400_000, deadline=effort.clock.deadline
    )  # fmt: skip
    found, _ = search.search(
        mixed,
        len(source.names),
        model,
        running,
        seed=effort.seed,
        fixed=_held(problem, book, model),
    )
    return found.text + best.map_bits


def _held(problem: Problem, book: CodeBook, model: WordTrigram) -> dict[int, int]:
    """Symbols whose word is known: those of cribs, and words in clear."""
    return fixed_words(problem.cribs, problem.source, model) | {
        s: model.ids.get(word.lower().strip("."), len(model.words))
        for s, word in book.clear.items()
    }


def estimated_words(counts: np.ndarray) -> int:
    """Codes that there are in all, those unseen included: Chao's (1984) estimate, at most three times those seen."""
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    seen = int((counts > 0).sum())
    return min(seen + once * (once - 1) // (2 * (twice + 1)), 3 * seen)
