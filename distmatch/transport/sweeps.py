"""Sinkhorn iterations at one epsilon, streaming or on a cached kernel."""

from __future__ import annotations

import torch
from torch import Tensor

from distmatch.device import Group, max_over, sum_over
from distmatch.transport.kernel import MIN_MASS, Duals, sweep

DRIFT = 40.0
"""Change of a log potential after which a cached float32 kernel no longer covers the plan."""
NEWTON_SIDE = 1024
"""Points of the smaller side up to which a Newton step, which factors a matrix of that size, is worth its time."""
NEWTON_EVERY = 50
"""Iterations between rounds of Newton steps: where plain iterations converge fast, none is needed."""
NEWTON_STEPS = 8
"""Newton steps per round, at most."""
MIN_STEP = 1e-3
"""Part of a Newton step below which it is given up."""


class Sweeps:
    """Iterations on scores <q_i, k_j>.

    The cached kernel is the plan that a streaming iteration left, at potentials (f0, g0); further ones
    scale its rows and columns, until the scales leave float32 and an iteration streams again.

    Args:
        queries: (n, d), divided by epsilon. keys: (m, d).
        a: (n,) positive masses. b: (m,) likewise.
        damping: of rows and columns, see `sweep`.
        dense: whether the kernel is cached.
        chunk: rows at a time.
        group: processes that share the rows.
    """

    def __init__(
        self,
        queries: Tensor,
        keys: Tensor,
        a: Tensor,
        b: Tensor,
        damping: tuple[float, float],
        dense: bool,
        chunk: int,
        group: Group,
    ) -> None:
        self.queries, self.keys, self.a, self.b = queries, keys, a, b
        self.damping, self.dense, self.chunk, self.group = damping, dense, chunk, group
        self.mass = float(sum_over(a.sum(), group))
        self.kernel: Tensor | None = None
        self.f0 = self.g0 = torch.empty(0)

    def run(
        self, f: Tensor | None, g: Tensor, iterations: int, tolerance: float
    ) -> tuple[Tensor, Tensor, float, int]:
        """At most so many iterations; the error returned is that of the potentials returned, as a share of the mass."""
        if f is None:
            f, g, _ = self._exact(f, g)
        f, g = self._centred(f, g)
        error, done, rounding = float("nan"), 0, 100 * torch.finfo(g.dtype).eps
        for done in range(iterations + 1):
            new_f, new_g, error = self._step(f, g)
            error /= self.mass
            if error <= tolerance or done == iterations:
                break
            f, g = new_f, new_g
            if done % NEWTON_EVERY == NEWTON_EVERY - 1 and error > rounding and self._small():
                for _ in range(NEWTON_STEPS):
                    new = self._newton(f, g)
                    if new is None:
                        break
                    f, g = self._centred(*new)
        return f, g, error, done

    def _centred(self, f: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        """Balanced potentials are free up to a constant, along which Newton steps drift until no digit is left for the rest."""
        if self.damping != (1.0, 1.0):
            return f, g
        constant = float(self.b @ g / self.b.sum())
        return f + constant, g - constant

    def _small(self) -> bool:
        smaller = min(len(self.a), len(self.b))
        return self.kernel is not None and self.group is None and smaller <= NEWTON_SIDE

    def _newton(self, f: Tensor, g: Tensor) -> tuple[Tensor, Tensor] | None:
        """A Newton step on the dual, or None where it does not help.

        With P the plan and kappa = 1 / damping - 1 (epsilon / rho) the conditions of optimality are P1 = a exp(-kappa f)
        and the same of the columns. Plain iterations converge linearly, slowly where epsilon is small; Newton near the
        end quadratically. The dual is concave, so halving the step in the end raises it.
        """
        assert self.kernel is not None
        plan = self.kernel * (f - self.f0).exp()[:, None] * (g - self.g0).exp()
        potentials, weights, damping = (f, g), (self.a, self.b), self.damping
        goals = [
            w * ((1 - 1 / share) * potential).exp()
            for w, potential, share in zip(weights, potentials, damping, strict=True)
        ]
        sums = [plan.sum(1), plan.sum(0)]
        slopes = [
            (total + (1 / share - 1) * goal).clamp(min=MIN_MASS)
            for total, share, goal in zip(sums, damping, goals, strict=True)
        ]
        gaps = [goal - total for goal, total in zip(goals, sums, strict=True)]
        transposed = plan.shape[0] < plan.shape[1]
        if transposed:
            plan, slopes, gaps = plan.T, slopes[::-1], gaps[::-1]
        scaled = plan / slopes[0][:, None]
        inner = -(plan.T @ scaled)
        # Balanced potentials are free up to a constant, which makes the matrix singular.
        inner.diagonal().add_(slopes[1] * (1 + 1e-12) + float(slopes[1].mean()) * 1e-12)
        factor, failed = torch.linalg.cholesky_ex(inner)
        if bool(failed) or not bool(factor.isfinite().all()):
            return None
        second = torch.cholesky_solve((gaps[1] - scaled.T @ gaps[0])[:, None], factor)[:, 0]
        first = (gaps[0] - plan @ second) / slopes[0]
        rise = float(first @ gaps[0] + second @ gaps[1])
        moves = (second, first) if transposed else (first, second)
        before, share = self._dual(f, g), 1.0
        while share > MIN_STEP and rise > 0:
            new = f + share * moves[0], g + share * moves[1]
            if self._dual(*new) >= before + 1e-4 * share * rise:
                return new
            share /= 2
        return None

    def _dual(self, f: Tensor, g: Tensor) -> float:
        """The dual objective, which is largest at the optimum; -inf where the cached kernel does not cover the plan."""
        assert self.kernel is not None
        if not float(torch.maximum((f - self.f0).abs().max(), (g - self.g0).abs().max())) < DRIFT:
            return float("-inf")
        total = -float((f - self.f0).exp() @ (self.kernel @ (g - self.g0).exp()))
        for weights, potential, share in zip((self.a, self.b), (f, g), self.damping, strict=True):
            kappa = 1 / share - 1
            gain = potential if kappa == 0 else -torch.expm1(-kappa * potential) / kappa
            total += float(weights @ gain)
        return total

    def _step(self, f: Tensor, g: Tensor) -> tuple[Tensor, Tensor, float]:
        if self.kernel is None:
            return self._exact(f, g)
        # The same decision on all processes: they exchange different sums on the two ways.
        drift = max_over(
            torch.maximum((f - self.f0).abs().max(), (g - self.g0).abs().max()), self.group
        )
        return self._exact(f, g) if float(drift) > DRIFT else self._cached(f, g)

    def _exact(self, f: Tensor | None, g: Tensor) -> tuple[Tensor, Tensor, float]:
        """A streaming iteration, whose plan becomes the kernel where one is kept."""
        if self.dense and self.kernel is None:
            self.kernel = self.queries.new_empty(len(self.queries), len(self.keys))
        new_f, new_g, error, _ = sweep(
            self.queries, self.keys, Duals(f, g, self.a, self.b), damping=self.damping, plan=self.kernel,
            chunk=self.chunk, group=self.group,
        )  # fmt: skip
        self.f0, self.g0 = new_f, g
        return new_f, new_g, error

    def _cached(self, f: Tensor, g: Tensor) -> tuple[Tensor, Tensor, float]:
        assert self.kernel is not None
        v = (g - self.g0).exp()
        new_f = torch.empty_like(f)
        column = torch.zeros_like(g)
        # Blocks that fit the cache are read once for the row sums and once for the column sums.
        step = max(1, 2**19 // len(g))
        least = float("inf")
        for i in range(0, len(f), step):
            block = self.kernel[i : i + step]
            sums = torch.mv(block, v)
            least = min(least, float(sums.min()))
            mass = sums.clamp_(min=MIN_MASS) / self.a[i : i + step]
            logsumexp = mass.log() - self.f0[i : i + step]
            new_f[i : i + step] = -self.damping[0] * logsumexp
            column += (new_f[i : i + step] - self.f0[i : i + step]).exp() @ block
        error = float(sum_over((self.a * ((f - new_f).exp() - 1).abs()).sum(), self.group))
        column = sum_over(column, self.group) * v / self.b
        # A row or column that the kernel has lost keeps a wrong potential and no error shows it. All processes agree.
        lost = torch.tensor(float(min(least, float(column.min())) < MIN_MASS), device=g.device)
        if float(max_over(lost, self.group)):
            return self._exact(f, g)
        return new_f, self.damping[1] * (g - column.clamp(min=MIN_MASS).log()), error
