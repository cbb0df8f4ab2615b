"""`distmatch encipher`: ciphertext and key of a text."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from distmatch.errors import InputError
from distmatch.files import atomic_write, read_text
from distmatch.matching.kinds import KINDS
from distmatch.outputs import check_file, printed_on_failure

Fault = Literal["wrong", "missing", "extra"]
if TYPE_CHECKING:
    Kind = str
else:  # the one table of kinds, which the type checker cannot read
    Kind = Literal[tuple(name for name, kind in KINDS.items() if kind.encipher)]


def encipher(
    text: str | None = None,
    *,
    kind: Kind = "simple",
    spaces: bool = False,
    symbols: int = 54,
    period: int = 6,
    noise: float = 0.0,
    faults: list[Fault] | None = None,
    nulls: int = 0,
    transposition: str | None = None,
    vocabulary: int = 0,
    out: str | None = None,
    force: bool = False,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Encipher a text with a random key; print the ciphertext, with the key as a comment.

    Args:
        text: Text file, or - for standard input.
        kind: Kind of cipher.
        spaces: Keep word breaks (not for homophonic).
        symbols: Number of symbols of a homophonic key.
        period: Period of a periodic key.
        noise: Fraction of symbols with a fault.
        faults: Kinds of fault that --noise introduces; default wrong.
        nulls: Number of symbols that stand for nothing in a homophonic key.
        transposition: Final order of the symbols, such as "columns width 12".
        vocabulary: For codes, number of most frequent words kept; 0 keeps all.
        out: Output file; default standard output.
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        seed: Random seed of the key.
        json: Print one JSON object: kind, ciphertext, plaintext, key.
        quiet: Omit the comment with the key.
    """
    from distmatch.matching.encipher import encipher as run

    if text is None:
        raise InputError("give a text file, or - for standard input")
    if not 0 <= noise <= 1 or period < 1 or symbols < 2 or nulls < 0 or vocabulary < 0:
        raise InputError(
            "--noise is a share from 0 to 1, --period at least 1, --symbols at least 2, --nulls and --vocabulary not negative"
        )
    if out is not None:
        check_file(out, inputs=[text], ours=_written_before, force=force)
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
        with printed_on_failure(lambda: print(written, end="")), atomic_write(out) as file:
            file.write(written)
    return 0


def _written_before(path: Path) -> bool:
    """Whether a file is a ciphertext of an earlier call, with its key."""
    text = path.read_text("utf-8")
    if text.startswith("# key: {"):
        return True
    made = json_module.loads(text)
    return isinstance(made, dict) and {"kind", "ciphertext", "plaintext", "key"} <= made.keys()
