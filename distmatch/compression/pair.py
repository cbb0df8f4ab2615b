"""Two sequences in one archive: X, then Y by one of several experts that may know X."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

import numpy as np

from distmatch.compression.codelength import Code
from distmatch.compression.mapped import MappedCode
from distmatch.compression.mixture import Mixture, Primed
from distmatch.errors import InputError
from distmatch.maps.relabelling import Relabelling
from distmatch.text.bytesymbols import Symbols, pack_alphabet, unpack_alphabet

MODES = ("separate", "identity", "bijection", "homophonic")
"""How Y is coded once X is known: one expert is chosen."""
SHARES = (0.0, 2.0**-6)
"""Of the mixture of the coder that knows X with one that does not: none, or enough to change over along the data."""
EXPERTS = 1 + (len(MODES) - 1) * len(SHARES)
CHOICE_BITS = log2(EXPERTS)

Coders = Callable[[int, tuple[int, ...]], Code]
"""Makes a coder from an alphabet's size and the symbols that end a word."""


def mixing_coders(size: int, breaks: tuple[int, ...]) -> Code:
    """Context mixing over symbols."""
    from distmatch.compression.mixing import ContextMixing

    return ContextMixing(size=max(size, 2), words=breaks, ranked=False)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How Y is coded.

    Args:
        mode: one of `MODES`.
        relabelling: f, unless the mode is "separate".
        space: for the separate code, the symbol that ends words; None for all ASCII but letters.
        share: one of `SHARES`.
    """

    mode: str = "separate"
    relabelling: Relabelling | None = None
    space: int | None = None
    share: float = 0.0

    def after(self, source: Symbols, coder: Code) -> Mixture:
        """The coder of f(Y): one that knows X mixed with one that does not."""
        return Mixture(experts=(Primed(code=coder, by=source.codes), coder), share=self.share)

    def separate(self, target: Symbols, coders: Coders) -> Code:
        """The coder of Y alone."""
        return coders(target.size, target.breaks if self.space is None else (self.space,))


def letters_of(source: Symbols, target: Symbols, mode: str) -> int:
    """Alphabet of X's coder, wide enough for f(Y): symbols beyond X's stand for what X does not have."""
    if mode == "identity":
        return len(np.union1d(source.names, target.names))
    return max(source.size, target.size) if mode == "bijection" else source.size


def identity_of(source: Symbols, target: Symbols) -> Relabelling:
    """f that leaves bytes as they are: those that X lacks are counted on from X's."""
    known = {name: code for code, name in enumerate(source.names.tolist())}
    table = [known.setdefault(name, len(known)) for name in target.names.tolist()]
    return Relabelling(np.array(table, np.int32), len(known), "identity")


def letter_names(source: Symbols, target: Symbols, mode: str) -> np.ndarray:
    """Bytes that the letters of X's coder stand for, as far as they stand for any."""
    if mode != "identity":
        return source.names
    return np.concatenate([source.names, np.setdiff1d(target.names, source.names)])


def pack(source: Symbols, target: Symbols, plan: Plan, coders: Coders) -> bytes:
    """X and Y as bytes: two sections of length, alphabet and code, that of Y with its plan."""
    coder = coders(letters_of(source, target, plan.mode), source.breaks)
    x_code = coder.encode(source.codes) if len(source) else b""
    first = _head(source) + _number(len(x_code)) + x_code
    if not len(target):
        return first + _head(target)
    kind = bytes([MODES.index(plan.mode) * len(SHARES) + SHARES.index(plan.share)])
    if plan.relabelling is None:
        kind += bytes([255 if plan.space is None else plan.space])
        return first + _head(target) + kind + plan.separate(target, coders).encode(target.codes)
    mapped = MappedCode(coder=plan.after(source, coder), map=plan.relabelling)
    code = mapped.encode(target.codes)
    return first + _head(target) + kind + plan.relabelling.to_bytes() + code


def unpack(archive: bytes, coders: Coders = mixing_coders) -> tuple[bytes, bytes]:
    """X and Y that `pack` was given.

    Raises:
        InputError: bytes that are no such archive. A change inside a code may pass: the container's checksum finds it.
    """
    try:
        n, names, cursor = _read_head(archive, 0)
        length, cursor = _read_number(archive, cursor)
        x_code, cursor = archive[cursor : cursor + length], cursor + length
        source = Symbols(names, np.zeros(n, np.uint8))
        y_n, y_names, cursor = _read_head(archive, cursor)
        target = Symbols(y_names, np.zeros(y_n, np.uint8))
        mode_number, share = divmod(archive[cursor], len(SHARES)) if y_n else (0, 0)
        mode = MODES[mode_number]
        coder = coders(letters_of(source, target, mode), source.breaks)
        if n:
            source = Symbols(names, _within(coder.decode(x_code, n), len(names)))
        if not y_n:
            return source.to_bytes(), b""
        cursor += 1
        if mode == "separate":
            plan = Plan(space=None if archive[cursor] == 255 else archive[cursor])
            codes = plan.separate(target, coders).decode(archive[cursor + 1 :], y_n)
        else:
            size = Relabelling.byte_length(target.size, coder.size, mode)
            number = archive[cursor : cursor + size]
            f = Relabelling.from_bytes(number, target.size, coder.size, mode)
            f = identity_of(source, target) if mode == "identity" else f
            plan = Plan(mode=mode, relabelling=f, share=SHARES[share])
            mapped = MappedCode(coder=plan.after(source, coder), map=f)
            codes = mapped.decode(archive[cursor + size :], y_n)
        return source.to_bytes(), Symbols(y_names, _within(codes, len(y_names))).to_bytes()
    except (IndexError, ValueError, OverflowError, MemoryError) as error:
        raise InputError("the archive is damaged") from error


def _within(codes: np.ndarray, size: int) -> np.ndarray:
    if len(codes) and codes.max() >= size:
        raise ValueError("a symbol outside the alphabet")
    return codes


def _head(symbols: Symbols) -> bytes:
    return _number(len(symbols)) + pack_alphabet(symbols.names)


def _read_head(archive: bytes, cursor: int) -> tuple[int, np.ndarray, int]:
    n, cursor = _read_number(archive, cursor)
    if not n:
        return 0, np.zeros(0, np.uint8), cursor
    names, used = unpack_alphabet(archive[cursor:])
    return n, names, cursor + used


def _number(n: int) -> bytes:
    """Seven bits a byte, the last byte below 128."""
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def _read_number(archive: bytes, cursor: int) -> tuple[int, int]:
    n = shift = 0
    while archive[cursor] > 127:
        n |= (archive[cursor] & 127) << shift
        shift += 7
        cursor += 1
    return n | archive[cursor] << shift, cursor + 1
