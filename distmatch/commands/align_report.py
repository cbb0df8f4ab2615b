"""What `distmatch align` says: its JSON object, and the same as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distmatch.maps.linear import LinearMap
    from distmatch.matching.match import Match
    from distmatch.retrieval.lexicon import Lexicon

SAMPLES = 10
"""Words shown."""


def to_json(match: Match[LinearMap], lexicon: Lexicon, figures: dict[str, float]) -> dict[str, Any]:
    """The JSON object of `align --json`."""
    table = lexicon.best()
    bits = match.bits
    if match.map.name != "linear":
        return _of_coupling(match, table, figures)
    return {
        "confidence": None if match.confidence is None else round(match.confidence, 4),
        "believed": match.believed,
        "reason": match.reason,
        "method": match.method,
        "bits": {
            "data": round(bits.data, 1),
            "map": round(bits.map, 1),
            "separate": None if bits.control is None else round(bits.control, 1),
            "delta": None if bits.control is None else round(bits.control - bits.total, 1),
            "saved_by_map": match.extra.get("bits_saved_by_map"),
            "of_map": match.extra.get("bits_of_map"),
        },
        "divergences": {name: round(value, 6) for name, value in figures.items()},
        "evidence": match.extra.get("evidence", {}),
        "seconds": round(match.seconds, 2),
        "cpu_seconds": round(match.cpu_seconds, 2),
        "seed": match.seed,
        "samples": [[word, *(t for t, _ in table[word])] for word in sample(list(table))],
    }


def _of_coupling(
    match: Match[Any], table: dict[str, list[tuple[str, float]]], figures: dict[str, float]
) -> dict[str, Any]:
    """The JSON object of a coupling: nobody codes one, so there are no bits."""
    return {
        "confidence": None, "believed": False, "reason": match.reason, "method": match.method, "bits": None,
        "divergences": {name: round(value, 6) for name, value in figures.items()},
        "evidence": match.extra, "seconds": round(match.seconds, 2), "cpu_seconds": round(match.cpu_seconds, 2),
        "seed": match.seed,
        "samples": [[word, *(t for t, _ in table[word])] for word in sample(list(table))],
    }  # fmt: skip


def sample(words: list[str]) -> list[str]:
    """Ten words at geometrically spaced frequency ranks."""
    n = len(words)
    if n <= SAMPLES:
        return words
    ranks = sorted({min(n - 1, round(5 * (n / 5) ** (i / SAMPLES))) for i in range(SAMPLES)})
    return [words[i] for i in ranks]


def unused(bits: dict[str, Any]) -> str:
    """Bits that the map would save, where it costs more than that."""
    if bits["map"] or bits["of_map"] is None:
        return ""
    return f"; the map would save {bits['saved_by_map']:.0f} and cost {bits['of_map']:.0f}, so it is not used for the code"


def describe(result: dict[str, Any]) -> str:
    """The result as text for people."""
    from distmatch.matching.calibration import percent

    bits = result["bits"]
    verdict = "trusted" if result["believed"] else "NOT trusted"
    lines = [
        f"{verdict}: confidence {percent(result['confidence'])} that precision@1 is at least half of a supervised map's",
        *("  " + line for line in result["reason"].splitlines()),
        f"method {result['method']}, {result['seconds']:.1f} s ({result['cpu_seconds']:.1f} CPU s), seed {result['seed']}",
    ]
    if bits is not None:
        lines.append(
            f"bits: target given source {bits['data']:.0f} + map {bits['map']:.0f}; target alone {bits['separate']:.0f}; "
            f"saved {bits['delta']:+.0f}" + unused(bits)
        )
    lines.append(
        "divergences: "
        + ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in result["divergences"].items())
    )
    width = max((len(words[0]) for words in result["samples"]), default=0)
    lines += [f"{words[0]:<{width}}  {' '.join(words[1:])}" for words in result["samples"]]
    return "\n".join(lines)
