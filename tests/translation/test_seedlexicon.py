import numpy as np

from distmatch.planted import PlantedLanguages
from distmatch.translation.contextvectors import context_rows
from distmatch.translation.monolingual import Monolingual, Sentences
from distmatch.translation.seedlexicon import SeedLexicon, pair_counts
from distmatch.translation.sentences import split


def planted(n=3_000):
    """Both sides, and the number of each source word's translation (-1: it does not occur)."""
    languages = PlantedLanguages(0)
    x, y = (
        Monolingual.read([[t.lower() for t in split(line)] for line in lines])
        for lines in languages.unpaired(n)
    )
    table = dict(zip(*languages.words, strict=True)) | {w: w for w in ("<s>", "</s>", ".")}
    return x, y, np.array([y.number.get(table[w], -1) for w in x.words])


def test_pairs_stay_within_a_sentence():
    text = Sentences.of([[2, 3], [3, 9]])
    near, apart = pair_counts(text, 4), pair_counts(text, 4, 2)
    assert near[0, 2] == near[2, 3] == near[3, 1] == near[0, 3] == near[3, 4] == near[4, 1] == 1
    assert near.sum() == 6
    assert apart[0, 3] == apart[2, 1] == apart[0, 4] == apart[3, 1] == 1 and apart.sum() == 4


def test_the_likelihood_of_word_pairs_improves_a_lexicon():
    x, y, gold = planted()
    h, s = len(x.words), len(y.words)
    rng = np.random.default_rng(0)
    prior = rng.random((h, s)).astype(np.float32) ** 4
    prior[np.arange(h), gold] += 0.7  # the right word stands out in about half of the rows
    prior[:2], prior[:, :2] = 0, 0
    prior[0, 0] = prior[1, 1] = 1
    prior /= prior.sum(axis=1, keepdims=True)
    learned, _ = SeedLexicon().learn(prior, x, y)

    def right(lexicon):
        return x.counts[lexicon[:h, :s].argmax(axis=1) == gold].sum() / x.counts.sum()

    assert np.allclose(learned.sum(axis=1), 1, atol=1e-4)
    assert right(learned) > right(prior) + 0.1 and right(learned) > 0.8


def test_words_are_known_by_the_company_they_keep():
    x, y, gold = planted()
    anchors = 40
    lexicon = np.zeros((anchors, anchors), np.float32)
    for i in range(2, anchors):
        if 0 <= gold[i] < anchors:
            lexicon[i, gold[i]] = 1
    rows, others = context_rows(x, y, lexicon, (len(x.words), len(y.words)))
    found = (rows[anchors:] @ others.T)[:, anchors:].argmax(axis=1) + anchors
    known = gold[anchors:] >= anchors
    assert np.mean(found[known] == gold[anchors:][known]) > 0.4  # one in 90 by chance
