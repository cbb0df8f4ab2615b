"""How sure a decipherment is: a probability from evidence that needs no solution.

The event is "at most 5 % of the letters are wrong"; `calibration.json` has the coefficients and where they come from.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import exp, log1p, log2

from distmatch.matching import calibration

MAX_UNLIKENESS = 0.4
"""Bits per letter of `unlikeness` from which the reason names it."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the search knows about its own answer; all code lengths in bits.

    Args:
        letters: decoded.
        symbols: distinct symbols.
        total: of text and key.
        text: of the text alone, without the choice of homophones.
        control: total that the same search needs on the shuffled ciphertext.
        expected: a letter needs in the language's own running words.
        found: restarts that ended at the key.
        runner_up: total of the next really different key, None if there is none.
        unicity: letters from which on the key is determined.
        homophonic, periodic: of which kind the key is.
        distinct: letters of what does not repeat an earlier stretch of the text.
        unlikeness: bits per letter by which the letters' frequencies depart from the language's, beyond chance.
        doubt: expected share of letters that are wrong, by the neighbours of the key, or the probability of other keys of
            its kind; None where neither is known.
        exhaustive: whether all keys of the kind were tried.
    """

    letters: int
    symbols: int
    total: float
    text: float
    control: float
    expected: float
    found: int
    runner_up: float | None
    unicity: float
    homophonic: bool
    periodic: bool
    distinct: int = 0
    unlikeness: float = 0.0
    doubt: float | None = None
    exhaustive: bool = False

    @property
    def gain(self) -> float:
        """Bits per letter saved against the shuffled control, key included."""
        return (self.control - self.total) / self.letters

    def to_json(self) -> dict[str, object]:
        """Name to value."""
        return asdict(self)


def features(given: Evidence) -> tuple[float, ...]:
    """What the regression sees.

    Gain per letter, log of the whole gain, excess over the language's own words, restarts that agree, log of the lead over
    the next key, log2 of length over unicity distance, kind, that last ratio faded out as the excess passes 0.65 bits (a long
    text read as easily as the language's own words is hardly ever wrong), gain and excess again for homophonic keys, which
    fit noise better, unlikeness, and log2 of the doubt. A stretch that repeats an earlier one counts once.
    """
    # Clipped, so that a feature beyond what the calibration saw does not outweigh the rest; defaults where one is missing.
    runner_up = given.total + 50.0 if given.runner_up is None else given.runner_up
    margin = log1p(min(max(runner_up - given.total, 0.0), 50.0))
    excess = given.text / given.letters - given.expected
    distinct = min(given.distinct or given.letters, given.letters)  # nulls are no letters
    determined = min(max(log2(distinct / max(given.unicity, 1.0)), -2.0), 4.0)
    fluent = min(max(determined, 0.0), 2.0) / (1.0 + exp(min(10.0 * (excess - 0.65), 300.0)))
    doubt = 0.02 if given.doubt is None else given.doubt
    return (
        given.gain,
        log1p(max(given.gain * distinct, 0.0)),
        excess,
        float(min(given.found, 4)),
        margin,
        determined,
        float(given.homophonic),
        float(given.periodic),
        fluent,
        given.gain * given.homophonic,
        excess * given.homophonic,
        min(given.unlikeness, 2.0),
        log2(max(doubt, 1e-3)),
    )


def confidence(given: Evidence) -> float:
    """Probability that at most 5 % of the letters are wrong."""
    return calibration.confidence("letters", features(given))


def explain(given: Evidence, probability: float, letters: int, unicity: float) -> str:
    """One line: why the answer is believed or not, and what would help."""
    # The bounds only choose words: the verdict is the calibrated confidence, believed from 0.9 on.
    if probability >= 0.9:
        agreed = "1 restart agrees" if given.found == 1 else f"{given.found} restarts agree"
        tried = "all keys tried" if given.exhaustive else agreed
        return (
            f"{given.gain:.2f} bits per letter shorter than the shuffled control; {tried}; "
            f"{letters} letters against a unicity distance of {unicity:.0f}"
        )
    reasons = []
    if letters < unicity:
        reasons.append(
            f"{letters} letter{'s are' if letters != 1 else ' is'} fewer than the unicity distance of {unicity:.0f}; more text "
            "would help"
        )
    if given.gain < 0.25:
        reasons.append(
            "scores no better than shuffled text: try another --language, --kind or --transposition"
        )
    if given.unlikeness > MAX_UNLIKENESS:
        reasons.append(
            "its letters are not as frequent as the language's; it may be another encoding or language"
        )
    if given.distinct and given.distinct < 0.7 * given.letters and given.distinct < 2 * unicity:
        reasons.append(
            f"the text repeats itself: only {given.distinct} of its letters say something new"
        )
    if given.found < 2 and not given.exhaustive:
        reasons.append("restarts disagree; a longer --time-limit, or a --crib, would help")
    if not reasons:
        reasons.append(
            "the text is unlikely for this language: try --language auto, or a --reference of the same kind of text"
        )
    return "; ".join(reasons)
