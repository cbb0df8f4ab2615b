"""`CodeReading`: one key of a code for words, and the `Decipherment` that the best one makes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from distmatch.ciphers.codes import CodeBook, joined
from distmatch.ciphers.reading import Ciphertext
from distmatch.languages.wordtrigram import WordTrigram
from distmatch.maps.key import Key
from distmatch.matching.codebooks.evidence import CodeEvidence, confidence
from distmatch.matching.decipherment import Decipherment
from distmatch.matching.match import Bits


@dataclass(frozen=True)
class CodeReading:
    """One key found.

    Args:
        kind: "word-code" or "dictionary-code".
        words: of each token, as they stand in the table.
        table: symbol to word.
        text, key_bits: bits.
        expected: bits a word that the model needs on held-out text of its own.
        model: the words that codes might stand for.
        belief: share of the samples of the posterior that agree, over the tokens.
        codes: number of codes, endings and words in clear left out.
    """

    kind: str
    words: list[str]
    table: dict[str, str]
    text: float
    key_bits: float
    expected: float
    model: WordTrigram
    belief: float = 0.0
    codes: int = 0

    @property
    def total(self) -> float:
        """Text and key in bits."""
        return self.text + self.key_bits

    @property
    def size(self) -> int:
        """Words that codes might stand for."""
        return len(self.model.words)

    @property
    def excess(self) -> float:
        """Bits a token above what text of the reference's own needs."""
        return self.text / max(len(self.words), 1) - self.expected

    @property
    def unicity(self) -> float:
        """Tokens from which on the key is determined: its bits over the redundancy of the words."""
        return self.key_bits / max(math.log2(len(self.model.words)) - self.expected, 0.3)


def conclude(
    source: Ciphertext, book: CodeBook, readings: Sequence[CodeReading], control: float | None, seed: int,
    language: str, seconds: float, cpu_seconds: float,
) -> Decipherment:  # fmt: skip
    """The `Decipherment` of the readings, the best first."""
    best = readings[0]
    unicity = best.unicity
    gain = 0.0 if control is None else (control - best.total) / max(len(source), 1)
    given = CodeEvidence(
        tokens=len(source), codes=best.codes, unicity=unicity, excess=best.excess, gain=gain, belief=best.belief,
        alphabetical=best.kind == "dictionary-code",
    )  # fmt: skip
    sure = confidence(given)
    reason = _explain(given, control is not None, sure)
    made = []
    for reading in readings[:6]:
        plain, text = _written(source, book, reading)
        made.append(
            Decipherment(
                map=Key(reading.table, reading.kind), bits=Bits(data=reading.text, map=reading.key_bits), confidence=0.0,
                reason="runner-up", method="annealing", seed=seed, seconds=seconds, cpu_seconds=cpu_seconds,
                plaintext=plain, text=text, kind=reading.kind, language=language, unicity=unicity,
            )
        )  # fmt: skip
    compared = {
        f"{kind}/{language}": round(min(r.total for r in readings if r.kind == kind), 1)
        for kind in dict.fromkeys(r.kind for r in readings)
    }
    return replace(
        made[0], confidence=sure, reason=reason, alternatives=made[1:], extra={"compared": compared, "evidence": given},
        bits=Bits(data=best.text, map=best.key_bits, control=control),
    )  # fmt: skip


def _explain(given: CodeEvidence, compared: bool, sure: float) -> str:
    if sure >= 0.9:
        return (
            f"{given.gain:.2f} bits a word shorter than the shuffled control; {given.tokens} words against a unicity "
            f"distance of {given.unicity:.0f}; {given.excess:+.2f} bits a word against the reference's own text"
        )
    reasons = []
    if given.tokens < 2 * given.unicity:
        reasons.append(
            f"{given.tokens} words are few for a unicity distance of {given.unicity:.0f}; more text or known words (--crib) "
            "would help"
        )
    if not compared:
        reasons.append("the time limit left no time for the shuffled control")
    elif given.gain < 0.5:
        reasons.append("hardly any gain over the shuffled control; another --kind may be right")
    if given.belief == 0.0:
        reasons.append("there was no time to sample other keys; a longer --time-limit would help")
    elif given.belief < 0.9:
        reasons.append(f"samples of the posterior agree on {100 * given.belief:.0f} % of the words")
    if given.excess > 0.3:
        reasons.append("the text is unlike the reference; a --reference nearer to it would help")
    if given.tokens < 30 * given.codes:
        reasons.append(
            f"{given.tokens / max(given.codes, 1):.0f} tokens a code leave the rare ones open; more text would help"
        )
    return "; ".join(reasons) or "the evidence is short of nine in ten; more text would help"


def _written(source: Ciphertext, book: CodeBook, reading: CodeReading) -> tuple[str, str]:
    """The words in the lines of the ciphertext, and the same with endings joined to their words."""
    known = dict(zip(reading.model.words, map(int, reading.model.counts), strict=True))
    plain: list[list[str]] = []
    text: list[list[str]] = []
    line = -1
    for symbol, word, row in zip(source.symbols, reading.words, source.lines, strict=True):
        if row != line:
            plain.append([])
            text.append([])
            line = row
        plain[-1].append(word)
        ending = book.endings.get(int(symbol))
        if ending is None:
            text[-1].append(word)
        elif text[-1]:
            text[-1][-1] = joined(text[-1][-1], ending, known)
        else:
            text[-1].append(ending)
    return "\n".join(map(" ".join, plain)), "\n".join(map(" ".join, text))
