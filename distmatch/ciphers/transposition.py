"""Transpositions: orders in which the symbols of a grid may have been written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Transposition:
    """A reading order of n symbols written in rows of `width`.

    Args:
        family: "rows", "columns", "boustrophedon", "spiral", "diagonals", "decimation" or "step".
        width: symbols a row.
        sections: rows of each section, read one after the other; empty for one section of all rows.
        down, right: of family "step", a walk over the section as a torus; of "decimation", `right` is the step.
        backwards: each section is read from its end.
    """

    family: str
    width: int
    sections: tuple[int, ...] = ()
    down: int = 0
    right: int = 0
    backwards: bool = False

    def indices(self, n: int) -> np.ndarray:
        """Position in the ciphertext of each symbol in reading order, (n,) int64: a permutation."""
        rows = -(-n // self.width)
        sections = self.sections or (rows,)
        grid = np.arange(rows * self.width).reshape(rows, self.width)
        parts = []
        first = 0
        for height in (*sections, rows - sum(sections)):
            block = grid[first : first + height]
            first += height
            if block.size:
                order = _walk(block, self)
                parts.append(order[::-1] if self.backwards else order)
        whole = np.concatenate(parts)
        return whole[whole < n]

    @cached_property
    def label(self) -> str:
        """The family with its parameters, for people."""
        text = f"{self.family} width {self.width}"
        if self.family in ("step", "decimation"):
            text += f" down {self.down} right {self.right}"
        if self.sections:
            text += f" sections {'+'.join(map(str, self.sections))}"
        return text + (" backwards" if self.backwards else "")


def _walk(block: np.ndarray, how: Transposition) -> np.ndarray:
    rows, columns = block.shape
    if how.family == "columns":
        return block.T.ravel()
    if how.family == "boustrophedon":
        turned = block.copy()
        turned[1::2] = turned[1::2, ::-1]
        return turned.ravel()
    if how.family == "spiral":
        out, rest = [], block
        while rest.size:
            out.append(rest[0])
            rest = np.rot90(rest[1:])
        return np.concatenate(out)
    if how.family == "diagonals":
        flipped = block[:, ::-1]
        return np.concatenate([flipped.diagonal(k) for k in range(columns - 1, -rows, -1)])
    if how.family == "decimation":
        flat = block.ravel()
        return flat[_cycles(flat.size, how.right)]
    if how.family == "step":
        return _torus(block, how.down, how.right)
    return block.ravel()


def _cycles(n: int, step: int) -> np.ndarray:
    """0, step, 2 step ... modulo n; a visited place moves the walk on to the next free one."""
    seen = np.zeros(n, bool)
    order = np.empty(n, np.int64)
    at = 0
    for i in range(n):
        while seen[at]:
            at = (at + 1) % n
        order[i] = at
        seen[at] = True
        at = (at + step) % n
    return order


def _torus(block: np.ndarray, down: int, right: int) -> np.ndarray:
    rows, columns = block.shape
    seen = np.zeros((rows, columns), bool)
    order = np.empty(block.size, np.int64)
    row = column = 0
    for i in range(block.size):
        while seen[row, column]:
            column += 1
            if column == columns:
                row, column = (row + 1) % rows, 0
        order[i] = block[row, column]
        seen[row, column] = True
        row, column = (row + down) % rows, (column + right) % columns
    return order


def candidates(n: int, width: int) -> Iterator[Transposition]:
    """Transpositions of a text of n symbols in rows of `width`: routes, decimations, torus walks, in sections or not.

    Sections are two equal blocks of rows and a rest of at most a fifth, or two blocks, or one.
    """
    rows = -(-n // width)
    splits: list[tuple[int, ...]] = [()]
    splits += [(first,) for first in range(3, rows - 2)]
    splits += [
        (half, half) for half in range(3, rows // 2 + 1) if 0 < rows - 2 * half <= max(rows // 5, 2)
    ]
    for sections in splits:
        for family in ("columns", "boustrophedon", "spiral", "diagonals"):
            yield Transposition(family, width, sections)
            yield Transposition(family, width, sections, backwards=True)
        for down in range(1, 4):
            for right in range(-3, 4):
                if right:
                    yield Transposition("step", width, sections, down, right % width)
    for step in range(2, min(n // 2, 60)):
        yield Transposition("decimation", width, (), 0, step)
