"""Two byte strings as one code: X, then Y by a mixture of a fresh coder and one that has learned X, through f."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from distmatch.compression import arithmetic
from distmatch.compression.decisions import FEWEST, ranking_of
from distmatch.compression.mixing import PIECE, ContextMixing
from distmatch.compression.mixture import UNIT, run_two
from distmatch.compression.predictor import State
from distmatch.compression.states import copied
from distmatch.maps.bytekey import ByteKey
from distmatch.progress import Progress, silent


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
    key: ByteKey | None = field(repr=False, default=None)

    @property
    def delta(self) -> float:
        """C(X) + C(Y) - C(X∘Y): at least -1 bit for the choice of the expert, and -1 for that of f."""
        return self.y - self.y_given_x


def encode_pair(
    x: np.ndarray,
    y: np.ndarray,
    *,
    key: ByteKey | None = None,
    coder: ContextMixing | None = None,
    progress: Progress = silent,
) -> PairBits:
    """Code lengths and both archives of a pair, in one pass over X and one over Y.

    Args:
        x: (n,) uint8.
        y: (m,) uint8.
        key: f; it is used only if it shortens the code of Y.
        coder: of bytes.
    """
    coder = coder or ContextMixing()
    total = len(x) + len(y) * (1 if key is None else 2)

    def after(offset: int) -> Progress:
        return lambda done, of=None, **figures: progress(offset + done, total, **figures)

    # A short Y is coded best by the plain tree, alone and after X: its C(Y) must not be flattered.
    ranking = () if len(y) < FEWEST else ranking_of(256, x, y if key is None else key(y))
    header = coder.write_ranking(ranking)
    primed = coder.start(len(x) + len(y), ranking=ranking)
    x_bits, x_code = coder.run_encoder(primed, x, progress=after(0))
    x_bits, x_code = x_bits + 8 * len(header), header + x_code
    before = primed if key is None else copied(primed)
    plain = _encode_second(coder, before, y, ranking, after(len(x)))
    choice = 1.0
    if key is not None:
        alphabet = np.unique(x)
        cost = key.bits(alphabet)
        mapped = _encode_second(coder, primed, key(y), ranking, after(len(x) + len(y)))
        if mapped[0] + cost < plain[0]:
            code = key.to_bytes(alphabet)
            return PairBits(
                x=x_bits, y=plain[1], y_given_x=mapped[0] + cost + choice, map=cost, x_code=x_code,
                y_code=bytes([len(code)]) + code + mapped[2], key=key,
            )  # fmt: skip
    return PairBits(
        x=x_bits, y=plain[1], y_given_x=plain[0] + choice, map=0.0, x_code=x_code,
        y_code=bytes([0]) + plain[2],
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
    if not y_code:
        raise ValueError("no code of Y")
    length = y_code[0]
    key = ByteKey.from_bytes(y_code[1 : 1 + length], np.unique(x)) if length else None
    fresh = coder.start(m, ranking=ranking)
    archive = np.frombuffer(y_code[1 + length :], np.uint8).copy()
    registers = arithmetic.fresh_coder()
    arithmetic.open_decoder(registers, archive)
    symbols = np.zeros(m, np.uint16)
    _run_two(
        arithmetic.DECODE, coder, primed, fresh, registers, symbols, archive, np.zeros(3), progress
    )
    y = symbols.astype(np.uint8)
    return x, y if key is None else key.inverse(y)


def given_bits(coder: ContextMixing, primed: State, y: np.ndarray) -> tuple[float, float]:
    """Bits of Y by the mixture after X, and alone; `primed` has learned X and is used up."""
    symbols = np.ascontiguousarray(y, np.uint16)
    costs = np.zeros(3)
    _run_two(
        arithmetic.BITS, coder, primed, coder.start(len(y)), arithmetic.fresh_coder(), symbols,
        np.zeros(0, np.uint8), costs, silent,
    )  # fmt: skip
    return float(costs[0]) + 1.0, float(costs[2])


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
    weights = np.full(2, UNIT // 2, np.int64)
    chances = np.zeros(2, np.int64)
    for begin in range(0, len(symbols), PIECE):
        end = min(begin + PIECE, len(symbols))
        run_two(
            mode, tuple(primed), tuple(fresh), weights, chances, 0, registers, symbols, begin, end,
            code, costs,
        )  # fmt: skip
        progress(end, len(symbols))
