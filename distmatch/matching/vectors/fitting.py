"""Refinement of a map: self-learning steps on hard and soft pairs. Pure functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.device import Group, shard, sum_over
from distmatch.matching.vectors.induction import Pairs, largest, mutual_neighbours, soft_moment
from distmatch.transport.procrustes import procrustes

Report = Callable[[dict[str, Any], Tensor], Any]
CROWD_STEPS = 3
"""Soft steps between two measurements of the crowds, which change slowly."""
TINY = 1e-30


@dataclass(frozen=True, kw_only=True)
class HardPairs:
    """How `self_learn` chooses its pairs and when it stops.

    Args:
        keep: probability that a score takes part in the first step; grows by `growth` up to 1, see `patience`.
        growth: factor of `keep`.
        patience: steps without a better mean score after which `keep` grows; 0 lets it grow in every step.
        union: fit on the best of every row and column instead of mutual neighbours.
        neighbourhood: k of CSLS.
        tolerance: without dropout, the steps end when the map moves by less.
        known: (d, d') moment of known pairs, added to that of the pairs found.
    """

    keep: float = 1.0
    growth: float = 2.0
    patience: int = 0
    union: bool = False
    neighbourhood: int = 10
    tolerance: float = 1e-3
    known: Tensor | None = None


MUTUAL = HardPairs()


def self_learn(
    x: Tensor,
    y: Tensor,
    start: Tensor,
    *,
    steps: int,
    hard: HardPairs = MUTUAL,
    generator: torch.Generator | None = None,
    report: Report | None = None,
    group: Group = None,
) -> tuple[Tensor, Pairs]:
    """Alternate: mutual neighbours by CSLS under the map; the isometry that fits them best.

    Args:
        x: (n, d) unit rows, the most frequent first. y: (m, d').
        start: (d, d') map.
        steps: at most.
        hard: choice of the pairs, and when to stop early.
        generator: of the dropout.
        report: called with the figures of each step and the map.
        group: processes that share the rows of x.

    Returns:
        the map (d, d') and the pairs that it was fitted on.
    """
    current, crowd, pairs, keep = start, None, None, hard.keep
    highest, waited = -float("inf"), 0
    for step in range(steps):
        mapped = normalize(x @ current, dim=1)
        pairs = mutual_neighbours(
            mapped,
            y,
            neighbourhood=hard.neighbourhood,
            crowd=crowd,
            keep=keep,
            generator=generator,
            union=hard.union,
            group=group,
        )
        crowd = pairs.crowd
        new = procrustes(_with(x[pairs.source].T @ y[pairs.target], hard.known))
        moved = float((new - current).norm()) / len(new) ** 0.5
        current = new
        mean = float(pairs.score.mean()) if len(pairs) else 0.0
        if report is not None:
            figures = {"step": step, "words": len(x), "pairs": len(pairs), "csls": mean}
            report({**figures, "moved": moved, "keep": keep}, current)
        waited = 0 if mean > highest + 1e-6 else waited + 1
        highest = max(mean, highest)
        if waited < hard.patience:
            continue
        if keep >= 1 and (hard.patience or moved < hard.tolerance):
            break
        keep, waited = min(1.0, keep * hard.growth), 0
    assert pairs is not None
    return current, pairs


def _with(moment: Tensor, known: Tensor | None) -> Tensor:
    return moment if known is None else moment + known


@dataclass(frozen=True, kw_only=True)
class SoftPairs:
    """Of `soft_learn`.

    Args:
        temperatures: of the first and the last step, in units of CSLS; geometric in between.
        neighbourhood: k of CSLS.
        known: see `HardPairs`.
    """

    temperatures: tuple[float, float] = (0.5, 0.03)
    neighbourhood: int = 10
    known: Tensor | None = None


SOFT = SoftPairs()


def soft_learn(
    x: Tensor,
    y: Tensor,
    start: Tensor,
    *,
    steps: int,
    soft: SoftPairs = SOFT,
    report: Report | None = None,
    group: Group = None,
) -> Tensor:
    """Alternate soft mutual neighbours and the isometry that fits them, at falling temperature.

    A pair weighs softmax over its row times softmax over its column of CSLS / temperature: deterministic annealing
    (Rose 1998) of mutual neighbours. Warm steps see the whole cloud, so it ends in better optima than hard pairs.

    Args:
        x: (n, d) unit rows. y: (m, d'). The (n, m) weights are held.
        start: (d, d') map.
        steps: all are done.
        soft: temperatures, CSLS, known pairs.
        group: processes that share the rows of x.
    """
    current, crowd_x, crowd_y = start, None, None
    whole, x = len(x), x[shard(len(x), group)]
    first, last = soft.temperatures
    for step in range(steps):
        temperature = first * (last / first) ** (step / max(steps - 1, 1))
        scores = normalize(x @ current, dim=1) @ y.T
        if crowd_x is None or crowd_y is None or step % CROWD_STEPS == 0:
            k = min(soft.neighbourhood, len(y))
            crowd_x = scores.topk(k, dim=1, sorted=False).values.mean(dim=1)
            crowd_y = largest(scores.T.contiguous(), soft.neighbourhood, group).mean(dim=1)
        # CSLS is at most 2, so exponentials stay finite down to a temperature of 0.025.
        weights = scores.mul_(2).sub_(crowd_y).sub_(crowd_x[:, None]).div_(temperature).exp_()
        rows = weights.sum(dim=1).clamp_(min=TINY)
        columns = sum_over(weights.sum(dim=0), group).clamp_(min=TINY)
        weights = (weights / rows[:, None]).mul_(weights).div_(columns)
        new = procrustes(_with(sum_over(x.T @ (weights @ y), group), soft.known))
        moved = float((new - current).norm()) / len(new) ** 0.5
        current = new
        if report is not None:
            mass = float(sum_over(weights.sum(), group))
            figures = {
                "step": step,
                "words": whole,
                "pairs": round(mass),
                "temperature": temperature,
            }
            report({**figures, "moved": moved}, current)
    return current


@dataclass(frozen=True)
class Pace:
    """Of `learn_on_samples`.

    Args:
        temperature: of the soft partners, in units of CSLS.
        relaxation: share of the last move by which a step goes on beyond the fitted map.
        memory: weight of the former moments in each step's fit.
        known: see `HardPairs`.
    """

    temperature: float = 0.05
    relaxation: float = 1.0
    memory: float = 0.5
    known: Tensor | None = None


PACE = Pace()


def learn_on_samples(
    x: Tensor,
    y: Tensor,
    start: Tensor,
    *,
    rows: int,
    steps: int,
    generator: torch.Generator,
    pace: Pace = PACE,
    group: Group = None,
) -> Iterator[tuple[Tensor, float]]:
    """Soft self-learning on other random rows at every step, which does not settle on one sample's accidents.

    Args:
        x: (n, d) unit rows. y: (m, d').
        start: (d, d') map.
        rows: of each side in a step.

    Yields:
        the isometry (d, d') of each step, and the mean best CSLS of the last four.
    """
    current, moment, fitted, scores = start, None, None, []
    for _ in range(steps):
        some, other = sample(x, rows, generator), sample(y, rows, generator)
        similar = normalize(some @ current, dim=1), other
        new, score = soft_moment(some, other, similar, temperature=pace.temperature, group=group)
        moment = new if moment is None else pace.memory * moment + (1 - pace.memory) * new
        known = None if pace.known is None else pace.known / (len(some) + len(other))
        last, fitted = fitted, procrustes(_with(moment, known))
        current = fitted
        if last is not None:
            current = procrustes(fitted + pace.relaxation * (fitted - last))
        scores.append(score)
        yield fitted, sum(scores[-4:]) / len(scores[-4:])


def sample(z: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """n random rows, or all of them."""
    return z if len(z) <= n else z[torch.randperm(len(z), generator=generator, device=z.device)[:n]]
