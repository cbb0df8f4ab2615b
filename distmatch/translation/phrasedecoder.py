"""Phrase decoder: stacks of hypotheses by words covered, a trigram model, distortion within a window (Koehn 2004)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from distmatch.languages.wordtrigram import WordTrigram
from distmatch.progress import Clock
from distmatch.translation.decoderkernel import SearchLimits, decode_block
from distmatch.translation.monolingual import Sentences
from distmatch.translation.phrasetable import PhraseTable

_CHUNK = 256


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Log-linear weights; those of Moses before tuning (Koehn et al. 2007)."""

    model: float = 0.5
    features: tuple[float, float, float, float] = (0.2, 0.2, 0.2, 0.2)
    distortion: float = 0.3
    word: float = 1.0
    phrase: float = 0.2
    copy: float = -4.0


@dataclass(frozen=True, kw_only=True)
class Search:
    """Width of the search."""

    stack: int = 20
    best: int = 10
    """Options per source phrase."""
    window: int = 5
    beam: float = 6.0


UNLIMITED = Clock()
DECODER_WEIGHTS, DECODER_SEARCH = Weights(), Search()
"""The defaults."""


class PhraseDecoder:
    """Translates sentences of word numbers.

    Args:
        table: phrases. model: of the target's sentences, with SENTENCE_START and SENTENCE_STOP.
        copies: (S + 1,) int32 target number of each source word's spelling, the target's unknown where it has none.
    """

    def __init__(
        self,
        table: PhraseTable,
        model: WordTrigram,
        copies: np.ndarray,
        weights: Weights,
        search: Search,
    ) -> None:
        self.options = table.options(np.array(weights.features), best=search.best)
        self.model, self.copies = model, copies
        self.limits = SearchLimits(
            weights.model, weights.distortion, weights.word, weights.phrase, weights.copy, search.stack, search.window,
            search.beam,
        )  # fmt: skip

    def decode(
        self, sentences: Sentences, *, threads: int = 1, clock: Clock = UNLIMITED
    ) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
        """Target words of each sentence, the source position that each copied one comes from (-1: not copied), scores.

        Raises:
            TimeoutError: the clock's limit is reached before the end.
        """
        blocks = range(0, len(sentences), _CHUNK)

        def run(start: int):
            if clock.expired:
                raise TimeoutError
            stop = min(start + _CHUNK, len(sentences))
            ends = sentences.ends[start : stop + 1]
            ids = sentences.ids[ends[0] : ends[-1]]
            return decode_block(
                ids, ends - ends[0], self.copies, self.options, self.model.tables, self.limits
            )

        # In threads even if there is one: a signal that arrives in compiled code of the main thread is an error there.
        pool = ThreadPoolExecutor(threads)
        try:
            parts = list(pool.map(run, blocks))
        finally:
            pool.shutdown(cancel_futures=True)
        words, origin, scores = [], [], []
        for w, o, e, s in parts:
            words += np.split(w[: e[-1]], e[1:-1])
            origin += np.split(o[: e[-1]], e[1:-1])
            scores.append(s)
        return words, origin, np.concatenate([np.zeros(0, np.float32), *scores])
