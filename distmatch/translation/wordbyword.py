"""Word-by-word translation: candidates from a map or a lexicon, chosen by a beam under a model of the target.

A sentence goes through three seams, each replaceable by a fuller system: `candidates` (word to scored targets),
`WordTrigram.log_probability` (the model), `decode` (the search).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import regex

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.languages.wordtrigram import BEGIN, WordTrigram
from distmatch.retrieval.lexicon import Lexicon
from distmatch.text.tokenizer import WORD_PATTERN

UNKNOWN_WORDS = ("copy", "drop", "spell")
"""What happens to a word without candidates."""

Candidates = dict[str, list[tuple[str, float]]]
"""Source word to target words and log-probabilities, the best first."""


_TOKEN = regex.compile(WORD_PATTERN + r"|[^\p{L}\p{N}\p{M}\s]")


def split_sentence(line: str, *, lower: bool = True) -> list[str]:
    """Words and punctuation marks, in order."""
    return _TOKEN.findall(line.lower() if lower else line)


def candidates(
    aligned: Embeddings,
    target: Embeddings,
    words: Iterable[str],
    *,
    best: int = 10,
    k: int = 10,
    temperature: float = 0.1,
    device: str | None = None,
) -> Candidates:
    """Targets of words by CSLS, with the softmax of their scores over a temperature.

    Args:
        aligned: source words in the common space. target: target words there.
        words: those wanted; words that are not in `aligned` are left out.
        best: targets per word.
        k: neighbourhood of CSLS.
        temperature: of the softmax, in units of CSLS.
    """
    from distmatch.retrieval.scoring import best_targets

    index = {w: i for i, w in enumerate(aligned.words)}
    wanted = sorted({w for w in words if w in index})
    if not wanted:
        return {}
    queries = np.array([index[w] for w in wanted])
    scores, found = best_targets(
        aligned.vectors, target.vectors, best, k=k, queries=queries, device=device
    )
    return {
        w: list(zip([target.words[j] for j in row], _log_softmax(s / temperature), strict=True))
        for w, row, s in zip(wanted, found, scores, strict=True)
    }


def lexicon_candidates(lexicon: Lexicon, *, temperature: float = 0.1) -> Candidates:
    """Candidates from a stored lexicon."""
    return {
        word: list(
            zip(
                [t for t, _ in pairs],
                _log_softmax(np.array([s for _, s in pairs]) / temperature),
                strict=True,
            )
        )
        for word, pairs in lexicon.best().items()
    }


def _log_softmax(scores: np.ndarray) -> list[float]:
    shifted = np.asarray(scores, np.float64) - np.max(scores)
    return (shifted - np.log(np.exp(shifted).sum())).tolist()


@dataclass(frozen=True, kw_only=True)
class WordByWord:
    """Translates token by token; the order of the words stays."""

    candidates: Candidates
    """See `candidates`."""
    model: WordTrigram | None = None
    """Language model of the target; None takes the best candidate of each word."""
    weight: float = 0.3
    """Weight of the model's log-probability; the lexicon's has weight 1."""
    beam: int = 8
    """Translations kept after each word."""
    unknown: str = "copy"
    """What happens to words without candidates: copy, drop, or spell (the most similarly spelled target word)."""
    spelling: tuple[str, ...] = ()
    """Target words to choose from when `unknown` is "spell", the most frequent first."""

    def __post_init__(self) -> None:
        if self.unknown not in UNKNOWN_WORDS:
            raise InputError(
                f"unknown --unknown {self.unknown!r}. Known: {' '.join(UNKNOWN_WORDS)}"
            )
        if self.beam < 1:
            raise InputError(f"--beam {self.beam} is below 1")

    def translate(self, tokens: Sequence[str]) -> list[str]:
        """Target tokens of a sentence, see `split_sentence`."""
        columns = [column for token in tokens if (column := self._column(token))]
        if self.model is None:
            return [column[0][0] for column in columns]
        return decode(columns, self.model, weight=self.weight, beam=self.beam)

    def _column(self, token: str) -> list[tuple[str, float]]:
        if token in self.candidates:
            return self.candidates[token]
        if not token[0].isalpha():
            return [(token, 0.0)]
        if self.unknown == "drop":
            return []
        return [(closest(token, self.spelling) if self.unknown == "spell" else token, 0.0)]


def closest(word: str, vocabulary: Sequence[str], *, cutoff: float = 0.7) -> str:
    """The most similarly spelled word of a vocabulary, or the word itself if none is similar enough."""
    from difflib import get_close_matches

    near = [w for w in vocabulary if w[:1] == word[:1] and abs(len(w) - len(word)) <= 2]
    return next(iter(get_close_matches(word, near, 1, cutoff)), word)


def decode(
    columns: Sequence[Sequence[tuple[str, float]]],
    model: WordTrigram,
    *,
    weight: float = 0.3,
    beam: int = 8,
) -> list[str]:
    """One word per column, maximising lexicon plus weighted model log-probability by beam search.

    Of two hypotheses with the same last two words only the better is kept.

    Args:
        columns: candidates of each place with log-probabilities.
        model: of the target language.
        weight: of the model.
        beam: translations kept.
    """
    before, last = np.array([BEGIN]), np.array([BEGIN])
    score = np.zeros(1)
    history: list[tuple[np.ndarray, np.ndarray]] = []
    for column in columns:
        numbers = model.encode([w for w, _ in column])
        own = np.array([p for _, p in column])
        n, c = len(score), len(column)
        parent, choice = np.repeat(np.arange(n), c), np.tile(np.arange(c), n)
        lm = model.log_probability(before[parent], last[parent], numbers[choice])
        total = score[parent] + own[choice] + weight * lm
        order = np.argsort(-total, kind="stable")
        seen: set[tuple[int, int]] = set()
        kept = []
        for i in order:
            end = (int(last[parent[i]]), int(choice[i]))
            if end not in seen:
                seen.add(end)
                kept.append(i)
            if len(kept) == beam:
                break
        parent, choice = parent[kept], choice[kept]
        before, last, score = last[parent], numbers[choice], total[kept]
        history.append((parent, choice))
    words: list[str] = []
    at = 0
    for column, (parent, choice) in zip(reversed(columns), reversed(history), strict=True):
        words.append(column[choice[at]][0])
        at = parent[at]
    return words[::-1]
