"""Third moments of two clouds: the cheapest statistic that tells a rotation from its mirror images.

Nearest partners confirm whatever map found them, so a map that inverts one direction can be a fixed point of
self-learning. Skewness has no partners to agree with: it has the wrong sign along an inverted direction.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numba import njit
from torch import Tensor

from distmatch.transport.procrustes import procrustes

CHUNK = 500
"""Rows at a time in the sums."""
SHIFT = 0.3
"""Share of the present rotation in a step, in units of the slope: an odd form overshoots without it."""


@dataclass(frozen=True)
class ThirdMoments:
    """The third moments of two clouds, each in its own leading principal directions.

    Directions are scaled by the fourth root of their variance: strong ones stay in front, weak ones still count.
    All is held on the CPU, where tensors this small are fastest.
    """

    x: np.ndarray = field(repr=False)
    """(k, k, k) float32."""
    y: np.ndarray = field(repr=False)
    axes_x: Tensor = field(repr=False)
    """(d, k) principal directions of the source."""
    axes_y: Tensor = field(repr=False)
    """(d', k)."""

    @staticmethod
    def of(x: Tensor, y: Tensor, directions: int) -> ThirdMoments:
        """Third moments of centred rows (n, d) and (m, d'), in at most as many directions as both sides have."""
        k = min(directions, x.shape[1], y.shape[1])
        (a, axes_x), (b, axes_y) = (_moments(z, k) for z in (x, y))
        return ThirdMoments(a, b, axes_x, axes_y)

    def with_target(self, y: Tensor) -> ThirdMoments:
        """The same source beside other centred rows (m, d') of the target's dimensions."""
        moments, axes = _moments(y, len(self.x))
        return replace(self, y=moments, axes_y=axes)

    def inside(self, isometry: Tensor) -> np.ndarray:
        """The rotation (k, k) of the leading directions nearest to an isometry (d, d')."""
        return procrustes(self.axes_x.T @ isometry.cpu() @ self.axes_y).numpy()

    def outside(self, rotation: np.ndarray, like: Tensor) -> Tensor:
        """The map (d, d') of rank k that rotates the leading directions, on the device of `like`."""
        return (self.axes_x @ torch.from_numpy(rotation) @ self.axes_y.T).to(like)

    def agreement(self, rotation: np.ndarray) -> float:
        """Cosine between the rotated third moments of x and those of y, -1 to 1."""
        # Not `_slope`, which would cost the first `align` ever 8 s of compiling for 1 ms of work.
        r = rotation
        rotated = np.einsum("ijk,ia,jb,kc->abc", self.x, r, r, r, optimize=True)
        return float((rotated * self.y).sum()) / self._size

    def anneal(
        self,
        rotation: np.ndarray,
        *,
        proposals: int,
        temperature: float = 0.002,
        width: float = 3.0,
        steps: int = 6,
        margin: float = 0.008,
        seed: int,
    ) -> tuple[np.ndarray, float]:
        """Search for the rotation of highest agreement by annealed reflections.

        A proposal inverts a random direction among neighbours in the order of variance, where directions are easily
        confused, and climbs.

        Args:
            rotation: (k, k) to begin with.
            proposals: reflections tried.
            temperature: at the start, in units of agreement; it falls to 0 with the square of what is left.
            width: of the window of principal directions that a reflection mixes.
            steps: of a first climb.
            margin: a first climb that ends so far below the present agreement is not continued.

        Returns:
            the best rotation (k, k) and its agreement.
        """
        best, value = _anneal(
            self.x, self.y, np.ascontiguousarray(rotation), proposals, temperature * self._size, width, steps,
            margin * self._size, seed,
        )  # fmt: skip
        return best, value / self._size

    @property
    def _size(self) -> float:
        return max(float(np.linalg.norm(self.x) * np.linalg.norm(self.y)), 1e-30)


def _moments(z: Tensor, k: int) -> tuple[np.ndarray, Tensor]:
    """Third moments (k, k, k) of scaled principal coordinates, and the directions (d, k)."""
    values, axes = torch.linalg.eigh(z.T @ z / len(z))
    axes = axes.flip(1)[:, :k]
    scale = values.flip(0)[:k].clamp(min=float(values[-1]) * 1e-6) ** -0.25
    total = z.new_zeros(k, k * k)
    for part in (z @ (axes * scale)).split(CHUNK):
        total += part.T @ (part[:, :, None] * part[:, None, :]).reshape(len(part), -1)
    return (total / len(z)).reshape(k, k, k).float().cpu().numpy(), axes.float().cpu()


@njit(cache=True, fastmath=True)
def _anneal(x, y, rotation, proposals, temperature, width, steps, margin, seed):
    np.random.seed(seed)
    k = len(rotation)
    here, value = _climb(x, y, rotation, 10 * steps)
    best, top = here, value
    for number in range(proposals):
        heat = temperature * (1 - number / proposals) ** 2
        centre = np.random.random() * k
        direction = np.empty(k, np.float32)
        for i in range(k):
            direction[i] = np.random.normal() * np.exp(-0.5 * ((i - centre) / width) ** 2)
        direction /= np.float32(np.sqrt((direction * direction).sum()))
        there = here - np.float32(2) * np.outer(np.dot(here, direction), direction)
        there, found = _climb(x, y, there, steps)
        if found > value - margin:
            there, found = _climb(x, y, there, 2 * steps)
        if found > value or (heat > 0 and found > value + heat * np.log(np.random.random())):
            here, value = there, found
            if value > top:
                best, top = here, value
    return _climb(x, y, best, 10 * steps)


@njit(cache=True, fastmath=True)
def _climb(x, y, rotation, steps):
    """Steps to the polar factor of the shifted slope; the rotation and the unscaled agreement."""
    slope = _slope(x, y, rotation)
    for _ in range(steps):
        scale = np.sqrt(len(rotation)) / max(np.sqrt((slope * slope).sum()), 1e-30)
        rotation = _polar(slope * np.float32(scale) + np.float32(SHIFT) * rotation)
        slope = _slope(x, y, rotation)
    return rotation, (slope * rotation).sum()


@njit(cache=True, fastmath=True)
def _slope(x, y, rotation):
    """A third of the gradient of <rotated x, y> by the rotation, (k, k)."""
    k = len(rotation)
    once = np.dot(x.reshape(k * k, k), rotation).reshape(k, k, k)
    twice = np.empty((k, k, k), np.float32)
    back = np.ascontiguousarray(rotation.T)
    for i in range(k):
        twice[i] = np.dot(back, once[i])
    return np.dot(twice.reshape(k, k * k), np.ascontiguousarray(y.reshape(k, k * k).T))


@njit(cache=True, fastmath=True)
def _polar(matrix):
    """Orthogonal polar factor by Newton-Schulz steps, of which the first, of order five, lift small singular values."""
    k = len(matrix)
    z = matrix / np.float32(max(np.sqrt((matrix * matrix).sum()), 1e-30))
    for _ in range(60):
        square = np.dot(np.ascontiguousarray(z.T), z)
        off = 0.0
        for i in range(k):
            for j in range(k):
                off += (square[i, j] - (1.0 if i == j else 0.0)) ** 2
        if off < 1e-5:
            break
        if off > 0.3 * k:
            fourth = np.dot(square, square)
            z = np.float32(3.4445) * z - np.dot(
                z, np.float32(4.775) * square - np.float32(2.0315) * fourth
            )
        else:
            z = np.float32(1.5) * z - np.float32(0.5) * np.dot(z, square)
    return z
