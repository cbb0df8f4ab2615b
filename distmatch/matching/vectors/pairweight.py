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
DEFAULT_NEIGHBOURHOOD = 10
"""k of CSLS (Conneau et al. 2018)."""
WEIGHED_STEPS = 3
"""Steps of self-learning under a weight."""
LAST_TEMPERATURES = (0.04, 0.03)
"""Of the soft pairs: where the search itself ends, so that these steps go on from there."""
WEIGHED_ROWS = 3_000
"""Rows of each side in a step."""
SURE = 2.0
"""Standard errors by which a weight has to be better than none: wrong pairs are then left out, and chance decides nothing."""


def weigh(clouds: Clouds, current: Tensor, *, seed: int = 0) -> tuple[Tensor, dict[str, Any]]:
    """The map under the best weight of the known pairs, and what was found; the map itself without such pairs.

    The inferred pairs of one data set are nearly as good as known ones, those of another are noise. Under each weight a
    few steps of self-learning are fitted without a third of the known pairs, which then score the map: the mean
    reciprocal rank of their partners. The ends of the scale are the search alone and Procrustes on the pairs alone, so the
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
        weight = max(scores, key=lambda w: float(scores[w].mean()))
        gain = scores[weight] - scores[0.0]
        if float(gain.mean()) <= SURE * float(gain.std()) / len(anchors) ** 0.5:
            weight = 0.0
    found = {
        "pairs": len(anchors), "weight": weight, "weights": {str(w): round(float(s.mean()), 4) for w, s in scores.items()},
    }  # fmt: skip
    return _fitted(clouds, current, anchors, weight, seed), found


def told_by_pairs(clouds: Clouds, current: Tensor, *, seed: int = 0) -> float | None:
    """Mean reciprocal rank of the known pairs' partners after steps without them; None of fewer pairs than can tell.

    A start that was fitted with the pairs has them right in any case; what self-learning without them keeps of it counts.
    """
    anchors = clouds.anchors
    if anchors is None or len(anchors) < FEW:
        return None
    learned = _fitted(clouds, current, anchors, 0.0, seed)
    return float(reciprocal_ranks(clouds, learned, anchors).mean())


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


def _score(clouds: Clouds, current: Tensor, weight: float, seed: int) -> Tensor:
    """Reciprocal ranks (p,) of the partners of known pairs under maps fitted without them."""
    anchors = clouds.anchors
    assert anchors is not None
    order = torch.randperm(len(anchors), generator=torch.Generator().manual_seed(seed))
    found = anchors.x.new_zeros(len(anchors))
    for part in order.to(anchors.x.device).chunk(FOLDS):
        rest = torch.ones(len(anchors), dtype=torch.bool, device=anchors.x.device)
        rest[part] = False
        learned = _fitted(clouds, current, anchors.some(rest.nonzero()[:, 0]), weight, seed)
        found[part] = reciprocal_ranks(clouds, learned, anchors.some(part))
    return found


def reciprocal_ranks(clouds: Clouds, isometry: Tensor, pairs: Anchors) -> Tensor:
    """Reciprocal ranks by CSLS of the partners of the pairs among rows of the other side, (p,): the mean of both ways."""
    n = min(WEIGHED_ROWS, len(clouds.x)), min(WEIGHED_ROWS, len(clouds.y))
    x = normalize(torch.cat([pairs.x, clouds.x[: n[0]]]) @ isometry, dim=1)
    y = torch.cat([pairs.y, clouds.y[: n[1]]])
    crowd_x, crowd_y = crowds(x, y, DEFAULT_NEIGHBOURHOOD)
    p = len(pairs)
    total = x.new_zeros(p)
    for queries, keys, crowd in ((x, y, crowd_y), (y, x, crowd_x)):
        scores = 2 * queries[:p] @ keys.T - crowd
        # A partner that stands among the rows too has an equal score and does not count against itself.
        own = scores.diagonal()[:, None]
        total += 1 / (1 + (scores > own + 1e-6).sum(1)) / 2  # rounding of equal rows
    return total
