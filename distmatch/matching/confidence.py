"""How sure a decipherment is: a probability from evidence that needs no solution.

The coefficients come from `benchmarks/calibrate_ciphers.py`: a logistic regression of "at most 5 % of the
letters are wrong" on ciphers made from running text of the training languages.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import exp, log1p, log2


@dataclass(frozen=True)
class Evidence:
    """What the search knows about its own answer.

    Args:
        gain: bits a letter saved against the shuffled control, key included.
        excess: bits a letter above what the language's own words need.
        agreement: restarts that ended at the best key, at most 4.
        margin: log of one plus the bits by which the next really different key is longer, at most 50.
        determined: log2 of length over unicity distance, between -2 and 4.
        homophonic: 1 for a homophonic key.
        fluent: `determined`, between 0 and 2, faded out as the excess passes 0.65 bits: a long text that
            is read as easily as the language's own words is hardly ever wrong.
    """

    gain: float
    excess: float
    agreement: float
    margin: float
    determined: float
    homophonic: float
    fluent: float


INTERCEPT = -4.144
WEIGHTS = (-0.128, -4.365, 0.284, 0.758, 2.957, -1.99, 1.498)


def evidence(
    *,
    letters: int,
    total: float,
    text: float,
    control: float,
    expected_bits: float,
    found: int,
    runner_up: float | None,
    unicity: float,
    homophonic: bool,
) -> Evidence:
    """Evidence from code lengths in bits; `expected_bits` is a letter's, `runner_up` a total or None."""
    margin = log1p(50.0 if runner_up is None else min(max(runner_up - total, 0.0), 50.0))
    excess = text / letters - expected_bits
    determined = min(max(log2(letters / max(unicity, 1.0)), -2.0), 4.0)
    fluent = min(max(determined, 0.0), 2.0) / (1.0 + exp(min(10.0 * (excess - 0.65), 300.0)))
    return Evidence(
        gain=(control - total) / letters,
        excess=excess,
        agreement=float(min(found, 4)),
        margin=margin,
        determined=determined,
        homophonic=float(homophonic),
        fluent=fluent,
    )


def confidence(given: Evidence) -> float:
    """Probability that at most 5 % of the letters are wrong."""
    score = INTERCEPT + sum(w * x for w, x in zip(WEIGHTS, astuple(given), strict=True))
    return 1.0 / (1.0 + exp(-max(min(score, 30.0), -30.0)))


def explain(given: Evidence, probability: float, letters: int, unicity: float) -> str:
    """One line: why the answer is believed or not, and what would help."""
    if probability >= 0.9:
        return (
            f"{given.gain:.2f} bits a letter shorter than the shuffled control; "
            f"{given.agreement:.0f} restarts agree; {letters} letters against a unicity distance of {unicity:.0f}"
        )
    reasons = []
    if letters < unicity:
        reasons.append(
            f"{letters} letters are fewer than the unicity distance of {unicity:.0f}; more text would help"
        )
    if given.gain < 0.25:
        reasons.append(
            "no real gain over the shuffled control; another --language or --kind may be right, or the order of symbols"
        )
    if given.agreement < 2:
        reasons.append("restarts disagree; a longer --time-limit, or a --crib, would help")
    if not reasons:
        reasons.append(
            "the text is unlikely for this language; a --reference of the same kind of text would help"
        )
    return "; ".join(reasons)
