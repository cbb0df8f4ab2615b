"""The verdict on readings of letters: evidence, confidence, runners-up and the reason in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from distmatch.maps.key import Key
from distmatch.matching.decipherment import Decipherment
from distmatch.matching.keys.doubts import Doubts, doubts_of
from distmatch.matching.keys.evidence import Evidence, confidence, explain
from distmatch.matching.keys.reading import (
    break_bits,
    differs,
    distinct,
    distinct_letters,
    equal_groups,
    excess,
    language_of,
    spaced,
    unicity_of,
    unlikeness,
)
from distmatch.matching.match import Bits
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.progress import Effort

TIE = 7.0
"""Bits by which a kind or language may be longer and still be named beside the best: odds of 1 in 128."""
SHOWN = 6
"""Answers kept, the best included."""


def conclude(
    readings: Sequence[Reading[Key]], control: float | None, effort: Effort, traits: frozenset[str]
) -> Decipherment:
    """The answer with its runners-up and a confidence.

    Args:
        readings: the shortest total code first.
        control: total bits of the same search on the shuffled ciphertext.
        effort: whose clock says how long it took.
        traits: of the best reading's kind, see `CipherKind`.
    """
    best = readings[0]
    unicity = unicity_of(best)
    doubts = doubts_of(best, traits)
    evidence = evidence_of(readings, best.total if control is None else control, doubts, traits)
    probability = confidence(evidence)
    reason = explain(evidence, probability, len(best.letters), unicity)
    leaders = distinct([best, *neighbours(best, doubts, traits), *readings[1:]])[:SHOWN]
    made = [
        decipherment(leader, effort, unicity, reason="runner-up", confidence=None)
        for leader in leaders
    ]
    compared = compare(readings)
    first = _label(best)
    ties = {k: v - best.total for k, v in compared.items() if k != first and v - best.total < TIE}
    if ties:
        named = ", ".join(f"{label} ({more:+.0f} bits)" for label, more in ties.items())
        reason += f"; as good within {TIE:.0f} bits: {named}"
    extra = {
        **made[0].extra,
        "compared": compared,
        "ties": list(ties),
        "evidence": evidence.to_json(),
    }
    if doubts is not None:
        extra["doubts"] = [doubt.to_json() for doubt in doubts.named]
    return replace(
        made[0], marked=_marked(best, doubts), confidence=probability, reason=reason, alternatives=made[1:], extra=extra,
        bits=Bits(data=best.text, map=best.map_bits, control=control),
    )  # fmt: skip


def evidence_of(
    readings: Sequence[Reading[Key]],
    control: float,
    doubts: Doubts | None,
    traits: frozenset[str],
) -> Evidence:
    """What the search knows about its best reading."""
    best = readings[0]
    problem = best.problem
    assert problem is not None
    free = 0.0 if problem.kept else break_bits(problem.source)
    rival = next((r.total for r in readings[1:] if differs(r, best)), None)
    return Evidence(
        letters=len(best.letters), symbols=len(problem.source.names), total=best.total, text=best.language_bits,
        control=control + free, expected=language_of(best).text_bits, found=best.found, runner_up=rival,
        distinct=distinct_letters(problem.source.symbols), unlikeness=unlikeness(best.letters, language_of(best)),
        doubt=rivalry(readings) if doubts is None else doubts.wrong, unicity=unicity_of(best),
        homophonic="homophonic" in traits, periodic="periodic" in traits, exhaustive="exhaustive" in traits,
    )  # fmt: skip


def rivalry(readings: Sequence[Reading[Key]]) -> float:
    """Probability of the other readings of the best one's kind, where neighbours of the key mean nothing."""
    best = readings[0]
    odds = sum(
        2.0 ** -(reading.total - best.total)
        for reading in distinct(readings)[1:]
        if reading.map.kind == best.map.kind
    )
    return odds / (1.0 + odds)


