"""`distmatch encipher`: ciphertext and key of a text."""

from __future__ import annotations

import json as json_module

from distmatch.errors import InputError
from distmatch.files import atomic_write, read_text


def encipher(
    text: str | None = None,
    *,
    kind: str = "simple",
    spaces: bool = False,
    symbols: int = 54,
    period: int = 6,
    noise: float = 0.0,
    faults: list[str] | None = None,
    nulls: int = 0,
    transposition: str | None = None,
    vocabulary: int = 0,
    out: str | None = None,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Encipher a text with a random key; print the ciphertext, and the key as a comment.

    Args:
        text: file with the text, or - for standard input.
        kind: simple, homophonic, vigenere, beaufort, variant-beaufort, periodic, word-code or dictionary-code.
        spaces: keep the word breaks (not for homophonic).
        symbols: of a homophonic key.
        period: of a periodic key.
        noise: share of symbols with a fault.
        faults: what noise does, one or more of wrong (the default), missing, extra.
        nulls: symbols of a homophonic key that stand for nothing.
        transposition: order in which the symbols are written at last, such as "columns width 12".
        vocabulary: of a word or dictionary code: keep only so many of the most frequent words; 0 keeps all.
        out: file to write instead of standard output.
        seed: of the key.
        json: print one JSON object: kind, ciphertext, plaintext, key.
        quiet: leave the comment with the key out.
    """
    from distmatch.ciphers.encipher import encipher as run

    if text is None:
        raise InputError("give a text file, or - for standard input")
    if not 0 <= noise <= 1 or period < 1 or symbols < 2 or nulls < 0 or vocabulary < 0:
        raise InputError(
            "--noise is a share from 0 to 1, --period at least 1, --symbols at least 2, --nulls and --vocabulary not negative"
        )
    made = run(
        read_text(text),
        kind,
        seed=seed,
        spaces=spaces,
        symbols=symbols,
        period=period,
        noise=noise,
        vocabulary=vocabulary,
        nulls=nulls,
        transposition=transposition,
        faults=tuple(faults or ("wrong",)),
    )
    ciphertext = made["ciphertext"]
    shown = " ".join(map(str, ciphertext)) if isinstance(ciphertext, list) else str(ciphertext)
    key = "" if quiet else f"# key: {json_module.dumps(made['key'], ensure_ascii=False)}\n"
    written = json_module.dumps(made, ensure_ascii=False) + "\n" if json else f"{key}{shown}\n"
    if out is None:
        print(written, end="")
    else:
        with atomic_write(out) as file:
            file.write(written)
    return 0
