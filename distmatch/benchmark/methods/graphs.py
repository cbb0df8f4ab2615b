"""Graph matching by peers: scipy's FAQ and POT's Gromov-Wasserstein solvers, on two square matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.kind import DoesNotApply
from distmatch.benchmark.methods.answer import answer
from distmatch.errors import InputError, missing_package
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class QuadraticAssignment:
    """scipy's `quadratic_assignment`: FAQ (Vogelstein et al. 2015) from the flat start and random ones, or 2-opt."""

    algorithm: str = "faq"
    starts: int = 4
    power: float = 0.5
    """Entries are raised to it first (0.5: square roots of frequencies, whose products are Bhattacharyya's)."""

    def match(
        self, source: np.ndarray, target: np.ndarray, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The assignment of the best start."""
        from scipy.optimize import quadratic_assignment

        a, b = (np.sign(m) * np.abs(m) ** self.power for m in (source, target))
        rng = np.random.default_rng(seed)
        best: Any = None
        for start in range(self.starts):
            options: dict[str, Any] = {"maximize": True, "rng": rng}
            if self.algorithm == "faq":
                options["P0"] = "barycenter" if start == 0 else "randomized"
            found = quadratic_assignment(a, b, method=self.algorithm, options=options)
            if best is None or found.fun > best.fun:
                best = found
            progress(start + 1, self.starts)
        return answer(
            best.col_ind, method=f"scipy {self.algorithm}", seed=seed, objective=float(best.fun)
        )


@dataclass(frozen=True, kw_only=True)
class PotGromov:
    """POT's Gromov-Wasserstein: `solver` ppa (proximal point), pgd (entropic) or cg (exact, conditional gradient)."""

    solver: str = "ppa"
    epsilon: float = 5e-4
    power: float = 0.5
    marginals: str = "mass"
    """"mass": of rows (frequencies of letters) or "uniform"."""
    iterations: int = 300

    def match(
        self, source: np.ndarray, target: np.ndarray, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The coupling."""
        try:
            import ot
        except ImportError as error:
            raise missing_package("POT", "align") from error
        if len(source) > 1000:
            raise DoesNotApply(f"{len(source)} vertices are too many for POT's dense solver here")
        p, q = (_mass(m) if self.marginals == "mass" else ot.unif(len(m)) for m in (source, target))
        a, b = (np.sign(m) * np.abs(m) ** self.power for m in (source, target))
        scale = max(a.max(), b.max())
        a, b = a / scale, b / scale
        if self.solver == "cg":
            plan = ot.gromov.gromov_wasserstein(a, b, p, q, "square_loss", max_iter=self.iterations)
        else:
            plan = ot.gromov.entropic_gromov_wasserstein(
                a, b, p, q, "square_loss", epsilon=self.epsilon, solver=self.solver.upper(),
                max_iter=self.iterations, warn=False,
            )  # fmt: skip
        plan = np.asarray(plan)
        if not np.isfinite(plan).all() or abs(plan.sum() - 1) > 0.01:
            raise InputError(f"POT gave no coupling at epsilon {self.epsilon:g}. Raise epsilon")
        return answer(_assignment(plan), method=f"POT {self.solver}", seed=seed)


def _mass(matrix: np.ndarray) -> np.ndarray:
    rows = matrix.sum(axis=1) + matrix.sum(axis=0)
    rows = np.maximum(rows, 1e-6 * rows.sum())
    return rows / rows.sum()


def _assignment(plan: np.ndarray) -> np.ndarray:
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(-plan)[1]
