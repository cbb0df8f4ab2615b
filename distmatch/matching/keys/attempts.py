"""`Attempts`: what each kind of cipher makes of one ciphertext in one language."""

from __future__ import annotations

import time
from dataclasses import dataclass

from distmatch.ciphers.cribs import Crib, crib_keys
from distmatch.ciphers.kinds import SHIFTS
from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.language import Language, load_language
from distmatch.maps.key import Key
from distmatch.maps.transposition import Transposition
from distmatch.matching.keys.nulls import NullSearch
from distmatch.matching.keys.polyalphabetic import PeriodicSearch
from distmatch.matching.keys.reading import (
    Reading,
    are_letters,
    break_bits,
    letter_of,
    plausible,
    total_bits,
    unicity_of,
)
from distmatch.matching.keys.reordering import TranspositionScreen
from distmatch.matching.keys.substitution import KeySearch, decode
from distmatch.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Settings; `readings` does the work."""

    kind: str = "auto"
    cribs: tuple[Crib, ...] = ()
    threads: int = 0
    restarts: int = 0
    nulls: bool = False
    """Look for symbols that stand for nothing in every homophonic key."""
    transposition: Transposition | None = None
    """The order in which the symbols are to be read, where it is known."""
    reference: tuple[str, ...] = ()

    def readings(
        self, source: Ciphertext, language: Language, spaces: str, seed: int, progress: Progress, deadline: float,
        quick: bool,
    ) -> list[Reading]:  # fmt: skip
        text = source if spaces == "kept" else source.without_breaks()
        size = language.size if spaces == "enciphered" else len(language.alphabet)
        symbols = len(source.names)
        readings: list[Reading] = []

        def substitution(kind: str) -> None:
            for fixed, bonus in crib_keys(self.cribs, text, language, kind == "simple"):
                search = KeySearch(
                    kind=kind, threads=self.threads, cribs=fixed, restarts=6 if quick else self.restarts,
                    time_limit=max(deadline - time.monotonic(), 0.0), space_enciphered=spaces == "enciphered",
                )  # fmt: skip
                all_symbols = search.symbols(text, language)
                for found in search.search(text, language, seed=seed, report=progress):
                    letters = decode(all_symbols, found.key)
                    text_bits = found.text + (break_bits(source) if spaces != "kept" else 0.0)
                    table = {
                        n: letter_of(language, found.key[i]) for i, n in enumerate(source.names)
                    }
                    readings.append(
                        Reading(
                            kind, language, letters, Key(table, kind), text_bits, found.key_bits - bonus,
                            found.found, spaces == "kept", found.language_bits,
                        )
                    )  # fmt: skip

        if self.kind == "transposition" or self.transposition is not None:
            return self.transposed(text.without_breaks(), language, seed, deadline)
        if self.kind in ("simple", "auto") and symbols <= size:
            substitution("simple")
        elif self.kind == "simple":
            return []
        if spaces == "enciphered":
            return readings
        solved = bool(readings) and plausible(min(readings, key=total_bits), len(source))
        if self.kind in (*SHIFTS, "periodic"):
            readings += self._periodic(source, language, seed, (self.kind,), deadline)
        elif self.kind == "auto" and not solved and not quick and are_letters(source, language):
            kinds = ("vigenere", "beaufort", *(["periodic"] if len(source) >= 300 else []))
            readings += self._periodic(source, language, seed, kinds, deadline)
            solved = plausible(min(readings, key=total_bits), len(source))
        if self.kind == "homophonic" or (self.kind == "auto" and not solved and symbols <= 400):
            if self.kind == "homophonic" or symbols > 0.7 * size:
                substitution("homophonic")
                solved = plausible(min(readings, key=total_bits), len(source))
                if self.nulls or (
                    not solved and not quick and self._nulls_likely(readings, source)
                ):
                    readings += self._without_nulls(text, language, seed, deadline)
        return readings

    def _nulls_likely(self, readings: list[Reading], source: Ciphertext) -> bool:
        """Whether a homophonic key without nulls should have been found, long as the text is, but was not."""
        best = min(readings, key=total_bits)
        return self.kind == "auto" and len(source) > 2.5 * unicity_of(best) and not self.cribs

    def _without_nulls(
        self, text: Ciphertext, language: Language, seed: int, deadline: float
    ) -> list[Reading]:
        if language.spaces:
            language = self._plain(language)
        search = NullSearch(threads=self.threads, deadline=deadline)
        found = search.search(text.without_breaks(), language, seed=seed)
        if found is None:
            return []
        table = {
            name: "" if i in found.nulls else letter_of(language, found.key[i])
            for i, name in enumerate(text.names)
        }
        key = Key(table, "homophonic", detail={"nulls": [text.names[i] for i in found.nulls]})
        bits = found.text + break_bits(text)
        return [
            Reading(
                "homophonic", language, found.letters, key, bits, found.key_bits, found.found, False, found.language_bits,
            )
        ]  # fmt: skip

    def _plain(self, language: Language) -> Language:
        """The same language without spaces."""
        return load_language(
            language.name, diacritics=language.alphabet.diacritics, reference=self.reference
        )

    def _periodic(
        self, text: Ciphertext, language: Language, seed: int, kinds: tuple[str, ...], deadline: float
    ) -> list[Reading]:  # fmt: skip
        """Readings by a periodic key; word breaks are put back afterwards and cost their positions."""
        if language.spaces:
            language = self._plain(language)
        search = PeriodicSearch(kinds=kinds, deadline=deadline)
        readings = []
        for found in search.search(text, language, seed=seed):
            key = Key({}, found.kind, found.period, {"key": list(found.key)})
            bits = found.text + break_bits(text)
            readings.append(
                Reading(
                    found.kind, language, found.letters, key, bits, found.key_bits, found.found, False, found.text,
                )
            )  # fmt: skip
        return readings

    def transposed(
        self, text: Ciphertext, language: Language, seed: int, deadline: float
    ) -> list[Reading]:
        """Readings of the text in another order: the one given, or the best of the families."""
        if language.spaces:
            language = self._plain(language)
        screen = TranspositionScreen(threads=self.threads or 2, deadline=deadline)
        if self.transposition is not None:
            candidates = [screen.read(text, language, self.transposition, seed=seed)]
        else:
            candidates = screen.search(text, language, seed=seed)
        readings = []
        for found in candidates:
            table = {name: letter_of(language, found.key[i]) for i, name in enumerate(text.names)}
            key = Key(table, "transposition", detail={"transposition": found.transposition.label})
            spoken = language.total_bits(found.letters)
            readings.append(
                Reading(
                    "transposition", language, found.letters, key, found.text, found.key_bits, 1, False, spoken,
                )
            )  # fmt: skip
        return readings
