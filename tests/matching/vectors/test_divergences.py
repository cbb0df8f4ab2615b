import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.matching.vectors.divergences import divergences


def cloud(vectors):
    return Embeddings(tuple(map(str, range(len(vectors)))), vectors.astype(np.float32))


def test_every_divergence_prefers_the_right_map():
    """The same cloud with a little noise is nearer than the cloud turned at random, by every measure."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((600, 10)) * np.linspace(3, 0.3, 10) + rng.standard_normal(10)
    y = x + 0.05 * rng.standard_normal(x.shape)
    turn = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    right, wrong = (divergences(cloud(z), cloud(y), seed=1) for z in (x, x @ turn))
    for name in ("sinkhorn", "sliced_wasserstein", "mmd", "discriminator"):
        assert right[name] < 0.5 * wrong[name], name
    assert right["csls"] > wrong["csls"]