def compare(readings: Sequence[Reading[Key]]) -> dict[str, float]:
    """Total bits of the best reading of every kind and language."""
    compared: dict[str, float] = {}
    for reading in readings:
        label = _label(reading)
        compared[label] = min(compared.get(label, math.inf), round(reading.total, 1))
    return compared


def decipherment(
    reading: Reading[Key], effort: Effort, unicity: float, *, reason: str, confidence: float | None
) -> Decipherment:
    """The reading as a `Match`."""
    problem, language, clock = reading.problem, language_of(reading), effort.clock
    assert problem is not None
    source = problem.source
    letters = reading.map([source.names[s] for s in source.symbols])
    decoded = language.alphabet.decode(reading.letters)
    ignored = reading.map.period > 0 and source.has_breaks and not equal_groups(source)
    if language.spaces:
        text = decoded
    elif ignored and not any(letter == "?" for letter in letters):
        ends = source.breaks
        decoded = text = "".join(
            c + " " * bool(e) for c, e in zip(letters, ends, strict=True)
        ).rstrip()
    else:
        text = language.segment(reading.letters)
    document = source.document
    notes = {} if document is None else dict(document.notes)
    if language.alphabet.diacritics:
        notes["diacritics"] = "letters of their own"
    printed = text if document is None or reading.map.order else document.printed(letters)
    return Decipherment(
        map=reading.map, bits=reading.bits, confidence=confidence, reason=reason, method=reading.map.kind,
        seed=effort.seed, seconds=clock.seconds, cpu_seconds=clock.cpu_seconds, plaintext=decoded, text=text,
        printed=printed, kind=reading.map.kind, language=language.name, unicity=unicity,
        read_as=notes, extra={"restarts_agreeing": reading.found},
        has_breaks=source.has_breaks and not equal_groups(source) and reading.map.order is None,
    )  # fmt: skip


def neighbours(
    best: Reading[Key], doubts: Doubts | None, traits: frozenset[str]
) -> list[Reading[Key]]:
    """The answer with one letter in doubt exchanged, for the most doubtful ones."""
    if doubts is None or best.problem is None:
        return []
    out = []
    for doubt in doubts.named[:SHOWN]:
        letters = dict(best.map.letters)
        for symbol, letter in best.map.letters.items():
            if letter == doubt.other and "homophonic" not in traits:
                letters[symbol] = doubt.letter
        letters[doubt.symbol] = doubt.other
        key = replace(best.map, letters=letters)
        alphabet = best.problem.language.alphabet
        spoken = np.array([(alphabet.letters + " ").index(c) for c in key(_names(best))], np.uint8)
        text = spaced(best.problem, spoken)
        out.append(replace(best, map=key, letters=text, text=best.text + doubt.bits))
    return [reading for k, reading in enumerate(out) if all(reading.map != o.map for o in out[:k])]


def _marked(best: Reading[Key], doubts: Doubts | None) -> str:
    """The printed plaintext with the letters in doubt underlined."""
    document = None if best.problem is None else best.problem.source.document
    if doubts is None or not doubts.named or document is None or best.map.order is not None:
        return ""
    doubtful = {doubt.symbol for doubt in doubts.named}
    names = _names(best)
    letters = best.map(names)
    shown = [c + "\u0332" if n in doubtful else c for n, c in zip(names, letters, strict=True)]
    return document.printed(shown)


def _names(reading: Reading[Key]) -> list[str]:
    assert reading.problem is not None
    source = reading.problem.source
    return [source.names[s] for s in source.symbols]


def hopeful(readings: Sequence[Reading[Key]]) -> bool:
    """Whether the best reading so far makes other views of the word breaks needless."""
    # Saves time only: a better reading leaves no use for other views.
    return bool(readings) and excess(min(readings, key=total_bits)) < 0.9


def _label(reading: Reading[Key]) -> str:
    return f"{reading.map.kind}/{language_of(reading).name}"
