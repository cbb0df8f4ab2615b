"""What people have in place of `Embeddings`: arrays, tensors, gensim's vectors and models, paths."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.embeddings.gensimrows import is_gensim
from distmatch.embeddings.keyedvectors import from_gensim, to_gensim
from distmatch.errors import InputError

Vectors = Any
"""Embeddings, an (n, d) array or tensor, gensim `KeyedVectors` or a model that has them, or the path of a file."""


def as_embeddings(vectors: Vectors, name: str = "vectors") -> Embeddings:
    """Embeddings of whatever holds vectors.

    Args:
        vectors: see `Vectors`. Rows of an array or tensor are named "0", "1", ... and are not ranked by frequency.
        name: of the argument, for errors.

    Raises:
        InputError: another type, another shape than (n, d), NaN or inf, or a file that cannot be read.
    """
    if isinstance(vectors, Embeddings):
        return vectors
    if isinstance(vectors, (str, os.PathLike)):
        return Embeddings.load(vectors)
    if is_gensim(vectors):
        return from_gensim(vectors)
    matrix = as_matrix(vectors, name)
    for start in range(0, len(matrix), 4096):
        finite = np.isfinite(matrix[start : start + 4096]).all(axis=1)
        if not finite.all():
            row = start + int(np.argmin(finite))
            raise InputError(f"{name}: row {row} has NaN or inf. Remove the row")
    return Embeddings(tuple(map(str, range(len(matrix)))), matrix, None, ranked=False)


def as_matrix(vectors: Vectors, name: str = "vectors") -> np.ndarray:
    """(n, d) float32 rows of whatever holds vectors; errors as of `as_embeddings`."""
    if isinstance(vectors, Embeddings):
        return vectors.vectors
    if isinstance(vectors, (str, os.PathLike)) or is_gensim(vectors):
        return as_embeddings(vectors, name).vectors
    if is_tensor(vectors):
        no_gradient(vectors, name)
        vectors = vectors.detach().to("cpu").float().numpy()
    try:
        matrix = np.ascontiguousarray(vectors, np.float32)
    except (TypeError, ValueError):
        matrix = np.empty(0)
    if matrix.ndim != 2:
        shape = getattr(vectors, "shape", None)
        what = type(vectors).__name__ if shape is None else f"an array of shape {tuple(shape)}"
        raise InputError(
            f"{name}: {what} holds no vectors. Give Embeddings, an (n, d) array or tensor, gensim KeyedVectors or a path"
        )
    return matrix


def like(embeddings: Embeddings, original: Vectors) -> Vectors:
    """Embeddings in the kind that `original` is: array, tensor (its type and device) or `KeyedVectors`.

    What has no such kind (a path, a model) gives `Embeddings`.
    """
    if isinstance(original, (Embeddings, str, os.PathLike)) or hasattr(original, "wv"):
        return embeddings
    if is_gensim(original):
        return to_gensim(embeddings)
    if is_tensor(original):
        import torch

        floating = original.dtype if original.is_floating_point() else torch.float32
        return torch.from_numpy(embeddings.vectors).to(original.device, floating)
    kind = getattr(original, "dtype", np.dtype(np.float32))
    return np.asarray(embeddings.vectors, kind if np.issubdtype(kind, np.floating) else np.float32)


def as_kind(result: np.ndarray, original: Vectors) -> Any:
    """An array as a tensor on its device if the original is a tensor; else as it is."""
    if not is_tensor(original):
        return result
    import torch

    return torch.from_numpy(result).to(original.device)


def is_tensor(value: object) -> bool:
    """Whether it is a torch tensor; torch is not imported for the question."""
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "requires_grad")


def no_gradient(value: Any, name: str) -> None:
    """Refuse a tensor that wants a gradient where none would reach it.

    Raises:
        InputError: it requires one.
    """
    import torch

    if value.requires_grad and torch.is_grad_enabled():
        raise InputError(
            f"{name} requires a gradient, and this function has none. Pass it detached (.detach()), or call the "
            "function under torch.no_grad(). Gradients are given by sinkhorn_divergence, sliced_wasserstein and "
            "maximum_mean_discrepancy"
        )
