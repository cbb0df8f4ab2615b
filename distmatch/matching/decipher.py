"""`decipher`: every kind and language that may apply, compared by total bits, and how far to believe the best."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from distmatch.ciphers.kinds import SHIFTS, check_kind
from distmatch.ciphers.reading import Ciphertext, from_symbols, read_ciphertext
from distmatch.errors import InputError
from distmatch.languages.language import Language, known_languages, load_language
from distmatch.maps.key import Key
from distmatch.matching.confidence import Evidence, confidence, evidence, explain
from distmatch.matching.cribs import Crib, crib_keys
from distmatch.matching.keysearch import KeySearch, decode, shuffled
from distmatch.matching.match import Bits, Match
from distmatch.matching.periodic import PeriodicSearch
from distmatch.matching.transposition import TranspositionScreen
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class Decipherment(Match[Key]):
    """A `Match` whose map is a key, with what it reads."""

    plaintext: str
    """One letter a symbol, and a space wherever the ciphertext had a word break that was kept."""
    text: str
    """The same with word breaks: those of the cipher, or restored."""
    kind: str
    language: str
    unicity: float
    """Symbols from which on the key is determined: key bits over redundancy."""
    evidence: Evidence | None = field(default=None, repr=False)

    @property
    def key(self) -> Key:
        """The map."""
        return self.map

    @property
    def solved(self) -> bool:
        """Whether the confidence reaches 0.9."""
        return self.believed


@dataclass(frozen=True)
class _Reading:
    """One candidate answer of one kind in one language."""

    kind: str
    language: Language
    letters: np.ndarray
    key: Key
    text: float
    key_bits: float
    found: int
    breaks: bool
    language_bits: float

    @property
    def total(self) -> float:
        return self.text + self.key_bits


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
        readings: list[_Reading] = []
        for number, name in enumerate(target):
            for spaces in self._space_modes(source):
                language = load_language(
                    name,
                    spaces=spaces != "removed",
                    diacritics=diacritics,
                    reference=reference,
                    progress=progress,
                )
                found = self._read(
                    source, language, spaces, seed, progress, deadline, quick=len(target) > 1
                )
                readings += found
                best = min(readings, key=_total_bits, default=None)
                if best is not None and _excess(best) < 0.9:
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
            return ["enciphered", "removed"] if _may_hold_spaces(source) else ["removed"]
        return ["removed"] if _equal_groups(source) else ["kept", "removed"]

    def _read(
        self, source: Ciphertext, language: Language, spaces: str, seed: int, progress: Progress, deadline: float,
        quick: bool,
    ) -> list[_Reading]:  # fmt: skip
        text = source if spaces == "kept" else source.without_breaks()
        size = language.size if spaces == "enciphered" else len(language.alphabet)
        symbols = len(source.names)
        readings: list[_Reading] = []

        def substitution(kind: str) -> None:
            for fixed, bonus in crib_keys(self.cribs, text, language, kind == "simple"):
                search = KeySearch(
                    kind=kind, threads=self.threads, cribs=fixed, restarts=6 if quick else self.restarts,
                    time_limit=max(deadline - time.monotonic(), 0.0), space_enciphered=spaces == "enciphered",
                )  # fmt: skip
                all_symbols = search.symbols(text, language)
                for found in search.search(text, language, seed=seed, report=progress):
                    letters = decode(all_symbols, found.key)
                    text_bits = found.text + (_break_bits(source) if spaces != "kept" else 0.0)
                    table = {n: _letter(language, found.key[i]) for i, n in enumerate(source.names)}
                    readings.append(
                        _Reading(
                            kind, language, letters, Key(table, kind), text_bits, found.key_bits - bonus,
                            found.found, spaces == "kept", found.language_bits,
                        )
                    )  # fmt: skip

        if self.kind in ("simple", "auto") and symbols <= size:
            substitution("simple")
        elif self.kind == "simple":
            return []
        if spaces == "enciphered":
            return readings
        solved = bool(readings) and _plausible(min(readings, key=_total_bits), len(source))
        if self.kind == "transposition":
            return self._transposed(text.without_breaks(), language, seed, source.names)
        if self.kind in (*SHIFTS, "periodic"):
            readings += self._periodic(source, language, seed, (self.kind,))
        elif self.kind == "auto" and not solved and not quick and _are_letters(source, language):
            kinds = ("vigenere", "beaufort", *(["periodic"] if len(source) >= 300 else []))
            readings += self._periodic(source, language, seed, kinds)
            solved = _plausible(min(readings, key=_total_bits), len(source))
        if self.kind == "homophonic" or (self.kind == "auto" and not solved and symbols <= 400):
            if self.kind == "homophonic" or symbols > 0.7 * size:
                substitution("homophonic")
                solved = _plausible(min(readings, key=_total_bits), len(source))
        return readings

    def _periodic(
        self, text: Ciphertext, language: Language, seed: int, kinds: tuple[str, ...]
    ) -> list[_Reading]:
        """Readings by a periodic key; word breaks are put back afterwards and cost their positions."""
        if language.spaces:
            language = load_language(language.name, diacritics=language.alphabet.diacritics)
        search = PeriodicSearch(kinds=kinds)
        readings = []
        for found in search.search(text, language, seed=seed):
            key = Key({}, found.kind, found.period, {"key": list(found.key)})
            bits = found.text + _break_bits(text)
            readings.append(
                _Reading(
                    found.kind, language, found.letters, key, bits, found.key_bits, found.found, False, found.text,
                )
            )  # fmt: skip
        return readings

    def _transposed(
        self, text: Ciphertext, language: Language, seed: int, names: tuple[str, ...]
    ) -> list[_Reading]:
        if language.spaces:
            language = load_language(language.name, diacritics=language.alphabet.diacritics)
        readings = []
        for found in TranspositionScreen(threads=self.threads or 2).search(
            text, language, seed=seed
        ):
            table = {name: _letter(language, found.key[i]) for i, name in enumerate(names)}
            key = Key(table, "transposition", detail={"transposition": found.transposition.label})
            spoken = language.total_bits(found.letters)
            readings.append(
                _Reading(
                    "transposition", language, found.letters, key, found.text, found.key_bits, 1, False, spoken,
                )
            )  # fmt: skip
        return readings

    def _conclude(
        self, source: Ciphertext, readings: list[_Reading], seed: int, wall: float, cpu: float
    ) -> Decipherment:
        readings = sorted(readings, key=_total_bits)
        best = readings[0]
        control = self._control(source, best, seed)
        size = len(best.language.alphabet)
        redundancy = max(math.log2(size) - best.language.text_bits, 0.3)
        unicity = best.key_bits / redundancy
        rival = next((r.total for r in readings[1:] if _differs(r, best)), None)
        letters = len(best.letters)
        free = _break_bits(source) if not best.breaks else 0.0
        given = evidence(
            letters=letters, total=best.total, text=best.language_bits, control=control + free,
            expected_bits=best.language.text_bits, found=best.found, runner_up=rival, unicity=unicity,
            homophonic=best.kind in ("homophonic", "transposition"),
        )  # fmt: skip
        probability = confidence(given)
        seconds, cpu_seconds = time.monotonic() - wall, time.process_time() - cpu
        distinct = _distinct(readings)[:6]
        made = [
            _decipherment(
                r, source, Bits(data=r.text, map=r.key_bits, control=control if i == 0 else None),
                probability if i == 0 else 0.0, seed, seconds, cpu_seconds, unicity,
                explain(given, probability, letters, unicity) if i == 0 else "runner-up",
            )
            for i, r in enumerate(distinct)
        ]  # fmt: skip
        compared: dict[str, float] = {}
        for reading in readings:
            label = f"{reading.kind}/{reading.language.name}"
            compared[label] = min(compared.get(label, math.inf), round(reading.total, 1))
        return replace(made[0], alternatives=made[1:], evidence=given, extra={"compared": compared})

    def _control(self, source: Ciphertext, best: _Reading, seed: int) -> float:
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


def _total_bits(reading: _Reading) -> float:
    return reading.total


def _plausible(reading: _Reading, letters: int) -> bool:
    """Whether the reading is so near to the language that other kinds need not be tried."""
    return _excess(reading) < 0.5 and letters >= 40


def _excess(reading: _Reading) -> float:
    """Bits a letter more than the language's own words need."""
    return reading.language_bits / max(len(reading.letters), 1) - reading.language.text_bits


