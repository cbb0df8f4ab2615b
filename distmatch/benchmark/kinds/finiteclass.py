"""The finite-class bound: how far a key that was fitted to n letters may do worse on others."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from distmatch.benchmark.metrics import Metric
from distmatch.languages.language import Language
from distmatch.languages.ngram import UNITS_PER_BIT

CERTAINTY = 0.05
"""δ of the bound."""
MAX_LOSS = 255 / UNITS_PER_BIT
"""Maximum cost of a letter in the search table, in bits."""


def generalization(
    found: Mapping[str, int],
    shown: tuple[str, np.ndarray],
    held: tuple[str, np.ndarray],
    given: int,
    model: Language,
) -> dict[str, Metric]:
    """Bits per letter on held-out text less those on the ciphertext, and what the finite-class bound allows.

    The loss of a letter is its cost in the search table, between 0 and 16 bits, so by Hoeffding's inequality
    and a union over the keys no key's gap exceeds 16 sqrt((ln |F| + ln 1/δ) / 2n) with probability 1 - δ, if
    letters were independent (they are not: a window of n-grams reaches over five of them). `naive` is
    sqrt((log2 |F| + log2 1/δ) / n), which leaves out the range of the loss.

    Args:
        found: symbol to letter code; symbols that do not occur get the letters left over.
        shown: ciphertext that the key was fitted to, and its true letter codes.
        held: further ciphertext under the same key, and its true letter codes.
        given: symbols whose letters were known from the start, so that |F| = (A - given)!.
        model: the language, without spaces.
    """
    letters = model.alphabet.letters
    key = dict(found)
    spare = [i for i in range(len(letters)) if i not in set(key.values())]
    for symbol in letters:
        if symbol not in key:
            key[symbol] = spare.pop(0) if spare else 0

    def loss(codes: object) -> float:
        return float(model.ngram_bits(np.asarray(codes, np.uint8)).mean())

    held_bits = loss([key[c] for c in held[0]])
    n, m = len(shown[0]), len(held[0])
    keys = math.lgamma(len(letters) - given + 1) + math.log(1 / CERTAINTY)
    measured = {
        "gap": held_bits - loss([key[c] for c in shown[0]]),
        "gap_true": loss(held[1]) - loss(shown[1]),
        "bound": MAX_LOSS * math.sqrt(keys / (2 * n)),
        "naive": math.sqrt(keys / math.log(2) / n),
        "held_out": held_bits,
    }
    return {
        name: Metric(
            value=value,
            n=m if name == "held_out" else n,
            higher_is_better=False,
            unit="bits per letter",
        )
        for name, value in measured.items()
    }
