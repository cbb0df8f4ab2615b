"""Words by the company they keep: vectors over anchor words, which a first lexicon translates (Rapp 1999).

A lexicon that is right for frequent words gives both sides a common space: how much more often than by chance a word stands
before, after, or in one sentence with each anchor. There rarer words find their translations.
"""

from __future__ import annotations

import numpy as np

from distmatch.retrieval.scoring import unit
from distmatch.translation.monolingual import Monolingual

NEAR = 3
"""Words before and after that count by their distance."""
SMOOTHED = 0.75
"""Power of the anchors' frequencies in what counts as chance (Levy et al. 2015)."""


def context_rows(
    source: Monolingual, target: Monolingual, lexicon: np.ndarray, words: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of both sides over the target's anchors.

    Args:
        lexicon: (H, S) belief that a source word means a target word, for the first words of both sides: the anchors.
        words: number of words of each side that get a row.

    Returns:
        (words, 3 S) float32, the parts before, after and around as three unit vectors over sqrt(3).
    """
    h, s = lexicon.shape
    norms = np.maximum(np.linalg.norm(lexicon, axis=1, keepdims=True), 1e-9)
    carried = lexicon / norms * lexicon.max(axis=1, keepdims=True)
    carried[:2] = 0
    x = [_association(c) @ carried for c in _contexts(source, words[0], h)]
    y = [_association(c) for c in _contexts(target, words[1], s)]
    return _joined(x), _joined(y)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.hstack([unit(np.hstack(parts[:2])), unit(parts[2])]).astype(np.float32)


def _contexts(side: Monolingual, words: int, anchors: int) -> list[np.ndarray]:
    """(words, anchors) counts of anchors after a word, before it, and anywhere in its sentence."""
    ids = side.text.ids.astype(np.int64)
    sentence = np.repeat(np.arange(len(side.text)), np.diff(side.text.ends))
    near = [np.zeros(words * anchors) for _ in range(2)]
    around = np.zeros(words * anchors)
    for apart in range(1, int(np.diff(side.text.ends).max())):
        inside = sentence[:-apart] == sentence[apart:]
        first, second = ids[:-apart][inside], ids[apart:][inside]
        if not len(first):
            break
        for number, (word, anchor) in enumerate(((first, second), (second, first))):
            kept = (word < words) & (anchor < anchors) & (anchor > 1)
            found = np.bincount(word[kept] * anchors + anchor[kept], minlength=words * anchors)
            around += found
            if apart <= NEAR:
                near[number] += found / apart
    return [c.reshape(words, anchors).astype(np.float32) for c in (*near, around)]


def _association(counts: np.ndarray) -> np.ndarray:
    """Positive pointwise mutual information."""
    chance = counts.sum(axis=0) ** SMOOTHED
    chance /= max(chance.sum(), 1e-9)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(share / np.maximum(chance, 1e-12)), 0).astype(np.float32)
