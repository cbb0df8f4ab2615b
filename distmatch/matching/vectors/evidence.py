"""How sure an alignment is: a probability from evidence that needs no dictionary.

Every figure is compared with what the same search reaches where there is nothing to find: on the target with its
structure destroyed (`null.structureless`), which keeps size, dimensions, spectrum and frequencies. So the evidence means
the same for large and small corpora, words and sentences. The event is "precision@1 is at least half of what a
supervised map reaches"; `calibration.json` has the coefficients and where they come from.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import log
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.matching import calibration
from distmatch.matching.match import BELIEF
from distmatch.matching.vectors.fitting import learn_on_samples, self_learn, soft_learn
from distmatch.matching.vectors.induction import Pairs, mutual_neighbours, translations
from distmatch.matching.vectors.null import structureless
from distmatch.matching.vectors.starts import DEFAULT_START
from distmatch.transport.procrustes import procrustes
from distmatch.transport.thirdmoments import ThirdMoments

EVIDENCE_ROWS = 2_000
"""Rows of each side that the evidence looks at: the most frequent, or random ones where rows have no order."""
NULL_STEPS = 20
"""Steps of self-learning on the null, as many as a start of `Auto` gets."""
REFIT_STEPS = 5
DIRECTIONS = 24
"""Leading principal directions whose third moments are compared."""
MOMENT_ROWS = 20_000
"""First rows of each side that the third moments are taken of."""
SLACK = 1.5
"""How much closer than under a map itself rows may lie under the refitted one and count."""
FLOOR = 0.02
"""Closeness, a CSLS, below which it is none: ratios of less say nothing."""
MIN_SHARE = 0.02
"""Shares are held this far from 0 and 1 in odds: of a few dozen pairs one more or less is chance."""


@dataclass(frozen=True)
class Fit:
    """How well two clouds lie on each other under a map, by figures that need no gold.

    Args:
        closeness: mean CSLS of mutual neighbours.
        split: share of mutual neighbours that a map fitted to the other half of them finds, two ways.
        skewness: cosine of both sides' third moments under the map, -1 to 1. They know nothing of neighbours, which
            a map that was found by neighbours has on its side.
        rank: rank correlation of the frequencies of mutual neighbours; None where rows have no frequency.
    """

    closeness: float
    split: float
    skewness: float
    rank: float | None


@dataclass(frozen=True)
class Evidence:
    """What can be said about a map without gold.

    Args:
        fit: of the two clouds.
        null: of the search on the source and the structureless target.
        held_out: see `held_out`; it compares maps of one pair and has no part in the confidence.
    """

    fit: Fit
    null: Fit
    held_out: float

    def to_json(self) -> dict[str, float | None]:
        """Name to value, rounded; the null's names begin with null_."""
        own, null = (asdict(fit) for fit in (self.fit, self.null))
        named = {**own, **{f"null_{k}": v for k, v in null.items()}, "held_out": self.held_out}
        return {k: None if v is None else round(v, 4) for k, v in named.items()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Evidence:
        """What `to_json` gave."""
        names = ("closeness", "split", "skewness", "rank")
        fit, null = (Fit(*(stored[begin + name] for name in names)) for begin in ("", "null_"))
        return cls(fit, null, stored["held_out"])


def odds(share: float) -> float:
    """Log odds of a share that is held away from 0 and 1."""
    held = min(max(share, MIN_SHARE), 1 - MIN_SHARE)
    return log(held / (1 - held))


def features(given: Evidence) -> tuple[float, ...]:
    """What the log odds of `confidence` are linear in: how much better each figure is than the null's.

    Cosines and correlations count as the share that they make up of what lies between the null and 1.
    """
    fit, null = given.fit, given.null
    ranks = 0.0
    if fit.rank is not None and null.rank is not None:
        ranks = beyond(fit.rank, null.rank)
    return (
        odds(fit.split) - odds(null.split),
        beyond(fit.skewness, null.skewness),
        log(max(fit.closeness, FLOOR) / max(null.closeness, FLOOR)),
        ranks,
        float(fit.rank is None),
    )


def beyond(value: float, null: float) -> float:
    """Share that a cosine makes up of the way from the null's, if positive, to 1."""
    base = max(null, 0.0)
    return (value - base) / max(1.0 - base, FLOOR)


@dataclass(frozen=True)
class Reference:
    """What the evidence of all maps of two clouds shares: the null's fit, and the third moments of both sides."""

    null: Fit
    moments: ThirdMoments

    @classmethod
    def of(cls, x: Tensor, y: Tensor, *, seed: int = 0, ranked: bool = True) -> Reference:
        """Run the search on the null.

        Args:
            x: (n, d) unit rows, normalised. y: (m, d').
            ranked: whether the order of the rows is that of frequency.
        """
        generator = torch.Generator().manual_seed(seed)
        other = structureless(y[:MOMENT_ROWS].cpu(), generator, ranked=ranked).to(y)
        a, b = looked_at(x, ranked), looked_at(other, ranked)
        learned = _learned(x[:MOMENT_ROWS], other, seed, ranked)
        moments = third_moments(x, y)
        null, _ = fit_of(
            a, b, learned, moments.with_target(_centred(other)), seed=seed, ranked=ranked
        )
        return cls(null, moments)


def _learned(x: Tensor, y: Tensor, seed: int, ranked: bool) -> Tensor:
    """What self-learning ends in, in the way of `Auto` where rows have ranks, else in that of `ProfileGromov`."""
    a, b = x[:EVIDENCE_ROWS], y[:EVIDENCE_ROWS]
    start = (DEFAULT_START if ranked else replace(DEFAULT_START, frequency=0.0)).map(a, b)
    if ranked:
        return soft_learn(a, b, start, steps=NULL_STEPS)
    generator = torch.Generator(device=x.device).manual_seed(seed)
    *_, (learned, _) = learn_on_samples(
        x, y, start, rows=EVIDENCE_ROWS, steps=NULL_STEPS, generator=generator
    )
    return learned


def looked_at(rows: Tensor, ranked: bool) -> Tensor:
    """The rows of one side that the evidence looks at.

    Without an order they are drawn from all: a map may have been fitted to the first ones, and rows may come sorted.
    """
    if ranked or len(rows) <= EVIDENCE_ROWS:
        return rows[:EVIDENCE_ROWS]
    generator = torch.Generator().manual_seed(0)
    return rows[torch.randperm(len(rows), generator=generator)[:EVIDENCE_ROWS].to(rows.device)]


def third_moments(x: Tensor, y: Tensor) -> ThirdMoments:
    """Third moments of the first `MOMENT_ROWS` rows (n, d) and (m, d'), centred."""
    return ThirdMoments.of(_centred(x), _centred(y), DIRECTIONS)


def _centred(z: Tensor) -> Tensor:
    return z[:MOMENT_ROWS] - z[:MOMENT_ROWS].mean(dim=0)


def fit_of(
    x: Tensor, y: Tensor, isometry: Tensor, moments: ThirdMoments, *, seed: int, ranked: bool
) -> tuple[Fit, Pairs]:
    """The fit under a map, and the mutual neighbours.

    Args:
        x: (n, d) unit rows. y: (m, d').
        isometry: (d, d').
    """
    pairs = mutual_neighbours(normalize(x @ isometry, dim=1), y)
    generator = torch.Generator(device=x.device).manual_seed(seed)
    return Fit(
        closeness=float(pairs.score.mean()) if len(pairs) else 0.0,
        split=split_half(x, y, pairs, generator),
        skewness=moments.agreement(moments.inside(isometry)),
        rank=rank_correlation(pairs) if ranked else None,
    ), pairs


def measure(
    x: Tensor,
    y: Tensor,
    isometry: Tensor,
    reference: Reference,
    *,
    seed: int = 0,
    ranked: bool = True,
) -> tuple[Evidence, Pairs]:
    """Evidence for a map, and the mutual neighbours of the rows looked at under it.

    Args:
        x: (n, d) unit rows, normalised. y: (m, d').
        isometry: (d, d') the map before any re-weighting: the isometry nearest to a re-weighted map may be far from it.
        reference: of the same rows.
        ranked: whether the order of the rows is that of frequency.
    """
    x, y = looked_at(x, ranked), looked_at(y, ranked)
    fit, pairs = fit_of(x, y, isometry, reference.moments, seed=seed, ranked=ranked)
    return Evidence(fit, reference.null, held_out(x, y, isometry, seed=seed)), pairs


def held_out(x: Tensor, y: Tensor, isometry: Tensor, *, seed: int = 0) -> float:
    """Mean CSLS of mutual neighbours of rows that had no part in the map.

    Each half of x is asked under the map refitted to the other half, which a map that only fits its rows does not
    survive. A poor map may lie where self-learning finds a good one, of which this would speak then, so it counts for no
    more than `SLACK` times the closeness under the map itself.

    Args:
        x: (n, d) unit rows. y: (m, d').
        isometry: (d, d').
    """
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed)).to(x.device)
    halves = [half.sort().values for half in order.chunk(2)]
    if len(halves) < 2:
        return 0.0
    total = 0.0
    for fit, test in (halves, halves[::-1]):
        refit, _ = self_learn(x[fit], y, isometry, steps=REFIT_STEPS)
        total += min(_closeness(x[test], y, refit), SLACK * _closeness(x[test], y, isometry)) / 2
    return total


