"""`JointModel`: one transformer trained on X and Y with disjoint alphabets and no knowledge of f.

If the network serves both sides with the same weights, symbols that play the same part get like embeddings, and f can
be read off them by assignment. Runs of several seeds are one tensor program: every weight has a leading seed axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distmatch.errors import InputError
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.match import Bits, Match
from distmatch.progress import Clock, Progress, silent


@dataclass(frozen=True, kw_only=True)
class JointModel:
    """Settings of the experiment; `match_all` runs it for many seeds at once."""

    width: int = 32
    """Embedding dimension: the bottleneck that makes the two sides share."""
    layers: int = 1
    heads: int = 4
    anchor: int | None = None
    """Symbol of X and of Y that is known to be the same and has one embedding, the space for instance."""
    context: int = 32
    """Letters per window."""
    batch: int = 8
    """Windows of each side per step."""
    steps: int = 1500
    rate: float = 6e-3
    """Peak learning rate of Adam; it falls to zero as half a cosine."""
    spread: float = 0.002
    """Size of the first random embeddings, relative to unit rows: near 0 all symbols start alike, and those that play
    the same part on either side are pushed the same way."""
    separate: bool = False
    """Train on Y alone, as many steps of its windows: the run that the joint one is compared with."""

    def match(
        self,
        source: np.ndarray,
        target: np.ndarray,
        *,
        size: int = 27,
        seed: int = 0,
        progress: Progress = silent,
    ) -> Match[Relabelling]:
        """f from the symbols of `source` (Y) to those of `target` (X), of one seed."""
        return self.match_all([source], [target], size=size, seeds=[seed], progress=progress)[0]

    def match_all(
        self,
        sources: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        *,
        seeds: Sequence[int],
        size: int = 27,
        held_out: Sequence[np.ndarray] | None = None,
        progress: Progress = silent,
    ) -> list[Match[Relabelling]]:
        """One run per seed, all together.

        Args:
            sources: for each seed, (n,) symbols of Y.
            targets: for each seed, (m,) symbols of X.
            size: symbols of either alphabet.
            held_out: for each seed, symbols of Y not trained on; their bits per letter go into `extra`.
            progress: called every fifty steps; an interrupt keeps the weights so far.

        Returns:
            Matches with `bits.data` the code length of Y under the trained model (weights not charged) and, in `extra`,
            the mean cosine of matched embeddings and of all others.

        Raises:
            InputError: a side no longer than `context`.
        """
        import torch

        shortest = min(len(text) for text in (*sources, *targets))
        if shortest <= self.context:
            raise InputError(
                f"a side has {shortest} symbols, no more than the {self.context} of a window"
            )
        clock = Clock()
        generators = [np.random.default_rng([seed, 5]) for seed in seeds]
        weights = self._initial(size, seeds)
        moments = {k: (torch.zeros_like(w), torch.zeros_like(w)) for k, w in weights.items()}
        losses = []
        for step in range(self.steps):
            try:
                windows = [
                    self._windows(x, y, rng, size)
                    for x, y, rng in zip(targets, sources, generators, strict=True)
                ]
                loss = self._loss(weights, torch.from_numpy(np.stack(windows)))
                gradients = torch.autograd.grad(loss.sum(), list(weights.values()))
                self._adam(weights, moments, gradients, step)
                if step % 50 == 0 or step == self.steps - 1:
                    losses.append((step, loss.detach().numpy() / np.log(2)))
                    progress(step + 1, self.steps, bits=float(losses[-1][1].mean()))
            except KeyboardInterrupt:
                break
        with torch.no_grad():
            # 20,000 letters tell bits per letter to about 0.02.
            fitted = self._bits(weights, [y[:20_000] for y in sources], size)
            unseen = self._bits(weights, held_out, size) if held_out is not None else None
        out = []
        share = 1.0 / len(seeds)
        for i, seed in enumerate(seeds):
            table, matched, others = self._read(weights["embedding"][i].detach().numpy(), size)
            extra = {"matched_cosine": matched, "other_cosine": others}
            if unseen is not None:
                extra["held_out_bits"] = float(unseen[i])
            f = Relabelling(table, size, "bijection")
            out.append(
                Match(
                    map=f,
                    bits=Bits(data=float(fitted[i]) * len(sources[i]), map=f.bits),
                    confidence=None,
                    reason=f"matched embeddings have cosine {matched:.2f}, others {others:.2f}",
                    method="joint-model",
                    seed=seed,
                    seconds=clock.seconds * share,
                    cpu_seconds=clock.cpu_seconds * share,
                    history=[{"step": s, "bits": float(b[i])} for s, b in losses],
                    extra=extra,
                )
            )  # fmt: skip
        return out

    def _initial(self, size: int, seeds: Sequence[int]):
        """Weights with a leading seed axis; X's symbols are the first `size` rows, Y's the next."""
        import torch

        d = self.width
        shapes = {"embedding": (2 * size, d), "place": (self.context, d)}
        for layer in range(self.layers):
            shapes |= {f"qkv{layer}": (d, 3 * d), f"out{layer}": (d, d)}
            shapes |= {f"up{layer}": (d, 4 * d), f"down{layer}": (4 * d, d)}
        shapes |= {"bias": (2 * size, 1)}
        weights = {}
        generators = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
        for name, (rows, columns) in shapes.items():
            # Places begin small, so that the first steps fit letters rather than positions.
            spread = {"embedding": 1.0, "place": 0.3, "bias": 0.0}.get(name, 1.0) / rows**0.5
            if name == "embedding":
                spread = self.spread / d**0.5
            if name.startswith(("out", "down")):
                spread /= (2 * self.layers) ** 0.5
            stack = [spread * torch.randn(rows, columns, generator=g) for g in generators]
            weights[name] = torch.stack(stack).requires_grad_()
        return weights

    def _windows(self, x, y, rng, size) -> np.ndarray:
        """(2 batch, context + 1) windows: of X, and of Y with its symbols moved behind X's."""
        span = np.arange(self.context + 1)
        sides = []
        if not self.separate:
            begin = rng.integers(0, len(x) - self.context, self.batch)
            sides.append(x[begin[:, None] + span].astype(np.int64))
        begin = rng.integers(0, len(y) - self.context, self.batch)
        sides.append(self._side(y[begin[:, None] + span], size))
        return np.concatenate(sides)

    def _side(self, symbols, size) -> np.ndarray:
        moved = symbols.astype(np.int64) + size
        if self.anchor is not None:
            moved[symbols == self.anchor] = self.anchor
        return moved

    def _loss(self, w, tokens):
        """Mean nats of the next symbol, (seeds,)."""
        import torch
        import torch.nn.functional as F

        s, b, t = tokens.shape
        t -= 1
        d, heads = self.width, self.heads
        rows = torch.arange(s)[:, None]
        x = w["embedding"][rows, tokens[:, :, :-1].reshape(s, -1)].reshape(s, b, t, d)
        x = (x * d**0.5 + w["place"][:, None, :t]).reshape(s, b * t, d)
        for layer in range(self.layers):
            qkv = F.rms_norm(x, (d,)) @ w[f"qkv{layer}"]
            q, k, v = qkv.reshape(s * b, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + y.transpose(1, 2).reshape(s, b * t, d) @ w[f"out{layer}"]
            x = x + F.gelu(F.rms_norm(x, (d,)) @ w[f"up{layer}"]) @ w[f"down{layer}"]
        logits = F.rms_norm(x, (d,)) @ w["embedding"].transpose(1, 2) + w["bias"].transpose(1, 2)
        goal = tokens[:, :, 1:].reshape(s, -1)
        nats = torch.logsumexp(logits, 2) - logits.gather(2, goal[:, :, None])[:, :, 0]
        return nats.mean(dim=1)

    def _adam(self, weights, moments, gradients, step: int) -> None:
        """One step of Adam (Kingma & Ba 2015; decays 0.9 and 0.99), the rate rising for 50 steps, then half a cosine down."""
        # 0.1 and 0.01 are what the decays leave.
        import torch

        rate = self.rate * min(1.0, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * step / self.steps))
        with torch.no_grad():
            for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
                first, second = moments[name]
                first.mul_(0.9).add_(gradient, alpha=0.1)
                second.mul_(0.99).addcmul_(gradient, gradient, value=0.01)
                scale = (second / (1 - 0.99 ** (step + 1))).sqrt_().add_(1e-8)
                weight.addcdiv_(first, scale, value=-rate / (1 - 0.9 ** (step + 1)))

    def _bits(self, weights, texts, size) -> np.ndarray:
        """Bits per letter of texts of one length, (seeds,); a window conditions on its own letters only."""
        import torch

        length = min(len(text) for text in texts) - 1
        count = max(length // self.context, 1)
        span = np.arange(count)[:, None] * self.context + np.arange(self.context + 1)
        total, done = 0.0, 0
        for begin in range(0, count, 64):
            part = [self._side(text[span[begin : begin + 64]], size) for text in texts]
            loss = self._loss(weights, torch.from_numpy(np.stack(part))).numpy()
            rows = min(64, count - begin)
            total, done = total + loss * rows, done + rows
        return total / done / np.log(2)

    def _read(self, embedding: np.ndarray, size: int) -> tuple[np.ndarray, float, float]:
        """f by assignment on cosines, each side centred, with the mean cosine of matched and other pairs."""
        from scipy.optimize import linear_sum_assignment

        sides = []
        free = [s for s in range(size) if s != self.anchor]
        for rows in (embedding[:size][free], embedding[size:][free]):
            rows = rows - rows.mean(axis=0)
            sides.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
        cosines = sides[1] @ sides[0].T
        y, x = linear_sum_assignment(-cosines)
        table = np.arange(size, dtype=np.int32)
        table[np.array(free)[y]] = np.array(free)[x]
        matched = float(cosines[y, x].mean())
        others = float((cosines.sum() - cosines[y, x].sum()) / (cosines.size - len(y)))
        return table, matched, others
