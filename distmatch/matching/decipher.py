"""`decipher`: every kind and language that may apply, compared by total bits, and how far to trust the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NoReturn

from distmatch.ciphers.cribs import Crib, parse_crib, puzzle_cribs
from distmatch.ciphers.reading import (
    Ciphertext,
    as_folded,
    as_pairs,
    capital_bits,
    from_symbols,
    read_ciphertext,
)
from distmatch.errors import InputError, unknown
from distmatch.files import decode_text
from distmatch.languages.language import known_languages, load_language
from distmatch.maps.key import Key
from distmatch.maps.transposition import Transposition, parse_transposition
from distmatch.matching.attempts import (
    FOR_SEARCH,
    attempt,
    budget_of,
    concluded,
    effort_of,
    last_kinds,
    read_words,
    words_if_tried,
)
from distmatch.matching.decipherment import Decipherment, to_json
from distmatch.matching.keys.reading import equal_groups, may_hold_spaces
from distmatch.matching.keys.transposed import TRANSPOSITION
from distmatch.matching.keys.verdict import hopeful
from distmatch.matching.kinds import KINDS, kind_named, of_words
from distmatch.matching.symbols.cipherkind import CipherKind
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading
from distmatch.progress import Clock, Effort, Progress, silent
from distmatch.text.alphabet import LATIN, fold

__all__ = ["SPACES", "Decipher", "Decipherment", "decipher", "to_json"]

MIN_REPEATED = 60
"""Symbols above which a text without a repeated symbol is refused."""
PAIRED = ("auto", "simple", "homophonic")
"""Kinds for which digits without separators are also read as pairs."""
SPACES = ("auto", "kept", "removed", "enciphered")
"""What may be said of the word breaks."""


@dataclass(frozen=True, kw_only=True)
class Decipher:
    """Settings of `decipher`; `match` does the work."""

    kind: str = "auto"
    spaces: str = "auto"
    """"kept", "removed", "enciphered", or "auto": kept if the ciphertext shows word breaks."""
    cribs: tuple[Crib, ...] = ()
    threads: int = 0
    """0: one per core. The result does not depend on it."""
    time_limit: float = math.inf
    budget: float = 0.0
    """CPU seconds where there is no time limit; 0 is by length, see `attempts.budget_of`."""
    restarts: int = 0
    puzzle: bool = False
    """No letter stands for itself, as in newspaper cryptograms."""
    nulls: bool = False
    """Look for symbols that stand for nothing; by itself only where a long text resists."""
    transposition: Transposition | None = None
    """The order in which the symbols are to be read, where it is known."""

    def match(
        self, source: Ciphertext, target: Sequence[str], *, seed: int = 0, progress: Progress = silent,
        reference: Sequence[str] = (), diacritics: bool = False,
    ) -> Decipherment:  # fmt: skip
        """The best key over the kinds and the languages named in `target`.

        Raises:
            InputError: unknown kind, more symbols than the kind allows, an impossible crib.
        """
        kinds = [*KINDS.values()] if self.kind == "auto" else [kind_named(self.kind)]
        if self.spaces not in SPACES:
            raise unknown("value for spaces", self.spaces, SPACES)
        if len(source.names) == len(source) > MIN_REPEATED:
            raise InputError(
                f"each of the {len(source)} symbols occurs once; any text at all would fit. Check how symbols are written"
            )
        cribs = [*self.cribs, *_clues(source), *(puzzle_cribs(source) if self.puzzle else [])]
        asked = Problem(
            source=source, cribs=tuple(cribs), reference=tuple(reference), nulls=self.nulls,
            restarts=self.restarts, transposition=self.transposition, diacritics=diacritics, auto=self.kind == "auto",
            quick=len(target) > 1, patient=math.isfinite(self.time_limit),
        )  # fmt: skip
        unbounded = asked.patient or kinds[0].words
        budget = math.inf if unbounded else self.budget or budget_of(len(source))
        clock = Clock(self.time_limit, budget * len(target))
        effort = effort_of(clock, seed=seed, threads=self.threads, progress=progress)
        if kinds[0].words:
            return read_words(kinds[0], asked, target, effort)
        readings = self._letters(kinds, asked, target, effort)
        words = words_if_tried(asked, target, effort)
        if not readings:
            return words or self._refused(kinds[0], asked, target)
        match = concluded(readings, effort)
        if asked.auto and self.transposition is None and not match.solved:
            match = last_kinds(kinds, readings, match, effort)
        if not match.solved and effort.clock.share(FOR_SEARCH).expired and math.isfinite(budget):
            more = f"stopped after the default budget of {budget:.0f} CPU s; --time-limit SECONDS searches longer"
            match = replace(match, reason=f"{match.reason}; {more}")
        return _shorter(match, words)

    def _letters(
        self, kinds: Sequence[CipherKind], asked: Problem, target: Sequence[str], effort: Effort
    ) -> list[Reading[Key]]:  # fmt: skip
        """Readings of every kind in every language, in the views of the word breaks that may apply."""
        search = replace(effort, clock=effort.clock.share(FOR_SEARCH))
        if self.transposition is not None:
            kinds = [TRANSPOSITION]
        readings: list[Reading[Key]] = []
        for number, name in enumerate(target):
            for marks, spaces in product(_alphabets(asked), self._views(asked.source)):
                language = load_language(
                    name, spaces=spaces != "removed", diacritics=marks, reference=asked.reference, progress=effort.progress
                )  # fmt: skip
                problem = replace(asked, target=language, spaces=spaces, diacritics=marks)
                readings += attempt(problem, kinds, search)
                if hopeful(readings):
                    break
            stopped = effort.interrupted(number + 1, len(target), language=name)
            if stopped or (search.clock.expired and readings):
                break
        return readings

    def _refused(self, kind: CipherKind, asked: Problem, target: Sequence[str]) -> NoReturn:
        """No reading at all: say why."""
        problem = replace(asked, target=load_language(target[0]))
        if asked.cribs and kind.applies(problem):
            raise InputError(
                f"no key of kind {self.kind!r} obeys the cribs. Check them, or try --soft-crib"
            )
        hint = "word-code with --reference" if KINDS["word-code"].applies(problem) else "homophonic"
        raise InputError(
            f"{len(asked.source.names)} distinct symbols are more than kind {self.kind!r} allows. Use --kind {hint}"
        )

    def _views(self, source: Ciphertext) -> list[str]:
        """What the word breaks may be, the likeliest first."""
        if self.spaces != "auto":
            return [self.spaces]
        if not source.has_breaks:
            return ["enciphered", "removed"] if may_hold_spaces(source) else ["removed"]
        return ["removed"] if equal_groups(source) else ["kept", "removed"]


def _alphabets(asked: Problem) -> list[bool]:
    """Whether letters with diacritics are letters of their own: tried first where the ciphertext is written with some."""
    if asked.diacritics:
        return [True]
    marked = any(len(n) == 1 and n.isalpha() and fold(n) != n.lower() for n in asked.source.names)
    return [True, False] if marked else [False]


def _clues(source: Ciphertext) -> list[Crib]:
    """The clue lines of the document as cribs, but for symbols that the cipher lacks."""
    document = source.document
    if document is None:
        return []
    names = {name.casefold() for name in source.names}
    cribs = [parse_crib(clue) for clue in document.clues]
    return [crib for crib in cribs if crib.symbol is not None and crib.symbol.casefold() in names]


def _shorter(letters: Decipherment, words: Decipherment | None) -> Decipherment:
    """The answer of fewer bits, key included, with the bits of the other among those compared."""
    if words is None:
        return letters
    first, second = sorted((letters, words), key=lambda match: match.bits.total)
    compared = {**first.extra.get("compared", {}), **second.extra.get("compared", {})}
    return replace(
        first, extra=first.extra | {"compared": compared}, alternatives=[*first.alternatives[:4], second]
    )  # fmt: skip


def decipher(
    ciphertext: str | bytes | Sequence[int] | Sequence[str] | Ciphertext,
    *,
    language: str | None = "en",
    kind: str = "auto",
    spaces: str = "auto",
    cribs: Sequence[Crib] = (),
    reference: Sequence[str] = (),
    diacritics: bool = False,
    time_limit: float = math.inf,
    threads: int = 0,
    puzzle: bool = False,
    nulls: bool = False,
    transposition: str | None = None,
    punctuation: str = "auto",
    case: str = "auto",
    lines: str = "auto",
    groups: str = "auto",
    seed: int = 0,
    progress: Progress = silent,
) -> Decipherment:
    """Read a ciphertext without its key.

    Args:
        ciphertext: running text (bytes are decoded as a file is), tokens, a list of symbols, or a parsed `Ciphertext`.
        language: code or stored name; None or "auto" tries every language there is.
        kind: one of `matching.kinds.KINDS`, or "auto".
        spaces: "kept", "removed", "enciphered" or "auto".
        cribs: known symbols and words, see `ciphers.cribs.parse_crib`.
        reference: text files mixed into the language.
        diacritics: letters with diacritics are letters of their own.
        time_limit: wall seconds.
        threads: 0 for one per core.
        puzzle: no letter stands for itself.
        nulls: look for symbols that stand for nothing.
        transposition: the order of the symbols, if known: "step width 17 down 1 right 2 sections 9+9".
        punctuation, case, lines, groups: how running text is read, see `ciphers.reading.read_ciphertext`.
        seed: of all random choices.

    Raises:
        InputError: bad ciphertext, language, kind or crib.
    """
    if isinstance(ciphertext, bytes):
        ciphertext = decode_text(ciphertext, "ciphertext")
    if isinstance(ciphertext, str):
        source = read_ciphertext(
            ciphertext, words=of_words(kind), punctuation=punctuation, case=case, breaks=lines, groups=groups
        )  # fmt: skip
    elif isinstance(ciphertext, Ciphertext):
        source = ciphertext
    else:
        source = from_symbols(ciphertext)
    names = _alphabetic(known_languages()) if language in (None, "auto") else [str(language)]
    matcher = Decipher(
        kind=kind, spaces=spaces, cribs=tuple(cribs), threads=threads, time_limit=time_limit, nulls=nulls, puzzle=puzzle,
        transposition=parse_transposition(transposition) if transposition else None,
    )  # fmt: skip
    asked: dict[str, Any] = {
        "seed": seed, "progress": progress, "reference": reference, "diacritics": diacritics,
    }  # fmt: skip
    pairs = as_pairs(source) if groups == "auto" and kind in PAIRED else None
    guess = None if pairs is None else matcher.match(pairs, names, **asked)
    if guess is not None and guess.solved:
        return _guessed(guess)
    match = matcher.match(source, names, **asked)
    folded = as_folded(source) if case == "auto" and not match.key.order else None
    if folded is not None and len(folded.names) <= len(LATIN):
        other = matcher.match(folded, names, **asked)
        if other.bits.total + capital_bits(folded) < match.bits.total:
            match = other
    if guess is None or match.solved or match.bits.total <= guess.bits.total:
        return match
    return _guessed(guess)


def _guessed(pairs: Decipherment) -> Decipherment:
    """Digits read as pairs: that they are pairs is a guess, which no calibration covers."""
    reason = (
        "read as pairs of digits, which is a guess: no confidence is calibrated for it. If the text reads well, "
        f"--groups pairs gives one; {pairs.reason}"
    )
    return replace(pairs, confidence=None, reason=reason)


def _alphabetic(names: Sequence[str]) -> list[str]:
    from distmatch.languages.wordfrequency import NOT_ALPHABETIC

    return [name for name in names if name not in NOT_ALPHABETIC]
