"""What `decipher` does with one problem: try the kinds, run the control, conclude, and try the last kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from distmatch.errors import InputError
from distmatch.maps.key import Key
from distmatch.matching.decipherment import Decipherment
from distmatch.matching.keys.transposed import too_short
from distmatch.matching.kinds import KINDS
from distmatch.matching.symbols.cipherkind import CipherKind
from distmatch.matching.symbols.problem import Problem
from distmatch.matching.symbols.reading import Reading, total_bits
from distmatch.progress import Clock, Effort, Progress

FOR_SEARCH = 0.85
"""Share of a time limit that the search may use; the rest is for the control."""


def words_if_tried(asked: Problem, target: Sequence[str], effort: Effort) -> Decipherment | None:
    """The answer as a code for words, where the symbols may be words and there is a reference."""
    kind = KINDS["word-code"]
    if not asked.auto or not kind.tried(asked, []):
        return None
    return read_words(kind, asked, target, effort)


def read_words(
    kind: CipherKind, asked: Problem, target: Sequence[str], effort: Effort
) -> Decipherment:
    """Read as a code for words."""
    if any(crib.never for crib in asked.cribs):
        raise InputError("--not and --puzzle are for letters; leave them out of a code for words")
    readings = kind.search(asked, effort)
    control = None if effort.clock.expired else kind.control(asked, readings[0], effort)
    match = kind.conclude(readings, control, effort, kind.traits)
    return replace(match, language=target[0]) if len(target) == 1 else match


def budget_of(symbols: int) -> float:
    """CPU seconds that "auto" spends on a text by default: 10 for 400 symbols, 30 for 2,000, 50 at most."""
    # A straight line, level from 3,600 symbols on.
    return 10.0 + 20.0 * min(max(symbols - 400, 0), 3_200) / 1_600


def effort_of(clock: Clock, *, seed: int, threads: int, progress: Progress) -> Effort:
    """What a search may spend, compiling left out."""
    from distmatch.matching.symbols.compiling import exempt_compilation

    exempt_compilation()
    return Effort(seed=seed, threads=threads, clock=clock, progress=progress)


def attempt(problem: Problem, kinds: Sequence[CipherKind], effort: Effort) -> list[Reading[Key]]:
    """Readings of one ciphertext in one language by every kind of letters that may pay."""
    readings: list[Reading[Key]] = []
    for kind in kinds:
        open_ = problem.auto and problem.transposition is None
        skipped = kind.words or (kind.last and open_) or not kind.applies(problem)
        late = bool(readings) and effort.clock.expired
        if not (skipped or late) and (not open_ or kind.tried(problem, readings)):
            readings += kind.search(problem, effort)
    return readings


def concluded(readings: Sequence[Reading[Key]], effort: Effort) -> Decipherment:
    """The verdict on the shortest code, after its kind's control run."""
    readings = sorted(readings, key=total_bits)
    best = readings[0]
    kind = KINDS[best.map.kind]
    assert best.problem is not None
    # The control always gets a tenth of a second: without it there is no verdict.
    left = replace(effort, clock=Clock(max(effort.clock.wall_left, 0.1)))
    control = kind.control(best.problem, best, left)
    return kind.conclude(readings, control, effort, kind.traits)


def last_kinds(
    kinds: Sequence[CipherKind], readings: Sequence[Reading[Key]], before: Decipherment, effort: Effort
) -> Decipherment:  # fmt: skip
    """Kinds that are tried last, and only on texts long enough to tell; the reason says whether they were."""
    best = min(readings, key=total_bits)
    assert best.problem is not None
    view = replace(best.problem, spaces="removed", target=best.problem.plain)
    search = replace(effort, clock=effort.clock.share(FOR_SEARCH))
    late = [kind for kind in kinds if kind.last and kind.tried(view, readings)]
    if not late or search.clock.left < 1.0:
        why = "the text is too short for them" if too_short(view) else "there was no time"
        if view.cribs:
            why = "a crib fixes places"
        return replace(before, reason=f"{before.reason}; transpositions were not tried: {why}")
    more = [reading for kind in late for reading in kind.search(view, search)]
    match = concluded([*readings, *more], effort)
    if match.kind in [kind.name for kind in late]:
        return match
    return replace(match, reason=f"{match.reason}; transpositions were tried, none is shorter")
