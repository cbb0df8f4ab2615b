"""`SoftKey`: a relabelling by gradient, as a soft assignment under a frozen n-gram model of X.

Y's likelihood is that of symbols which stand for letters with the probabilities of a doubly stochastic (or, for
homophones, row-stochastic) matrix. The model's probabilities are flattened at first, p^beta with beta rising to 1: a
sharp model makes the likelihood of a blurred key hard to climb.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.device import choose_device
from distmatch.errors import InputError
from distmatch.languages.symbols import SymbolModel
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.match import Bits, Match
from distmatch.matching.symbols.search import symbol_count
from distmatch.progress import Clock, Progress, silent

MAX_FITTED = 20_000
"""Symbols of Y whose n-grams are used."""


@dataclass(frozen=True, kw_only=True)
class SoftKey:
    """Maximum likelihood of a soft key, from a uniform start."""

    kind: str = "bijection"
    """"bijection" (Sinkhorn) or "homophonic" (softmax)."""
    steps: int = 120
    rate: float = 0.25
    """Learning rate of Adam on the logits of the key."""
    flat: float = 0.3
    """First beta; it reaches 1 after three quarters of the steps."""
    restarts: int = 1
    """Starts from the uniform key with other noise; the shortest code wins."""
    noise: float = 0.01
    """Spread of the first logits, to part symbols of equal standing."""
    device: str = "cpu"

    def match(
        self,
        source: np.ndarray,
        target: SymbolModel,
        *,
        symbols: int = 0,
        seed: int = 0,
        progress: Progress = silent,
    ) -> Match[Relabelling]:
        """f from Y's symbols to X's.

        Args:
            source: (n,) symbols of Y, at least as many as the order of the model.
            target: model of X, of order 2 or 3 (higher ones take size^order numbers per step).
            symbols: number of Y's symbols; 0 for those that occur.
            seed: of the noise.
            progress: called every ten steps; an interrupt keeps the best key so far.

        Raises:
            InputError: fewer symbols than the order of the model, or more kinds of them than a bijection has letters for.
        """
        import torch

        device = choose_device(self.device)
        clock = Clock()
        source = np.asarray(source, np.int64)
        count = symbol_count(source, symbols, target.size, self.kind)
        if len(source) < target.order:
            raise InputError(
                f"{len(source)} symbols are fewer than the order of the model, {target.order}"
            )
        part = source[:MAX_FITTED]
        windows = np.lib.stride_tricks.sliding_window_view(part, target.order)
        grams, weights = np.unique(windows, axis=0, return_counts=True)
        grams = torch.from_numpy(grams).to(device)
        weights = torch.from_numpy(weights.astype(np.float32)).to(device)
        model = torch.from_numpy(target.log2 * np.float32(np.log(2))).to(device)
        found: list[tuple[float, Relabelling, float]] = []
        history: list[dict[str, Any]] = []
        rows = target.size if self.kind == "bijection" else count
        for restart in range(self.restarts):
            generator = torch.Generator().manual_seed(1000 * seed + restart)
            noise = torch.randn(rows, target.size, generator=generator)
            logits = (self.noise * noise).to(device).requires_grad_()
            interrupted = self._ascend(logits, (grams, weights, model), restart, history, progress)
            with torch.no_grad():
                belief = soft_key(logits, self.kind).cpu().numpy()
            f = _hard(belief, count, target.size, self.kind)
            total = float(target.bits(f(source)).sum()) + f.choice_bits(source) + f.bits
            sure = belief[np.arange(count), f.table]
            frequency = np.bincount(source, minlength=count) / max(len(source), 1)
            found.append((total, f, float(sure @ frequency)))
            if interrupted:
                break
        found.sort(key=lambda entry: entry[0])
        made = [
            Match(
                map=f,
                bits=Bits(data=total - f.bits, map=f.bits),
                confidence=None,
                reason=f"a letter's assignment has probability {sure:.2f} on average",
                method="softkey",
                seed=seed,
                seconds=clock.seconds,
                cpu_seconds=clock.cpu_seconds,
                history=history,
                extra={"posterior": _posterior(total, sure, source, count)},
            )
            for total, f, sure in found
        ]
        made[0].alternatives.extend(made[1:6])
        return made[0]

    def _ascend(
        self, logits, data, restart: int, history: list[dict[str, Any]], progress: Progress
    ) -> bool:
        """All steps of one start, in place; whether an interrupt ended them."""
        import torch

        grams, weights, model = data
        # A short memory of squares: the loss changes with beta, full from three quarters of the steps on.
        optimizer = torch.optim.Adam([logits], lr=self.rate, betas=(0.9, 0.9))
        for step in range(self.steps):
            beta = min(1.0, self.flat + (1 - self.flat) * step / (0.75 * self.steps))
            try:
                flattened = (model * beta).log_softmax(-1).exp()
                loss = soft_nats(soft_key(logits, self.kind), grams, weights, flattened)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if step % 10 == 0 or step == self.steps - 1:
                    bits = loss.item() / np.log(2)
                    history.append({"restart": restart, "step": step, "beta": beta, "bits": bits})
                    progress(restart * self.steps + step, self.restarts * self.steps, bits=bits)
            except KeyboardInterrupt:
                return True
        return False


def soft_key(logits, kind: str, iterations: int = 12):
    """Probabilities (K, A) of a key: rows sum to one, for a bijection columns too (Sinkhorn, in the log domain)."""
    if kind != "bijection":
        return logits.softmax(dim=1)
    for _ in range(iterations):
        logits = logits - logits.logsumexp(dim=0, keepdim=True)
        logits = logits - logits.logsumexp(dim=1, keepdim=True)
    return logits.exp()


def soft_nats(key, grams, weights, model):
    """-log likelihood of the last symbol of every n-gram, given soft letters before it.

    Args:
        key: (K, A) probabilities of letters for each symbol.
        grams: (U, n) distinct n-grams of Y.
        weights: (U,) their counts.
        model: (A,) * n conditional probabilities.
    """
    size = model.shape[-1]
    context = key[grams[:, 0]]
    for place in range(1, model.dim() - 1):
        context = (context[:, :, None] * key[grams[:, place]][:, None]).flatten(1)
    letters = context @ model.reshape(-1, size)
    # p(symbol | letter): the share that the symbol has of all that the letter's column holds.
    emission = key / key.sum(dim=0, keepdim=True).clamp_min(1e-6)
    chance = (letters * emission[grams[:, -1]]).sum(dim=1)
    return -(weights * chance.clamp_min(1e-30).log()).sum()


def _hard(belief: np.ndarray, count: int, letters: int, kind: str) -> Relabelling:
    if kind == "homophonic":
        return Relabelling(belief.argmax(axis=1).astype(np.int32), letters, kind)
    from scipy.optimize import linear_sum_assignment

    _, columns = linear_sum_assignment(-np.log(belief + 1e-9))
    return Relabelling(columns[:count].astype(np.int32), letters, kind)


def _posterior(total: float, sure: float, source: np.ndarray, count: int) -> float:
    """How sure the letters are, if the map beats Y's own frequencies at all."""
    # Beyond 60 bits the odds are certainty.
    p = np.bincount(source, minlength=count) / max(len(source), 1)
    alone = -float((p[p > 0] * np.log2(p[p > 0])).sum()) * len(source)
    alone += 0.5 * (count - 1) * float(np.log2(max(len(source), 2)))
    return sure / (1.0 + 2.0 ** min(total - alone, 60.0))
