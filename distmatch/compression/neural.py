"""`NeuralCode`: a small recurrent network that learns as it goes; for small inputs, a few kB/s.

A gated recurrent unit over the symbols, trained by Adam on what has been coded: after every piece, one step of
truncated back-propagation on the last pieces. Encoder and decoder run the same calls of the same network one
symbol at a time on one thread, so that the floats, made integers before coding, are the same on one machine with
one build of torch; a whole forward pass over many symbols would differ in the last bits and break the decoder.
Between machines they may differ: the archive's checksum tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.errors import missing_package
from distmatch.progress import Progress, silent

UNIT = 1 << 16
"""Probabilities are multiples of 1 / UNIT, at least one each."""


@dataclass(frozen=True, kw_only=True)
class NeuralCode:
    """Prequential gated recurrent network and entropy coding by constriction. Implements `Code`."""

    size: int = 256
    hidden: int = 128
    embedding: int = 48
    piece: int = 16
    """Symbols between two steps of training."""
    window: int = 64
    """Symbols that gradients flow back through."""
    rate: float = 4e-3
    """Step of Adam, falling with the square root of the pieces seen."""
    seed: int = 0

    def bits(
        self, data: np.ndarray, *, primed_by: np.ndarray | None = None, progress: Progress = silent
    ) -> np.ndarray:
        """Code length in bits of every symbol, (n,) float64, under the integer probabilities."""
        costs = np.zeros(len(data))

        def step(t: int, chances: np.ndarray) -> int:
            symbol = int(data[t])
            costs[t] = np.log2(UNIT / chances[symbol])
            return symbol

        self._run(len(data), step, primed_by, progress)
        return costs

    def encode(
        self, data: np.ndarray, *, primed_by: np.ndarray | None = None, progress: Progress = silent
    ) -> bytes:
        """The archive of the symbols."""
        coder, model = _constriction()
        encoder = coder.RangeEncoder()

        def step(t: int, chances: np.ndarray) -> int:
            encoder.encode(int(data[t]), model(chances))
            return int(data[t])

        self._run(len(data), step, primed_by, progress)
        return encoder.get_compressed().astype("<u4").tobytes()

    def decode(
        self,
        code: bytes,
        n: int,
        *,
        primed_by: np.ndarray | None = None,
        progress: Progress = silent,
    ) -> np.ndarray:
        """The n symbols of an archive, (n,) uint8 or uint16."""
        coder, model = _constriction()
        if len(code) % 4:
            raise ValueError("the code of the network is cut short")
        decoder = coder.RangeDecoder(np.frombuffer(code, "<u4").astype(np.uint32))
        out = np.zeros(n, np.uint8 if self.size <= 256 else np.uint16)

        def step(t: int, chances: np.ndarray) -> int:
            out[t] = decoder.decode(model(chances))
            return int(out[t])

        self._run(n, step, primed_by, progress)
        return out

    def _run(self, n: int, step: Any, primed_by: np.ndarray | None, progress: Progress) -> None:
        """Call step(t, chances) for every symbol to come; it returns the symbol, which is then learned."""
        try:
            import torch
        except ImportError as error:
            raise missing_package("torch", "compress") from error
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            before = [] if primed_by is None else np.asarray(primed_by).tolist()
            learner = _Learner(self)
            for symbol in before:
                learner.learn(symbol)
            for t in range(n):
                learner.learn(step(t, learner.chances()))
                if t % 1024 == 0:
                    progress(t, n)
        finally:
            torch.set_num_threads(threads)


class _Learner:
    """The network, its optimiser, and the state after the symbols so far."""

    def __init__(self, code: NeuralCode) -> None:
        import torch

        self.code, self.torch = code, torch
        generator = torch.Generator().manual_seed(code.seed)
        self.embed = torch.nn.Embedding(code.size + 1, code.embedding)
        self.cell = torch.nn.GRU(code.embedding, code.hidden, batch_first=True)
        self.head = torch.nn.Linear(code.hidden, code.size)
        self.weights = [
            *self.embed.parameters(),
            *self.cell.parameters(),
            *self.head.parameters(),
        ]
        with torch.no_grad():
            for weight in self.weights:
                scale = code.hidden**-0.5 if weight.ndim == 2 else 0.0
                weight.copy_(torch.randn(weight.shape, generator=generator) * scale)
        self.adam = torch.optim.Adam(self.weights, lr=code.rate, betas=(0.9, 0.99), foreach=False)
        self.seen: list[int] = [code.size]
        self.pieces = 0
        self.states = [torch.zeros(1, 1, code.hidden)]
        """State before each symbol of `seen` that gradients may still flow back to."""
        self._advance(code.size)

    def chances(self) -> np.ndarray:
        """(size,) int64 that sum to `UNIT`."""
        with self.torch.no_grad():
            logits = self.head(self.state[0, 0]).double().numpy()
        weight = np.exp(logits - logits.max())
        out = np.floor(weight / weight.sum() * (UNIT - self.code.size)).astype(np.int64) + 1
        out[int(out.argmax())] += UNIT - int(out.sum())
        return out

    def learn(self, symbol: int) -> None:
        """Move the state over a symbol; after every piece, train."""
        self.seen.append(symbol)
        self._advance(symbol)
        if (len(self.seen) - 1) % self.code.piece == 0:
            self._train()

    def _advance(self, symbol: int) -> None:
        with self.torch.no_grad():
            given = self.embed(self.torch.tensor([[symbol]]))
            _, self.state = self.cell(given, self.states[-1])
        self.states.append(self.state)
        del self.states[: -self.code.window - 2]

    def _train(self) -> None:
        torch, code = self.torch, self.code
        window = self.seen[-code.window - 1 :]
        start = self.states[-len(window) - 1]
        given = self.embed(torch.tensor([window[:-1]]))
        outputs, _ = self.cell(given, start)
        loss = torch.nn.functional.cross_entropy(self.head(outputs[0]), torch.tensor(window[1:]))
        self.pieces += 1
        for group in self.adam.param_groups:
            group["lr"] = code.rate / (1 + self.pieces / 2000) ** 0.5
        self.adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0, foreach=False)
        self.adam.step()


def _constriction():
    try:
        import constriction
    except ImportError as error:
        raise missing_package("constriction", "compress") from error

    stream: Any = constriction.stream  # pyright: ignore[reportAttributeAccessIssue]
    queue, models = stream.queue, stream.model

    def model(chances: np.ndarray):
        return models.Categorical(chances / UNIT, perfect=False)

    return queue, model
