"""`Adversarial`: a map that a discriminator cannot tell from the target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from distmatch.device import generator
from distmatch.embeddings.arrays import Vectors
from distmatch.errors import InputError
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.matching.vectors.clouds import ITERATIVE, Clouds, Trace, conclude
from distmatch.matching.vectors.estimator import Estimator
from distmatch.matching.vectors.evidence import EVIDENCE_ROWS, held_out
from distmatch.matching.vectors.induction import mutual_neighbours
from distmatch.matching.vectors.selflearning import SelfLearning
from distmatch.matching.vectors.starts import Start
from distmatch.progress import Progress, silent
from distmatch.transport.discriminator import Discriminator
from distmatch.transport.invariants import principal_invariants, row_invariants
from distmatch.transport.procrustes import procrustes


@dataclass(frozen=True, kw_only=True)
class Adversarial(Estimator):
    """A discriminator learns to tell f(X) from Y, f to deceive it; the best of several starts is refined.

    Follows Conneau et al. 2018, section 2.1, with one change that makes it work within seconds on a CPU: the
    discriminator also sees what a rotation leaves alone (how crowded a word's place is, how frequent its neighbours
    are), so it compares f(x) with rows y of like nature and not with any y. `Adversarial.muse()` is without it.
    """

    start: Start | None = None
    """First map of one game; None plays `restarts` games from random ones. With it the map before the game is refined
    too, and the better of both kept by `held_out`, so a game that only does harm costs time and nothing else."""
    vocabulary: int = 2_500
    """Most frequent words of each side shown to the discriminator."""
    restarts: int = 2
    """Random first maps; the best by mean CSLS of mutual neighbours goes on."""
    steps: int = 1_000
    """Steps of the map, a start."""
    batch: int = 256
    """Words of each side a step."""
    discriminator_steps: int = 2
    """Steps of the discriminator before each of the map."""
    hidden: int = 256
    """Units of a hidden layer."""
    layers: int = 1
    """Hidden layers."""
    conditions: int = 12
    """Principal rotation-invariant features shown beside a word; 0 shows none, as in the paper."""
    fourier: int = 200
    """Features of the conditions in the bilinear term."""
    dropout: float = 0.1
    """Share of input coordinates dropped."""
    smoothing: float = 0.2
    """Label smoothing s: the labels are s and 1 - s."""
    rate: float = 1.0
    """Learning rate of the map (plain gradient), falling linearly to a twentieth."""
    discriminator_rate: float = 1e-3
    """Learning rate of the discriminator."""
    optimizer: str = "adam"
    """Optimizer of the discriminator: adam or sgd."""
    beta: float = 0.5
    """Orthogonality step W <- (1 + beta) W - beta W W'W after each step of the map."""
    refinement: SelfLearning | None = field(default_factory=SelfLearning)
    """What the best map is handed to; None ends with the adversary's."""
    normalization: tuple[str, ...] = ITERATIVE
    """Steps applied to both sides first."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    @classmethod
    def muse(cls, **changes: Any) -> Adversarial:
        """The settings of Conneau et al. 2018 (section 3.1) and its code: 75,000 words, two layers of 2,048, batches of
        32, 150,000 steps of which each has five of the discriminator, dropout 0.1, smoothing 0.2, plain gradients of
        rate 0.1, beta 0.01, no conditions."""
        given = {
            "vocabulary": 75_000, "restarts": 1, "steps": 150_000, "batch": 32, "discriminator_steps": 5,
            "hidden": 2_048, "layers": 2, "conditions": 0, "dropout": 0.1, "smoothing": 0.2, "rate": 0.1,
            "discriminator_rate": 0.1, "optimizer": "sgd", "beta": 0.01, "normalization": ("unit", "center", "unit"),
            **changes,
        }  # fmt: skip
        return cls(**given)

    def __post_init__(self) -> None:
        if self.optimizer not in ("adam", "sgd"):
            raise InputError(f"unknown optimizer {self.optimizer!r}. Known: adam sgd")
        if not 0 <= self.smoothing < 0.5:
            raise InputError(f"smoothing {self.smoothing} is not between 0 and 0.5")

    def match(
        self, source: Vectors, target: Vectors, *, seed: int = 0, progress: Progress = silent
    ) -> Match[LinearMap]:
        """Find an orthogonal map from the source's space to the target's, then refine it.

        Raises:
            InputError: different dimensions, or fewer words than dimensions.
        """
        trace = Trace(seed=seed, progress=progress)
        clouds = Clouds.of(
            source, target, steps=self.normalization, device=self.device, orthogonal="adversarial"
        )
        noise = generator(seed, clouds.x.device)
        first = None if self.start is None else self.start.map(clouds.x, clouds.y, noise)
        found = [
            self.play(clouds, noise, start, trace, first)
            for start in range(self.restarts if first is None else 1)
        ]
        if first is not None:
            found.append(first)
            if self.refinement is not None:
                found = [self.refinement.learn(clouds, one, seed=seed) for one in found]
        # Refined maps are close to the pairs that they were fitted on, wrong ones too; those of games are fitted on none.
        fitted = first is not None and self.refinement is not None
        x, y = clouds.x[:EVIDENCE_ROWS], clouds.y[:EVIDENCE_ROWS]
        scores = [held_out(x, y, one) if fitted else mean_csls(clouds, one) for one in found]
        trace.history += [{"start": start, "csls": score} for start, score in enumerate(scores)]
        highest = max(scores)
        a: Tensor = found[scores.index(highest)]
        isometry, b = a, None
        if self.refinement is not None:
            if first is None:
                isometry = self.refinement.learn(clouds, a, seed=seed)
            a, b = self.refinement.finish(clouds, isometry, seed=seed)
        return conclude(
            clouds,
            a,
            b,
            method="adversarial",
            trace=trace,
            isometry=isometry,
            extra={"adversary_csls": highest},
        )

    def play(
        self,
        clouds: Clouds,
        noise: torch.Generator,
        start: int,
        trace: Trace,
        first: Tensor | None = None,
    ) -> Tensor:
        """One game from one isometry, random if there is no `first`, to another (d, d)."""
        d = clouds.x.shape[1]
        x, y = (d**0.5 * cloud[: self.vocabulary] for cloud in (clouds.x, clouds.y))
        sides = [_Side(x), _Side(y)]
        if self.conditions:
            known = principal_invariants(
                row_invariants(x / d**0.5, ranked=clouds.ranked),
                row_invariants(y / d**0.5, ranked=clouds.ranked),
                self.conditions,
            )
            sides = [_Side(x, known[0]), _Side(y, known[1])]
        judge = Discriminator(
            d, self.conditions, hidden=self.hidden, layers=self.layers, fourier=self.fourier,
            rate=self.dropout, generator=noise,
        )  # fmt: skip
        for side in sides:
            side.features = judge.features(side.conditions)
        if first is None:
            first = torch.linalg.qr(torch.randn(d, d, generator=noise, device=x.device))[0]
        assert first is not None
        w = first.clone().contiguous()
        w.requires_grad_()
        kind = torch.optim.Adam if self.optimizer == "adam" else torch.optim.SGD
        # A first moment of 0.5, usual for adversaries (Radford et al. 2016): each side moves the other's goal.
        options: dict[str, Any] = {"betas": (0.5, 0.99)} if self.optimizer == "adam" else {}
        judge_step = kind(judge.parameters(), lr=self.discriminator_rate, **options)
        loss = torch.zeros(())
        for step in range(self.steps):
            for _ in range(self.discriminator_steps):
                with torch.no_grad():
                    fake = sides[0].draw(self.batch, noise, w)
                real = sides[1].draw(self.batch, noise)
                loss = self._loss(judge(*fake), 0) + self._loss(judge(*real), 1)
                judge_step.zero_grad()
                loss.backward()
                judge_step.step()
            deceit = self._loss(judge(*sides[0].draw(self.batch, noise, w)), 1)
            (gradient,) = torch.autograd.grad(deceit, w)
            with torch.no_grad():
                # A straight line down to a twentieth: the last steps still follow the discriminator.
                w -= self.rate * max(0.05, 1 - step / self.steps) * gradient
                w.copy_((1 + self.beta) * w - self.beta * w @ (w.T @ w))
            if (step + 1) % 100 == 0:
                figures = {"discriminator": loss.item(), "map": deceit.item()}
                trace.history.append({"start": start, "step": step + 1, **figures})
                trace.progress(start * self.steps + step + 1, self.restarts * self.steps, **figures)
        return procrustes(w.detach())

    def _loss(self, odds: Tensor, label: int) -> Tensor:
        smooth = 1 - self.smoothing if label else self.smoothing
        return binary_cross_entropy_with_logits(odds, torch.full_like(odds, smooth))


@dataclass
class _Side:
    """Rows of one side with what is known of each."""

    rows: Tensor
    conditions: Tensor | None = None
    features: Tensor | None = None

    def draw(
        self, n: int, noise: torch.Generator, w: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """n random rows, mapped by w, with their conditions and features."""
        chosen = torch.randint(len(self.rows), (n,), generator=noise, device=noise.device)
        rows = self.rows[chosen] if w is None else self.rows[chosen] @ w
        known = [None if t is None else t[chosen] for t in (self.conditions, self.features)]
        return rows, known[0], known[1]


def mean_csls(clouds: Clouds, a: Tensor, *, words: int = 2_000) -> float:
    """Mean CSLS of the mutual neighbours of the most frequent words: the criterion of Conneau et al. 2018, 3.2."""
    pairs = mutual_neighbours(normalize(clouds.x[:words] @ a, dim=1), clouds.y[:words])
    return float(pairs.score.mean()) if len(pairs) else -1.0
