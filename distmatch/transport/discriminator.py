"""A discriminator: which of two clouds does a row come from? Its success is a divergence, its gradient moves a map."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, leaky_relu

from distmatch.transport.tensors import as_tensors


class Discriminator:
    """Log-odds that a row is of the target: a perceptron on the row and, if given, on what is known of it.

    Conditions also enter through a bilinear term on Fourier features (the projection discriminator of Miyato & Koyama
    2018), which compares the mean rows of like conditions.

    Args:
        dimension: d of the rows.
        conditions: k numbers known of each row; 0 for none.
        hidden: units of each hidden layer.
        layers: hidden layers.
        fourier: features of the conditions in the bilinear term; unused without conditions.
        rate: of input dropout.
        generator: of initial weights and dropout.
    """

    def __init__(
        self,
        dimension: int,
        conditions: int,
        *,
        hidden: int,
        layers: int,
        fourier: int,
        rate: float,
        generator: torch.Generator,
    ) -> None:
        self.rate, self.generator = rate, generator
        device = generator.device

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, device=device)

        sizes = [dimension + conditions, *[hidden] * layers, 1]
        self.weights = [normal(a, b).div(math.sqrt(a)).requires_grad_() for a, b in pairwise(sizes)]
        self.biases = [torch.zeros(b, device=device, requires_grad=True) for b in sizes[1:]]
        self.bilinear = None
        if conditions and fourier:
            self.frequencies = 0.3 * normal(conditions, fourier)
            self.phases = 2 * math.pi * torch.rand(fourier, generator=generator, device=device)
            self.bilinear = torch.zeros(fourier, dimension, device=device, requires_grad=True)

    def parameters(self) -> list[Tensor]:
        """What an optimizer moves."""
        extra = [] if self.bilinear is None else [self.bilinear]
        return [*self.weights, *self.biases, *extra]

    def features(self, conditions: Tensor | None) -> Tensor | None:
        """(n, fourier) centred Fourier features of all rows' conditions, to be looked up by row."""
        if self.bilinear is None or conditions is None:
            return None
        waves = math.sqrt(2) * torch.cos(conditions @ self.frequencies + self.phases)
        return waves - waves.mean(dim=0)

    def __call__(
        self, rows: Tensor, conditions: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        """Log-odds (n,) for rows (n, d) with conditions (n, k) and their features."""
        if self.rate:
            keep = torch.rand(rows.shape, generator=self.generator, device=rows.device) >= self.rate
            rows = rows * keep / (1 - self.rate)
        state = rows if conditions is None else torch.cat([rows, conditions], dim=1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            state = leaky_relu(state @ weight + bias, 0.2)
        odds = (state @ self.weights[-1] + self.biases[-1])[:, 0]
        if self.bilinear is not None and features is not None:
            odds = odds + ((features @ self.bilinear) * rows).sum(dim=1) / math.sqrt(rows.shape[1])
        return odds


def discriminator_divergence(
    x: Any,
    y: Any,
    *,
    seed: int = 0,
    steps: int = 200,
    batch: int = 256,
    hidden: int = 64,
    folds: int = 2,
) -> float:
    """Jensen-Shannon divergence in bits that a small perceptron can show between two clouds, a lower bound.

    1 - binary cross-entropy in bits on rows that it was not trained on, averaged over folds: 0 where it does no better than
    chance, 1 where it tells every row apart (Goodfellow et al. 2014, section 4.1).

    Args:
        x: (n, d). y: (m, d). Tensors, arrays or whatever `align` takes; there is no gradient.
        seed: of the split, the weights and the batches.
        steps: of Adam, per fold.
        batch: rows of each side per step.
        hidden: units of the one hidden layer.
        folds: parts; each is held out once.

    Returns:
        bits, between 0 and 1.
    """
    x, y = as_tensors(x, y)
    generator = torch.Generator(device=x.device).manual_seed(seed)
    both = torch.cat([x, y])
    scale = both.std(dim=0).clamp(min=1e-12)
    sides = [(side - both.mean(dim=0)) / scale for side in (x, y)]
    orders = [torch.randperm(len(s), generator=generator, device=x.device) for s in sides]
    total = 0.0
    for fold in range(folds):
        train = [
            s[o[torch.arange(len(o), device=x.device) % folds != fold]]
            for s, o in zip(sides, orders, strict=True)
        ]
        test = [
            s[o[torch.arange(len(o), device=x.device) % folds == fold]]
            for s, o in zip(sides, orders, strict=True)
        ]
        net = Discriminator(
            x.shape[1], 0, hidden=hidden, layers=1, fourier=0, rate=0.1, generator=generator
        )
        optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-2)
        for _ in range(steps):
            loss = torch.zeros((), device=x.device)
            for label, rows in enumerate(train):
                chosen = torch.randint(len(rows), (batch,), generator=generator, device=x.device)
                odds = net(rows[chosen])
                loss = loss + binary_cross_entropy_with_logits(odds, torch.full_like(odds, label))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.rate = 0.0
        with torch.no_grad():
            total += (
                sum(
                    float(binary_cross_entropy_with_logits(odds, torch.full_like(odds, label)))
                    for label, odds in enumerate(net(rows) for rows in test)
                )
                / 2
            )
    return min(1.0, max(0.0, 1 - total / folds / math.log(2)))