def _may_hold_spaces(source: Ciphertext) -> bool:
    """Whether one symbol is so frequent that it may be the space."""
    counts = np.bincount(source.symbols)
    return bool(len(source) >= 40 and counts.max() >= 0.165 * len(source) and len(counts) <= 40)


def _are_letters(source: Ciphertext, language: Language) -> bool:
    """Whether every symbol is a letter of the language, as shift ciphers need."""
    return all(
        len(name) == 1 and name.lower() in language.alphabet.letters for name in source.names
    )


def _equal_groups(source: Ciphertext) -> bool:
    """Whether the breaks only mark groups of one length, as in telegrams."""
    ends = np.flatnonzero(source.breaks)
    lengths = np.diff(np.concatenate([[-1], ends]))
    return bool(len(lengths) > 2 and (lengths[:-1] == lengths[0]).all() and lengths[0] > 1)


def _break_bits(source: Ciphertext) -> float:
    """Bits to say where the breaks are that a reading without spaces leaves unexplained."""
    breaks, places = int(source.breaks[:-1].sum()), len(source) - 1
    if breaks == 0 or _equal_groups(source):
        return 0.0
    return (
        math.lgamma(places + 1) - math.lgamma(breaks + 1) - math.lgamma(places - breaks + 1)
    ) / math.log(2)


