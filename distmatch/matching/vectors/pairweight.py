"""How much known pairs weigh beside the pairs that a search found: what they say of each other, left out in turn."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from distmatch.device import generator
from distmatch.matching.vectors.anchors import WEIGHT, Anchors
from distmatch.matching.vectors.clouds import Clouds
from distmatch.matching.vectors.fitting import PACE, SoftPairs, learn_on_samples, soft_learn
from distmatch.matching.vectors.induction import crowds

PAIR_WEIGHTS = (0.0, 1.0, WEIGHT, 25.0, 125.0, math.inf)
"""Weights compared: from none, the search alone, to infinite, the known pairs alone."""
FEW = 20
"""Known pairs below which they cannot tell which weight is best, and have that of the search."""
FOLDS = 3
WEIGHED_STEPS = 3
"""Steps of self-learning under a weight."""
LAST_TEMPERATURES = (0.04, 0.03)
"""Of the soft pairs: where the search itself ends, so that these steps go on from there."""
WEIGHED_ROWS = 3_000
"""Rows of each side in a step."""
TEMPERATURE = 0.05
"""Of the softmax over rows, in units of CSLS, by which a map that puts a partner second is better than one that loses it."""


def weigh(clouds: Clouds, current: Tensor, *, seed: int = 0) -> tuple[Tensor, dict[str, Any]]:
    """The map under the best weight of the known pairs, and what was found; the map itself without such pairs.

    The inferred pairs of one data set are nearly as good as known ones, those of another are noise. Under each weight a
    few steps of self-learning are fitted without a third of the known pairs, which then score the map: the mean log
    probability of their partners. The ends of the scale are the search alone and Procrustes on the pairs alone, so the
    choice is as good as the better of them up to the noise of the pairs.

    Args:
        current: (d, d') isometry that the search ended in.
    """
    anchors = clouds.anchors
    if anchors is None:
        return current, {}
    weight, scores = WEIGHT, {}
    if len(anchors) >= FEW:
        scores = {w: _score(clouds, current, w, seed) for w in PAIR_WEIGHTS}
        weight = max(scores, key=lambda w: scores[w])
    found = {
        "pairs": len(anchors), "weight": weight, "weights": {str(w): round(s, 4) for w, s in scores.items()},
    }  # fmt: skip
    return _fitted(clouds, current, anchors, weight, seed), found


def told_by_pairs(clouds: Clouds, current: Tensor, *, seed: int = 0) -> float | None:
    """Mean log probability of the known pairs' partners after steps without them; None of fewer pairs than can tell.

    A start that was fitted with the pairs has them right in any case; what self-learning without them keeps of it counts.
    """
    anchors = clouds.anchors
    if anchors is None or len(anchors) < FEW:
        return None
    return log_probability(clouds, _fitted(clouds, current, anchors, 0.0, seed), anchors)


def _fitted(clouds: Clouds, current: Tensor, anchors: Anchors, weight: float, seed: int) -> Tensor:
    """A few steps from the map with known pairs of this weight."""
    if weight == math.inf:
        return anchors.map()
    known = anchors.moment(weight)
    if clouds.ranked:
        n = min(WEIGHED_ROWS, len(clouds.x), len(clouds.y))
        soft = SoftPairs(temperatures=LAST_TEMPERATURES, known=known)
        return soft_learn(clouds.x[:n], clouds.y[:n], current, steps=WEIGHED_STEPS, soft=soft)
    *_, (found, _) = learn_on_samples(
        clouds.x, clouds.y, current, rows=WEIGHED_ROWS, steps=WEIGHED_STEPS, generator=generator(seed, clouds.x.device),
        pace=replace(PACE, known=known),
    )  # fmt: skip
    return found


def _score(clouds: Clouds, current: Tensor, weight: float, seed: int) -> float:
    """Mean log probability of the partners of known pairs under maps fitted without them."""
    anchors = clouds.anchors
    assert anchors is not None
    order = torch.randperm(len(anchors), generator=torch.Generator().manual_seed(seed))
    total = 0.0
    for part in order.to(anchors.x.device).chunk(FOLDS):
        rest = torch.ones(len(anchors), dtype=torch.bool, device=anchors.x.device)
        rest[part] = False
        found = _fitted(clouds, current, anchors.some(rest.nonzero()[:, 0]), weight, seed)
        total += log_probability(clouds, found, anchors.some(part)) * len(part)
    return total / len(anchors)


def log_probability(clouds: Clouds, isometry: Tensor, pairs: Anchors) -> float:
    """Mean log probability of the pairs among rows of the other side, both ways, under softmax of CSLS."""
    n = min(WEIGHED_ROWS, len(clouds.x)), min(WEIGHED_ROWS, len(clouds.y))
    x = torch.cat([pairs.x, clouds.x[: n[0]]])
    y = torch.cat([pairs.y, clouds.y[: n[1]]])
    x = normalize(x @ isometry, dim=1)
    crowd_x, crowd_y = crowds(x, y, 10)
    p = len(pairs)
    total = 0.0
    for queries, keys, crowd in ((x, y, crowd_y), (y, x, crowd_x)):
        scores = (2 * queries[:p] @ keys.T - crowd) / TEMPERATURE
        # A partner that stands among the rows too halves the probability under all maps alike.
        logs = scores - scores.logsumexp(1, keepdim=True)
        total += float(logs.diagonal().mean()) / 2
    return total
