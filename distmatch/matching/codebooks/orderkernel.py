"""Sums over the orders of alphabetical codes: forward and backward passes over a Laplace kernel, compiled."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def forward(emission, x, gaps, slopes):
    """(n, S) forward sums of the chain, each normalised, and the log likelihood; arguments as in `forward_backward`."""
    n, size = emission.shape
    ahead = np.empty((n, size), np.float32)
    total = emission[0].sum()
    log = np.log(total)
    ahead[0] = emission[0] / total
    buffer = np.empty(size)
    for i in range(1, n):
        _spread(ahead[i - 1], x, gaps[i - 1], slopes[i - 1], buffer)
        buffer *= emission[i]
        total = max(buffer.sum(), 1e-300)
        log += np.log(total)
        ahead[i] = buffer / total
    return ahead, log


@numba.njit(cache=True, nogil=True)
def forward_backward(emission, x, gaps, slopes):
    """(n, S) posterior of the states of a chain whose steps are Laplace about the gaps, and upwards.

    Args:
        emission: (n, S).
        x: (S,) rising places of the states.
        gaps, slopes: (n - 1,) expected steps, and one over their scales.
    """
    n, size = emission.shape
    ahead, _ = forward(emission, x, gaps, slopes)
    buffer = np.empty(size)
    mirrored = -x[::-1].copy()
    back = np.ones(size)
    for i in range(n - 2, -1, -1):
        back *= emission[i + 1]
        back /= max(back.sum(), 1e-300)
        _spread(back[::-1].copy(), mirrored, gaps[i], slopes[i], buffer)
        back = buffer[::-1].copy()
        ahead[i] *= back
        ahead[i] /= max(ahead[i].sum(), 1e-300)
    return ahead


@numba.njit(cache=True, nogil=True, fastmath=True)
def _spread(mass, x, gap, slope, out):
    """out[s] = sum over r < s of mass[r] exp(-slope |x[s] - x[r] - gap|); 0 where that is of no account.

    Masses below 1e-14 and distances beyond exp(-35), about 1e-15, are lost in the rounding of the sum.
    """
    out[:] = 0.0
    far = 35.0 / slope
    size = len(x)
    first, last = 0, size - 1
    while first < size - 1 and mass[first] < 1e-14:
        first += 1
    while last > first and mass[last] < 1e-14:
        last -= 1
    begin = max(first, np.searchsorted(x, x[first] + gap - far))
    end = min(size, np.searchsorted(x, x[last] + gap + far) + 1)
    below = 0.0  # masses up to y, seen from y
    r = first
    fade = np.empty(size)
    for s in range(begin + 1, end):
        fade[s] = np.exp(-slope * (x[s] - x[s - 1]))
    for s in range(begin, end):
        y = x[s] - gap
        if s > begin:
            below *= fade[s]
        while r < s and r <= last and x[r] <= y:
            if mass[r] > 1e-14 and y - x[r] < far:
                below += mass[r] * np.exp(-slope * (y - x[r]))
            r += 1
        out[s] = below
    above = 0.0  # masses above y, seen from y
    rest = 0.0  # masses from s on, seen from x[s]
    back = np.exp(-slope * gap) if gap < far else 0.0
    r = last
    t = last
    for s in range(end - 1, begin - 1, -1):
        y = x[s] - gap
        if s < end - 1:
            above *= fade[s + 1]
            rest *= fade[s + 1]
        while t >= s:
            if x[t] - x[s] < far:
                rest += mass[t] * np.exp(-slope * (x[t] - x[s]))
            t -= 1
        while r >= first and x[r] > y:
            if mass[r] > 1e-14 and x[r] - y < far:
                above += mass[r] * np.exp(-slope * (x[r] - y))
            r -= 1
        out[s] += max(above - rest * back, 0.0)
