"""Kind `mapping`: a cloud of points, rotated, shuffled and disturbed; the answer is which row is which."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.alignment import (
    ALIGNMENT_VIEWS,
    METRICS,
    AlignmentProblem,
    anchored,
    graph_of,
)  # fmt: skip
from distmatch.benchmark.kinds.kind import Axis, DoesNotApply, Kind, MetricKind, Score
from distmatch.benchmark.metrics import Metric
from distmatch.embeddings.embeddings import Embeddings


@dataclass(frozen=True)
class PlantedProblem:
    """Two clouds related by a planted map."""

    source: Embeddings
    target: Embeddings
    rotation: np.ndarray = field(repr=False)
    order: np.ndarray = field(repr=False)
    """(n,) row of the target that each source row became."""
    anchors: int
    data_sha256: dict[str, str]
    context: dict[str, Any]
    bits: bool = True

    def view(self, name: str) -> tuple[Any, Any]:
        if name == "embeddings":
            return self.source, self.target
        if name == "graph":
            return graph_of(self.source, self.target)
        if name == "anchored":
            if not self.anchors:
                raise DoesNotApply("no pairs are given away; set the axis `anchors`")
            return anchored(
                self.source, self.target, np.arange(len(self.order)), self.order, self.anchors
            )
        raise DoesNotApply(f"a planted mapping is not given as {name}")

    def score(self, match: Any) -> Score:
        score = AlignmentProblem(
            self.source,
            self.target,
            np.arange(len(self.order)),
            [np.array([j]) for j in self.order],
            right=0.5,
            bits=self.bits,
        ).score(match)
        metrics = dict(score.metrics)
        if (
            match.map.name == "linear"
            and match.map.target is None
            and match.map.source.shape == self.rotation.shape
        ):
            gap = np.linalg.norm(match.map.source - self.rotation) / np.sqrt(2 * len(self.rotation))
            metrics["rotation_error"] = Metric(
                value=float(gap), n=self.rotation.size, higher_is_better=False
            )
        return Score(metrics=metrics, bits=score.bits, right=score.right, artefacts=score.artefacts)


@functools.lru_cache(maxsize=4)
def _rows(path: Path | None, size: int, dimension: int, spectrum: float, seed: int) -> np.ndarray:
    """(n, d) unit rows: the first of a file of vectors, or Gaussian with a falling spectrum."""
    if path is not None:
        vectors = Embeddings.load(path, limit=size).vectors.astype(np.float64)
    else:
        rng = np.random.default_rng([seed, 11])
        vectors = rng.standard_normal((size, dimension)) * np.arange(1, dimension + 1) ** -spectrum
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def build(axes: Mapping[str, Any], paths: Mapping[str, Path], seed: int) -> PlantedProblem:
    """Rotate, shuffle and disturb a cloud; noise is the length of the disturbance, a row's length being 1."""
    rng = np.random.default_rng([seed, 12])
    x = _rows(
        paths.get("vectors"),
        int(axes["size"]),
        int(axes["dimension"]),
        float(axes["spectrum"]),
        seed,
    )
    n, d = x.shape
    rotation = np.linalg.qr(rng.standard_normal((d, d)))[0]
    noise = float(axes["noise"]) * rng.standard_normal((n, d)) / np.sqrt(d)
    place = rng.permutation(n)
    if axes["shuffle"] < 1:  # frequency ranks survive roughly: rows move by a share of the list
        place = np.argsort(
            np.argsort(np.arange(n) + axes["shuffle"] * n * rng.uniform(-0.5, 0.5, n))
        )
    y = np.empty_like(x)
    y[place] = x @ rotation + noise
    ranked = bool(axes["shuffle"] < 1)
    source = Embeddings(tuple(f"x{i}" for i in range(n)), x.astype(np.float32), None, ranked)
    target = Embeddings(tuple(f"y{i}" for i in range(n)), y.astype(np.float32), None, ranked)
    digest = hashlib.sha256(source.vectors.tobytes() + target.vectors.tobytes()).hexdigest()
    context = {"rows": n, "dimension": d}
    return PlantedProblem(
        source,
        target,
        rotation,
        place,
        int(axes["anchors"]),
        {"clouds": digest},
        context,
        bool(axes["bits"]),
    )


KIND = Kind(
    name="mapping",
    hidden="the rotation and which row became which",
    axes={
        "size": Axis(500, "rows", low=10, high=200_000),
        "dimension": Axis(50, "of the vectors", low=2, high=2000),
        "noise": Axis(0.0, "length of the disturbance of a row of length 1", low=0, high=10),
        "spectrum": Axis(0.5, "the k-th coordinate has spread k^-spectrum", low=0, high=3),
        "shuffle": Axis(
            1.0,
            "1: the order of rows is lost; less: rows move by at most half that share",
            low=0,
            high=1,
        ),
        "anchors": Axis(0, "pairs given away to supervised methods", low=0),
        "bits": Axis(True, "true or false: the target is coded with the map"),
        "instance": Axis(None, "one cloud for all seeds", low=0),
    },
    metrics=METRICS
    | {
        "rotation_error": MetricKind(
            False, "distance to the planted rotation, 1 for an unrelated one"
        )
    },
    views=ALIGNMENT_VIEWS,
    files={"vectors": "word vectors to rotate"},
    build=build,
)
