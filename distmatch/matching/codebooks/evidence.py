"""How sure the reading of a code for words is: a probability from evidence that needs no solution.

`benchmarks/calibrate_codes.py` makes codes from novels of five languages and fits a logistic regression of "at most 5 % of the
tokens are wrong". Eight of fifty were read so well, so the fit stays near the coefficients of eleven earlier codes, of which
those of the excess and of alphabetical codes were set by hand, on the safe side (docs/results/ciphers-codes.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log2

from distmatch.matching import calibration


@dataclass(frozen=True, kw_only=True)
class CodeEvidence:
    """What the search knows about its own answer; all code lengths in bits.

    Args:
        tokens: of the text that stand for words.
        codes: distinct ones.
        unicity: tokens from which on the key is determined.
        excess: bits per token above what the reference's own text needs.
        gain: bits per token saved against the shuffled control.
        belief: share of the samples of the posterior that agree with the key, over the tokens.
        alphabetical: whether the codes keep the order of the words.
    """

    tokens: int
    codes: int
    unicity: float
    excess: float
    gain: float
    belief: float
    alphabetical: bool


def features(given: CodeEvidence) -> tuple[float, ...]:
    """What the regression sees: log2 of length over unicity distance and of tokens per code, excess beyond 0.2 bits, gain,
    log-odds of the samples' agreement (to 0.9985), and whether the codes are alphabetical.
    """
    # Clipped, so that a feature beyond what the calibration saw does not outweigh the rest.
    belief = min(max(given.belief, 0.01), 0.9985)
    return (
        min(max(log2(max(given.tokens, 1) / max(given.unicity, 1.0)), -3.0), 6.0),
        min(log2(max(given.tokens, 1) / max(given.codes, 1)), 7.0),
        min(max(given.excess - 0.2, 0.0), 3.0),
        min(max(given.gain, -0.5), 3.0),
        log(belief / (1 - belief)),
        float(given.alphabetical),
    )


def confidence(given: CodeEvidence) -> float:
    """Probability that at most 5 % of the tokens are wrong; no more than the share of samples that agree."""
    return min(calibration.confidence("codes", features(given)), given.belief)
