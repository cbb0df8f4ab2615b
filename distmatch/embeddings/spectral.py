"""`Spectral`: word vectors from positive pointwise mutual information and a truncated SVD (Levy et al. 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from distmatch.embeddings.embeddings import Embeddings
from distmatch.embeddings.skipgram import keep_probability
from distmatch.embeddings.skipgramkernel import SENTENCE, random_state, sentence_of
from distmatch.errors import InputError
from distmatch.progress import Progress, silent
from distmatch.text.corpus import Corpus

COUNTED_TOKENS = 1_000_000
"""Tokens counted before their pairs are added up."""


@dataclass(frozen=True, kw_only=True)
class Spectral:
    """PPMI matrix of a symmetric window, factored by a randomized SVD (Halko et al. 2011)."""

    dimension: int = 200
    """d, length of a vector."""
    window: int = 5
    """Words on each side; nearer ones weigh more, as in word2vec: (window + 1 - distance) / window."""
    subsample: float = 1e-4
    """Frequency above which words are left out at random; 0 keeps all."""
    smoothing: float = 0.75
    """Power of the context counts."""
    shift: float = 1.0
    """Subtract log of this from the PMI, as `negative` does in skip-gram."""
    power: float = 0.5
    """Power of the singular values."""
    iterations: int = 4
    """Power iterations of the SVD."""

    def train(self, corpus: Corpus, *, seed: int = 0, progress: Progress = silent) -> Embeddings:
        """Vectors of the words of a corpus.

        Raises:
            InputError: fewer words than dimensions.
        """
        if len(corpus.words) <= self.dimension:
            raise InputError(
                f"{len(corpus.words)} words are too few for {self.dimension} dimensions. Give more text, "
                "or lower --dimension or --min-count"
            )
        pairs = self.pairs(corpus, seed, progress)
        u, s = truncated_svd(
            self.ppmi(pairs), self.dimension, iterations=self.iterations, seed=seed
        )
        vectors = np.ascontiguousarray(u * s**self.power, np.float32)
        empty = ~vectors.any(axis=1)
        vectors[empty] = 1e-6  # a word without any pair: no direction of its own
        return Embeddings(corpus.words, vectors, corpus.counts.astype(np.float64))

    def pairs(self, corpus: Corpus, seed: int, progress: Progress) -> Any:
        """Symmetric (n, n) sparse matrix of weighted pair counts."""
        from scipy import sparse

        n = len(corpus.words)
        keep = keep_probability(corpus.counts, self.subsample)
        total: Any = sparse.csr_array((n, n), dtype=np.float32)
        for chunk, start in enumerate(range(0, len(corpus.tokens), COUNTED_TOKENS)):
            tokens = np.asarray(corpus.tokens[start : start + COUNTED_TOKENS])
            keys, weights = _pairs(tokens, keep, self.window, n, random_state(seed, 0, chunk))
            rows, columns = np.divmod(keys, n)
            total = total + sparse.csr_array((weights, (rows, columns)), shape=(n, n))
            progress(start + len(tokens), len(corpus.tokens), pairs=total.nnz)
        return total + total.T

    def ppmi(self, pairs: Any) -> Any:
        """max(0, log p(w, c) / (p(w) p(c)^smoothing) - log shift) of pair counts, sparse (n, n)."""
        from scipy import sparse

        table = pairs.tocoo()
        rows = np.asarray(pairs.sum(axis=1), np.float64).ravel()
        context = rows**self.smoothing
        context /= context.sum()
        row, column = table.coords
        value = np.log(table.data / (rows[row] * context[column])) - np.log(self.shift)
        positive = value > 0
        return sparse.csr_array(
            (value[positive].astype(np.float32), (row[positive], column[positive])),
            shape=pairs.shape,
        )


@njit(cache=True)
def _pairs(tokens, keep, window, n, state):
    """Keys i n + j (the later word second) and weights of the pairs of one chunk."""
    keys = np.empty(len(tokens) * window, np.int64)
    weights = np.empty(len(tokens) * window, np.float32)
    words = np.empty(SENTENCE, np.int32)
    count = 0
    position = 0
    while position < len(tokens):
        length, position, state = sentence_of(tokens, position, keep, state, words)
        for i in range(length):
            for j in range(i + 1, min(length, i + window + 1)):
                keys[count] = np.int64(words[i]) * n + words[j]
                weights[count] = np.float32(window + 1 - (j - i)) / np.float32(window)
                count += 1
    return keys[:count], weights[:count]


def truncated_svd(
    matrix: Any, rank: int, *, iterations: int = 4, oversampling: int = 20, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Leading left singular vectors and values by randomized range finding (Halko et al. 2011, algorithm 4.4).

    Args:
        matrix: (n, m), sparse or dense.
        rank: vectors wanted.
        iterations: power iterations, each re-orthogonalised.
        oversampling: directions beyond `rank`.
        seed: of the start.

    Returns:
        u (n, rank) float64 and s (rank,) falling.
    """
    n, m = matrix.shape
    width = min(rank + oversampling, n, m)
    basis = np.random.default_rng(seed).standard_normal((m, width)).astype(np.float32)
    basis = np.linalg.qr(matrix @ basis)[0]
    for _ in range(iterations):
        basis = np.linalg.qr(matrix @ np.linalg.qr(matrix.T @ basis)[0])[0]
    small = np.asarray(matrix.T @ basis, np.float64).T
    u, s, _ = np.linalg.svd(small, full_matrices=False)
    u = basis @ u[:, :rank]
    signs = np.sign(u[np.abs(u).argmax(axis=0), np.arange(u.shape[1])])
    return u * signs, s[:rank]
