"""How sure an alignment is: a probability from evidence that needs no dictionary.

The event is "precision@1 is at least half of what a supervised map reaches". The coefficients come from
`benchmarks/alignment.py --only calibration`: a logistic regression over planted rotations with noise, unrelated
clouds and real pairs, successes and failures.
"""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from math import exp, log

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.matching.induction import Pairs, crowds, mutual_neighbours, translations
from distmatch.matching.mapfitting import self_learn
from distmatch.transport.procrustes import procrustes

WORDS = 2_000
"""Most frequent rows of each side that the evidence looks at."""
CONTROL_STEPS = 5


@dataclass(frozen=True)
class Evidence:
    """What can be said about a map without gold.

    Args:
        gain: log of the mean CSLS of mutual neighbours over that of the control, the same rows self-learned from
            a random rotation.
        split: share of pairs that a map fitted on the other half of the pairs finds, two ways.
        excess: `split` minus that of the control.
        rank: rank correlation of the frequencies of mutual neighbours; None where rows have no frequency.
        pairs: log of the number of mutual neighbours over that of the control.
        agreement: share of equal translations of independent starts, 0.5 where there was only one.
    """

    gain: float
    split: float
    excess: float
    rank: float | None
    pairs: float
    agreement: float

    def to_json(self) -> dict[str, float | None]:
        """Name to value, rounded."""
        return {k: None if v is None else round(v, 4) for k, v in asdict(self).items()}


INTERCEPT = -23.39
WEIGHTS = (14.37, 0.0, 24.92, 15.94, 11.90, 8.03)

ROWS_INTERCEPT = -5.17
ROWS_ODDS = 3.45
"""Of rows without an order of frequency, from `benchmarks/transport.py --only calibration`. The control, fitted on the very
rows that it is asked on, is closer than the truth where no row has a true partner, so closeness says nothing there."""
LEAST = 0.02
"""Shares are held this far from 0 and 1 in odds: of a few dozen pairs one more or less is chance."""


def split_odds(split: float, excess: float) -> float:
    """Log odds of `Evidence.split` less those of the control, which overfits the more the fewer dimensions there are."""
    shares = [min(max(share, LEAST), 1 - LEAST) for share in (split, split - excess)]
    return log(shares[0] / (1 - shares[0])) - log(shares[1] / (1 - shares[1]))


@dataclass(frozen=True)
class Control:
    """What self-learning from a random rotation reaches on the same rows.

    Args:
        csls: mean CSLS of mutual neighbours. split: see `Evidence`. pairs: number of mutual neighbours.
    """

    csls: float
    split: float
    pairs: int

    @classmethod
    def of(cls, x: Tensor, y: Tensor, *, seed: int = 0) -> Control:
        """Run it.

        Args:
            x: (n, d) unit rows, normalised. y: (m, d').
        """
        x, y = x[:WORDS], y[:WORDS]
        generator = torch.Generator(device=x.device).manual_seed(seed)
        random = torch.randn(x.shape[1], y.shape[1], generator=generator, device=x.device)
        _, pairs = self_learn(x, y, procrustes(random), steps=CONTROL_STEPS)
        return cls(_mean(pairs), split_half(x, y, pairs, generator), len(pairs))


def measure(
    x: Tensor,
    y: Tensor,
    isometry: Tensor,
    control: Control,
    *,
    seed: int = 0,
    ranked: bool = True,
    agreement: float | None = None,
) -> tuple[Evidence, Pairs]:
    """Evidence for a map, and the mutual neighbours that it rests on.

    Args:
        x: (n, d) unit rows, normalised. y: (m, d').
        isometry: (d, d') map, or the isometry nearest to it.
        control: of the same rows.
        agreement: share of equal translations of independent starts, if there were any.
    """
    x, y = x[:WORDS], y[:WORDS]
    pairs = mutual_neighbours(normalize(x @ isometry, dim=1), y)
    split = split_half(x, y, pairs, torch.Generator(device=x.device).manual_seed(seed))
    return Evidence(
        gain=log(max(_mean(pairs), 1e-6) / max(control.csls, 1e-6)),
        split=split,
        excess=split - control.split,
        rank=rank_correlation(pairs) if ranked else None,
        pairs=log(max(len(pairs), 1) / max(control.pairs, 1)),
        agreement=0.5 if agreement is None else agreement,
    ), pairs


def _mean(pairs: Pairs) -> float:
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


def word_translations(
    x: Tensor, y: Tensor, isometry: Tensor, crowd: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """The best of the first `WORDS` rows of y by CSLS for each of those of x under a map, (w,).

    Args:
        crowd: of these rows under the map, if it has been measured.
    """
    y = y[:WORDS]
    mapped = normalize(x[:WORDS] @ isometry, dim=1)
    return translations(mapped, y, crowd or crowds(mapped, y, 10))


def equal_share(one: Tensor, other: Tensor) -> float:
    """Share of equal translations."""
    return float((one == other).float().mean())


def rank_correlation(pairs: Pairs) -> float:
    """Spearman's correlation of the row numbers of the pairs."""
    if len(pairs) < 3:
        return 0.0
    ranks = [side.argsort().argsort().double() for side in (pairs.source, pairs.target)]
    return float(torch.corrcoef(torch.stack(ranks))[0, 1])


def logit(given: Evidence) -> float:
    """The log odds of `confidence`."""
    if given.rank is None:
        return ROWS_INTERCEPT + ROWS_ODDS * split_odds(given.split, given.excess)
    return INTERCEPT + sum(w * x for w, x in zip(WEIGHTS, astuple(given), strict=True))


def confidence(given: Evidence) -> float:
    """Probability that precision@1 is at least half of a supervised map's."""
    return 1.0 / (1.0 + exp(-max(min(logit(given), 30.0), -30.0)))


def explain(given: Evidence, probability: float) -> str:
    """One line: why the answer is believed or not, and what would help."""
    figures = (
        f"mutual neighbours {exp(given.gain):.2f} times as close as after the same steps from a random rotation, "
        f"{given.split:.0%} of them found again by a map fitted on the others ({given.split - given.excess:.0%} there)"
    )
    if given.rank is not None:
        figures += f", rank correlation {given.rank:.2f}"
    if probability >= 0.9:
        return figures
    return figures + "; more text, more starts, or a --dictionary would help"
