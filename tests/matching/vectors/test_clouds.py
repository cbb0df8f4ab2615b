"""Matchers of embeddings: planted rotations, refusals, presets, resume."""

from __future__ import annotations

import numpy as np
import pytest

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.matching.align import align, matcher
from distmatch.planted import ranked_rotation

torch = pytest.importorskip("torch")


def planted(**settings) -> tuple[Embeddings, Embeddings]:
    made = ranked_rotation(**settings)
    words = tuple(f"w{i}" for i in range(len(made.source)))
    return Embeddings(words, made.source), Embeddings(
        tuple(words[i] for i in made.order), made.target
    )


def precision(match, source: Embeddings, target: Embeddings) -> float:
    x, y = match.map(source).vectors, match.map.map_target(target).vectors
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    best = (x @ y.T).argmax(axis=1)
    return float(np.mean([target.words[j] == w for w, j in zip(source.words, best, strict=True)]))


@pytest.mark.parametrize("method", ["auto", "self-learning", "gromov", "wasserstein"])
def test_recovers_a_planted_rotation_and_believes_it(method):
    source, target = planted()
    match = align(source, target, method=method)
    assert precision(match, source, target) > 0.95
    assert match.believed and match.bits.total < match.bits.control


def test_sorted_similarity_finds_a_noiseless_rotation():
    source, target = planted(noise=0.0)
    assert precision(align(source, target, method="sorted"), source, target) > 0.95


def test_a_vecmap_run_with_few_steps_recovers_the_rotation():
    source, target = planted()
    found = matcher("auto", preset="vecmap", patience=3).match(source, target, seed=1)
    assert precision(found, source, target) > 0.95


def test_a_wider_target_gets_a_rectangular_map():
    source, target = planted(wider=10)
    match = align(source, target, method="self-learning")
    assert match.map.source.shape[0] == 20 and match.map.target.shape[0] == 30
    assert precision(match, source, target) > 0.95
    with pytest.raises(InputError, match="orthogonal maps, which need equal dimensions"):
        align(source, target, method="adversarial")


@pytest.mark.parametrize("kind", ["noise", "coordinates"])
def test_unrelated_clouds_are_refused(kind):
    source, target = planted()
    rng = np.random.default_rng(5)
    if kind == "noise":
        other = rng.standard_normal(target.vectors.shape).astype(np.float32)
    else:
        other = rng.permuted(target.vectors, axis=1)
    match = align(source, target.with_vectors(other))
    assert match.confidence <= 0.05
    assert match.reason


def test_procrustes_reads_words_written_alike():
    source, target = planted()
    match = align(source, target, method="procrustes")
    assert match.extra["pairs"] == len(source)
    assert precision(match, source, target) > 0.95
    renamed = Embeddings(tuple("x" + w for w in target.words), target.vectors)
    with pytest.raises(InputError, match="at least 10"):
        align(source, renamed, method="procrustes")


def test_fewer_words_than_dimensions_is_an_error():
    source, target = planted()
    with pytest.raises(InputError, match="Give more rows than dimensions"):
        align(source.top(20), target)


def test_same_seed_same_map_and_a_resumed_run_ends_in_the_same_map(tmp_path):
    from distmatch.checkpoint import Checkpoint
    from distmatch.matching.vectors.auto import Auto

    source, target = planted()

    class Stop(Exception):
        pass

    def stop(done, total=None, /, **figures):
        if done == 3:
            raise Stop

    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Stop):
        Auto().match(source, target, progress=stop, checkpoint=Checkpoint(path, "run"))
    kept = Checkpoint(path, "run")
    assert [name for name in kept.arrays if name.startswith("start")]
    assert not Checkpoint(path, "another run").arrays
    resumed = Auto().match(source, target, checkpoint=kept)
    whole = Auto().match(source, target)
    np.testing.assert_allclose(resumed.map.source, whole.map.source, atol=1e-5)


def test_an_interrupted_run_keeps_the_best_so_far():
    from distmatch.matching.vectors.auto import Auto

    source, target = planted()

    def interrupt(done, total=None, /, **figures):
        if "pairs" in figures and "agreement" not in figures:  # the long refinement has begun
            raise KeyboardInterrupt

    match = Auto().match(source, target, progress=interrupt)
    assert "stopped early" in match.reason
    assert precision(match, source, target) > 0.9
