"""`CodeReading`: one key of a code for words, and the `Decipherment` that the best one makes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from distmatch.ciphers.codes import CodeBook, joined
from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.wordtext import WordText
from distmatch.languages.wordtrigram import WordTrigram
from distmatch.maps.key import Key
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.codebooks.evidence import CodeEvidence, confidence
from distmatch.matching.decipherment import Decipherment
from distmatch.matching.match import Bits
from distmatch.matching.symbols.reading import Reading
from distmatch.progress import Effort


class Sampled(NamedTuple):
    """A key of codes to word ids, and how far samples of the posterior agree with it.

    Args:
        reading: the key; its letters are word ids, one per token.
        belief: (K,) share of the samples that give each code the same word; zeros without samples.
    """

    reading: Reading[Relabelling]
    belief: np.ndarray


@dataclass(frozen=True, kw_only=True)
class BookEvidence:
    """What the search of a code book knows beside its key.

    Args:
        book: families, endings and clear words of the ciphertext.
        reference: the words that the model was made of.
        model: the words that codes might stand for.
        expected: bits per word that the model needs on held-out text of its own.
        words: the word of each token, as in the key's table.
        belief: share of the samples of the posterior that agree with the key, averaged over the tokens; 0 without samples.
        codes: number of codes, endings and clear words left out.
    """

    book: CodeBook
    reference: WordText
    model: WordTrigram
    expected: float
    words: list[str]
    belief: float
    codes: int


@dataclass(frozen=True, kw_only=True)
class CodeReading(Reading[Key]):
    """A `Reading` of a code for words; its letters are word ids of the model."""

    evidence: BookEvidence

    @property
    def source(self) -> Ciphertext:
        """The ciphertext."""
        assert self.problem is not None
        return self.problem.source

    @property
    def size(self) -> int:
        """Words that codes might stand for."""
        return len(self.evidence.model.words)

    @property
    def excess(self) -> float:
        """Bits per token above what text of the reference's own needs."""
        return self.text / max(len(self.evidence.words), 1) - self.evidence.expected

    @property
    def unicity(self) -> float:
        """Tokens from which on the key is determined: its bits over the redundancy of the words, 0.3 bits at least."""
        return self.map_bits / max(math.log2(self.size) - self.evidence.expected, 0.3)


def conclude(
    readings: Sequence[CodeReading], control: float | None, effort: Effort
) -> Decipherment:
    """The `Decipherment` of the readings, the best first; `control`: total bits of the shuffled text, None without time."""
    best = readings[0]
    tokens, belief = len(best.source), best.evidence.belief
    given = CodeEvidence(
        tokens=tokens, codes=best.evidence.codes, unicity=best.unicity, excess=best.excess,
        gain=0.0 if control is None else (control - best.total) / max(tokens, 1), belief=belief,
        alphabetical=best.map.kind == "dictionary-code",
    )  # fmt: skip
    sure = confidence(given)
    made = []
    for reading in readings[:6]:
        plain, text = _written(reading)
        made.append(
            Decipherment(
                map=reading.map, bits=reading.bits, confidence=None, reason="runner-up", method=reading.map.kind,
                seed=effort.seed, seconds=effort.clock.seconds, cpu_seconds=effort.clock.cpu_seconds, plaintext=plain,
                text=text, kind=reading.map.kind, language="reference", unicity=best.unicity,
            )
        )  # fmt: skip
    compared = {
        f"{kind}/reference": round(min(r.total for r in readings if r.map.kind == kind), 1)
        for kind in dict.fromkeys(r.map.kind for r in readings)
    }
    return replace(
        made[0], confidence=sure, reason=_explain(given, control is not None, sure), alternatives=made[1:],
        extra={"compared": compared}, evidence=given, bits=Bits(data=best.text, map=best.map_bits, control=control),
    )  # fmt: skip


def _explain(given: CodeEvidence, compared: bool, sure: float) -> str:
    # The bounds only choose words: the verdict is the calibrated confidence, believed from 0.9 on.
    if sure >= 0.9:
        return (
            f"{given.gain:.2f} bits per word shorter than the shuffled control; {given.tokens} words against a unicity "
            f"distance of {given.unicity:.0f}; {given.excess:+.2f} bits per word against the reference's own text"
        )
    reasons = []
    if given.tokens < 2 * given.unicity:
        reasons.append(
            f"{given.tokens} words are few for a unicity distance of {given.unicity:.0f}: give more text or known words (--crib)"
        )
    if not compared:
        reasons.append("the time limit left no time for the control on shuffled text")
    elif given.gain < 0.5:
        reasons.append("scores hardly better than shuffled text: try another --kind")
    if given.belief == 0.0:
        reasons.append("there was no time to sample other keys: give a longer --time-limit")
    elif given.belief < 0.9:
        reasons.append(f"samples of the posterior agree on {100 * given.belief:.0f} % of the words")
    if given.excess > 0.3:
        reasons.append("the text is unlike the reference: give a --reference closer to it")
    if given.tokens < 30 * given.codes:
        reasons.append(
            f"{given.tokens / max(given.codes, 1):.0f} tokens per code leave the rare codes undetermined: give more text"
        )
    return "; ".join(reasons) or "the confidence is below 0.9: give more text"


def _written(reading: CodeReading) -> tuple[str, str]:
    """The words in the lines of the ciphertext, and the same with endings joined to their words."""
    evidence, source = reading.evidence, reading.source
    known = dict(zip(evidence.model.words, map(int, evidence.model.counts), strict=True))
    plain: list[list[str]] = []
    text: list[list[str]] = []
    line = -1
    for symbol, word, row in zip(source.symbols, evidence.words, source.lines, strict=True):
        if row != line:
            plain.append([])
            text.append([])
            line = row
        plain[-1].append(word)
        ending = evidence.book.endings.get(int(symbol))
        if ending is None:
            text[-1].append(word)
        elif text[-1]:
            text[-1][-1] = joined(text[-1][-1], ending, known)
        else:
            text[-1].append(ending)
    return "\n".join(map(" ".join, plain)), "\n".join(map(" ".join, text))
