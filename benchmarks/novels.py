"""The novels of `corpora/en`, one by one: what the joint compression benchmarks read."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from distmatch.files import read_text
from distmatch.text.alphabet import LATIN, Alphabet, fold

HEADING = r"(?m)^.*(?:releaseChecker|ELTeC-1|Library of Congress Subject|Normalized id).*$"
LONG = 900_000
"""Characters, or letters, from which on a novel is used."""


def letters(text: str) -> np.ndarray:
    """Codes of folded letters and spaces."""
    return Alphabet(LATIN).encode(fold(text), spaces=True)


def long_novels(data: Path) -> list[str]:
    """Texts of more than `LONG` characters, in the corpus's order."""
    return [part for part in _parts(data) if len(part) > LONG]


def coded_novels(data: Path) -> list[np.ndarray]:
    """`letters` of those with more than `LONG` of them."""
    return [codes for codes in map(letters, _parts(data)) if len(codes) > LONG]


def _parts(data: Path) -> list[str]:
    return re.split(HEADING, read_text(data / "corpora" / "en.txt.xz"))
