"""Soft dictionary induction: every row's average partner under a softmax of CSLS, a block of scores at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from distmatch.device import Group, shard, sum_over
from distmatch.matching.induction import BLOCK, crowds


def soft_moment(
    x: Tensor,
    y: Tensor,
    similar: tuple[Tensor, Tensor],
    *,
    temperature: float,
    neighbourhood: int = 10,
    group: Group = None,
) -> tuple[Tensor, float]:
    """Moment X'PY of rows with their average partners, and how close the partners are.

    P adds the softmax over each row to the softmax over each column of CSLS / temperature: every row of either
    side has a partner, an average of a few near rows. Where the two sides hold other rows of one distribution no row
    has a true partner, and the average is nearer to what it would be than the nearest row is.

    Args:
        x: (n, d) rows. y: (m, d').
        similar: the same rows as unit vectors of one space, (n, k) and (m, k).
        temperature: in units of CSLS, which is at most 2.
        neighbourhood: k of CSLS.
        group: processes that share the rows of x; the same answer on all.

    Returns:
        (d, d') moment a row, and the mean of each row's best CSLS.
    """
    a, b = similar
    crowd_x, crowd_y = crowds(a, b, neighbourhood, group)
    step = max(1, BLOCK // len(y))
    moment = x.new_zeros(x.shape[1], y.shape[1])
    back = x.new_zeros(len(y), x.shape[1])
    columns, best = x.new_zeros(len(y)), x.new_zeros(())
    mine = shard(len(x), group)
    buffer = x.new_empty(min(step, mine.stop - mine.start), len(y))
    for start in range(mine.start, mine.stop, step):
        part = slice(start, min(start + step, mine.stop))
        scores = torch.mm(a[part], b.T, out=buffer[: part.stop - part.start])
        scores.mul_(2).sub_(crowd_y).sub_(crowd_x[part, None])
        best += scores.amax(dim=1).sum()
        # CSLS is at most 2, so exponentials stay finite down to a temperature of 0.025.
        weights = scores.div_(temperature).exp_()
        moment += (x[part] / weights.sum(dim=1, keepdim=True)).T @ (weights @ y)
        back += weights.T @ x[part]
        columns += weights.sum(dim=0)
    for total in (moment, back, columns, best):
        sum_over(total, group)
    moment += (back / columns.clamp(min=1e-30)[:, None]).T @ y
    return moment / (len(x) + len(y)), float(best) / len(x)