def _letter(language: Language, code: int) -> str:
    return (language.alphabet.letters + " ")[int(code)]


def _differs(a: _Reading, b: _Reading) -> bool:
    """Whether two readings decode more than a tenth of the text otherwise."""
    if len(a.letters) != len(b.letters) or a.language.name != b.language.name:
        return True
    return bool(np.mean(a.letters != b.letters) > 0.1)


def _distinct(readings: list[_Reading]) -> list[_Reading]:
    seen: set[tuple[str, bytes]] = set()
    out = []
    for reading in readings:
        mark = (reading.language.name, reading.letters.tobytes())
        if mark not in seen:
            seen.add(mark)
            out.append(reading)
    return out


def _decipherment(
    reading: _Reading, source: Ciphertext, bits: Bits, probability: float, seed: int, seconds: float,
    cpu_seconds: float, unicity: float, reason: str,
) -> Decipherment:  # fmt: skip
    decoded = reading.language.alphabet.decode(reading.letters)
    text = decoded if reading.language.spaces else reading.language.segment(reading.letters)
    return Decipherment(
        map=reading.key, bits=bits, confidence=probability, reason=reason, method="annealing", seed=seed,
        seconds=seconds, cpu_seconds=cpu_seconds, plaintext=decoded, text=text, kind=reading.kind,
        language=reading.language.name, unicity=unicity, extra={"restarts_agreeing": reading.found},
    )  # fmt: skip


def to_json(match: Decipherment, *, id: str | None = None) -> dict[str, Any]:
    """The object that `distmatch decipher --json` prints."""
    return {
        "id": id,
        "plaintext": match.plaintext,
        "text": match.text,
        "language": match.language,
        "kind": match.kind,
        "key": match.key.to_json(),
        "bits": {
            "text": round(match.bits.data, 2),
            "key": round(match.bits.map, 2),
            "control": _rounded(match),
        },
        "confidence": round(match.confidence, 4),
        "solved": match.solved,
        "reason": match.reason,
        "seconds": round(match.seconds, 4),
        "cpu_seconds": round(match.cpu_seconds, 4),
        "seed": match.seed,
        "unicity": round(match.unicity, 1),
        "compared": match.extra.get("compared", {}),
        "alternatives": [
            {
                "plaintext": a.plaintext,
                "language": a.language,
                "kind": a.kind,
                "bits": round(a.bits.total, 2),
            }
            for a in match.alternatives
            if isinstance(a, Decipherment)
        ],
    }


def _rounded(match: Decipherment) -> float | None:
    return None if match.bits.control is None else round(match.bits.control, 2)
