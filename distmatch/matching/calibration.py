"""The only maker of confidences: logistic regressions whose coefficients stand in `calibration.json` with their origin.

An evidence file gives the features and the words that explain them. A search without an entry here has `confidence=None`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from math import exp
from typing import Any


@cache
def calibrations() -> dict[str, dict[str, Any]]:
    """Name to event, coefficients, and the date, size, data and command of the fit."""
    file = resources.files("distmatch.matching").joinpath("calibration.json")
    return json.loads(file.read_text("utf-8"))


def confidence(name: str, features: Sequence[float]) -> float:
    """Probability of the event of one calibration.

    Args:
        name: a key of `calibrations`.
        features: as many as it has weights.
    """
    fitted = calibrations()[name]
    terms = zip(fitted["weights"], features, strict=True)
    score = fitted["intercept"] + sum(w * x for w, x in terms)
    # Beyond 30 the confidence is 0 or 1 in any case, and exp may overflow.
    return 1.0 / (1.0 + exp(-max(min(score, 30.0), -30.0)))


def shares(name: str, features: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Probabilities of answers of which one holds: multinomial logit with one vector of weights.

    Args:
        name: a key of `calibrations`.
        features: answer to as many features as there are weights.

    Returns:
        Answer to probability; they sum to 1.
    """
    weights = calibrations()[name]["weights"]
    scores = {
        answer: sum(w * x for w, x in zip(weights, given, strict=True))
        for answer, given in features.items()
    }
    top = max(scores.values())
    raised = {answer: exp(max(score - top, -700.0)) for answer, score in scores.items()}
    total = sum(raised.values())
    return {answer: value / total for answer, value in raised.items()}


def percent(confidence: float | None) -> str:
    """A confidence for people: three decimals, or that there is none."""
    return "not calibrated" if confidence is None else f"{confidence:.3f}"
