"""Refinement of a map: self-learning steps, symmetric re-weighting, contrastive steps. Pure functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

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
    """

    keep: float = 1.0
    growth: float = 2.0
    patience: int = 0
    union: bool = False
    neighbourhood: int = 10
    tolerance: float = 1e-3


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
        new = procrustes(x[pairs.source].T @ y[pairs.target])
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


def soft_learn(
    x: Tensor,
    y: Tensor,
    start: Tensor,
    *,
    steps: int,
    temperatures: tuple[float, float] = (0.5, 0.03),
    neighbourhood: int = 10,
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
        temperatures: of the first and the last step, in units of CSLS; geometric in between.
        group: processes that share the rows of x.
    """
    current, crowd_x, crowd_y = start, None, None
    whole, x = len(x), x[shard(len(x), group)]
    first, last = temperatures
    for step in range(steps):
        temperature = first * (last / first) ** (step / max(steps - 1, 1))
        scores = normalize(x @ current, dim=1) @ y.T
        if crowd_x is None or crowd_y is None or step % CROWD_STEPS == 0:
            crowd_x = scores.topk(min(neighbourhood, len(y)), dim=1, sorted=False).values.mean(
                dim=1
            )
            crowd_y = largest(scores.T.contiguous(), neighbourhood, group).mean(dim=1)
        # CSLS is at most 2, so exponentials stay finite down to a temperature of 0.025.
        weights = scores.mul_(2).sub_(crowd_y).sub_(crowd_x[:, None]).div_(temperature).exp_()
        rows = weights.sum(dim=1).clamp_(min=TINY)
        columns = sum_over(weights.sum(dim=0), group).clamp_(min=TINY)
        weights = (weights / rows[:, None]).mul_(weights).div_(columns)
        new = procrustes(sum_over(x.T @ (weights @ y), group))
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
    """

    temperature: float = 0.05
    relaxation: float = 1.0
    memory: float = 0.5


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
        last, fitted = fitted, procrustes(moment)
        current = fitted
        if last is not None:
            current = procrustes(fitted + pace.relaxation * (fitted - last))
        scores.append(score)
        yield fitted, sum(scores[-4:]) / len(scores[-4:])


def sample(z: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """n random rows, or all of them."""
    return z if len(z) <= n else z[torch.randperm(len(z), generator=generator, device=z.device)[:n]]


def symmetric_weights(
    x: Tensor, y: Tensor, *, power: float = 0.5, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Maps of both sides that weight each canonical direction by its correlation to a power.

    Whitening, rotation, re-weighting, de-whitening in the rotated frame (Artetxe et al. 2018, section 3.4).

    Args:
        x: (p, d) source rows of the pairs. y: (p, d') their targets.
        power: 0 leaves a rotation; 0.5 a side is the paper's.
        weights: (p,) of the pairs; None is equal.

    Returns:
        (d, k) and (d', k), k the smaller of d and d'.
    """
    left, right = x.double(), y.double()
    weighted = left if weights is None else left * weights.double()[:, None]
    other = right if weights is None else right * weights.double()[:, None]
    white_x, colour_x = _whitening(weighted.T @ left)
    white_y, colour_y = _whitening(other.T @ right)
    u, s, vt = torch.linalg.svd(white_x @ (weighted.T @ right) @ white_y, full_matrices=False)
    scale = s.clamp(0, 1) ** power
    a = (white_x @ u * scale) @ (u.T @ colour_x @ u)
    b = (white_y @ vt.T * scale) @ (vt @ colour_y @ vt.T)
    return a.to(x.dtype), b.to(y.dtype)


def _whitening(moment: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse square root of a second moment and the square root."""
    values, vectors = torch.linalg.eigh(moment)
    root = values.clamp(min=float(values[-1]) * 1e-8).sqrt()
    return (vectors / root) @ vectors.T, (vectors * root) @ vectors.T


def contrast(
    x: Tensor,
    y: Tensor,
    maps: tuple[Tensor, Tensor],
    *,
    temperature: float = 0.2,
    steps: int = 50,
    rate: float = 2e-3,
    batch: int = 1024,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Move both maps so that each pair is closer than the batch's other pairs, for a few steps of Adam.

    The loss is the symmetric softmax cross-entropy of cosines over the temperature, which is to retrieval what
    least squares is not; stopping early keeps the maps near where the unsupervised pairs came from.

    Args:
        x: (p, d) source rows of the pairs. y: (p, d') their targets.
        maps: (d, k) of the source and (d', k) of the target, to start from.

    Returns:
        both maps.
    """
    a, b = (m.clone().requires_grad_() for m in maps)
    optimizer = torch.optim.Adam([a, b], lr=rate)
    for _ in range(steps):
        chosen = torch.randperm(len(x), generator=generator, device=x.device)[:batch]
        left = normalize(x[chosen] @ a, dim=1)
        right = normalize(y[chosen] @ b, dim=1)
        logits = left @ right.T / temperature
        labels = torch.arange(len(chosen), device=x.device)
        loss = cross_entropy(logits, labels) + cross_entropy(logits.T, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return a.detach(), b.detach()
