"""`CodeMatcher`: codes that stand for words, read with a word model of the user's reference texts."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from distmatch.ciphers.codes import CodeBook, code_book, joined
from distmatch.ciphers.cribs import Crib
from distmatch.ciphers.reading import Ciphertext
from distmatch.errors import InputError
from distmatch.languages.wordtext import WordText, load_word_text, renamed
from distmatch.languages.wordtrigram import WordTrigram, train
from distmatch.maps.key import bijection_bits
from distmatch.matching.codebooks.onepart import DictionarySearch, DictionaryText, agreement
from distmatch.matching.codebooks.reading import CodeReading, conclude
from distmatch.matching.codebooks.twopart import WordCodeSearch
from distmatch.matching.decipherment import Decipherment
from distmatch.matching.symbols.softlexicon import WordLexicon
from distmatch.progress import Progress, silent

OPEN_WORDS = 25_000
"""Words that a dictionary code may stand for."""
LARGEST_BELIEF = 20_000_000
"""Codes times words of the beliefs about a dictionary code, about; many codes must do with fewer words."""
MUCH = 8.0
"""Unicity distances of text from which on a key at random is found without the order of the numbers, if there is one."""
NOMENCLATOR = 8_000
"""Words that codes at random may stand for where other words are in clear."""


@dataclass(frozen=True, kw_only=True)
class CodeMatcher:
    """Settings; `match` does the work."""

    kind: str = "word-code"
    """"word-code" compares codes numbered at random and in alphabetical order; "dictionary-code" is the second alone."""
    cribs: tuple[Crib, ...] = ()
    time_limit: float = math.inf
    restarts: int = 2
    """Runs of the dictionary's sampler."""

    def match(
        self, source: Ciphertext, target: Sequence[str], *, seed: int = 0, progress: Progress = silent,
        language: str = "", diacritics: bool = False,
    ) -> Decipherment:  # fmt: skip
        """The best key with the words of the reference files in `target`.

        Raises:
            InputError: no reference, too few words in it, or a crib that no code can obey.
        """
        if not target:
            raise InputError(
                f"kind {self.kind!r} needs --reference FILE: running text of the same sort as the plaintext, since "
                "word frequencies alone cannot tell one word from another"
            )
        wall, cpu = time.monotonic(), time.process_time()
        deadline = wall + self.time_limit
        words = load_word_text(target, diacritics=diacritics)
        book = code_book(source.names)
        readings: list[CodeReading] = []
        if self.kind != "dictionary-code" and not book.endings and (book.family >= 0).any():
            readings += self._random(source, book, words, seed, progress, deadline)
        enough = bool(readings) and (
            (readings[0].excess < 0.5 and len(source) > 2 * readings[0].unicity)
            or len(source)
            > MUCH * readings[0].unicity  # the order of the numbers has nothing to add
        )
        if not enough and book.family.max(initial=-1) >= 0:
            if not readings or time.monotonic() < deadline:
                readings += self._dictionary(source, book, words, seed, progress, deadline)
        if not readings:
            raise InputError("more codes than the reference has words. Give more --reference text")
        fewest = min(readings, key=lambda r: r.total).kind
        readings.sort(key=lambda r: (r.kind != fewest, r.belief == 0.0, r.total))
        control = None
        if time.monotonic() < deadline:
            control = self._control(source, book, words, readings[0], seed, deadline)
        return conclude(
            source, book, readings, control, seed, language, time.monotonic() - wall, time.process_time() - cpu
        )  # fmt: skip

    def _random(
        self, source: Ciphertext, book: CodeBook, words: WordText, seed: int, progress: Progress, deadline: float
    ) -> list[CodeReading]:  # fmt: skip
        """Codes numbered at random: a model of as many words as there seem to be, then one of more if that reads badly."""
        coded = book.family >= 0
        codes = int(coded.sum())
        spoken = source.symbols[_spoken(source, book)]
        seen = np.bincount(spoken, minlength=len(coded))[coded]
        all_words = estimated_words(seen)
        found: list[CodeReading] = []
        first: dict[int, str] = {}
        for size in (round(1.05 * all_words) + 5, 2 * all_words + 200):
            size = min(max(size, NOMENCLATOR if book.clear else 0), len(words.words))
            if size < codes or (found and (time.monotonic() > deadline or size == found[-1].size)):
                continue
            vocabulary = np.arange(size)
            model, expected = train(words, vocabulary, closed=not book.clear)
            running = renamed(words, vocabulary, closed=not book.clear)
            fixed = self._fixed(source, model) | {
                s: model.ids.get(word.lower().strip("."), size) for s, word in book.clear.items()
            }
            key = np.array([model.ids.get(first.get(s, ""), -1) for s in range(len(coded))])
            best = WordCodeSearch(deadline=deadline).search(
                spoken, len(coded), model, running, seed=seed, fixed=fixed, first=key if first else None, report=progress
            )  # fmt: skip
            names = [*model.words, "?"]
            first = {int(s): names[best.key[s]] for s in np.flatnonzero(coded)}
            shown = {source.names[s]: word for s, word in (first | book.clear).items()}
            key_bits = bijection_bits(codes, size)
            free = coded[spoken]
            found.append(
                CodeReading(
                    "word-code", [shown[source.names[s]] for s in source.symbols], shown, best.text, key_bits, expected,
                    model, float(best.belief[spoken[free]].mean()), codes,
                )
            )  # fmt: skip
            if found[-1].excess < 0.3:
                break
        return sorted(found, key=lambda r: r.total)

    def _dictionary(
        self, source: Ciphertext, book: CodeBook, words: WordText, seed: int, progress: Progress, deadline: float
    ) -> list[CodeReading]:  # fmt: skip
        codes_seen = int((book.family >= 0).sum())
        most = max(LARGEST_BELIEF // max(codes_seen, 1), 3 * codes_seen // 2)
        chosen = np.arange(min(OPEN_WORDS, most, len(words.words)))
        chosen = np.array(sorted(chosen, key=lambda i: words.words[i]))
        if len(chosen) < len(source.names):
            return []
        model, expected = train(words, chosen)
        text, codes = dictionary_text(source, book, model)
        fixed = {codes[s]: w for s, w in self._fixed(source, model).items() if s in codes}
        search = DictionarySearch(deadline=deadline, restarts=self.restarts)
        readings = []
        for key in search.search(
            text, model, model.counts, seed=seed, fixed=fixed, report=progress
        ):
            names = [*model.words, "?"]
            table = {source.names[s]: names[key.key[c]] for s, c in codes.items()}
            table |= {source.names[s]: word for s, word in book.clear.items()}
            table |= {source.names[s]: "+" + e for s, e in book.endings.items()}
            plain = [table[source.names[s]] for s in source.symbols]
            readings.append(
                CodeReading(
                    "dictionary-code",
                    plain,
                    table,
                    key.text,
                    key.key_bits,
                    expected,
                    model,
                    0.0 if key.samples is None else agreement(key, text.units),
                    len(codes),
                )
            )
        return readings

    def _fixed(self, source: Ciphertext, model: WordTrigram) -> dict[int, int]:
        """Symbols whose word the cribs give."""
        fixed: dict[int, int] = {}
        for crib in self.cribs:
            word = crib.text.lower()
            if crib.symbol is not None:
                if crib.symbol not in source.names:
                    raise InputError(
                        f"crib symbol {crib.symbol!r} does not occur in the ciphertext"
                    )
                symbol = source.names.index(crib.symbol)
            elif crib.position is not None:
                if crib.position >= len(source):
                    raise InputError(f"crib {crib.text!r} reaches beyond the end of the ciphertext")
                symbol = int(source.symbols[crib.position])
            else:
                raise InputError(f"crib {crib.text!r}: a word code takes SYMBOL=WORD or WORD@PLACE")
            if word not in model.ids:
                if crib.soft:
                    continue
                raise InputError(
                    f"crib word {word!r} is not among the {len(model.words)} words of the reference tried"
                )
            taken = model.ids[word]
            if fixed.setdefault(symbol, taken) != taken:
                raise InputError(
                    f"crib {crib.text!r} is impossible here: its symbol is another word"
                )
        return fixed

    def _control(
        self, source: Ciphertext, book: CodeBook, words: WordText, best: CodeReading, seed: int, deadline: float
    ) -> float:  # fmt: skip
        """Total bits of a short search on the shuffled tokens."""
        order = np.random.default_rng([seed, 77]).permutation(len(source))
        mixed = replace(source, symbols=source.symbols[order])
        if best.kind == "word-code":
            spoken = source.symbols[_spoken(source, book)]
            mixed_words = spoken[np.random.default_rng([seed, 77]).permutation(len(spoken))]
            fixed = self._fixed(source, best.model)
            fixed |= {
                s: best.model.ids.get(w.lower().strip("."), best.size)
                for s, w in book.clear.items()
            }
            running = renamed(words, np.arange(best.size), closed=not book.clear)
            search = WordCodeSearch(
                lexicon=WordLexicon(steps=40), rounds=3, voting=1, moves=400_000, deadline=deadline
            )
            found = search.search(
                mixed_words, len(source.names), best.model, running, seed=seed, fixed=fixed
            )
            return found.text + best.key_bits
        text, _ = dictionary_text(mixed, book, best.model)
        search = DictionarySearch(steps=4, sweeps=16, restarts=1, sampled=0, deadline=deadline)
        return search.search(text, best.model, best.model.counts, seed=seed)[0].total


def _spoken(source: Ciphertext, book: CodeBook) -> np.ndarray:
    """(n,) bool: tokens that stand for words, not for signs."""
    word = (book.family >= 0) | np.array(
        [any(char.isalpha() for char in book.clear.get(s, "")) for s in range(len(source.names))]
    )
    return word[source.symbols]


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


def estimated_words(counts: np.ndarray) -> int:
    """Codes that there are in all, those unseen included: Chao's (1984) estimate, at most three times those seen."""
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    seen = int((counts > 0).sum())
    return min(seen + once * (once - 1) // (2 * (twice + 1)), 3 * seen)
