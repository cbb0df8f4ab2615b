"""What `distmatch translate` writes and prints, whichever model translated."""

from __future__ import annotations

import json as json_module
import sys
from typing import Any

from distmatch.errors import InputError
from distmatch.files import atomic_write, read_text
from distmatch.outputs import printed_on_failure


def text_lines(path: str) -> list[str]:
    """Lines of a text file."""
    lines = read_text(path).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def check_references(references: list[str], n: int, path: str, text: str) -> None:
    """Refuse references that are not one per sentence.

    Raises:
        InputError: naming both files.
    """
    if len(references) != n:
        raise InputError(
            f"{len(references)} lines for {n} sentences of {text}. Give one translation per line",
            path=path,
        )


def deliver(
    translations: list[str], result: dict[str, Any], *, out: str | None, json: bool
) -> None:
    """Write the translations, and print them or the figures; printed as well where writing fails.

    Args:
        result: figures; `bleu` and `chrf` are told where they are.
    """
    if out is not None:
        with printed_on_failure(lambda: print("\n".join(translations))), atomic_write(out) as file:
            file.writelines(line + "\n" for line in translations)
    if json:
        print(json_module.dumps({**result, "translations": translations}, ensure_ascii=False))
        return
    if out is None:
        print("\n".join(translations))
    if "bleu" in result:
        told = f"BLEU {result['bleu']:.2f}  chrF {result['chrf']:.2f}"
        print(told, file=sys.stderr if out is None else sys.stdout)
