"""Random raw problems of transport, ours beside POT: `benchmarks/transport.py --only raw`.

Sizes 1 to 200 of either side, scales 1e-3 to 1e3, clusters, lines and points far from zero, equal and unequal masses, masses
of zero; float64. A problem counts where our cost is within 1 % of POT's or below and the marginals hold to 1e-6; a solver that
says `converged` and breaks either is counted as dishonest.
"""

from __future__ import annotations

import time
import warnings
from typing import Any, NamedTuple

import numpy as np

MARGINAL, COST = 1e-6, 0.01
"""Largest L1 marginal error and excess of cost that count as right."""
FLOOR = 1e-9
"""Excess over POT's cost, as a share of the mean cost of independent rows, that is rounding: two plans of cost zero are equal."""


class Problem(NamedTuple):
    """Two sets of points and their masses."""

    x: np.ndarray
    y: np.ndarray
    a: np.ndarray
    b: np.ndarray


def problem(seed: int, *, same_space: bool) -> Problem:
    """One random problem.

    Args:
        same_space: both sides in one space and at one scale, as Sinkhorn needs.
    """
    random = np.random.default_rng(seed)
    sizes = np.round(200 ** random.random(2)).astype(int)
    dimensions = random.integers(1, 30, size=2)
    scales = 10 ** random.uniform(-3, 3, size=2)
    if same_space:
        dimensions[1], scales[1] = dimensions[0], scales[0]
    sides = []
    for n, d, scale in zip(sizes, dimensions, scales, strict=True):
        rows = random.normal(size=(n, d))
        kind = random.integers(4)
        if kind == 1:  # clusters
            rows = 0.1 * rows + 2 * random.normal(size=(4, d))[random.integers(4, size=n)]
        elif kind == 2:  # heavy tails, as of counts
            rows = rows * random.standard_t(2, size=(n, 1))
        elif kind == 3:  # far from zero
            rows = rows + 10 * random.normal(size=d)
        sides.append(scale * rows)
    return Problem(*sides, *(masses(n, random) for n in sizes))


def masses(n: int, random: np.random.Generator) -> np.ndarray:
    """Equal, unequal, or unequal with about a third of zeros; sum 1."""
    kind = random.integers(3)
    mass = np.ones(n) if kind == 0 else random.dirichlet(np.ones(n)) + 1e-6
    if kind == 2:
        mass[1:] *= random.random(n - 1) > 0.3
    return mass / mass.sum()


def off(plan: np.ndarray, given: Problem) -> float:
    """The larger L1 marginal error of a plan."""
    return max(abs(plan.sum(1) - given.a).sum(), abs(plan.sum(0) - given.b).sum())


