"""Two byte strings as one code: X, then Y by a mixture of a fresh coder and one that has learned X, through f."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log2

import numpy as np

from distmatch.compression import arithmetic
from distmatch.compression.decisions import FEWEST, ranking_of
from distmatch.compression.mapcode import NUMBERS, ByteMap, map_bits, read_map, write_map
from distmatch.compression.mixing import PIECE, ContextMixing
from distmatch.compression.predictor import State
from distmatch.compression.states import copied, with_room
from distmatch.compression.switching import UNIT, run_two
from distmatch.progress import Progress, silent

EXPERTS = 2
"""The coder that has learned X and the one that has not."""
SHARES = (0, 4096)
"""Shares, in 1/65536, of the mixtures of the experts."""
CHOICE_BITS = log2(len(NUMBERS))
"""To say which kind of f Y is coded through, if any."""
LEAST_DELTA = -CHOICE_BITS - log2(EXPERTS * len(SHARES))
"""What Y loses if X tells nothing: the choice of f, and that of one of the experts of the mixture."""


@dataclass(frozen=True, kw_only=True)
class PairBits:
    """Code lengths in bits of X, and of Y after it. Container, names and checksums are not in them."""

    x: float
    y: float
    """Of Y alone, by the fresh coder."""
    y_given_x: float
    """Of Y by the mixture, f included."""
    map: float
    """Of f, 0 if none is used."""
    x_code: bytes = field(repr=False)
    y_code: bytes = field(repr=False)
    """f, then the symbols of f(Y)."""
    f: ByteMap | None = field(repr=False, default=None)

    @property
    def delta(self) -> float:
        """C(X) + C(Y) - C(X∘Y), at least -log2 of the number of experts: see `LEAST_DELTA`."""
        return self.y - self.y_given_x


def encode_pair(
    x: np.ndarray,
    y: np.ndarray,
    *,
    maps: Sequence[ByteMap] = (),
    coder: ContextMixing | None = None,
    progress: Progress = silent,
) -> PairBits:
    """Code lengths and both archives of a pair, in one pass over X and one over Y for each map and for none.

    Args:
        x: (n,) uint8.
        y: (m,) uint8.
        maps: candidates for f; one is used only if it shortens the code of Y.
        coder: of bytes.
    """
    coder = coder or ContextMixing()
    images = [y, *(f(y) for f in maps)]
    total = len(x) + sum(map(len, images))
    # A short Y is coded best by the plain tree, alone and after X: its C(Y) must not be flattered.
    ranking = () if len(y) < FEWEST else ranking_of(256, x, images[-1])
    if ranking:
        total += len(y)
    done = 0

    def after(length: int) -> Progress:
        nonlocal done
        done, offset = done + length, done
        return lambda part, of=None, **figures: progress(offset + part, total, **figures)

    header = coder.write_ranking(ranking)
    primed = coder.start(len(x) + len(y), ranking=ranking)
    x_bits, x_code = coder.run_encoder(primed, x, progress=after(len(x)))
    x_bits, x_code = x_bits + 8 * len(header), header + x_code
    best: tuple[float, float, bytes, ByteMap | None] | None = None
    alone = 0.0
    for f, image in zip((None, *maps), images, strict=True):
        before = primed if f is (maps[-1] if maps else None) else copied(primed)
        before = with_room(before, len(image) - len(y))
        cost = 0.0 if f is None else map_bits(f, x)
        bits, fresh, code = _encode_second(coder, before, image, ranking, after(len(image)))
        if f is None:
            alone = fresh
        if best is None or bits + cost < best[0]:
            best = bits + cost, cost, write_map(f, x, len(image)) + code, f
    if ranking:
        # The tree suits X and f(Y); C(Y) is the length of Y's own archive.
        alone = min(alone, coder.measured(y, progress=after(len(y)))[0])
    assert best is not None
    return PairBits(
        x=x_bits, y=alone, y_given_x=best[0] + CHOICE_BITS, map=best[1], x_code=x_code, y_code=best[2], f=best[3],
    )  # fmt: skip


def decode_pair(
    x_code: bytes,
    n: int,
    y_code: bytes | None,
    m: int,
    *,
    coder: ContextMixing | None = None,
    progress: Progress = silent,
) -> tuple[np.ndarray, np.ndarray | None]:
    """X, and Y unless its code is None.

    Raises:
        ValueError: a code that no encoder wrote.
    """
    coder = coder or ContextMixing()
    ranking, cursor = coder.read_ranking(x_code)
    primed = coder.start(n + m, ranking=ranking)
    x = coder.run_decoder(primed, x_code[cursor:], n, progress=progress)
    if y_code is None:
        return x, None
    f, mapped, cursor = read_map(y_code, x, m)
    primed = with_room(primed, mapped - m)
    fresh = coder.start(mapped, ranking=ranking)
    archive = np.frombuffer(y_code[cursor:], np.uint8).copy()
    registers = arithmetic.fresh_coder()
    arithmetic.open_decoder(registers, archive)
    symbols = np.zeros(mapped, np.uint16)
    _run_two(
        arithmetic.DECODE, coder, primed, fresh, registers, symbols, archive, np.zeros(3), progress
    )
    y = symbols.astype(np.uint8)
    return x, y if f is None else f.inverse(y)


def given_bits(coder: ContextMixing, primed: State, y: np.ndarray) -> tuple[float, float]:
    """Bits of Y by the mixture after X, and alone; `primed` has learned X and is used up."""
    symbols = np.ascontiguousarray(y, np.uint16)
    costs = np.zeros(3)
    _run_two(
        arithmetic.BITS, coder, primed, coder.start(len(y)), arithmetic.fresh_coder(), symbols,
        np.zeros(0, np.uint8), costs, silent,
    )  # fmt: skip
    return float(costs[0]) + CHOICE_BITS, float(costs[2])


def _encode_second(coder, primed, y, ranking, progress) -> tuple[float, float, bytes]:
    """Bits of the mixture, of the fresh coder alone, and the archive."""
    code = np.zeros(len(y) * 32 + 8, np.uint8)
    registers = arithmetic.fresh_coder()
    costs = np.zeros(3)
    symbols = np.ascontiguousarray(y, np.uint16)
    fresh = coder.start(len(y), ranking=ranking)
    _run_two(arithmetic.ENCODE, coder, primed, fresh, registers, symbols, code, costs, progress)
    arithmetic.close_encoder(registers, code)
    mixture, _, alone = costs.tolist()
    return mixture, alone, code[: registers[arithmetic.CURSOR]].tobytes()


def _run_two(mode, coder, primed, fresh, registers, symbols, code, costs, progress) -> None:
    size = EXPERTS * len(SHARES)
    weights = np.full(size, UNIT // size, np.int64)
    chances, shares = np.zeros(EXPERTS, np.int64), np.array(SHARES, np.int64)
    for begin in range(0, len(symbols), PIECE):
        end = min(begin + PIECE, len(symbols))
        run_two(
            mode, tuple(primed), tuple(fresh), weights, chances, shares, registers, symbols, begin, end,
            code, costs,
        )  # fmt: skip
        progress(end, len(symbols))
