"""`distmatch decipher`: one ciphertext, or a batch of them."""

from __future__ import annotations

import hashlib
import json as json_module
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from distmatch.errors import InputError
from distmatch.files import atomic_write, decode_text, read_bytes, write_json
from distmatch.matching.kinds import KINDS
from distmatch.progress import Progress, ProgressLine, silent

MAX_KEY_ENTRIES = 100
"""Maximum number of key entries printed."""

Spaces = Literal["auto", "kept", "removed", "enciphered"]
if TYPE_CHECKING:
    Kind = str
else:  # the one table of kinds, which the type checker cannot read
    Kind = Literal[("auto", *KINDS)]


def decipher(
    file: str | None = None,
    *,
    language: str | None = None,
    kind: Kind | None = None,
    spaces: Spaces = "auto",
    crib: list[str] | None = None,
    soft_crib: list[str] | None = None,
    reference: list[str] | None = None,
    diacritics: bool = False,
    nulls: bool = False,
    transposition: str | None = None,
    time_limit: float | None = None,
    example: str | None = None,
    batch: str | None = None,
    out: str | None = None,
    jobs: int = 2,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Read a ciphertext without its key, and report whether the solution can be trusted.

    Exit codes: 0 solved (confidence 0.9 or more), 1 not solved, 2 invalid input.

    Args:
        file: Ciphertext file, or - for standard input.
        language: wordfreq code, name stored by `distmatch language`, or auto; default en. Overrides a batch's.
        kind: Kind of cipher; default auto. The codes need --reference. Overrides a batch's.
        spaces: Whether word breaks were kept, removed, or enciphered as a symbol.
        crib: Known symbols or words: 7=e, word@12 (positions count from 0), word.
        soft_crib: Like --crib, but ignored if it lengthens the total code.
        reference: Text files resembling the plaintext, mixed into the language model.
        diacritics: Treat letters with diacritics as separate letters.
        nulls: Allow symbols that stand for nothing.
        transposition: Known order of the symbols, such as "step width 17 down 1 right 2 sections 9+9".
        time_limit: Maximum search time in seconds; the best solution so far is printed.
        example: Built-in ciphertext: zodiac-408.
        batch: JSONL file of ciphers (id, ciphertext, optional kind and lang); needs --out.
        out: JSONL file for the results of a batch, or folder for the files of a run.
        jobs: Concurrent ciphers of a batch.
        seed: Random seed.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    options: dict[str, Any] = {
        "kind": kind or "auto", "spaces": spaces, "reference": reference or [], "diacritics": diacritics, "nulls": nulls,
        "transposition": transposition,
        "time_limit": math.inf if time_limit is None else time_limit, "seed": seed,
    }  # fmt: skip
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"--time-limit {time_limit} is not a positive number of seconds")
    if batch is not None:
        if out is None or file is not None or example is not None:
            raise InputError("--batch needs --out OUT.jsonl and no other ciphertext")
        from distmatch.commands.decipher_batch import run_batch

        explicit = {"language": language, "kind": kind}
        return run_batch(batch, out, options, explicit, crib or [], soft_crib or [], jobs, quiet)
    if (file is None) == (example is None):
        raise InputError("give one ciphertext: FILE, - for standard input, or --example zodiac-408")
    from distmatch.ciphers.cribs import parse_crib
    from distmatch.ciphers.examples import example as built_in
    from distmatch.ciphers.reading import read_ciphertext
    from distmatch.matching.decipher import decipher as run
    from distmatch.matching.decipher import to_json
    from distmatch.matching.kinds import of_words

    if example is not None:
        text = built_in(example)
    else:
        text = decode_text(read_bytes(str(file)), "<standard input>" if file == "-" else file)
    source = read_ciphertext(text, path=file or example, words=of_words(options["kind"]))
    cribs = [parse_crib(c) for c in crib or []] + [
        parse_crib(c, soft=True) for c in soft_crib or []
    ]
    line = ProgressLine("deciphering")
    progress: Progress = silent if quiet or json else line
    match = run(source, language=language or "en", cribs=cribs, progress=progress, **options)
    line.close()
    result = to_json(match, id=example or (None if file == "-" else Path(str(file)).name))
    if out is not None:
        from distmatch.runs import write_run

        digest = hashlib.sha256(text.encode()).hexdigest()
        write_run(
            out, "decipher", {"file": file, "example": example, "language": language or "en", **options}, result,
            method=match.kind, data={str(file or example): digest},
        )  # fmt: skip
        write_json(Path(out) / "key.json", result["key"])
        with atomic_write(Path(out) / "plaintext.txt") as handle:
            handle.write(result["text"] + "\n")
    print(json_module.dumps(result, ensure_ascii=False) if json else describe(result))
    return 0 if match.solved else 1


def describe(result: dict[str, Any]) -> str:
    """The result as text for people."""
    bits = result["bits"]
    total = bits["text"] + bits["key"]
    verdict = "solved" if result["solved"] else "NOT solved"
    control = "" if bits["control"] is None else f"; shuffled control {bits['control']:.0f}"
    lines = [
        result["text"],
        "",
        f"{verdict}: confidence {result['confidence']:.3f}; {result['reason']}",
        f"kind {result['kind']}, language {result['language']}, {result['seconds']:.2f} s, seed {result['seed']}",
        f"bits: text {bits['text']:.0f} + key {bits['key']:.0f} = {total:.0f}{control}",
        "key: " + _key_line(result["key"]),
    ]
    others = {
        k: v for k, v in result["compared"].items() if k != f"{result['kind']}/{result['language']}"
    }
    if others:
        lines.append(
            "compared: "
            + ", ".join(
                f"{k} {v - total:+.0f} bits" for k, v in sorted(others.items(), key=lambda p: p[1])
            )
        )
    for runner in result["alternatives"][:5]:
        text = runner["plaintext"]
        lines.append(
            f"runner-up {runner['bits'] - total:+.0f} bits: {text[:60]}{'...' if len(text) > 60 else ''}"
        )
    return "\n".join(lines)


def _key_line(key: dict[str, Any]) -> str:
    by_letter: dict[str, list[str]] = {}
    for symbol, letter in key["letters"].items():
        by_letter.setdefault(letter, []).append(symbol)
    shown = sorted(by_letter.items())
    table = "  ".join(
        f"{letter or 'null'}={' '.join(symbols)}" for letter, symbols in shown[:MAX_KEY_ENTRIES]
    )
    if len(shown) > MAX_KEY_ENTRIES:
        table += f"  ... and {len(shown) - MAX_KEY_ENTRIES} more words (--json, or --out DIR)"
    rest = {k: v for k, v in key.items() if k != "letters"}
    return table + ("  " + json_module.dumps(rest, ensure_ascii=False) if rest else "")
