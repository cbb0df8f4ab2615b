"""`GromovCoupling`: rows of two spaces that no linear map joins, matched by what each side knows of its own distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distmatch.device import choose_device
from distmatch.embeddings.arrays import Vectors, as_embeddings
from distmatch.errors import InputError
from distmatch.maps.couplingmap import CouplingMap
from distmatch.matching.match import Bits, Match
from distmatch.matching.vectors.anchors import WEIGHT, pair_rows
from distmatch.matching.vectors.clouds import Trace
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.rowcosts import Cost, RowCosts, row_costs
from distmatch.progress import Progress, silent
from distmatch.retrieval.dictionary import Dictionary
from distmatch.transport.coupling import Coupling
from distmatch.transport.gromovdescent import Descent, balanced, descend, plan_of
from distmatch.transport.gromovstarts import Factors, annealed_moments, distinct
from distmatch.transport.parameters import fits_memory

TOLERANCE = 1e-3
SPREAD_EPSILONS = (8.0, 4.0, 2.0, 1.0)
"""Epsilons of all rows under the moment of a sample, in units of the sample's. At once the sharp plan is not balanced in
30 iterations: its marginals were off by 0.3 on a tree of 700 rows, and the map of what was left was wrong."""
SPREAD_SWEEPS = 60
"""Sinkhorn iterations at each of them, at most."""
MAX_SPREAD_EXCESS = 0.5
"""Share by which a plan may cost more on all rows than on its sample and count as the same: on trees that carry over it is
less than 0.2, on those that do not 1 and more."""


@dataclass(frozen=True, kw_only=True)
class GromovCoupling(Estimator):
    """Gromov-Wasserstein on low-rank costs of either side (Mémoli 2011; Peyré et al. 2016); the map is the plan.

    For single cells, shapes, brains: spaces of any dimensions whose rows keep their neighbours and nothing more (SCOT:
    Demetci et al. 2022). Several starts are annealed, the best few descend on all rows, and that of the lowest cost wins.
    A space that resembles its own mirror image has two optima of nearly one cost; `extra["runner_up"]` is how much more
    the best different one costs. There is no calibrated confidence.
    """

    cost: Cost = "graph"
    """Costs within a side: "graph", "cosine" or "euclidean", see `rowcosts.row_costs`."""
    neighbours: int | None = None
    """k of the graph; None is 50, or a fifth of the rows."""
    rank: int = 30
    """Factors of the costs."""
    landmarks: int = 1_000
    """Rows whose costs to all others are computed."""
    epsilon: float = 4e-3
    """Entropy at the end, in units of the largest interaction of both costs. A quarter of it takes twice the time and places
    SNARE-seq's cells and the points of a tree no better."""
    screened: int = 512
    """Random rows of each side that the starts are compared on. 256 cells of SNARE-seq missed the lower of two optima in
    one draw of three, 512 in none."""
    descents: int = 3
    """Different starts that descend on all rows, at most."""
    near: float = 0.2
    """Share by which a start may cost more than the best one and still descend."""
    rows: int = 2_000
    """Random rows of each side that descend; others are coupled under the moment found."""
    pairs: Dictionary | None = None
    """Known pairs, a linear term of the cost; words, or numbers of rows."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    def match(
        self, source: Vectors, target: Vectors, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """Couple the rows; `match.map(source)` moves them into the target's space and `match.map.back(target)` the reverse.

        Raises:
            InputError: fewer than 10 rows on a side, or unknown settings.
        """
        trace = Trace(seed=seed, progress=progress)
        named = as_embeddings(source, "source"), as_embeddings(target, "target")
        sides = named[0].vectors, named[1].vectors
        if min(map(len, sides)) < 10:
            raise InputError(f"{len(sides[0])} and {len(sides[1])} rows. A coupling needs 10 per side")  # fmt: skip
        costs = [
            row_costs(
                rows, self.cost, neighbours=self.neighbours, rank=self.rank, landmarks=self.landmarks, seed=seed
            )
            for rows in sides
        ]  # fmt: skip
        problem = self._problem(*costs)
        if self.pairs is not None:
            problem = _with_pairs(problem, *pair_rows(self.pairs, *named))
        generator = torch.Generator().manual_seed(seed)
        some = problem.sampled(self.rows, generator)
        found, screened = self._descents(some, generator, trace)
        if not found:
            raise KeyboardInterrupt
        best = min(found, key=_cost)
        plan = best.coupling if some is problem else self._spread(problem, best)
        whole = _cost(best)
        if some is not problem:
            whole = 2 - 2 * float(problem.interaction(plan.moment(problem.x, problem.y)))
        # Plans closer than a tenth of their distance from independence are one plan.
        others = [one for one in found if _apart(best, one, some) > 0.1]
        extra = {
            "gw_cost": whole, "sample_cost": None if some is problem else _cost(best),
            "runner_up": min(map(_cost, others)) / _cost(best) - 1 if others else screened,
            "product_cost": 2 - 2 * float(problem.interaction(torch.outer(problem.a @ problem.x, problem.b @ problem.y))),
            "marginal_error": plan.violation(), "converged": best.converged and not _lost(whole, _cost(best)),
            "lost_by_rank": [c.lost for c in costs],
            "perplexity": _perplexity(plan), "descents": len(found),
        }  # fmt: skip
        return Match(
            map=_map(plan, sides),
            bits=Bits(data=0.0, map=0.0),
            confidence=None,
            reason=("stopped early; " if trace.interrupted else "") + explain(extra),
            method="coupling", seed=seed, seconds=trace.clock.seconds, cpu_seconds=trace.clock.cpu_seconds,
            history=trace.history, extra=extra,
        )  # fmt: skip

    def _problem(self, one: RowCosts, other: RowCosts) -> Factors:
        where = choose_device(self.device)
        (x, s), (y, t) = (
            (torch.from_numpy(c.factors.astype(np.float32)).to(where), torch.from_numpy(c.signs).to(where, torch.float32))
            for c in (one, other)
        )  # fmt: skip
        masses = [z.new_full((len(z),), 1 / len(z)) for z in (x, y)]
        none = x.new_zeros(len(x), 0), y.new_zeros(len(y), 0)
        problem = Factors(x, y, masses[0], masses[1], s, t, none)
        # Costs of mean square 1, so that the cost of a plan is 2 - 2 <A P B, P>.
        x, y = x / problem.constant(0) ** 0.25, y / problem.constant(1) ** 0.25
        return Factors(x, y, masses[0], masses[1], s, t, none)

    def _descents(
        self, some: Factors, generator: torch.Generator, trace: Trace
    ) -> tuple[list[Descent], float | None]:
        """Descents of the best different starts, and how much more than the best one the next costs before it descends."""
        # From 0.02 of the cost down, where a plan has taken sides; 60 steps are a bound, the tolerance ends it.
        moments, values = annealed_moments(some, generator, sampled=self.screened)
        found: list[Descent] = []
        several = distinct(moments, values, self.descents)
        costs = 2 - values[several]
        for number, cost in zip(several, costs.tolist(), strict=True):
            if cost > float(costs[0] + self.near * costs[0].abs()):
                break
            try:
                one = descend(
                    some, moments[number], epsilons=(0.02, self.epsilon), steps=60, tolerance=TOLERANCE,
                    callback=lambda step, figures: trace.step({"step": step, **figures}, 60.0 * self.descents),
                )  # fmt: skip
            except KeyboardInterrupt:
                trace.interrupted = True
                break
            found.append(one)
            if one.interrupted:
                trace.interrupted = True
                break
        return found, float(costs[1] / costs[0]) - 1 if len(several) > 1 else None

    def _spread(self, problem: Factors, best: Descent) -> Coupling[Tensor]:
        """All rows under the moment of a sample, epsilon falling to that of the sample: each plan's moment asks for the next."""
        last = best.history[-1]["epsilon"]
        dense = fits_memory(4 * len(problem.x) * len(problem.y), problem.x)
        moment, f, g, before = best.moment, None, torch.zeros_like(problem.b), 1.0
        state = moment
        for factor in SPREAD_EPSILONS:
            epsilon = factor * last
            if f is not None:
                f, g = f * (before / epsilon), g * (before / epsilon)
            state, f, g, moment, _ = balanced(
                problem, moment, (f, g), epsilon, (SPREAD_SWEEPS, TOLERANCE), dense, 512, None
            )
            before = epsilon
        assert f is not None
        return plan_of(problem, state, f, g, 512)


