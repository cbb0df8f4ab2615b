"""Compiled reading and writing of vectors as text: one word and d numbers per line."""

from __future__ import annotations

import numpy as np
from numba import njit

OK, RAGGED, NOT_FINITE, ZERO = range(4)
"""What `parse_lines` says of the line where it stopped."""

FLOAT32_MAX = 3.4028235677973362e38
"""Doubles above this round to inf in float32."""
_POWERS = 10.0 ** np.arange(-330, 309, dtype=np.float64)


@njit(cache=True, inline="always")
def _blank(byte: int) -> bool:
    return byte == 32 or byte == 9 or byte == 13


@njit(cache=True)
def _number(data: np.ndarray, start: int, end: int) -> tuple[float, bool]:
    """The decimal number in data[start:end], and whether it is one ("nan" and "inf" are)."""
    i = start
    negative = False
    if i < end and (data[i] == 45 or data[i] == 43):
        negative = data[i] == 45
        i += 1
    mantissa = np.uint64(0)
    digits = 0
    seen = False
    exponent = 0
    after_point = False
    while i < end:
        byte = data[i]
        if 48 <= byte <= 57:
            seen = True
            if digits < 19:
                mantissa = mantissa * np.uint64(10) + np.uint64(byte - 48)
                if mantissa > 0:
                    digits += 1
                if after_point:
                    exponent -= 1
            elif not after_point:
                exponent += 1
        elif byte == 46 and not after_point:
            after_point = True
        else:
            break
        i += 1
    if not seen:
        rest = end - i
        if rest == 3 and (data[i] | 32) == 110 and (data[i + 1] | 32) == 97:
            return np.nan, True
        if (rest == 3 or rest == 8) and (data[i] | 32) == 105 and (data[i + 1] | 32) == 110:
            return np.inf, True
        return 0.0, False
    if i < end and (data[i] | 32) == 101:
        i += 1
        sign = 1
        if i < end and (data[i] == 45 or data[i] == 43):
            sign = -1 if data[i] == 45 else 1
            i += 1
        if i == end:
            return 0.0, False
        power = 0
        while i < end and 48 <= data[i] <= 57:
            power = min(9999, power * 10 + (data[i] - 48))
            i += 1
        exponent += sign * power
    if i != end:
        return 0.0, False
    if mantissa == 0:
        value = 0.0
    elif exponent > 308 - 19:
        value = np.float64(mantissa) * 1e10 * _POWERS[min(exponent - 10, 308) + 330]
    elif exponent < -330:
        value = 0.0
    elif exponent < 0 and exponent >= -22:
        value = np.float64(mantissa) / _POWERS[330 - exponent]  # both exact: correctly rounded
    else:
        value = np.float64(mantissa) * _POWERS[exponent + 330]
    return (-value if negative else value), True


@njit(cache=True)
def _plain_line(data: np.ndarray, position: int, row: np.ndarray) -> tuple[int, int]:
    """Read `word number ... number` whose numbers are plain decimals of at most 18 digits, in one pass.

    Returns:
        end of the word and end of the line, or -1, -1 where the line is anything else.
    """
    i = position
    while data[i] > 32:
        i += 1
    word_end = i
    if word_end == position:
        return -1, -1
    nonzero = False
    for column in range(len(row)):
        if data[i] != 32 and data[i] != 9:
            return -1, -1
        i += 1
        negative = data[i] == 45
        if negative:
            i += 1
        begin = i
        mantissa = np.int64(0)
        while data[i] - 48 < 10 and data[i] >= 48:
            mantissa = mantissa * 10 + (data[i] - 48)
            i += 1
        digits = i - begin
        decimals = 0
        if data[i] == 46:
            begin = i + 1
            i += 1
            while data[i] - 48 < 10 and data[i] >= 48:
                mantissa = mantissa * 10 + (data[i] - 48)
                i += 1
            decimals = i - begin
        if digits + decimals == 0 or digits + decimals > 18:
            return -1, -1
        value = np.float64(mantissa) / _POWERS[decimals + 330]
        row[column] = -value if negative else value
        nonzero |= mantissa != 0
    while data[i] == 32 or data[i] == 13:
        i += 1
    if data[i] != 10 or not nonzero:
        return -1, -1
    return word_end, i


