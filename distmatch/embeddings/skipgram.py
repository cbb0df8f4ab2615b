"""`SkipGram`: word vectors by skip-gram with negative sampling (Mikolov et al. 2013)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.progress import Progress, silent
from distmatch.text.corpus import Corpus

TRAINED_TOKENS = 50_000
"""Tokens trained between two looks at the clock; each chunk has its own random numbers."""


@dataclass(frozen=True, kw_only=True)
class SkipGram:
    """Skip-gram with negative sampling. One thread repeats exactly with the same seed; more do not (Hogwild)."""

    dimension: int = 200
    """d, length of a vector."""
    window: int = 5
    """Words on each side, at most; the real width is uniform from 1."""
    negative: int = 10
    """Noise words per window, drawn with probability proportional to count to the power 0.75."""
    epochs: int = 5
    """Passes over the text."""
    subsample: float = 1e-4
    """Frequency above which words are left out at random; 0 keeps all."""
    rate: float = 0.025
    """Learning rate at the start, falling linearly to a ten-thousandth of itself."""
    context: bool = True
    """Whether a word's vector is the sum of its own and of that which it has as noise or centre of a window (Levy et al.
    2015, section 3.3), which is less noisy in small corpora; without it, word2vec's."""
    threads: int = 1
    """Threads of the compiled path."""
    device: str = "cpu"
    """"cpu": the compiled path; "cuda" or "cuda:N": the batched one; "auto": CUDA where there is one."""
    batched: bool = False
    """The batched path on the CPU too (slower there)."""

    def __post_init__(self) -> None:
        for name in ("dimension", "window", "negative", "epochs", "threads"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name} {getattr(self, name)} is below 1")
        if self.subsample < 0 or not self.rate > 0:
            raise InputError(f"--subsample {self.subsample} or rate {self.rate} is negative")

    def train(
        self,
        corpus: Corpus,
        *,
        seed: int = 0,
        progress: Progress = silent,
        checkpoint: Checkpoint = NOWHERE,
    ) -> Embeddings:
        """Vectors of the words of a corpus.

        Args:
            corpus: encoded text.
            seed: of initial vectors, subsampling, windows and noise.
            progress: called with words trained and words in all.
            checkpoint: where to continue from and to store the state; the result is the same as in one go.
        """
        n, tokens = len(corpus.words), corpus.tokens
        per_epoch = max(1, -(-len(tokens) // TRAINED_TOKENS))
        steps = per_epoch * self.epochs
        state = checkpoint.arrays
        if not state:
            generator = np.random.default_rng(seed)
            inputs = (generator.random((n, self.dimension), np.float32) - 0.5) / self.dimension
            step, outputs = 0, np.zeros((n, self.dimension), np.float32)
        else:
            step = int(state["step"])
            inputs, outputs = state["inputs"].copy(), state["outputs"].copy()
        trainer = self._trainer(corpus, inputs, outputs)
        start, first = time.monotonic(), step
        with ThreadPoolExecutor(self.threads) as pool:
            while step < steps:
                group = range(step, min(steps, step + self.threads))
                jobs = [
                    (
                        np.asarray(
                            tokens[
                                i % per_epoch * TRAINED_TOKENS : (i % per_epoch + 1)
                                * TRAINED_TOKENS
                            ]
                        ),
                        self._rate(i / steps),
                        self._rate((i + 1) / steps),
                        (seed, i // per_epoch, i % per_epoch),
                    )
                    for i in group
                ]
                list(pool.map(lambda job: trainer(*job), jobs))
                step = group.stop
                speed = (step - first) * TRAINED_TOKENS / max(1e-9, time.monotonic() - start)
                words = min(step * TRAINED_TOKENS, len(tokens) * self.epochs)
                progress(words, len(tokens) * self.epochs, **{"words/s": round(speed)})
                if step < steps:
                    epoch_ends = step // per_epoch > group.start // per_epoch
                    checkpoint.replace(partial(_state, trainer, step), now=epoch_ends)
        inputs, outputs = trainer.arrays()
        vectors = inputs + outputs if self.context else inputs
        return Embeddings(corpus.words, vectors, corpus.counts.astype(np.float64))

    def _rate(self, done: float) -> float:
        return self.rate * max(1e-4, 1 - done)

    def _trainer(self, corpus: Corpus, inputs: np.ndarray, outputs: np.ndarray) -> Trainer:
        from distmatch.embeddings.skipgramkernel import alias_table

        accept, other = alias_table(corpus.counts**0.75)
        noise = (keep_probability(corpus.counts, self.subsample), accept, other)
        device = self.device
        if device == "auto":
            from distmatch.device import choose_device

            device = str(choose_device())
        if device == "cpu" and not self.batched:
            return CompiledTrainer(inputs, outputs, noise, self.window, self.negative)
        from distmatch.embeddings.skipgrambatch import BatchTrainer

        return BatchTrainer(inputs, outputs, noise, self.window, self.negative, device)


class Trainer(Protocol):
    """Holds the vectors and trains them on one chunk of tokens after another."""

    def __call__(
        self, tokens: np.ndarray, rate: float, rate_end: float, key: tuple[int, int, int]
    ) -> None: ...

    def arrays(self) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True)
class CompiledTrainer:
    """The compiled path: `skipgramkernel.train_chunk` on arrays in memory, updated in place."""

    inputs: np.ndarray
    outputs: np.ndarray
    noise: tuple[np.ndarray, np.ndarray, np.ndarray]
    window: int
    negative: int

    def __call__(
        self, tokens: np.ndarray, rate: float, rate_end: float, key: tuple[int, int, int]
    ) -> None:
        from distmatch.embeddings import skipgramkernel as kernel

        kernel.train_chunk(
            tokens, self.inputs, self.outputs, *self.noise, self.window, self.negative,
            rate, rate_end, kernel.random_state(*key), kernel.SIGMOID,
        )  # fmt: skip

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return self.inputs, self.outputs


def keep_probability(counts: np.ndarray, subsample: float) -> np.ndarray:
    """(n,) float32 probability that an occurrence is kept: sqrt(s/f) + s/f, at most 1 (word2vec's code)."""
    if subsample == 0:
        return np.ones(len(counts), np.float32)
    ratio = subsample * counts.sum() / np.maximum(counts, 1)
    return np.minimum(1, np.sqrt(ratio) + ratio).astype(np.float32)


def _state(trainer: Trainer, step: int) -> dict[str, np.ndarray]:
    """What a checkpoint keeps: enough to go on from `step` to the same vectors as in one go."""
    inputs, outputs = trainer.arrays()
    return {"inputs": inputs, "outputs": outputs, "step": np.array(step)}
