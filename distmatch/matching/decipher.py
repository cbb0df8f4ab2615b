"""`decipher`: every kind and language that may apply, compared by total bits, and how far to believe the best."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from distmatch.ciphers.cribs import Crib
from distmatch.ciphers.kinds import WORDS, check_kind
from distmatch.ciphers.reading import Ciphertext, from_symbols, read_ciphertext
from distmatch.errors import InputError
from distmatch.languages.language import Language, known_languages, load_language
from distmatch.maps.transposition import Transposition, parse_transposition
from distmatch.matching.decipherment import Decipherment, to_json
from distmatch.matching.keys.attempts import Attempts
from distmatch.matching.keys.evidence import Evidence, confidence, explain
from distmatch.matching.keys.polyalphabetic import PeriodicSearch
from distmatch.matching.keys.reading import (
    Reading,
    break_bits,
    decipherment,
    differs,
    distinct,
    equal_groups,
    excess,
    may_hold_spaces,
    total_bits,
    unicity_of,
)
from distmatch.matching.keys.substitution import KeySearch, convincing, shuffled
from distmatch.matching.match import Bits
from distmatch.progress import Progress, silent

__all__ = ["Decipher", "Decipherment", "decipher", "to_json"]

TIE = 7.0
"""Bits by which a kind or language may be longer and still be named beside the best: odds of 1 in 128."""
SHORTEST_TRANSPOSED = 200
"""Symbols from which on kind "auto" tries transpositions when it believes nothing else."""
QUICK_CONTROL = 20_000
"""Steps of the homophonic control where the reading is fluent and the text long."""
FOR_SEARCH = 0.85
"""Share of a time limit that the search may use; the rest is for the control."""
MOST_TRANSPOSED = 120
"""Distinct symbols up to which it does."""


@dataclass(frozen=True, kw_only=True)
class Decipher:
    """Settings of `decipher`; `match` does the work."""

    kind: str = "auto"
    spaces: str = "auto"
    """"kept", "removed", "enciphered", or "auto": kept if the ciphertext shows word breaks."""
    cribs: tuple[Crib, ...] = ()
    threads: int = 0
    """0: one a core. The result does not depend on it."""
    time_limit: float = math.inf
    restarts: int = 0
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
        check_kind(self.kind)
        wall, cpu = time.monotonic(), time.process_time()
        deadline = wall + FOR_SEARCH * self.time_limit
        if len(source.names) == len(source) > 60:
            raise InputError(
                f"each of the {len(source)} symbols occurs once; any text at all would fit. Check how symbols are written"
            )
        if self.kind in WORDS:
            return self._code(source, target, seed, progress, reference, diacritics, self.kind)
        attempts = Attempts(
            kind=self.kind, cribs=self.cribs, threads=self.threads, restarts=self.restarts, nulls=self.nulls,
            transposition=self.transposition, reference=tuple(reference),
        )  # fmt: skip
        readings: list[Reading] = []
        for number, name in enumerate(target):
            for spaces in self._space_modes(source):
                language = load_language(
                    name,
                    spaces=spaces != "removed",
                    diacritics=diacritics,
                    reference=reference,
                    progress=progress,
                )
                found = attempts.readings(
                    source, language, spaces, seed, progress, deadline, quick=len(target) > 1
                )
                readings += found
                best = min(readings, key=total_bits, default=None)
                if best is not None and excess(best) < 0.9:
                    break
            progress(number + 1, len(target), language=name)
            if time.monotonic() > deadline and readings:
                break
        as_code: Decipherment | None = None
        if self.kind == "auto" and reference and _may_be_words(source):
            as_code = self._code(source, target, seed, progress, reference, diacritics, "word-code")
            if not readings:
                return as_code
        if not readings:
            hint = "word-code with --reference" if _may_be_words(source) else "homophonic"
            raise InputError(
                f"{len(source.names)} distinct symbols are more than kind {self.kind!r} allows. Use --kind {hint}"
            )
        match = self._conclude(source, readings, seed, wall, cpu)
        if self.kind == "auto" and self.transposition is None and not match.solved:
            match = self._reordered(
                source, readings, attempts, load_language(
                    match.language, diacritics=diacritics, reference=reference
                ), match, seed, deadline, wall, cpu,
            )  # fmt: skip
        return _shorter(match, as_code)

    def _reordered(
        self, source: Ciphertext, readings: list[Reading], attempts: Attempts, language: Language, before: Decipherment,
        seed: int, deadline: float, wall: float, cpu: float,
    ) -> Decipherment:  # fmt: skip
        """Transpositions, tried last, and only on texts long enough to tell; the report says whether they were."""
        short = len(source) < SHORTEST_TRANSPOSED or len(source.names) > MOST_TRANSPOSED
        if short or self.cribs or time.monotonic() > deadline - 1.0:
            why = "the text is too short for them" if short else "there was no time"
            if self.cribs:
                why = "a crib fixes places"
            return replace(before, reason=f"{before.reason}; transpositions were not tried: {why}")
        more = attempts.transposed(source.without_breaks(), language, seed, deadline)
        match = self._conclude(source, [*readings, *more], seed, wall, cpu)
        if match.kind == "transposition":
            return match
        return replace(match, reason=f"{match.reason}; transpositions were tried, none is shorter")

    def _code(
        self, source: Ciphertext, target: Sequence[str], seed: int, progress: Progress, reference: Sequence[str],
        diacritics: bool, kind: str,
    ) -> Decipherment:  # fmt: skip
        """Read as a code for words."""
        from distmatch.matching.codebooks.codebook import CodeMatcher

        matcher = CodeMatcher(kind=kind, cribs=self.cribs, time_limit=self.time_limit)
        language = target[0] if len(target) == 1 else "reference"
        return matcher.match(
            source, reference, seed=seed, progress=progress, language=language, diacritics=diacritics
        )  # fmt: skip

    def _space_modes(self, source: Ciphertext) -> list[str]:
        if self.spaces != "auto":
            if self.spaces not in ("kept", "removed", "enciphered"):
                raise InputError(
                    f"unknown value {self.spaces!r} for spaces. Use auto, kept, removed or enciphered"
                )
            return [self.spaces]
        if not source.has_breaks:
            return ["enciphered", "removed"] if may_hold_spaces(source) else ["removed"]
        return ["removed"] if equal_groups(source) else ["kept", "removed"]

    def _conclude(
        self, source: Ciphertext, readings: list[Reading], seed: int, wall: float, cpu: float
    ) -> Decipherment:
        readings = sorted(readings, key=total_bits)
        best = readings[0]
        control = self._control(
            source, best, seed, max(wall + self.time_limit - time.monotonic(), 0.1)
        )
        unicity = unicity_of(best)
        rival = next((r.total for r in readings[1:] if differs(r, best)), None)
        letters = len(best.letters)
        free = break_bits(source) if not best.breaks else 0.0
        given = Evidence(
            letters=letters, symbols=len(source.names), total=best.total, text=best.language_bits, control=control + free,
            expected=best.language.text_bits, found=best.found, runner_up=rival, unicity=unicity,
            homophonic=best.kind in ("homophonic", "transposition"), periodic=bool(best.key.period),
        )  # fmt: skip
        probability = confidence(given)
        seconds, cpu_seconds = time.monotonic() - wall, time.process_time() - cpu
        leaders = distinct(readings)[:6]
        made = [
            decipherment(
                r, source, Bits(data=r.text, map=r.key_bits, control=control if i == 0 else None),
                probability if i == 0 else 0.0, seed, seconds, cpu_seconds, unicity,
                explain(given, probability, letters, unicity) if i == 0 else "runner-up",
            )
            for i, r in enumerate(leaders)
        ]  # fmt: skip
        compared: dict[str, float] = {}
        for reading in readings:
            label = f"{reading.kind}/{reading.language.name}"
            compared[label] = min(compared.get(label, math.inf), round(reading.total, 1))
        first = f"{best.kind}/{best.language.name}"
        ties = {
            k: v - best.total for k, v in compared.items() if k != first and v - best.total < TIE
        }
        reason = made[0].reason
        if ties:
            named = ", ".join(f"{label} ({more:+.0f} bits)" for label, more in ties.items())
            reason += f"; as good within {TIE:.0f} bits: {named}"
        return replace(
            made[0], alternatives=made[1:], evidence=given, reason=reason, extra={"compared": compared, "ties": list(ties)}
        )  # fmt: skip

    def _control(self, source: Ciphertext, best: Reading, seed: int, seconds: float) -> float:
        """Total bits of the same search on the shuffled ciphertext, one restart; a short one where the text is fluent, since the
        gain is then large whatever the control."""
        text = shuffled(source if best.breaks else source.without_breaks(), seed)
        if best.key.period:
            search = PeriodicSearch(kinds=(best.kind,), longest_period=best.key.period, starts=1)
            return search.search(text, best.language, seed=seed)[0].total
        kind = best.kind if best.kind == "simple" else "homophonic"
        enciphered = best.language.spaces and not best.breaks
        quick = kind == "homophonic" and convincing(
            excess(best), len(best.letters) / unicity_of(best), homophonic=True
        )
        keys = KeySearch(
            kind=kind, threads=1, restarts=1, polish=0, space_enciphered=enciphered,
            moves=QUICK_CONTROL if quick else 0, time_limit=seconds,
        )  # fmt: skip
        return keys.search(text, best.language, seed=seed)[0].total


def decipher(
    ciphertext: str | Sequence[int] | Sequence[str] | Ciphertext,
    *,
    language: str | None = "en",
    kind: str = "auto",
    spaces: str = "auto",
    cribs: Sequence[Crib] = (),
    reference: Sequence[str] = (),
    diacritics: bool = False,
    time_limit: float = math.inf,
    threads: int = 0,
    nulls: bool = False,
    transposition: str | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Decipherment:
    """Read a ciphertext without its key.

    Args:
        ciphertext: running text, tokens, a list of symbols, or a parsed `Ciphertext`.
        language: code or stored name; None or "auto" tries every language there is.
        kind: one of `ciphers.kinds.KINDS`, or "auto".
        spaces: "kept", "removed", "enciphered" or "auto".
        cribs: known symbols and words, see `matching.cribs.parse_crib`.
        reference: text files mixed into the language.
        diacritics: letters with diacritics are letters of their own.
        time_limit: wall seconds.
        threads: 0 for one a core.
        nulls: look for symbols that stand for nothing.
        transposition: the order of the symbols, if known: "step width 17 down 1 right 2 sections 9+9".
        seed: of all random choices.

    Raises:
        InputError: bad ciphertext, language, kind or crib.
    """
    if isinstance(ciphertext, str):
        source = read_ciphertext(ciphertext, words=kind in WORDS)
    elif isinstance(ciphertext, Ciphertext):
        source = ciphertext
    else:
        source = from_symbols(ciphertext)
    names = _alphabetic(known_languages()) if language in (None, "auto") else [str(language)]
    matcher = Decipher(
        kind=kind, spaces=spaces, cribs=tuple(cribs), threads=threads, time_limit=time_limit, nulls=nulls,
        transposition=parse_transposition(transposition) if transposition else None,
    )  # fmt: skip
    return matcher.match(
        source, names, seed=seed, progress=progress, reference=reference, diacritics=diacritics
    )


def _alphabetic(names: Sequence[str]) -> list[str]:
    from distmatch.languages.wordfrequency import NOT_ALPHABETIC

    return [name for name in names if name not in NOT_ALPHABETIC]


def _may_be_words(source: Ciphertext) -> bool:
    """Whether symbols are so many that each may stand for a word."""
    return source.tokens and len(source.names) >= 100


def _shorter(letters: Decipherment, words: Decipherment | None) -> Decipherment:
    """The answer of fewer bits, key included, with the bits of the other among those compared."""
    if words is None:
        return letters
    first, second = sorted((letters, words), key=lambda match: match.bits.total)
    compared = {**first.extra.get("compared", {}), **second.extra.get("compared", {})}
    return replace(
        first, extra=first.extra | {"compared": compared}, alternatives=[*first.alternatives[:4], second]
    )  # fmt: skip