@njit(cache=True)
def parse_lines(
    data: np.ndarray,
    position: int,
    end: int,
    rows: np.ndarray,
    first: int,
    word_start: np.ndarray,
    word_end: np.ndarray,
) -> tuple[int, int, int]:
    """Parse whole lines `word number ... number` into rows until the block or the rows are full.

    The last d fields are the numbers; a word may contain blanks (GloVe has such), but not end in a number.
    Empty lines are skipped.

    Args:
        data: uint8 bytes; each line in [position, end) ends in a newline.
        position: where to begin.
        end: where to stop.
        rows: (n, d) float32, filled from row `first`.
        first: rows filled already.
        word_start: (n,) int64 places of the words in data, filled likewise.
        word_end: (n,) int64.

    Returns:
        rows filled so far, position reached, and the code of the line there (OK if none is wrong).
    """
    d = rows.shape[1]
    row = first
    while position < end and row < len(rows):
        stop, line_end = _plain_line(data, position, rows[row])
        if stop > 0:
            word_start[row] = position
            word_end[row] = stop
            row += 1
            position = line_end + 1
            continue
        line_end = position
        while data[line_end] != 10:
            line_end += 1
        cursor = line_end
        while cursor > position and _blank(data[cursor - 1]):
            cursor -= 1
        if cursor == position:
            position = line_end + 1
            continue
        total = 0.0
        for column in range(d - 1, -1, -1):
            field = cursor
            while field > position and not _blank(data[field - 1]):
                field -= 1
            value, valid = _number(data, field, cursor)
            if not valid or field == position:
                return row, position, RAGGED
            if not abs(value) <= FLOAT32_MAX:
                return row, position, NOT_FINITE
            rows[row, column] = value
            total += abs(value)
            cursor = field
            while cursor > position and _blank(data[cursor - 1]):
                cursor -= 1
        last = cursor
        while last > position and not _blank(data[last - 1]):
            last -= 1
        if cursor == position or (last > position and _number(data, last, cursor)[1]):
            return row, position, RAGGED
        if total == 0.0:
            return row, position, ZERO
        word_start[row] = position
        word_end[row] = cursor
        row += 1
        position = line_end + 1
    return row, position, OK


BYTES_PER_NUMBER = 64
"""Room that `format_row` needs for a number."""


@njit(cache=True)
def format_row(values: np.ndarray, out: np.ndarray) -> int:
    """Write ` value` for each number of a row, 9 significant digits, so that float32 survives exactly.

    Args:
        values: (d,) float32.
        out: uint8 buffer of at least d x `BYTES_PER_NUMBER` bytes.

    Returns:
        bytes written.
    """
    at = 0
    for value in values:
        out[at] = 32
        at += 1
        if value < 0:
            out[at] = 45
            at += 1
        size = abs(np.float64(value))
        if size < 1e-36:
            out[at] = 48
            at += 1
            continue
        decimals = 8 - int(np.floor(np.log10(size)))
        if decimals > 0:
            scaled = np.int64(size * _POWERS[decimals + 330] + 0.5)
            while scaled % 10 == 0:
                scaled //= 10
                decimals -= 1
        else:
            scaled = np.int64(size / _POWERS[330 - decimals] + 0.5)
        zeros = max(0, -decimals)
        point = max(0, decimals)
        width = 1
        power = np.int64(10)
        while power <= scaled:
            power *= 10
            width += 1
        width = max(width, point + 1)
        place = at + width + (1 if point else 0) - 1
        end = place + 1
        for i in range(width):
            if point and i == point:
                out[place] = 46
                place -= 1
            out[place] = 48 + scaled % 10
            scaled //= 10
            place -= 1
        for i in range(zeros):
            out[end + i] = 48
        at = end + zeros
    return at