def _closeness(x: Tensor, y: Tensor, isometry: Tensor) -> float:
    pairs = mutual_neighbours(normalize(x @ isometry, dim=1), y)
    return float(pairs.score.mean()) if len(pairs) else 0.0


def split_half(x: Tensor, y: Tensor, pairs: Pairs, generator: torch.Generator) -> float:
    """Share of pairs that are found again by an orthogonal map fitted on the other half of the pairs."""
    order = torch.randperm(len(pairs), generator=generator, device=x.device)
    halves = order.chunk(2)
    if len(halves) < 2:
        return 0.0
    found = 0.0
    for fit, test in (halves, halves[::-1]):
        refit = procrustes(x[pairs.source[fit]].T @ y[pairs.target[fit]])
        mapped = normalize(x[pairs.source[test]] @ refit, dim=1)
        best = translations(mapped, y, pairs.crowd)
        found += float((best == pairs.target[test]).float().mean()) / 2
    return found


def rank_correlation(pairs: Pairs) -> float:
    """Spearman's correlation of the row numbers of the pairs."""
    if len(pairs) < 3:
        return 0.0
    ranks = [side.argsort().argsort().double() for side in (pairs.source, pairs.target)]
    return float(torch.corrcoef(torch.stack(ranks))[0, 1])


def confidence(given: Evidence) -> float:
    """Probability that precision@1 is at least half of a supervised map's."""
    return calibration.confidence("vectors", features(given))


def explain(given: Evidence, probability: float) -> str:
    """Why the map is trusted or not and what would help, one figure a line."""
    fit, null = given.fit, given.null
    lines = [
        f"{fit.split:.0%} of mutual neighbours recur under a map fitted to the others "
        f"({null.split:.0%} where there is nothing to find)",
        f"third moments agree with cosine {fit.skewness:.2f} ({null.skewness:.2f})",
        f"mutual neighbours are closer than their surroundings by {fit.closeness:.2f} ({null.closeness:.2f})",
    ]
    if fit.rank is not None and null.rank is not None:
        lines.append(f"frequencies of neighbours correlate with {fit.rank:.2f} ({null.rank:.2f})")
    if probability < BELIEF:
        lines.append("more text, more starts or known pairs would help")
    return "\n".join(lines)