def _with_pairs(problem: Factors, rows: Tensor, columns: Tensor) -> Factors:
    """The problem with points whose partners are known: their part of the plan is fixed, and a linear term for the rest."""
    x, y = problem[:2]
    known = WEIGHT / len(x) * x[rows].T @ y[columns]
    return problem._replace(linear=(4 * x @ problem.signed(known), y))


def _cost(found: Descent) -> float:
    return 2 + found.history[-1]["cost"]


def _apart(one: Descent, other: Descent, problem: Factors) -> float:
    """Distance of two moments as a share of the larger one, the means' part left out."""
    mean = torch.outer(problem.a @ problem.x, problem.b @ problem.y)
    left, right = one.moment - mean, other.moment - mean
    return float((left - right).norm() / torch.maximum(left.norm(), right.norm()).clamp(min=1e-12))


def _lost(whole: float, sample: float) -> bool:
    """Whether the plan of a sample does not carry over to all rows."""
    return whole > (1 + MAX_SPREAD_EXCESS) * sample


def _perplexity(plan: Coupling[Tensor]) -> float:
    """Effective number of partners per row, the geometric mean over the first 500 rows."""
    some = plan.queries[:500] @ plan.keys.T + plan.g + plan.b.log()
    logs = torch.log_softmax(some, dim=1)
    return float((-(logs.exp() * logs).sum(1)).mean().exp())


def _map(plan: Coupling[Tensor], sides: tuple[np.ndarray, np.ndarray]) -> CouplingMap:
    arrays = plan.to_numpy()
    u, v = np.log(arrays.a) + arrays.f, np.log(arrays.b) + arrays.g
    return CouplingMap(arrays.queries, arrays.keys, u, v, *sides)


def explain(extra: dict[str, Any]) -> str:
    """The evidence in words."""
    # Within 2 % of the cost the runner-up counts as a near tie.
    gain = 1 - extra["gw_cost"] / extra["product_cost"]
    said = f"the plan costs {gain:.0%} less than independent rows; {extra['perplexity']:.0f} partners per row"
    if extra["sample_cost"] is not None and _lost(extra["gw_cost"], extra["sample_cost"]):
        said += (
            f"; it costs {extra['gw_cost']:.3f} on all rows and {extra['sample_cost']:.3f} on the sample that it was found on, "
            "so it does not carry over: match fewer rows, or raise `rows`"
        )
    if extra["runner_up"] is None:
        return said + "; all starts end in one plan"
    if extra["runner_up"] < 0.02:
        return (
            said
            + f"; another plan costs only {extra['runner_up']:.1%} more, so the spaces may be nearly symmetric"
        )
    return said + f"; the best different plan costs {extra['runner_up']:.1%} more"
