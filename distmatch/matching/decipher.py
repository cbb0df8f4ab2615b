"""`decipher`: every kind and language that may apply, compared by total bits, and how far to believe the best."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from distmatch.ciphers.kinds import check_kind
from distmatch.ciphers.reading import Ciphertext, from_symbols, read_ciphertext
from distmatch.errors import InputError
from distmatch.languages.language import known_languages, load_language
from distmatch.matching.attempts import Attempts
from distmatch.matching.confidence import confidence, evidence, explain
from distmatch.matching.cribs import Crib
from distmatch.matching.decipherment import Decipherment, to_json
from distmatch.matching.keysearch import KeySearch, shuffled
from distmatch.matching.match import Bits
from distmatch.matching.periodic import PeriodicSearch
from distmatch.matching.readings import (
    Reading,
    break_bits,
    decipherment,
    differs,
    distinct,
    equal_groups,
    excess,
    may_hold_spaces,
    total_bits,
)
from distmatch.progress import Progress, silent

__all__ = ["Decipher", "Decipherment", "decipher", "to_json"]


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
        deadline = wall + self.time_limit
        attempts = Attempts(
            kind=self.kind, cribs=self.cribs, threads=self.threads, restarts=self.restarts
        )
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
        if not readings:
            raise InputError(
                f"{len(source.names)} distinct symbols are more than kind {self.kind!r} allows. Use --kind homophonic"
            )
        return self._conclude(source, readings, seed, wall, cpu)

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
        control = self._control(source, best, seed)
        size = len(best.language.alphabet)
        redundancy = max(math.log2(size) - best.language.text_bits, 0.3)
        unicity = best.key_bits / redundancy
        rival = next((r.total for r in readings[1:] if differs(r, best)), None)
        letters = len(best.letters)
        free = break_bits(source) if not best.breaks else 0.0
        given = evidence(
            letters=letters, total=best.total, text=best.language_bits, control=control + free,
            expected_bits=best.language.text_bits, found=best.found, runner_up=rival, unicity=unicity,
            homophonic=best.kind in ("homophonic", "transposition"),
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
        return replace(made[0], alternatives=made[1:], evidence=given, extra={"compared": compared})

    def _control(self, source: Ciphertext, best: Reading, seed: int) -> float:
        """Total bits of the same search on the shuffled ciphertext, one restart."""
        text = shuffled(source if best.breaks else source.without_breaks(), seed)
        if best.key.period:
            search = PeriodicSearch(kinds=(best.kind,), longest_period=best.key.period, starts=1)
            return search.search(text, best.language, seed=seed)[0].total
        kind = best.kind if best.kind == "simple" else "homophonic"
        enciphered = best.language.spaces and not best.breaks
        keys = KeySearch(kind=kind, threads=1, restarts=1, polish=0, space_enciphered=enciphered)
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
        seed: of all random choices.

    Raises:
        InputError: bad ciphertext, language, kind or crib.
    """
    if isinstance(ciphertext, str):
        source = read_ciphertext(ciphertext)
    elif isinstance(ciphertext, Ciphertext):
        source = ciphertext
    else:
        source = from_symbols(ciphertext)
    names = _alphabetic(known_languages()) if language in (None, "auto") else [str(language)]
    matcher = Decipher(
        kind=kind, spaces=spaces, cribs=tuple(cribs), threads=threads, time_limit=time_limit
    )
    return matcher.match(
        source, names, seed=seed, progress=progress, reference=reference, diacritics=diacritics
    )


def _alphabetic(names: Sequence[str]) -> list[str]:
    from distmatch.languages.wordfrequency import NOT_ALPHABETIC

    return [name for name in names if name not in NOT_ALPHABETIC]
