"""Transpositions: orders in which the symbols of a grid may have been written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from distmatch.errors import InputError

FAMILIES = (
    "rows", "columns", "boustrophedon", "spiral", "diagonals", "decimation", "step", "keyed",
)  # fmt: skip


@dataclass(frozen=True)
class Transposition:
    """A reading order of n symbols written in rows of `width`.

    Args:
        family: one of `FAMILIES`.
        width: symbols per row.
        sections: rows of each section, read one after the other; empty for one section of all rows.
        down, right: of family "step", a walk over the section as a torus; of "decimation", `right` is the step.
        backwards: each section is read from its end.
        order: of family "keyed", the columns in the order in which they were written out, one after the other.
    """

    family: str
    width: int
    sections: tuple[int, ...] = ()
    down: int = 0
    right: int = 0
    backwards: bool = False
    order: tuple[int, ...] = ()

    def indices(self, n: int) -> np.ndarray:
        """Position in the ciphertext of each symbol in reading order, (n,) int64: a permutation."""
        if self.family == "keyed":
            return _keyed(n, self.order)
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
        if self.order:
            text += f" order {','.join(map(str, self.order))}"
        if self.sections:
            text += f" sections {'+'.join(map(str, self.sections))}"
        return text + (" backwards" if self.backwards else "")


def parse_transposition(written: str) -> Transposition:
    """A transposition as `label` writes it: `step width 17 down 1 right 2 sections 9+9 backwards`.

    Raises:
        InputError: unknown family or word, or a number missing.
    """
    family, *rest = written.split() or [""]
    if family not in FAMILIES:
        raise InputError(
            f"unknown transposition {family!r}. Families: {' '.join(FAMILIES)}; such as "
            "'step width 17 down 1 right 2 sections 9+9'"
        )
    values: dict[str, tuple[int, ...]] = {}
    backwards = "backwards" in rest
    words = [word for word in rest if word != "backwards"]
    if len(words) % 2:
        raise InputError(f"transposition {written!r}: {words[-1]!r} has no value")
    for name, value in zip(words[::2], words[1::2], strict=True):
        parts = re.split(r"[+,]", value)
        if name not in ("width", "down", "right", "sections", "order") or not all(
            part.lstrip("-").isdigit() for part in parts
        ):
            raise InputError(
                f"transposition {written!r}: {name} {value} is not understood. Use width, down, right, sections 9+9, order 2,0,1"
            )
        values[name] = tuple(map(int, parts))
    order = values.get("order", ())
    width = values.get("width", (len(order) or 0,))[0]
    sections = values.get("sections", ())
    if width < 1 or any(part < 1 for part in sections):
        raise InputError(f"transposition {written!r}: give a width and sections of at least 1")
    if family == "keyed" and sorted(order) != list(range(width)):
        raise InputError(
            f"transposition {written!r}: order must name each column from 0 to {width - 1} once"
        )
    down, right = values.get("down", (0,))[0], values.get("right", (0,))[0]
    if (family == "step" and not (down or right)) or (family == "decimation" and right < 1):
        raise InputError(f"transposition {written!r}: family {family} needs 'right' (and 'down')")
    return Transposition(family, width, sections, down, right % width if family == "step" else right, backwards, order)  # fmt: skip


def _keyed(n: int, order: tuple[int, ...]) -> np.ndarray:
    """Position in the ciphertext of each plain place: columns of a grid written out in a secret order."""
    width = len(order)
    rows = np.arange(n) // width
    columns = np.arange(n) % width
    heights = np.bincount(columns, minlength=width)
    begin = np.zeros(width, np.int64)
    at = 0
    for column in order:
        begin[column] = at
        at += heights[column]
    return begin[columns] + rows


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
        for down in range(1, 5):
            for right in range(-4, 5):
                if right:
                    yield Transposition("step", width, sections, down, right % width)
    for step in range(2, min(n // 2, 60)):
        yield Transposition("decimation", width, (), 0, step)
