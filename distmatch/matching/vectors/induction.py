"""Dictionary induction: pairs of rows that are each other's best by CSLS, a block of scores at a time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from distmatch.device import Group, max_over, shard, size_of, sum_over

BLOCK = 1 << 22
"""Scores held at a time: 16 MiB of float32, which stays in cache."""
GROUPS = 512
"""Groups of rows whose maxima stand for a column's nearest rows; exact up to this many rows."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows found.

    Args:
        source: (p,) row indices of x. target: (p,) of y.
        score: (p,) CSLS.
        crowd: mean cosine of each row of x with its nearest of y, (n,), and the reverse, (m,).
    """

    source: Tensor
    target: Tensor
    score: Tensor
    crowd: tuple[Tensor, Tensor]

    def __len__(self) -> int:
        return len(self.source)


def mutual_neighbours(
    x: Tensor,
    y: Tensor,
    *,
    neighbourhood: int = 10,
    crowd: tuple[Tensor, Tensor] | None = None,
    keep: float = 1.0,
    generator: torch.Generator | None = None,
    union: bool = False,
    group: Group = None,
) -> Pairs:
    """Pairs (i, j) with j the best of i and i the best of j by 2 cos - r_Y(x_i) - r_X(y_j) (Conneau et al. 2018).

    One pass over the scores: with the crowds of the step before (they change slowly) one product of matrices a
    step is enough. The crowd of a column is the mean over the largest maxima of groups of rows, within 2 % of exact.

    Args:
        x: (n, d) unit rows. y: (m, d) unit rows.
        neighbourhood: k of CSLS.
        crowd: from the step before; None costs another pass.
        keep: probability that a score takes part, the rest are dropped (Artetxe et al. 2018, section 3.3).
        generator: of the dropout.
        union: return the best of every row and of every column instead (VecMap's dictionary).
        group: processes that share the rows; the same pairs on all. With dropout each does all rows, so that
            the numbers drawn are those of one process.
    """
    if keep < 1:
        group = None
    if crowd is None:
        crowd = crowds(x, y, neighbourhood, group)
    new, best, values, highest = _pass(x, y, neighbourhood, crowd, keep, generator, group)
    if union:
        _, back, back_values, _ = _pass(
            y, x, neighbourhood, (crowd[1], crowd[0]), keep, generator, group
        )
        rows, columns = (torch.arange(len(z), device=x.device) for z in (x, y))
        pairs = torch.cat([rows, back]), torch.cat([best, columns])
        return Pairs(*pairs, torch.cat([values, back_values]), new)
    source = torch.nonzero((values >= highest[best]) & torch.isfinite(values)).squeeze(1)
    return Pairs(source, best[source], values[source], new)


def crowds(x: Tensor, y: Tensor, k: int, group: Group = None) -> tuple[Tensor, Tensor]:
    """Mean cosine of each row of x with its k nearest of y, (n,), and the reverse, (m,), within 2 % of exact.

    Args:
        x: (n, d) unit rows. y: (m, d) unit rows.
    """
    return _pass(x, y, k, None, 1.0, None, group)[0]


def _pass(
    x: Tensor,
    y: Tensor,
    k: int,
    crowd: tuple[Tensor, Tensor] | None,
    keep: float,
    generator: torch.Generator | None,
    group: Group,
) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor, Tensor]:
    """New crowds; and under the old ones the best column of each row, its score, and each column's best score."""
    n, m = len(x), len(y)
    rows, width = max(1, BLOCK // m), max(1, -(-n // GROUPS))
    rows = max(width, rows - rows % width)
    # Processes take whole groups of rows, so that the maxima are those of one process.
    share = shard(-(-n // width), group)
    first, last = share.start * width, min(share.stop * width, n)
    crowd_x, maxima = x.new_zeros(n), x.new_empty(share.stop - share.start, m)
    # One buffer: blocks freed and allocated anew leave holes that small results nibble at, up to (n, m) in all.
    buffer = x.new_empty(min(rows, max(last - first, 0)), m)
    best = torch.zeros(n, dtype=torch.int64, device=x.device)
    values = x.new_zeros(n)
    highest = x.new_full((m,), -torch.inf)
    for start in range(first, last, rows):
        part = slice(start, min(start + rows, last))
        scores = torch.mm(x[part], y.T, out=buffer[: part.stop - part.start])
        crowd_x[part] = scores.topk(min(k, m), dim=1, sorted=False).values.mean(dim=1)
        whole, top = len(scores) // width, (start - first) // width
        maxima[top : top + whole] = scores[: whole * width].view(-1, width, m).amax(dim=1)
        if whole * width < len(scores):
            maxima[top + whole] = scores[whole * width :].amax(dim=0)
        if crowd is None:
            continue
        scores.mul_(2).sub_(crowd[1]).sub_(crowd[0][part, None])
        if keep < 1:
            dropped = torch.rand(scores.shape, generator=generator, device=x.device) >= keep
            scores.masked_fill_(dropped, -torch.inf)
        values[part], best[part] = scores.max(dim=1)
        torch.maximum(highest, scores.amax(dim=0), out=highest)
    crowd_y = largest(maxima.T.contiguous(), k, group).mean(dim=1)
    if group is not None:
        for rows_of_all in (crowd_x, best, values):
            sum_over(rows_of_all, group)
        max_over(highest, group)
    return (crowd_x, crowd_y), best, values, highest


def largest(scores: Tensor, k: int, group: Group = None) -> Tensor:
    """The k largest of each row, or all of them, (m, k) in no order; of the columns of all processes together.

    Args:
        scores: (m, c), the columns of this process.
    """
    own = scores.topk(min(k, scores.shape[1]), dim=1, sorted=False).values
    if group is None:
        return own
    columns = int(sum_over(torch.tensor(scores.shape[1], device=scores.device), group))
    size, here = size_of(group)
    everyone = scores.new_zeros(size, len(scores), k)
    everyone[here] = -torch.inf
    everyone[here, :, : own.shape[1]] = own
    together = sum_over(everyone, group).permute(1, 0, 2).flatten(1)
    return together.topk(min(k, columns), dim=1, sorted=False).values


def translations(
    x: Tensor, y: Tensor, crowd: tuple[Tensor, Tensor], queries: Tensor | None = None
) -> Tensor:
    """The best row of y for each row of x (or of `queries`, indices into x) by CSLS, (n,) int64."""
    rows = x if queries is None else x[queries]
    step = max(1, BLOCK // len(y))
    found = [
        (2 * (rows[i : i + step] @ y.T)).sub_(crowd[1]).argmax(dim=1)
        for i in range(0, len(rows), step)
    ]
    return torch.cat(found)


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