def entropy(plan: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """KL(P | a b') of measures of any mass."""
    product = np.outer(a, b)
    some = plan > 0
    return float((plan[some] * np.log(plan[some] / product[some])).sum() - plan.sum() + product.sum())  # fmt: skip


def kl(sums: np.ndarray, wanted: np.ndarray) -> float:
    """KL(p | q) of measures of any mass."""
    some = sums > 0
    return float((sums[some] * np.log(sums[some] / wanted[some])).sum() - sums.sum() + wanted.sum())


def squares(given: Problem) -> np.ndarray:
    """(n, m) squared distances."""
    x, y = given.x, given.y
    return np.square(x[:, None] - y).sum(2)


def sinkhorn(seed: int) -> dict[str, Any]:
    """Balanced entropic transport against `ot.sinkhorn(method="sinkhorn_log")`."""
    import ot

    import distmatch as dm

    given = problem(seed, same_space=True)
    random = np.random.default_rng(seed + 10**6)
    cost = squares(given)
    mean = float(given.a @ cost @ given.b)
    epsilon = None if seed % 2 else mean * 10 ** random.uniform(-2, 0) or 1.0
    started = time.process_time()
    ours = dm.sinkhorn(given.x, given.y, given.a, given.b, epsilon)
    seconds = time.process_time() - started
    rows, columns = given.a > 0, given.b > 0
    started = time.process_time()
    theirs = np.zeros_like(cost)
    theirs[np.ix_(rows, columns)] = ot.sinkhorn(
        given.a[rows], given.b[columns], cost[np.ix_(rows, columns)], ours.epsilon, method="sinkhorn_log",
        numItermax=20_000, stopThr=1e-9,
    )  # fmt: skip
    values = [
        (float((plan * cost).sum()) + ours.epsilon * entropy(plan, given.a, given.b), off(plan, given))
        for plan in (ours.dense(), theirs)
    ]  # fmt: skip
    return compared(values, mean, ours.converged, (seconds, time.process_time() - started))


def unbalanced(seed: int) -> dict[str, Any]:
    """Marginals held by KL, masses of any size, against `ot.unbalanced.sinkhorn_unbalanced`."""
    import ot

    import distmatch as dm

    given = problem(seed, same_space=True)
    random = np.random.default_rng(seed + 2 * 10**6)
    given = given._replace(a=given.a * random.uniform(0.3, 3), b=given.b * random.uniform(0.3, 3))
    cost = squares(given)
    mean = float(given.a @ cost @ given.b / given.a.sum() / given.b.sum()) or 1.0
    epsilon, rho = mean * 10 ** random.uniform(-1.5, 0), mean * 10 ** random.uniform(-1, 1)
    started = time.process_time()
    ours = dm.sinkhorn(given.x, given.y, given.a, given.b, epsilon, unbalanced=rho)
    seconds = time.process_time() - started
    rows, columns = given.a > 0, given.b > 0
    a, b, some = given.a[rows], given.b[columns], cost[np.ix_(rows, columns)]
    started = time.process_time()
    theirs = np.zeros_like(cost)
    theirs[np.ix_(rows, columns)] = ot.unbalanced.sinkhorn_unbalanced(
        a, b, some, epsilon, rho, method="sinkhorn_translation_invariant", reg_type="kl", c=np.outer(a, b),
        numItermax=20_000, stopThr=1e-12,
    )  # fmt: skip
    values = []
    for plan in (ours.dense(), theirs):
        value = float((plan * cost).sum()) + ours.epsilon * entropy(plan, given.a, given.b)
        sums = (plan.sum(1), given.a), (plan.sum(0), given.b)
        values.append((value + rho * sum(kl(*pair) for pair in sums), 0.0))
    values[0] = values[0][0], ours.violation((rho, rho))
    return compared(values, mean, ours.converged, (seconds, time.process_time() - started))


def gromov(seed: int) -> dict[str, Any]:
    """Gromov-Wasserstein on inner products against 50 of POT's proximal points."""
    import ot

    import distmatch as dm

    given = problem(seed, same_space=False)
    started = time.process_time()
    ours = dm.gromov_wasserstein(given.x, given.y, a=given.a, b=given.b)
    seconds = time.process_time() - started
    rows, columns = given.a > 0, given.b > 0
    x, y, a, b = given.x[rows], given.y[columns], given.a[rows], given.b[columns]
    c, d = x @ x.T, y @ y.T
    # Scales of the sides change no plan; without this POT's kernel underflows on most of these problems.
    one, other = c / (abs(c).max() or 1.0), d / (abs(d).max() or 1.0)

    def value(plan: np.ndarray) -> float:
        return float(a @ c**2 @ a + b @ d**2 @ b - 2 * (c @ plan @ d * plan).sum())

    whole = ours.coupling.dense()
    started = time.process_time()
    plan = ot.gromov.entropic_gromov_wasserstein(
        one, other, a, b, "square_loss", epsilon=0.03, solver="PPA", max_iter=50, tol=1e-9, warn=False
    )  # fmt: skip
    answered = np.isfinite(plan).all() and abs(plan.sum(1) - a).sum() < MARGINAL
    values = [
        (value(whole[np.ix_(rows, columns)]), off(whole, given)),
        (value(plan) if answered else np.nan, 0.0),
    ]
    scale = float(a @ c**2 @ a + b @ d**2 @ b) or 1.0
    return compared(values, scale, ours.converged, (seconds, time.process_time() - started))


def compared(
    values: list[tuple[float, float]], scale: float, converged: bool, seconds: tuple[float, float]
) -> dict[str, Any]:
    """Figures of one problem from (cost, marginal error) of ours and of POT."""
    (ours, error), (theirs, other) = values
    excess = (ours - theirs) / max(abs(theirs), 1e-300)
    cost = bool(np.isnan(theirs) or ours - theirs <= max(COST * abs(theirs), FLOOR * scale))
    marginals = bool(error <= MARGINAL)
    return {
        "cost": cost, "excess": float(excess), "lower": bool(ours < theirs - COST * abs(theirs)), "marginals": marginals,
        "error": float(error), "their_error": float(other), "no_answer": bool(np.isnan(theirs)), "converged": bool(converged),
        "dishonest": bool(converged and not marginals), "seconds": seconds[0], "their_seconds": seconds[1],
    }  # fmt: skip


SOLVERS = {"Sinkhorn": sinkhorn, "unbalanced": unbalanced, "Gromov-Wasserstein": gromov}


def raw_row(solver: str, first: int, count: int) -> dict[str, Any]:
    """The counts of many problems of one solver."""
    warnings.simplefilter("ignore")
    rows = [SOLVERS[solver](seed) for seed in range(first, first + count)]
    counted = ("cost", "lower", "marginals", "converged", "dishonest", "no_answer")
    return {
        "task": "raw", "solver": solver, "first": first, "problems": len(rows),
        **{name: sum(row[name] for row in rows) for name in counted},
        "worst": max((row["excess"] for row in rows if not row["no_answer"]), default=0.0),
        "not_right": [first + k for k, row in enumerate(rows) if not (row["cost"] and row["marginals"] and row["converged"])],
        "seconds": sum(row["seconds"] for row in rows), "their_seconds": sum(row["their_seconds"] for row in rows),
    }  # fmt: skip
