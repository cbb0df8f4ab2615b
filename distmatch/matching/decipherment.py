"""`Decipherment`: a `Match` whose map is a key, with what it reads, and its JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from distmatch.maps.key import Key
from distmatch.maps.shownkey import key_lines
from distmatch.matching.match import Match


@dataclass(frozen=True, kw_only=True)
class Decipherment(Match[Key]):
    """A `Match` whose map is a key, with what it reads."""

    plaintext: str
    """One letter a symbol, and a space wherever the ciphertext had a word break that was kept."""
    text: str
    """The same with word breaks: those of the cipher, or restored."""
    kind: str
    language: str
    unicity: float
    """Symbols from which on the key is determined: key bits over redundancy."""
    printed: str = ""
    """The plaintext in the ciphertext's own layout: marks, capitals, lines."""
    marked: str = field(default="", repr=False)
    """`printed` with a combining low line (U+0332) under every letter in doubt; empty where none is."""
    read_as: dict[str, str] = field(default_factory=dict)
    """How the ciphertext was read: symbols, punctuation, case, lines."""
    has_breaks: bool = False
    """Whether the ciphertext shows where words end, so that `printed` has words."""
    evidence: Any = field(default=None, repr=False)
    """What the confidence was made of, see `keys.evidence.Evidence`."""

    @property
    def key(self) -> Key:
        """The map."""
        return self.map

    @property
    def key_shown(self) -> list[str]:
        """The key as its users write it, a line each."""
        return key_lines(self.map)

    @property
    def doubts(self) -> list[dict[str, Any]]:
        """Symbols that may stand for another letter: symbol, letter, other, and the bits that the other costs."""
        return self.extra.get("doubts", [])

    @property
    def solved(self) -> bool:
        """Whether the confidence reaches 0.9."""
        return self.believed


def to_json(match: Decipherment, *, id: str | None = None) -> dict[str, Any]:
    """The object that `distmatch decipher --json` prints."""
    return {
        "id": id,
        "plaintext": match.plaintext,
        "text": match.text,
        "printed": match.printed or match.text,
        "language": match.language,
        "kind": match.kind,
        "key": match.key.to_json(),
        "key_shown": match.key_shown,
        "read_as": match.read_as,
        "doubts": match.doubts,
        "bits": {
            "text": round(match.bits.data, 2),
            "key": round(match.bits.map, 2),
            "control": _rounded(match.bits.control, 2),
        },
        "confidence": _rounded(match.confidence, 4),
        "solved": match.solved,
        "reason": match.reason,
        "seconds": round(match.seconds, 4),
        "cpu_seconds": round(match.cpu_seconds, 4),
        "seed": match.seed,
        "unicity": round(match.unicity, 1),
        "compared": match.extra.get("compared", {}),
        "alternatives": [
            {
                "plaintext": a.plaintext,
                "printed": a.printed or a.text,
                "language": a.language,
                "kind": a.kind,
                "bits": round(a.bits.total, 2),
            }
            for a in match.alternatives
            if isinstance(a, Decipherment)
        ],
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
