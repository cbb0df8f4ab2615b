"""Starts of Gromov-Wasserstein: the product plan is a saddle, and every other start leads to another optimum."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from torch import Tensor

SAMPLED_POINTS = 256
"""Points of either side that starts are compared on."""
SIGNED = 3
"""Leading axes whose signs are all tried."""
RANDOM = 4
"""Further starts, with random signs and axes."""
MORE_RANDOM, FEW_PAIRS = 32, 1 << 14
"""The same where there are at most so many pairs of points, and starts cost next to nothing."""
SMALL = 1 << 18
"""Entries of a plan up to which a problem is small."""
DESCENTS, MORE_DESCENTS = 4, 12
"""Starts that descend to sharp plans in small problems, and in those of at most `FEW_PAIRS`."""
APART = 0.02
"""Distance of two moments, as a share of one, from which they are two plans."""
EPSILONS = (0.5, 0.01)
"""First and last epsilon of a start, in units of the largest interaction."""
ANNEALING_STEPS, ANNEALING_INNER = 24, 10
"""Fixed-point steps of each start, and Sinkhorn iterations per step."""
LAST_INNER = 150
"""The same in the last step: values of plans whose marginals do not hold cannot be compared."""


class Factors(NamedTuple):
    """A problem with the costs X diag(s) X' and Y diag(t) Y' on points with masses, in units of its own.

    Args:
        x: (n, d) with |X' diag(a) X| = 1. y: (m, d') likewise.
        a: (n,) masses of sum 1. b: (m,).
        s: (d,) signs of the source's axes. t: (d',).
        linear: (n, k) and (m, k) features u, v; the plan also gains <u_i, v_j>.
    """

    x: Tensor
    y: Tensor
    a: Tensor
    b: Tensor
    s: Tensor
    t: Tensor
    linear: tuple[Tensor, Tensor]

    def signed(self, moment: Tensor) -> Tensor:
        """diag(s) M diag(t), (..., d, d'): half of the gradient of `interaction`."""
        return self.s[:, None] * moment * self.t

    def interaction(self, moment: Tensor) -> Tensor:
        """<A P B, P> of plans with these moments X'PY, (...,); the cost is a constant minus twice this."""
        return (moment * self.signed(moment)).sum((-2, -1))

    def constant(self, side: int) -> float:
        """The mean squared cost of one side, a part of the Gromov-Wasserstein cost that no plan changes."""
        points, mass, signs = ((self.x, self.a, self.s), (self.y, self.b, self.t))[side]
        second = (points * mass[:, None]).T @ points
        return float((second * second * signs[:, None] * signs).sum())

    def sampled(self, size: int, generator: torch.Generator) -> Factors:
        """At most so many points of each side, drawn by their masses and then equal; itself if there are no more."""
        if max(len(self.x), len(self.y)) <= size:
            return self
        sides = []
        for points, mass, features in zip(self[:2], self[2:4], self.linear, strict=True):
            if len(points) > size:
                chosen = torch.multinomial(mass.double().cpu(), size, generator=generator)
                chosen = chosen.to(points.device)
                points, features = points[chosen], features[chosen]
                mass = mass.new_full((size,), 1 / size)
            sides.append((points, mass, features))
        (x, a, u), (y, b, v) = sides
        return Factors(x, y, a, b, self.s, self.t, (u, v))


def searched_moments(problem: Factors, seed: int = 0, starts: int | None = None) -> list[Tensor]:
    """Moments (d, d') of the lowest costs that annealing from several starts finds on a sample of the points, best first.

    Starts are the product plan, the principal axes of both sides in order of variance, with all signs of the leading
    ones, and random ones. It is one moment for large problems; in small ones blunt plans may rank otherwise than the
    sharp ones that they lead to.

    Args:
        starts: how many; None is all of them.
    """
    generator = torch.Generator().manual_seed(seed)
    moments, values = annealed_moments(problem, generator, starts)
    size = len(problem.x) * len(problem.y)
    few = MORE_DESCENTS if size <= FEW_PAIRS else DESCENTS if size <= SMALL else 1
    return [moments[k] for k in distinct(moments, values, few)]


def annealed_moments(
    problem: Factors,
    generator: torch.Generator,
    starts: int | None = None,
    *,
    sampled: int = SAMPLED_POINTS,
) -> tuple[Tensor, Tensor]:
    """Moments (k, d, d') that the starts of `searched_moments` end in, and twice their interactions (k,)."""
    some = problem.sampled(sampled, generator)
    return _annealed(some, _first_moments(some, generator)[:starts])


def distinct(moments: Tensor, values: Tensor, count: int) -> list[int]:
    """Numbers of the best moments (k, d, d'), best first, each other than those before it: many starts end in one plan."""
    chosen: list[int] = []
    for number in values.argsort(descending=True).tolist():
        one = moments[number]
        gaps = [float((one - moments[k]).norm() / one.norm().clamp(min=1e-30)) for k in chosen]
        if all(gap > APART for gap in gaps):
            chosen.append(number)
        if len(chosen) == count:
            break
    return chosen


def _first_moments(problem: Factors, generator: torch.Generator) -> Tensor:
    x, y, a, b = problem[:4]
    mean = torch.outer(a @ x, b @ y)
    (left, p), (right, q) = (_axes(points, mass) for points, mass in ((x, a), (y, b)))
    rank = min(len(p), len(q))
    scale = (p[:rank] * q[:rank]).sqrt()
    found = [mean]
    for signs in itertools.product((1.0, -1.0), repeat=min(SIGNED, rank)):
        diagonal = scale.clone()
        diagonal[: len(signs)] *= diagonal.new_tensor(signs)
        found.append(mean + (left[:, :rank] * diagonal) @ right[:, :rank].T)
    for _ in range(MORE_RANDOM if len(x) * len(y) <= FEW_PAIRS else RANDOM):
        noise = torch.randn(rank, rank, generator=generator, dtype=torch.float64).to(x)
        turn = torch.linalg.qr(noise)[0]
        found.append(mean + (left[:, :rank] * scale) @ turn @ right[:, :rank].T)
    return torch.stack(found)


def _axes(points: Tensor, mass: Tensor) -> tuple[Tensor, Tensor]:
    """Principal axes (d, d) as columns and variances (d,), the largest first."""
    centred = points - mass @ points
    values, vectors = torch.linalg.eigh(((centred * mass[:, None]).T @ centred).double())
    return vectors.flip(1).to(points), values.flip(0).clamp(min=0).to(points)


def _annealed(problem: Factors, moments: Tensor) -> tuple[Tensor, Tensor]:
    """Fixed points of entropic Gromov-Wasserstein at falling epsilon, all starts at once, and their values (k,)."""
    x, y, a, b = problem[:4]
    u, v = problem.linear
    k, n, m = len(moments), len(x), len(y)
    f, g = x.new_zeros(k, n), x.new_zeros(k, m)
    first, last = EPSILONS
    gain = u @ v.T
    plan = x.new_empty(0)
    for step in range(ANNEALING_STEPS):
        epsilon = first * (last / first) ** (step / (ANNEALING_STEPS - 1))
        scores = (4 / epsilon) * (x @ problem.signed(moments) @ y.T) + gain / epsilon
        f = -torch.logsumexp(scores + (g + b.log())[:, None], dim=2)
        scores += (f + a.log())[:, :, None] + (g + b.log())[:, None]
        kernel = scores.exp_()
        left, right = torch.ones_like(f), torch.ones_like(g)
        for _ in range(LAST_INNER if step == ANNEALING_STEPS - 1 else ANNEALING_INNER):
            right = b / torch.einsum("kn,knm->km", left, kernel).clamp(min=1e-30)
            left = a / torch.einsum("knm,km->kn", kernel, right).clamp(min=1e-30)
        f, g = f + left.clamp(1e-12, 1e12).log(), g + right.clamp(1e-12, 1e12).log()
        plan = kernel.mul_(left[:, :, None]).mul_(right[:, None])
        moments = x.T @ plan @ y
    values = 2 * problem.interaction(moments) + (plan * gain).sum((1, 2))
    return moments, values.nan_to_num(nan=-torch.inf)
