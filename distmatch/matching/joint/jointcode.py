"""`joint_code`: the code lengths of X, of Y, and of both together, and the f that makes them share structure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from distmatch.compression.mixture import mixture_bits
from distmatch.compression.pair import (
    CHOICE_BITS,
    SHARES,
    Coders,
    Plan,
    identity_of,
    letter_names,
    letters_of,
    mixing_coders,
    pack,
    unpack,
)
from distmatch.languages.symbols import SymbolModel
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.match import BELIEF, Bits, Match
from distmatch.matching.symbols.search import SymbolSearch
from distmatch.progress import Clock, Progress, silent
from distmatch.text.bytesymbols import Symbols

SECOND_LOOK = 1 << 18
"""Longest Y for which the separate code also tries the commonest symbol as the space."""
MAPS = ("auto", "none", "identity", "bijection", "homophonic")


@dataclass(frozen=True, kw_only=True)
class JointCode:
    """Code lengths in bits, without container, alphabets and lengths, which cost both ways the same.

    Δ = C(X) + C(Y) - C(X∘Y) is at least -log2(`EXPERTS`), because one of the experts is the separate code.
    """

    x: float
    """C(X)."""
    y: float
    """C(Y), by the same family of coders."""
    y_given_x: float
    """C(Y|X): choice of expert, map, and f(Y) after X."""
    x_given_y: float
    """C(X|Y): the same in the other order."""
    plan: Plan
    """How Y is coded after X."""
    match: Match[Relabelling] | None
    """The best map found, whether or not it is used; None where none was looked for."""
    seconds: float
    cpu_seconds: float
    source: Symbols = field(repr=False)
    target: Symbols = field(repr=False)
    coders: Coders = field(repr=False, default=mixing_coders)

    @property
    def map(self) -> float:
        """Bits of the map that is used."""
        return self.plan.relabelling.bits if self.plan.relabelling else 0.0

    @property
    def xy(self) -> float:
        """C(X∘Y): X, then Y given X."""
        return self.x + self.y_given_x

    @property
    def delta(self) -> float:
        """Bits of structure shared."""
        return self.y - self.y_given_x

    @property
    def symmetric_gap(self) -> float:
        """C(X) + C(Y|X) - C(Y) - C(X|Y): 0 if the chain rule held in both orders."""
        return self.x + self.y_given_x - self.y - self.x_given_y

    @property
    def posterior(self) -> float:
        """Probability that the structure is real and the map right, uncalibrated: 2^Δ are the odds against separate codes."""
        if self.plan.mode == "separate":
            return 0.0
        real = 1.0 / (1.0 + 2.0 ** -min(self.delta, 60.0))
        return real * (
            self.match.extra["posterior"] if self.match and self.plan.mode != "identity" else 1
        )

    @property
    def table(self) -> dict[int, int]:
        """f: byte of Y to byte of X; symbols that stand for none of X's are left out."""
        f = self.plan.relabelling
        if f is None:
            return {}
        names = letter_names(self.source, self.target, self.plan.mode)
        pairs = zip(self.target.names.tolist(), f.table.tolist(), strict=True)
        return {name: int(names[letter]) for name, letter in pairs if letter < len(names)}

    def encode(self) -> bytes:
        """X and Y as one archive, without magic, version and checksum; `decode` reads it."""
        return pack(self.source, self.target, self.plan, self.coders)


def decode(archive: bytes) -> tuple[bytes, bytes]:
    """X and Y of an archive that `JointCode.encode` made, byte for byte.

    Raises:
        InputError: a damaged archive.
    """
    return unpack(archive)


