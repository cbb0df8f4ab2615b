"""Code lengths of vectors: what a cloud Y costs alone, and given the mapped cloud f(X).

Everything is prequential, so no parameter but the map is charged: row t is coded with a density that depends on the
rows before it. Alone, Y is coded by the exact Bayes mixture over all Gaussians and by regression on its own earlier
rows; given f(X), a row may also be near the image of some row of X, which costs the choice of that row.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, log2, pi

import numpy as np

from distmatch.compression.linearcode import SCALE_BITS, quantize_map

MAP_CHOICE_BITS = 1.0
"""Bits to say whether the map is used at all."""
BLOCK_ROWS = 512
"""Rows of Y scored at once: bounds memory at rows x len(X) floats."""
MIN_NOISE = 1e-4
"""Variance of the noise that is added, relative to an entry's mean square: float32 distances stay exact enough."""
RANK_WIDTH = 1.0
"""Spread of the difference of log ranks of translations, in nats."""


@dataclass(frozen=True, kw_only=True)
class VectorCode:
    """Code lengths of Y's vectors in bits, at a stated precision of the entries."""

    separate: float
    """Y alone."""
    conditional: float
    """Y given f(X), the map free, the choice of using it included; never above `separate` + 1."""
    map: float
    """The map, as it is used (quantised); 0 if it was not worth its bits."""
    step: float
    """Quantisation step of the map's parameters."""
    offered: tuple[float, float]
    """Bits that the map would save on Y if it were known, and bits of the map, used or not."""

    @property
    def delta(self) -> float:
        """Bits that X saves on Y, map and choice charged: at least -1."""
        return self.separate - self.conditional - self.map


def alignment_code(
    source: np.ndarray,
    target: np.ndarray,
    matrix: np.ndarray,
    *,
    ranked: bool = True,
    precision: float = 2.0**-10,
    step: float | None = None,
) -> VectorCode:
    """Δ of a word alignment in bits: the target alone against the target given the mapped source.

    Args:
        source: (m, d') rows of X, normalised as the map expects.
        target: (n, d) rows of Y.
        matrix: (d', d), applied on the right of source rows; coded at half the price if it is orthogonal.
        ranked: whether rows of both sides go by frequency, so that ranks help to name the row of X.
        precision: step to which the target's entries are coded; cancels in the difference.
        step: quantisation step of the map's parameters, a power of two; None balances its cost and its use.
    """
    if step is None:
        # A parameter's error s / sqrt(12) costs n s^2 |x|^2 / (24 ln 2 noise) bits and saves log2(1 / s).
        norm = float((source.astype(np.float64) ** 2).sum(axis=1).mean())
        noise = 0.5 * float(target.astype(np.float64).var())
        step = 2.0 ** round(0.5 * log2(12 * noise / max(len(target) * norm / len(matrix), 1e-12)))
    rounded, bits = quantize_map(matrix, step)
    separate = vector_bits(target, precision=precision)
    mapped = vector_bits(target, given=source @ rounded, ranked=ranked, precision=precision)
    used = mapped + bits < separate
    return VectorCode(
        separate=separate, conditional=(mapped if used else separate) + MAP_CHOICE_BITS, map=bits if used else 0.0,
        step=step, offered=(separate - mapped, bits),
    )  # fmt: skip


