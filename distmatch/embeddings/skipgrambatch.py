"""Skip-gram in batches of windows on a torch device: the same windows and noise, many at a time."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit

from distmatch.device import choose_device
from distmatch.embeddings.skipgramkernel import (
    SENTENCE,
    draw_window,
    random_state,
    sentence_of,
)

BATCH = 256
"""Windows per step. Rows that occur many times in one batch add up stale gradients, so larger is not better."""


@njit(cache=True)
def draw_windows(tokens, keep, accept, other, window, negative, state):
    """The windows that `train_chunk` would train on, in order.

    Args:
        tokens: (t,) int32, and the rest as in `skipgramkernel.train_chunk`.

    Returns:
        contexts (w, 2 window) int64, -1 where the window is narrower; outputs (w, 1 + negative) int64, the word
        first, -1 where noise hit the word itself; place (w,) float32 of each window in the chunk, 0 to 1.
    """
    contexts = np.full((len(tokens), 2 * window), -1, np.int64)
    outputs = np.full((len(tokens), negative + 1), -1, np.int64)
    place = np.empty(len(tokens), np.float32)
    words = np.empty(SENTENCE, np.int32)
    count = 0
    position = 0
    while position < len(tokens):
        begun = position / len(tokens)
        length, position, state = sentence_of(tokens, position, keep, state, words)
        for center in range(length):
            m, _, state = draw_window(
                words, length, center, window, accept, other, state, contexts[count], outputs[count]
            )
            if m:
                place[count] = begun
                count += 1
            else:
                outputs[count] = -1
    return contexts[:count], outputs[:count], place[:count]


class BatchTrainer:
    """Trains chunks on a torch device, where the vectors stay.

    Args:
        inputs: (n, d) float32 word vectors to start from.
        outputs: (n, d) float32 context vectors.
        noise: keep, accept and other of `skipgramkernel.train_chunk`.
        window: words on each side.
        negative: noise words per window.
        device: see `device.choose_device`.
        batch: windows per step.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        outputs: np.ndarray,
        noise: tuple[np.ndarray, np.ndarray, np.ndarray],
        window: int,
        negative: int,
        device: str,
        batch: int = BATCH,
    ) -> None:
        self.device, self.batch = choose_device(device), batch
        self.draws = (*noise, window, negative)
        self.x, self.y = (torch.from_numpy(a).to(self.device) for a in (inputs, outputs))

    def __call__(
        self, tokens: np.ndarray, rate: float, rate_end: float, key: tuple[int, int, int]
    ) -> None:
        """Train one chunk, see `SkipGram.train`."""
        contexts, words, place = (
            torch.from_numpy(a).to(self.device)
            for a in draw_windows(tokens, *self.draws, random_state(*key))
        )
        rates = rate + (rate_end - rate) * place
        for start in range(0, len(rates), self.batch):
            part = slice(start, start + self.batch)
            _step(self.x, self.y, contexts[part], words[part], rates[part])

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Word and context vectors so far, (n, d) each."""
        return self.x.cpu().numpy(), self.y.cpu().numpy()


def _step(
    x: torch.Tensor,
    y: torch.Tensor,
    contexts: torch.Tensor,
    words: torch.Tensor,
    rates: torch.Tensor,
) -> None:
    """One step on a batch of windows from the old values: contexts (b, m), words (b, k), rates (b,)."""
    rows, columns = x[contexts.clamp(min=0)], y[words.clamp(min=0)]
    label = torch.zeros(words.shape[1], device=x.device)
    label[0] = 1
    gradient = (label - torch.sigmoid(rows @ columns.transpose(1, 2))) * rates[:, None, None]
    gradient *= (contexts >= 0)[:, :, None] & (words >= 0)[:, None, :]
    change, other = gradient @ columns, gradient.transpose(1, 2) @ rows
    _add(x, contexts, change)
    _add(y, words, other)


def _add(rows: torch.Tensor, where: torch.Tensor, change: torch.Tensor) -> None:
    """rows[where] += change, in an order that does not depend on the device's scheduling."""
    keys, order = where.clamp(min=0).flatten().sort(stable=True)
    distinct, counts = keys.unique_consecutive(return_counts=True)
    sums = torch.segment_reduce(change.flatten(0, 1)[order], "sum", lengths=counts)
    rows[distinct] += sums
