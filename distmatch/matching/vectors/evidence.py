"""How sure an alignment is: a probability from evidence that needs no dictionary.

The event is "precision@1 is at least half of what a supervised map reaches"; `calibration.json` has the coefficients and where
they come from.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import exp, log

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.matching import calibration
from distmatch.matching.match import BELIEF
from distmatch.matching.vectors.fitting import self_learn
from distmatch.matching.vectors.induction import Pairs, mutual_neighbours, translations
from distmatch.transport.procrustes import procrustes
from distmatch.transport.thirdmoments import ThirdMoments

EVIDENCE_ROWS = 2_000
"""Most frequent rows of each side that the evidence looks at."""
CONTROL_STEPS = 5
DIRECTIONS = 24
"""Leading principal directions whose third moments are compared."""
MOMENT_ROWS = 20_000
"""First rows of each side that the third moments are taken of."""
SLACK = 1.5
"""How much closer than under a map itself rows may lie under the refitted one and count."""
FLOOR = 0.02
"""Closeness, a CSLS, below which it is none: ratios of less say nothing."""


@dataclass(frozen=True)
class Evidence:
    """What can be said about a map without gold.

    Args:
        gain: log of the closeness of rows that had no part in the map, see `held_out`, over that of the control, the
            same rows self-learned from a random rotation.
        skewness: agreement of both sides' third moments under the map, -1 to 1. They know nothing of neighbours, which
            a map that was found by neighbours has on its side.
        split: share of mutual neighbours that a map fitted on the other half of them finds, two ways.
        excess: `split` minus that of the control.
        rank: rank correlation of the frequencies of mutual neighbours; None where rows have no frequency.
    """

    gain: float
    skewness: float
    split: float
    excess: float
    rank: float | None

    def to_json(self) -> dict[str, float | None]:
        """Name to value, rounded."""
        return {k: None if v is None else round(v, 4) for k, v in asdict(self).items()}


MIN_SHARE = 0.02
"""Shares are held this far from 0 and 1 in odds: of a few dozen pairs one more or less is chance."""
SKEWED = 0.6
"""Agreement of third moments below which it says nothing of rows without an order: few or noisy rows have no skewness."""


def features(given: Evidence) -> tuple[float, ...]:
    """What the log odds of `confidence` are linear in.

    Words: `gain`, `skewness`, `rank`. Rows without an order: the log odds of `split` less those of the control, which
    overfits the more the fewer dimensions there are, and `skewness` above `SKEWED`. Neighbours of these are no partners, and
    how close they are says little: captions that are about the same thing lie close under many a wrong map.
    """
    if given.rank is not None:
        return given.gain, given.skewness, given.rank
    shares = [
        min(max(share, MIN_SHARE), 1 - MIN_SHARE)
        for share in (given.split, given.split - given.excess)
    ]
    odds = log(shares[0] / (1 - shares[0])) - log(shares[1] / (1 - shares[1]))
    return odds, max(given.skewness, SKEWED)


@dataclass(frozen=True)
class Control:
    """What self-learning from a random rotation reaches on the same rows, and what the evidence of any map of them shares.

    Args:
        closeness: see `held_out`. split: see `Evidence`. moments: of both sides.
    """

    closeness: float
    split: float
    moments: ThirdMoments

    @classmethod
    def of(cls, x: Tensor, y: Tensor, *, seed: int = 0) -> Control:
        """Run it.

        Args:
            x: (n, d) unit rows, normalised. y: (m, d').
        """
        a, b = (z[:MOMENT_ROWS] - z[:MOMENT_ROWS].mean(dim=0) for z in (x, y))
        moments = ThirdMoments.of(a, b, DIRECTIONS)
        x, y = x[:EVIDENCE_ROWS], y[:EVIDENCE_ROWS]
        generator = torch.Generator(device=x.device).manual_seed(seed)
        random = torch.randn(x.shape[1], y.shape[1], generator=generator, device=x.device)
        learned, pairs = self_learn(x, y, procrustes(random), steps=CONTROL_STEPS)
        closeness = held_out(x, y, learned, seed=seed)
        return cls(closeness, split_half(x, y, pairs, generator), moments)


def measure(
    x: Tensor,
    y: Tensor,
    isometry: Tensor,
    control: Control,
    *,
    seed: int = 0,
    ranked: bool = True,
) -> tuple[Evidence, Pairs]:
    """Evidence for a map, and the mutual neighbours of the first `EVIDENCE_ROWS` rows under it.

    Args:
        x: (n, d) unit rows, normalised. y: (m, d').
        isometry: (d, d') map, or the isometry nearest to it.
        control: of the same rows.
        ranked: whether the order of the rows is that of frequency.
    """
    x, y = x[:EVIDENCE_ROWS], y[:EVIDENCE_ROWS]
    closeness = held_out(x, y, isometry, seed=seed)
    pairs = mutual_neighbours(normalize(x @ isometry, dim=1), y)
    split = split_half(x, y, pairs, torch.Generator(device=x.device).manual_seed(seed))
    return Evidence(
        gain=log(max(closeness, FLOOR) / max(control.closeness, FLOOR)),
        skewness=control.moments.agreement(control.moments.inside(isometry)),
        split=split,
        excess=split - control.split,
        rank=rank_correlation(pairs) if ranked else None,
    ), pairs


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
        refit, _ = self_learn(x[fit], y, isometry, steps=CONTROL_STEPS)
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
    name = "rows" if given.rank is None else "words"
    return calibration.confidence(name, features(given))


def explain(given: Evidence, probability: float) -> str:
    """One line: why the map is trusted or not, and what would help."""
    figures = (
        f"held-out rows are {exp(given.gain):.2f}x closer to their neighbours than under a random start; "
        f"third moments have cosine {given.skewness:.2f}; {given.split:.0%} of mutual neighbours recur under a map fitted to "
        "the others"
    )
    if given.rank is not None:
        figures += f"; rank correlation {given.rank:.2f}"
    if probability >= BELIEF:
        return figures
    return figures + ". More text, more starts or a --dictionary would help"
