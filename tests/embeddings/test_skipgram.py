import numpy as np
import pytest

from distmatch.checkpoint import Checkpoint
from distmatch.embeddings.skipgram import SkipGram, keep_probability
from distmatch.embeddings.skipgrambatch import draw_windows
from distmatch.embeddings.skipgramkernel import SIGMOID, alias_table, random_state, train_chunk
from distmatch.embeddings.spectral import Spectral, truncated_svd
from distmatch.errors import InputError
from distmatch.text.corpus import Corpus


def topical(topics=8, per_topic=12, sentences=6000, seed=0):
    """Sentences of words of one topic each: word w belongs to topic w % topics."""
    generator = np.random.default_rng(seed)
    topic = generator.integers(0, topics, (sentences, 1))
    tokens = topic + topics * generator.integers(0, per_topic, (sentences, 9))
    tokens = np.hstack([tokens, np.full((sentences, 1), -1)]).astype(np.int32).ravel()
    n = topics * per_topic
    counts = np.bincount(tokens[tokens >= 0], minlength=n)
    return Corpus(tokens, tuple(f"w{i}" for i in range(n)), counts)


def purity(vectors, topics=8):
    """Share of words whose nearest other word is of the same topic."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    return np.mean(cosine.argmax(axis=1) % topics == np.arange(len(unit)) % topics)


SMALL = {"dimension": 24, "epochs": 3, "subsample": 0.0, "negative": 5}


@pytest.mark.parametrize(
    "learner",
    [
        SkipGram(**SMALL),
        SkipGram(**SMALL, threads=2),
        SkipGram(**SMALL, batched=True),
        Spectral(dimension=16, subsample=0.0),
    ],
    ids=["compiled", "two threads", "batched", "spectral"],
)
def test_planted_topics_are_found(learner):
    if getattr(learner, "batched", False):
        pytest.importorskip("torch")
    found = learner.train(topical(), seed=1)
    assert found.vectors.shape == (96, learner.dimension)
    assert purity(found.vectors) > 0.95
    assert found.counts is not None and found.counts.sum() == 6000 * 9


@pytest.mark.parametrize("batched", [False, True])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(batched):
    corpus = topical(sentences=800)
    learner = SkipGram(**SMALL, batched=batched)
    one, two, other = (learner.train(corpus, seed=s).vectors for s in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.allclose(one, other, atol=1e-3)


class Killed(Exception):
    pass


@pytest.mark.parametrize("epochs_done", [1, 2])
def test_a_killed_run_resumes_to_the_same_vectors(tmp_path, monkeypatch, epochs_done):
    monkeypatch.setattr("distmatch.embeddings.skipgram.TRAINED_TOKENS", 3000)
    corpus = topical(sentences=800)
    learner = SkipGram(**SMALL)
    whole = learner.train(corpus, seed=3).vectors

    def kill(done, total, /, **figures):
        if done > (epochs_done + 0.4) * len(corpus.tokens):
            raise Killed

    with pytest.raises(Killed):
        learner.train(
            corpus,
            seed=3,
            progress=kill,
            checkpoint=Checkpoint(tmp_path / "s.safetensors", "seed 3", minutes=5),
        )
    stored = Checkpoint(tmp_path / "s.safetensors", "seed 3")
    assert int(stored.arrays["step"]) >= epochs_done * len(corpus.tokens) // 3000
    assert not Checkpoint(tmp_path / "s.safetensors", "seed 4").arrays
    resumed = learner.train(corpus, seed=3, checkpoint=stored).vectors
    assert np.array_equal(resumed, whole)


def test_a_damaged_checkpoint_says_so(tmp_path):
    path = tmp_path / "s.safetensors"
    path.write_bytes(b"junk")
    with pytest.raises(InputError, match="Delete it"):
        Checkpoint(path)


def test_compiled_step_is_the_gradient_of_the_loss():
    """One window with a tiny rate moves the vectors along the analytic gradient of its log-likelihood."""
    generator = np.random.default_rng(0)
    n, d, window, negative, rate = 50, 13, 3, 6, 1e-3
    x = generator.standard_normal((n, d)).astype(np.float32)
    y = generator.standard_normal((n, d)).astype(np.float32)
    tokens = generator.permutation(n)[:2].astype(np.int32)  # two words: two windows of one context
    keep = np.ones(n, np.float32)
    noise = alias_table(np.ones(n))
    state = random_state(1, 0, 0)
    contexts, words, _ = draw_windows(tokens, keep, *noise, window, negative, state)
    expected_x, expected_y = x.astype(float), y.astype(float)
    for row, columns in zip(contexts, words, strict=True):
        i, j = row[row >= 0], columns[columns >= 0]
        label = np.zeros(len(j))
        label[0] = 1
        g = rate * (label - 1 / (1 + np.exp(-expected_x[i] @ expected_y[j].T)))
        change_x, change_y = g @ expected_y[j], g.T @ expected_x[i]
        np.add.at(expected_x, i, change_x)
        np.add.at(expected_y, j, change_y)
    train_chunk(tokens, x, y, keep, *noise, window, negative, rate, rate, state, SIGMOID)
    assert len(contexts) == 2
    assert np.allclose(x, expected_x, atol=5e-6)
    assert np.allclose(y, expected_y, atol=5e-6)


def test_noise_follows_its_weights():
    weights = np.array([8.0, 4, 2, 1, 1])
    accept, other = alias_table(weights)
    share = np.zeros(5)
    for i in range(5):
        share[i] += accept[i] / 5
        share[other[i]] += (1 - accept[i]) / 5
    assert np.allclose(share, weights / 16, atol=1e-6)


def test_subsampling_keeps_the_share_that_word2vec_states():
    counts = np.array([900, 90, 9, 1])
    ratio = 1e-2 * 1000 / counts
    keep = keep_probability(counts, 1e-2)
    assert np.allclose(keep, np.minimum(1, np.sqrt(ratio) + ratio))
    tokens = np.zeros(200_000, np.int32)
    contexts, _, _ = draw_windows(
        tokens, keep, *alias_table(counts.astype(float)), 2, 1, random_state(0, 0, 0)
    )
    assert abs(len(contexts) / len(tokens) - keep[0]) < 0.005


def test_svd_is_that_of_lapack():
    generator = np.random.default_rng(0)
    a = (
        generator.standard_normal((80, 12))
        * 0.7 ** np.arange(12)
        @ generator.standard_normal((12, 60))
    )
    u, s = truncated_svd(a, 6)
    exact_u, exact_s, _ = np.linalg.svd(a)
    assert np.allclose(s, exact_s[:6], rtol=1e-5)
    assert np.allclose(np.abs(np.sum(u * exact_u[:, :6], axis=0)), 1, atol=1e-4)


def test_ppmi_is_its_definition():
    tokens = np.array([0, 1, 2, 0, 1, -1, 2, 2, 1, -1], np.int32)
    corpus = Corpus(tokens, ("a", "b", "c"), np.array([2, 3, 3]))
    learner = Spectral(window=2, subsample=0.0, smoothing=1.0)
    pairs = learner.pairs(corpus, 0, lambda *_, **__: None).toarray()
    expected = np.zeros((3, 3))
    for sentence in ([0, 1, 2, 0, 1], [2, 2, 1]):
        for i, a in enumerate(sentence):
            for b, weight in zip(sentence[i + 1 : i + 3], (1.0, 0.5), strict=False):
                expected[a, b] += weight
                expected[b, a] += weight
    assert np.allclose(pairs, expected)
    p = expected / expected.sum()
    with np.errstate(divide="ignore"):
        pmi = np.maximum(0, np.log(p / np.outer(p.sum(1), p.sum(0))))
    assert np.allclose(
        learner.ppmi(learner.pairs(corpus, 0, lambda *_, **__: None)).toarray(), pmi, atol=1e-5
    )


def test_settings_that_make_no_sense():
    with pytest.raises(InputError, match="--window 0"):
        SkipGram(window=0)
    with pytest.raises(InputError, match="too few"):
        Spectral(dimension=200).train(topical(sentences=50))
