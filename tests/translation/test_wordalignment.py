import numpy as np

from distmatch.translation.monolingual import Sentences
from distmatch.translation.phrasetable import PhraseTable
from distmatch.translation.wordalignment import align_words


def paired(seed=0, n=400, size=30, swap=True):
    """Sentences and their translations word by word (word w is size - w), neighbours exchanged at every second place."""
    rng = np.random.default_rng(seed)
    source, target, truth = [], [], []
    for _ in range(n):
        words = rng.integers(2, size, rng.integers(4, 9))
        order = np.arange(len(words))
        if swap:
            for i in range(0, len(words) - 1, 2):
                order[i], order[i + 1] = order[i + 1], order[i]
        source.append(words)
        target.append(size - words[order])
        truth.append({(int(order[j]), j) for j in range(len(words))})
    return Sentences.of(source), Sentences.of(target), truth


def test_links_of_planted_pairs_are_found():
    source, target, truth = paired()
    found = align_words(source, target)
    right = wrong = 0
    for i, wanted in enumerate(truth):
        links = {tuple(map(int, k)) for k in found.links[found.ends[i] : found.ends[i + 1]]}
        right, wrong = right + len(links & wanted), wrong + len(links - wanted)
    assert right >= 0.95 * sum(map(len, truth)) and wrong < 0.05 * right


def test_lexicons_are_probabilities():
    source, target, _ = paired()
    found = align_words(source, target)
    assert found.forward.min() >= 0 and found.forward.max() <= 1 + 1e-6
    best = found.forward > 0.5
    assert best.sum() >= 25  # each of the 28 words has one likely translation


def test_extracted_phrases_agree_with_the_links():
    source, target, _ = paired()
    table = PhraseTable.extract(source, target, align_words(source, target))
    single = (table.sources < 1 << 16) & (table.targets < 1 << 16)
    right = table.sources[single].astype(int) - 1 + table.targets[single].astype(int) - 1 == 30
    assert right[np.exp(table.logs[single, 0]) > 0.5].mean() > 0.9
    assert np.all(np.diff(table.sources.astype(object)) >= 0)
    mass = np.bincount(
        np.unique(table.sources, return_inverse=True)[1], weights=np.exp(table.logs[:, 0])
    )
    assert mass.max() <= 1 + 1e-5