def vector_bits(
    vectors: np.ndarray,
    *,
    given: np.ndarray | None = None,
    ranked: bool = True,
    precision: float = 2.0**-10,
) -> float:
    """Code length in bits of the rows of a matrix, each entry to `precision`.

    Args:
        vectors: (n, d), coded in order.
        given: (m, d) rows that are known and some of which may be near rows of `vectors`, such as f(X);
            which row goes with which is not known and is paid for.
        ranked: whether both go by frequency, the most frequent first.
        precision: step of an entry; halving it costs one bit an entry.
    """
    y = np.asarray(vectors, np.float64)
    n, d = y.shape
    if n == 0:
        return 0.0
    scale = float(np.mean(y**2)) or 1.0
    scale = 2.0 ** (round(log2(scale) * 1024) / 1024)
    y = y / scale**0.5
    clouds = [_Neighbours(d)]
    if given is not None and len(given):
        cloud = np.asarray(given, np.float64)
        norm = float((cloud**2).mean()) or 1.0
        clouds.append(_Neighbours(d, cloud=cloud / norm**0.5, ranked=ranked))
    gaussian = gaussian_log2(y)
    used = np.full(1 + len(clouds), 0.5)  # Krichevsky-Trofimov counts of the experts
    total = 0.0
    start, size = 0, 32
    while start < n:
        block = slice(start, min(start + size, n))
        experts = [gaussian[block]] + [c.log2(y, block) for c in clouds]
        scores = np.stack(experts, axis=1) + np.log2(used / used.sum())
        joint = _logsumexp2(scores, axis=1)
        total -= float(joint.sum())
        share = np.exp2(scores - joint[:, None])
        used = used + share.sum(axis=0)
        for column, cloud in enumerate(clouds, start=1):
            cloud.learn(y, block, share[:, column])
        start, size = block.stop, max(32, block.stop // 3)
    return total + SCALE_BITS + n * d * (0.5 * log2(scale) - log2(precision))


def gaussian_log2(y: np.ndarray) -> np.ndarray:
    """log2 density of each row given the rows before it, (n,), under the Bayes mixture of all Gaussians.

    The prior is normal-inverse-Wishart with identity scale and the fewest degrees of freedom that have a mean
    (Murphy 2007, section 9), so rows are multivariate t and the sum is the exact marginal likelihood.

    Args:
        y: (n, d), scaled so that entries have mean square 1.
    """
    n, d = y.shape
    kappa, nu = 1.0, d + 2.0
    mean, inverse, logdet = np.zeros(d), np.eye(d), 0.0
    out = np.empty(n)
    for t in range(n):
        freedom = nu - d + 1.0
        widening = (kappa + 1.0) / kappa
        r = y[t] - mean
        u = inverse @ r
        distance = float(r @ u) / widening
        out[t] = (
            lgamma((freedom + d) / 2) - lgamma(freedom / 2) - 0.5 * d * log(pi * widening)
            - 0.5 * logdet - 0.5 * (freedom + d) * np.log1p(distance)
        )  # fmt: skip
        # S gains r r' / widening: inverse and determinant by Sherman-Morrison.
        inverse -= np.outer(u, u / (widening + float(r @ u)))
        logdet += np.log1p(distance)
        mean = mean + r / (kappa + 1.0)
        kappa, nu = kappa + 1.0, nu + 1.0
    return out / log(2)


class _Neighbours:
    """Density of a row as a mixture over images of a cloud's rows: y near A x + b for some x.

    The posterior of A, b and the noise is matrix-normal-inverse-Wishart with prior mean A = a I, learned from earlier
    rows with soft assignment; the predictive of each component is a multivariate t. Without a cloud, the rows coded
    before take its place.
    """

    PULL = 10.0
    """Prior precision of A, in rows of unit mean square an entry, times the dimension."""

    def __init__(self, d: int, *, cloud: np.ndarray | None = None, ranked: bool = False) -> None:
        self.d, self.cloud, self.ranked = d, cloud, ranked
        prior = np.vstack([0.7 * np.eye(d), np.zeros((1, d))])
        self.precision = np.diag(np.r_[np.full(d, self.PULL * d), 1.0])
        self.cross = self.precision @ prior
        self.square = 0.5 * np.eye(d) + prior.T @ self.cross
        self.nu = d + 2.0
        self.by_rank = np.array([0.5, 0.5])  # counts of rows named by rank, and uniformly
        self.kept: list[tuple[np.ndarray, ...]] = []

    def _rows(self, y: np.ndarray, block: slice) -> np.ndarray:
        return y[: block.start] if self.cloud is None else self.cloud

    def log2(self, y: np.ndarray, block: slice) -> np.ndarray:
        """log2 density of the rows of a block, (rows,); -inf where there is no cloud yet."""
        rows = self._rows(y, block)
        self.kept = []
        if len(rows) == 0:
            return np.full(block.stop - block.start, -np.inf)
        d = self.d
        x = np.hstack([rows, np.ones((len(rows), 1))])
        spread = np.linalg.solve(self.precision, x.T)
        mean = np.linalg.solve(self.precision, self.cross)
        freedom = self.nu - d + 1.0
        noise = self.square - mean.T @ self.cross
        noise = 0.5 * (noise + noise.T) + MIN_NOISE * freedom * np.eye(d)
        lower = np.linalg.cholesky(noise)
        white = np.linalg.solve(lower, (x @ mean).T).T
        widening = 1.0 + np.einsum("ij,ji->i", x, spread)
        constant = (
            lgamma((freedom + d) / 2) - lgamma(freedom / 2) - 0.5 * d * log(pi)
            - float(np.log(np.diag(lower)).sum()) - 0.5 * d * np.log(widening)
        )  # fmt: skip
        centres, lengths = white.astype(np.float32), (white**2).sum(axis=1)
        logs = np.log(np.arange(len(rows)) + 10.0)
        weights = self.by_rank / self.by_rank.sum()
        out = np.empty(block.stop - block.start)
        for begin in range(block.start, block.stop, BLOCK_ROWS):
            part = y[begin : min(begin + BLOCK_ROWS, block.stop)]
            point = np.linalg.solve(lower, part.T).T
            distance = (point**2).sum(axis=1)[:, None] + lengths
            distance -= 2.0 * (point.astype(np.float32) @ centres.T)
            score = constant - 0.5 * (freedom + d) * np.log1p(np.maximum(distance, 0.0) / widening)
            score /= log(2)
            named = score - log2(len(rows))
            if self.ranked:
                position = np.log(np.arange(begin, begin + len(part)) + 10.0)
                near = -0.5 / log(2) * ((position[:, None] - logs) / RANK_WIDTH) ** 2
                near += score - _logsumexp2(near, axis=1)[:, None]
                ranked = _logsumexp2(near, axis=1) + log2(weights[0])
                uniform = _logsumexp2(named, axis=1) + log2(weights[1])
                joint = np.logaddexp2(ranked, uniform)
                share = np.exp2(near + (log2(weights[0]) - joint)[:, None])
                share += np.exp2(named + (log2(weights[1]) - joint)[:, None])
                by_rank = np.exp2(ranked - joint)
            else:
                joint = _logsumexp2(named, axis=1)
                share = np.exp2(named - joint[:, None])
                by_rank = np.zeros(len(part))
            out[begin - block.start : begin - block.start + len(part)] = joint
            self.kept.append((share.astype(np.float32), by_rank))
        return out

    def learn(self, y: np.ndarray, block: slice, belief: np.ndarray) -> None:
        """Take up a coded block: `belief` (rows,) is the probability that this expert explains each row."""
        rows = self._rows(y, block)
        begin = block.start
        for share, by_rank in self.kept:
            part = y[begin : begin + len(share)]
            trust = belief[begin - block.start : begin - block.start + len(share)]
            weighted = share * trust[:, None].astype(np.float32)
            x = np.hstack([rows, np.ones((len(rows), 1))])
            self.precision += x.T @ (weighted.sum(axis=0, dtype=np.float64)[:, None] * x)
            self.cross += (weighted @ x.astype(np.float32)).T.astype(np.float64) @ part
            self.square += part.T @ (trust[:, None] * part)
            self.nu += float(trust.sum())
            self.by_rank += [float(trust @ by_rank), float(trust @ (1.0 - by_rank))]
            begin += len(share)
        self.kept = []


def _logsumexp2(values: np.ndarray, axis: int) -> np.ndarray:
    top = values.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.squeeze(top, axis) + np.log2(np.exp2(values - top).sum(axis=axis))
