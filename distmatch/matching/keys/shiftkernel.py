"""Compiled coordinate ascent over the shifts of one period."""

from __future__ import annotations

import numba
import numpy as np

from distmatch.matching.symbols.heatbath import add_block, strides


@numba.njit(cache=True, nogil=True)
def _column_costs(
    codes, plain, column, period, sign_cipher, sign_key, table, stride, order, size, packed, lanes, wide, rows, slots, totals
):  # fmt: skip
    """Cost of every shift of one column over the windows that hold its letters, into `totals` (A,)."""
    n = len(codes)
    place = size ** (order - 1)
    totals[:] = 0
    for t in range(column, n, period):
        used = 0
        for w in range(max(t - order + 1, 0), min(t, n - order) + 1):
            row = (t - w) * place
            for k in range(order):
                row += stride[t - w, k] * plain[w + k]
            rows[used] = row
            used += 1
        wide[:] = 0
        add_block(table, rows, slots, 0, used, 1, 0, packed, lanes, wide)
        for shift in range(size):
            totals[shift] += wide[(sign_cipher * codes[t] + sign_key * shift) % size]


@numba.njit(cache=True, nogil=True)
def _best_shift(codes, plain, column, period, sign_cipher, sign_key, cost, order, size, before):
    """The best shift of one column, each tried on every window; `plain` is left with the last one tried."""
    n = len(codes)
    lowest = 1 << 40
    chosen = before
    for shift in range(size):
        for t in range(column, n, period):
            plain[t] = (sign_cipher * codes[t] + sign_key * shift) % size
        total = 0
        last = -1
        for t in range(column, n, period):
            for w in range(max(t - order + 1, last + 1), min(t, n - order) + 1):
                index = 0
                for k in range(order):
                    index = index * size + plain[w + k]
                total += cost[index]
                last = w
        if total < lowest:
            lowest = total
            chosen = shift
    return chosen


@numba.njit(cache=True, nogil=True)
def ascend_shifts(
    codes,
    sign_cipher,
    sign_key,
    period,
    table,
    cost,
    order,
    size,
    unigram,
    starts,
    seed,
    best_shifts,
):
    """Coordinate ascent over the shifts of one period.

    Args:
        codes: (n,) int32 cipher letters; plain = sign_cipher * cipher + sign_key * shift, modulo `size`.
        table: `Language.place_costs` of the same order for alphabets of at most 32 letters, else empty: with it, all
            shifts of a column are weighed at once wherever no window holds two letters of a column.
        cost: flat n-gram costs; unigram: (A,) costs of letters.
        starts: the first fits each column's letters alone, the others are random.
        best_shifts: (period,) int32, filled.

    Returns:
        The cost of the best shifts, and how many starts ended there.
    """
    n = len(codes)
    np.random.seed(seed)
    plain = np.empty(n, np.int64)
    shifts = np.zeros(period, np.int32)
    packable = len(table) > 0 and period >= order and size <= 32
    stride = strides(order, size)
    packed = np.zeros(8, np.uint64)
    lanes = packed.view(np.uint16)
    wide = np.zeros(32, np.int32)
    rows = np.zeros(order, np.int32)
    slots = np.arange(order)
    totals = np.zeros(size, np.int64)
    best = 1 << 40
    agreeing = 0
    for start in range(starts):
        for column in range(period):
            if start == 0:
                lowest = 1e30
                for shift in range(size):
                    total = 0.0
                    for t in range(column, n, period):
                        total += unigram[(sign_cipher * codes[t] + sign_key * shift) % size]
                    if total < lowest:
                        lowest = total
                        shifts[column] = shift
            else:
                shifts[column] = np.random.randint(size)
        for t in range(n):
            plain[t] = (sign_cipher * codes[t] + sign_key * shifts[t % period]) % size
        improved = True
        while improved:
            improved = False
            for column in np.random.permutation(period):
                before = shifts[column]
                if packable:
                    _column_costs(
                        codes, plain, column, period, sign_cipher, sign_key, table, stride, order, size, packed, lanes, wide,
                        rows, slots, totals,
                    )  # fmt: skip
                    chosen = np.argmin(totals)
                else:
                    chosen = _best_shift(
                        codes,
                        plain,
                        column,
                        period,
                        sign_cipher,
                        sign_key,
                        cost,
                        order,
                        size,
                        before,
                    )
                for t in range(column, n, period):
                    plain[t] = (sign_cipher * codes[t] + sign_key * chosen) % size
                shifts[column] = chosen
                if chosen != before:
                    improved = True
        whole = 0
        for w in range(n - order + 1):
            index = 0
            for k in range(order):
                index = index * size + plain[w + k]
            whole += cost[index]
        if whole < best:
            best = whole
            best_shifts[:] = shifts
            agreeing = 1
        elif whole == best:
            agreeing += 1
    return best, agreeing
