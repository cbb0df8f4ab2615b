import numpy as np
import pytest

torch = pytest.importorskip("torch")

from distmatch.device import generator  # noqa: E402
from distmatch.embeddings.embeddings import Embeddings  # noqa: E402
from distmatch.errors import InputError  # noqa: E402
from distmatch.matching.vectors.adversarial import Adversarial  # noqa: E402
from distmatch.matching.vectors.clouds import Clouds, Trace  # noqa: E402


def planted(n=800, d=20, noise=0.2, seed=0):
    """Clustered, skewed rows; the target is a rotation of them with noise."""
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((25, d)) * 1.5
    spread = generator.gamma(1.0, 0.6, (n, 1)) + 0.3
    x = centres[generator.integers(0, 25, n)] + spread * generator.standard_normal((n, d))
    x *= np.linspace(0.5, 1.5, d)
    rotation = np.linalg.qr(generator.standard_normal((d, d)))[0]
    y = x @ rotation + noise * generator.standard_normal((n, d))
    names = tuple(f"w{i}" for i in range(n))
    return Embeddings(names, x.astype(np.float32)), Embeddings(names, y.astype(np.float32))


def right(match, source, target):
    x, y = match.map(source).vectors, match.map.map_target(target).vectors
    y = y / np.linalg.norm(y, axis=1, keepdims=True)
    return np.mean((x @ y.T).argmax(axis=1) == np.arange(len(x)))


SHORT = {"vocabulary": 800, "restarts": 1, "steps": 150, "hidden": 64, "device": "cpu"}


def test_the_adversary_alone_finds_a_planted_rotation():
    source, target = planted()
    match = Adversarial(**SHORT, refinement=None).match(source, target, seed=0)
    assert right(match, source, target) > 0.2  # chance is 1 in 800
    w = match.map.source
    assert np.allclose(w @ w.T, np.eye(20), atol=1e-4)
    assert match.history[-1]["csls"] == match.extra["adversary_csls"]


def played(matcher, n, seed):
    """The map of one game, without refinement and verdict."""
    clouds = Clouds.of(*planted(n), steps=matcher.normalization, device="cpu")
    return matcher.play(clouds, generator(seed), 0, Trace())


def test_the_same_seed_gives_the_same_map():
    short = Adversarial(**{**SHORT, "steps": 10})
    one, two, other = (played(short, 300, seed) for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.allclose(one, other, atol=1e-2)


def test_the_papers_settings_play_and_know_no_conditions():
    preset = Adversarial.muse(steps=5, hidden=32)
    assert (preset.conditions, preset.beta, preset.batch) == (0, 0.01, 32)
    found = played(preset, 200, 0)
    assert torch.allclose(found @ found.T, torch.eye(20), atol=1e-4)


def test_different_dimensions_are_an_error_that_says_so():
    source, _ = planted(100)
    with pytest.raises(InputError, match="equal dimensions"):
        Adversarial(**SHORT).match(source, source.with_vectors(source.vectors[:, :10]))


def test_a_game_from_a_start_is_no_worse_than_self_learning_from_it():
    from distmatch.matching.vectors.selflearning import SelfLearning
    from distmatch.matching.vectors.starts import Start

    source, target = planted()
    start = Start(words=300, frequency=0.2)
    game = Adversarial(**{**SHORT, "steps": 10, "start": start}).match(source, target, seed=0)
    alone = SelfLearning(start=start).match(source, target, seed=0)
    assert right(game, source, target) >= right(alone, source, target) - 0.005 > 0.9
    assert len([entry for entry in game.history if "csls" in entry]) == 2