def joint_code(
    x: bytes,
    y: bytes,
    *,
    map: str = "auto",
    coders: Coders = mixing_coders,
    seed: int = 0,
    progress: Progress = silent,
) -> JointCode:
    """Code lengths of two byte strings, apart and together, with the f that shortens the joint code most.

    Args:
        x, y: any bytes; each is coded over the alphabet that occurs in it.
        map: kind of f, one of `MAPS`; "none" codes them apart.
        coders: family of coders, see `compression.pair.Coders`.
        seed: of the search for f.

    Raises:
        ValueError: an unknown kind of map.
    """
    if map not in MAPS:
        raise ValueError(f"unknown kind of map {map!r}. Use one of {' '.join(MAPS)}")
    clock = Clock()
    source, target = Symbols.of(x), Symbols.of(y)
    progress(0, 4, step="separate codes")
    plan, alone = _separate(target, coders)
    found = _find(source, target, map, seed) if len(source) and len(target) else None
    match = found[1] if found else None
    progress(1, 4, step="Y after X")
    if found is None:
        x_bits = _bits(coders(source.size, source.breaks), source.codes)
        given, back = alone + CHOICE_BITS, x_bits + CHOICE_BITS
    else:
        f = found[0]
        letters = letters_of(source, target, f.kind)
        coder = coders(letters, source.breaks)
        mapped = f(target.codes)
        # One run codes X and then f(Y) after it, the other f(Y) and then X after it.
        both = coder.bits(np.concatenate([source.codes, mapped]))
        x_bits = float(both[: len(source)].sum())
        costs = np.stack([both[len(source) :], coder.bits(mapped)])
        mixed = [float(mixture_bits(costs, share).sum()) for share in SHARES]
        share = SHARES[int(np.argmin(mixed))]
        given = f.bits + min(mixed) + f.choice_bits(target.codes)
        progress(2, 4, step="X after Y")
        both = coder.bits(np.concatenate([mapped, source.codes]))
        back = min(f.bits + float(both[len(target) :].sum()), x_bits) + CHOICE_BITS
        if given < alone:
            plan = Plan(mode=f.kind, relabelling=f, share=share)
        given = min(given, alone) + CHOICE_BITS
    progress(4, 4, step="done")
    return JointCode(
        x=x_bits, y=alone, y_given_x=given, x_given_y=back, plan=plan, match=match, source=source, target=target,
        coders=coders, seconds=clock.seconds, cpu_seconds=clock.cpu_seconds,
    )  # fmt: skip


def _bits(coder, codes: np.ndarray) -> float:
    return float(coder.bits(codes).sum()) if len(codes) else 0.0


def _separate(target: Symbols, coders: Coders) -> tuple[Plan, float]:
    """The better separate code of Y: words end as in text, or at its commonest symbol; one bit says which."""
    plans = [Plan()]
    if 0 < len(target) <= SECOND_LOOK and target.commonest != target.breaks:
        plans.append(Plan(space=target.commonest[0]))
    lengths = [_bits(plan.separate(target, coders), target.codes) for plan in plans]
    best = int(np.argmin(lengths))
    return plans[best], lengths[best] + (len(plans) - 1)


def _find(
    source: Symbols, target: Symbols, kind: str, seed: int
) -> tuple[Relabelling, Match[Relabelling] | None] | None:
    """The map that codes Y best under n-gram counts of X, and the best of those that were searched for."""
    if kind == "none":
        return None
    options: list[tuple[float, Relabelling]] = []
    if kind in ("auto", "identity"):
        f = identity_of(source, target)
        model = SymbolModel.fit(source.codes, f.letters)
        options.append((float(model.bits(f(target.codes)).sum()), f))
    matches = []
    if kind in ("auto", "bijection") and max(source.size, target.size) > 1:
        matches.append(search_bijection(source, target, seed=seed))
    confused = not matches or matches[0].extra["posterior"] < BELIEF
    many = target.size > 0.7 * source.size
    if source.size > 1 and (kind == "homophonic" or (kind == "auto" and many and confused)):
        model = SymbolModel.fit(source.codes, source.size)
        search = SymbolSearch(kind="homophonic")
        matches.append(search.match(target.codes, model, symbols=target.size, seed=seed))
    options += [(m.bits.total, m.map) for m in matches]
    best = min(options, key=lambda option: option[0])[1]
    return best, min(matches, key=lambda m: m.bits.total) if matches else None


def search_bijection(source: Symbols, target: Symbols, *, seed: int = 0) -> Match[Relabelling]:
    """A one-to-one map of Y's symbols to X's; the longer of the two is counted, the other decoded."""
    size = max(source.size, target.size)
    search = SymbolSearch(kind="bijection")
    if len(target) <= 4 * len(source):
        model = SymbolModel.fit(source.codes, size)
        return search.match(target.codes, model, symbols=target.size, seed=seed)
    model = SymbolModel.fit(target.codes, size)
    match = search.match(source.codes, model, symbols=source.size, seed=seed)
    table = np.concatenate([match.map.table, np.setdiff1d(np.arange(size), match.map.table)])
    f = Relabelling(np.argsort(table)[: target.size].astype(np.int32), size, "bijection")
    forward = SymbolModel.fit(source.codes, size)
    bits = Bits(data=float(forward.bits(f(target.codes)).sum()), map=f.bits)
    return Match(
        map=f, bits=bits, confidence=None, reason=match.reason, method=match.method, seed=seed,
        seconds=match.seconds, cpu_seconds=match.cpu_seconds, history=match.history, extra=match.extra,
    )  # fmt: skip
