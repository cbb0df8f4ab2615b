"""Known pairs of rows as a linear term of the search: points of the plan whose partners are certain."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.retrieval.dictionary import Dictionary
from distmatch.transport.procrustes import procrustes

WEIGHT = 5.0
"""Rows with an inferred partner that weigh as much as a known pair in the search."""
RANK = 1e-4
"""Singular values of a moment, as shares of the largest, that tell a direction nothing."""


@dataclass(frozen=True)
class Anchors:
    """Rows whose partners are known.

    Args:
        x: (p, d) source rows, normalised. y: (p, d') their partners.
        rows: (p,) int64 their numbers in the source. columns: (p,) in the target.
    """

    x: Tensor
    y: Tensor
    rows: Tensor
    columns: Tensor

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def of(cls, x: Tensor, y: Tensor, rows: Tensor, columns: Tensor) -> Anchors:
        """Pairs of the rows of both clouds (n, d) and (m, d')."""
        rows, columns = rows.to(x.device), columns.to(y.device)
        return cls(x[rows], y[columns], rows, columns)

    def some(self, chosen: Tensor) -> Anchors:
        """The pairs of these numbers."""
        return Anchors(self.x[chosen], self.y[chosen], self.rows[chosen], self.columns[chosen])

    def moment(self, weight: float = WEIGHT) -> Tensor:
        """X'Y of the pairs times a weight, (d, d'): what they add to the moment of a plan."""
        return weight * (self.x.T @ self.y)

    def map(self) -> Tensor:
        """The isometry (d, d') of the span of the pairs; it takes what they say nothing of to zero."""
        if len(self) >= max(self.x.shape[1], self.y.shape[1]):
            return procrustes(self.moment(1.0))
        u, s, v = torch.linalg.svd(self.moment(1.0).double(), full_matrices=False)
        told = s > RANK * s[0]
        return (u[:, told] @ v[told]).to(self.x.dtype)


def pair_rows(
    pairs: Dictionary, source: Embeddings, target: Embeddings, *, least: int = 1
) -> tuple[Tensor, Tensor]:
    """Row numbers of the pairs that are in both vocabularies, (p,) and (p,).

    Args:
        least: number of pairs that are needed.

    Raises:
        InputError: fewer of them.
    """
    queries, gold = pairs.covered(source, target)
    found = [(i, j) for i, partners in zip(queries.tolist(), gold, strict=True) for j in partners]
    if len(found) < least:
        needed = f"at least {least} are needed" if least > 1 else "none can be used"
        raise InputError(
            f"{len(found)} pairs of this file are in both vocabularies, {needed}. "
            "Check languages and direction; rows without words are numbered from 0",
            path=pairs.path or None,
        )
    table = torch.tensor(found)
    return table[:, 0], table[:, 1]
