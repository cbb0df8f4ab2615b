"""`distmatch identify`: what a ciphertext was read as, what can be counted, and how likely each kind is."""

from __future__ import annotations

import json as json_module
import math
from typing import Literal

from distmatch.errors import InputError
from distmatch.progress import ProgressLine, silent

BAR = 40
"""Characters of the longest bar of the plot of periods."""


def identify(
    file: str | None = None,
    *,
    text: str | None = None,
    example: str | None = None,
    language: str = "en",
    punctuation: Literal["auto", "keep", "symbols"] = "auto",
    case: Literal["auto", "fold", "symbols"] = "auto",
    lines: Literal["auto", "breaks", "joined"] = "auto",
    groups: Literal["auto", "characters", "tokens", "pairs"] = "auto",
    time_limit: float | None = None,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Describe a ciphertext: how it is read, its statistics, and the likeliest kinds of cipher.

    Exit codes: 0 success, 2 invalid input.

    Args:
        file: Ciphertext file, or - for standard input.
        text: The ciphertext itself, in place of a file.
        example: Built-in ciphertext: newspaper or zodiac-408.
        language: Language of the plaintext, a wordfreq code.
        punctuation: Whether signs and digits among letters pass through (keep) or are symbols of the cipher.
        case: Whether capitals are their small letters (fold) or symbols of their own.
        lines: Whether line ends are word breaks or joined.
        groups: Whether symbols are characters, tokens between white space, or pairs of characters.
        time_limit: Seconds for comparing the kinds; by default a fixed amount of work, at most 4 CPU seconds.
        seed: Random seed.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    from distmatch.ciphers.reading import read_ciphertext
    from distmatch.commands.decipher import ciphertext_of
    from distmatch.matching.identify import identify as run

    if time_limit is not None and not time_limit > 0:
        raise InputError(f"--time-limit {time_limit} is not a positive number of seconds")
    given, name = ciphertext_of(file, text, example)
    source = read_ciphertext(
        given, path=name, punctuation=punctuation, case=case, breaks=lines, groups=groups
    )
    line = ProgressLine("comparing kinds")
    found = run(
        source,
        language,
        time_limit=math.inf if time_limit is None else time_limit,
        seed=seed,
        progress=silent if quiet or json else line,
    )
    line.close()
    result = found.to_json()
    print(json_module.dumps(result, ensure_ascii=False) if json else describe(result))
    return 0


def describe(result: dict) -> str:
    """The same as text for people."""
    read = ", ".join(v if k == "symbols" else f"{k} {v}" for k, v in result["read_as"].items())
    lines = [
        f"read as {read}: {result['symbols']} symbols, {result['distinct']} distinct, {result['word_breaks']} word breaks",
        f"index of coincidence {result['index_of_coincidence']:.4f} (English letters 0.067, random letters 0.038)",
    ]
    if result["repeats"]:
        lines.append(
            "repeats: " + ", ".join(f"{stretch} x{count}" for stretch, count in result["repeats"])
        )
    values = result["period_coincidences"]
    if len(values) > 1:
        lines.append("index of coincidence, by period:")
        top = max(max(values), 1e-9)
        lines += [f"{p:>4} {v:.4f} {'#' * round(BAR * v / top)}" for p, v in enumerate(values, 1)]
    lines.append("kind, probability, bits above the shortest:")
    more = result["bits_above_best"]
    for kind, share in result["probability"].items():
        bits = f"{more[kind]:+.0f}" if kind in more else ""
        lines.append(f"  {kind:<16} {share:.3f} {bits:>7}".rstrip())
    if not result["solved"]:
        lines.append("not solved: the shortest is only the best of these")
    return "\n".join(lines)
