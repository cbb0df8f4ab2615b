"""Two byte strings as one code: X, then Y apart from it, or f(Y) by a mixture of a coder that has learned X and a fresh one.

This is the pair coder of `distmatch compress`, of `joint_code` and of the benchmark. Where X, or Y, has at most
`MAX_NAMED` distinct bytes it is coded over these alone, which shortens the code of short texts by 3 to 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import log2

import numpy as np

from distmatch.compression import arithmetic
from distmatch.compression.decisions import MIN_RANKED_SYMBOLS, ranking_of
from distmatch.compression.mixing import PIECE, ContextMixing
from distmatch.compression.mixture import mixture_bits
from distmatch.compression.pairalphabet import MAX_NAMED, Alphabet, read_alphabet, write_alphabet
from distmatch.compression.pairmap import CHOICE_BITS, FORMS, form_of, read_map
from distmatch.compression.predictor import State
from distmatch.compression.states import copied, with_room
from distmatch.compression.switching import WEIGHT_UNIT, run_two
from distmatch.maps.map import Map
from distmatch.progress import Progress, silent

EXPERTS = 2
"""The coder that has learned X and the one that has not."""
SHARES = (0, 4096)
"""Shares, in 1/65536, of the mixtures of the experts."""
MAX_SECOND_LOOK = 1 << 18
"""Longest Y for which the separate code also tries the commonest symbol as the space."""
MIN_DELTA = -CHOICE_BITS
"""What Y loses if X says nothing about it: the choice of a kind."""
TEXT = 255
"""Plan of a separate code whose words end as in text."""


@dataclass(frozen=True, kw_only=True)
class PairBits:
    """Code lengths in bits of X, and of Y after it, with both codes.

    Container, lengths, alphabets and checksums are not counted: they cost the same with X and without.
    """

    x: float
    y: float
    """Bits of Y alone."""
    y_given_x: float
    """Bits of Y after X: the choice of a kind, f, and f(Y)."""
    map: float
    """Bits of f; 0 if none is used."""
    kind: str
    """One of `FORMS`."""
    x_code: bytes = field(repr=False)
    y_code: bytes = field(repr=False)
    """Kind, f, then the symbols of f(Y)."""
    image: np.ndarray = field(repr=False)
    """(m',) uint8 f(Y)."""
    f: Map | None = field(repr=False, default=None)

    @property
    def delta(self) -> float:
        """C(X) + C(Y) - C(X∘Y), at least `MIN_DELTA`."""
        return self.y - self.y_given_x


def encode_pair(
    x: np.ndarray, y: np.ndarray, *, maps: Sequence[Map] = (), progress: Progress = silent
) -> PairBits:
    """Code lengths and both codes of a pair, by the shortest way to code Y.

    Args:
        x: (n,) uint8.
        y: (m,) uint8.
        maps: candidates for f besides the identity: `ByteKey`, `WordKey`, or a `Relabelling` of Y's symbols to X's. One is used
            only if it shortens the code of Y.
    """
    forms = [form_of(f, x, y) for f in (None, *maps)]
    total, done = len(y) + sum(len(x) + len(form.image) for form in forms), 0

    def part(length: int) -> Progress:
        nonlocal done
        done, offset = done + length, done
        return lambda step, of=None, **figures: progress(offset + step, total, **figures)

    alone, separate = encode_separate(y, progress=part(len(y)))
    best: PairBits | None = None
    sides: dict[bytes, _Side] = {}
    for form in forms:
        names = _names(x, form.image)
        key = b"" if names.names is None else bytes(names.names.tolist())
        if key not in sides:
            sides.clear()  # a coder that has learned X takes up to 256 MiB
            sides[key] = _Side.of(names, x, y, forms[-1].image, part(len(x)))
        side = sides[key]
        bits, code = side.encode(form.image, len(y), part(len(form.image)))
        bits += form.bits + form.choice_bits
        found = PairBits(
            x=side.bits, y=alone, y_given_x=bits + CHOICE_BITS, map=form.bits, kind=form.kind, x_code=side.code,
            y_code=bytes([FORMS.index(form.kind)]) + form.code + code, image=form.image, f=form.f,
        )  # fmt: skip
        if best is None or found.y_given_x < best.y_given_x:
            best = found
        if form.kind == "identity" and alone < bits:
            best = replace(
                found, y_given_x=alone + CHOICE_BITS, map=0.0, kind="separate", y_code=b"\0" + separate, f=None
            )  # fmt: skip
    assert best is not None
    return best


def decode_pair(
    x_code: bytes, n: int, y_code: bytes | None, m: int, *, progress: Progress = silent
) -> tuple[np.ndarray, np.ndarray | None]:
    """X, and Y unless its code is None.

    Raises:
        ValueError, IndexError: a code that no encoder wrote.
    """
    alphabet, cursor = read_alphabet(x_code, 0)
    if alphabet.names is not None:
        extras, cursor = read_alphabet(x_code, cursor)
        if extras.names is None or len(alphabet.names) + len(extras.names) > MAX_NAMED:
            raise ValueError("too many symbols beyond X's")
        alphabet = Alphabet(np.concatenate([alphabet.names, extras.names]))
    coder = alphabet.coder()
    ranking, used = ((), 0) if m < MIN_RANKED_SYMBOLS else coder.read_ranking(x_code[cursor:])
    primed = coder.start(n + m, ranking=ranking)
    codes = coder.run_decoder(primed, x_code[cursor + used :], n, progress=progress)
    x = alphabet.bytes_of(codes)
    if y_code is None:
        return x, None
    kind = FORMS[y_code[0]]
    if kind == "separate":
        return x, decode_separate(y_code[1:], m, progress=progress)
    f, cursor = read_map(kind, y_code, 1, x, m)
    fresh = coder.start(f.length, ranking=ranking)
    archive = np.frombuffer(y_code[cursor:], np.uint8).copy()
    registers = arithmetic.fresh_coder()
    arithmetic.open_decoder(registers, archive)
    symbols = np.zeros(f.length, np.uint16)
    primed = with_room(primed, f.length - m)
    _run_two(arithmetic.DECODE, primed, fresh, registers, symbols, archive, np.zeros(3), progress)
    return x, f.inverse(alphabet.bytes_of(symbols))


def encode_separate(y: np.ndarray, *, progress: Progress = silent) -> tuple[float, bytes]:
    """C(Y) and its code: words end as in text, or at Y's commonest symbol; a bit says which."""
    alphabet = Alphabet.of(np.unique(y))
    plans = [TEXT]
    if alphabet.names is not None and 0 < len(y) <= MAX_SECOND_LOOK:
        space = int(np.bincount(alphabet.codes(y)).argmax())
        plans.append(space)
    codes = [
        _separate_coder(alphabet, p, len(y)).measured(alphabet.codes(y), progress=progress)
        for p in plans
    ]
    best = int(np.argmin([bits for bits, _ in codes]))
    bits, code = codes[best]
    return bits + log2(len(plans)), bytes([plans[best]]) + write_alphabet(alphabet) + code


def decode_separate(code: bytes, m: int, *, progress: Progress = silent) -> np.ndarray:
    """Y of `encode_separate`.

    Raises:
        ValueError, IndexError: a code that it did not write.
    """
    alphabet, cursor = read_alphabet(code, 1)
    symbols = _separate_coder(alphabet, code[0], m).decode(code[cursor:], m, progress=progress)
    return alphabet.bytes_of(symbols)


def _separate_coder(alphabet: Alphabet, plan: int, m: int) -> ContextMixing:
    coder = replace(alphabet.coder(), ranked=m >= MIN_RANKED_SYMBOLS)
    if plan == TEXT:
        return coder
    if plan >= coder.size:
        raise ValueError("a space outside the alphabet")
    return replace(coder, words=(plan,))


def mixed_bits(costs: np.ndarray) -> np.ndarray:
    """Code length in bits of every prefix of f(Y) under the mixture that `encode_pair` makes of two experts.

    Args:
        costs: (2, n) bits of each symbol under the coder that has learned X, and under the fresh one.

    Returns:
        (n,) bits of the first 1, 2, ... n symbols.
    """
    totals = [mixture_bits(costs, share / 65536).cumsum() for share in SHARES]
    return log2(len(SHARES)) - np.logaddexp2.reduce(-np.stack(totals), axis=0)


def given_bits(coder: ContextMixing, primed: State, y: np.ndarray) -> tuple[float, float]:
    """Bits of f(Y) by the mixture, and by the fresh coder alone; `primed` has learned X and is used up."""
    costs = np.zeros(3)
    fresh, nothing = coder.start(len(y)), np.zeros(0, np.uint8)
    symbols = np.ascontiguousarray(y, np.uint16)
    _run_two(arithmetic.BITS, primed, fresh, arithmetic.fresh_coder(), symbols, nothing, costs)
    return float(costs[0]), float(costs[2])


@dataclass
class _Side:
    """X coded over an alphabet, and the coder that has learned it."""

    alphabet: Alphabet
    ranking: tuple[int, ...]
    bits: float
    code: bytes
    primed: State

    @classmethod
    def of(
        cls, alphabet: Alphabet, x: np.ndarray, y: np.ndarray, image: np.ndarray, progress: Progress
    ) -> _Side:
        coder, codes = alphabet.coder(), alphabet.codes(x)
        # A short Y is coded best by the plain tree. The ranking is for f(Y), of which `image` is the likeliest.
        short = len(y) < MIN_RANKED_SYMBOLS
        ranking = () if short else ranking_of(coder.size, codes, alphabet.codes(image))
        header = b"" if short else coder.write_ranking(ranking)
        primed = coder.start(len(x) + len(y), ranking=ranking)
        bits, code = coder.run_encoder(primed, codes, progress=progress)
        stated = b"\xff"
        if alphabet.names is not None:
            own = len(np.unique(x))
            stated = write_alphabet(Alphabet(alphabet.names[:own])) + write_alphabet(
                Alphabet(alphabet.names[own:])
            )
        return cls(alphabet, ranking, bits + 8 * len(header), stated + header + code, primed)

    def encode(self, image: np.ndarray, m: int, progress: Progress) -> tuple[float, bytes]:
        """Bits of the mixture, and the code."""
        coder = self.alphabet.coder()
        primed = with_room(copied(self.primed), len(image) - m)
        fresh = coder.start(len(image), ranking=self.ranking)
        code = np.zeros(len(image) * 32 + 8, np.uint8)
        registers, costs = arithmetic.fresh_coder(), np.zeros(3)
        symbols = np.ascontiguousarray(self.alphabet.codes(image), np.uint16)
        _run_two(arithmetic.ENCODE, primed, fresh, registers, symbols, code, costs, progress)
        arithmetic.close_encoder(registers, code)
        return float(costs[0]), code[: registers[arithmetic.CURSOR]].tobytes()


def _names(x: np.ndarray, image: np.ndarray) -> Alphabet:
    """X's bytes, then those that only f(Y) has."""
    own = np.unique(x)
    return Alphabet.of(np.concatenate([own, np.setdiff1d(image, own)]))


def _run_two(mode, primed, fresh, registers, symbols, code, costs, progress=silent) -> None:
    size = EXPERTS * len(SHARES)
    weights = np.full(size, WEIGHT_UNIT // size, np.int64)
    chances, shares = np.zeros(EXPERTS, np.int64), np.array(SHARES, np.int64)
    for begin in range(0, len(symbols), PIECE):
        end = min(begin + PIECE, len(symbols))
        run_two(
            mode, tuple(primed), tuple(fresh), weights, chances, shares, registers, symbols, begin, end,
            code, costs,
        )  # fmt: skip
        progress(end, len(symbols))
