"""External programs that read a ciphertext and print its plaintext, such as colossus (C, MIT) from a folder with its build.

`{method: colossus, settings: {checkout: ../colossus}}`. Another program fits by its own `command`, if it has a command line: of
AZdecrypt, a window program, we know none, so it needs a script that drives it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distmatch.benchmark.kinds.kind import DoesNotApply
from distmatch.benchmark.kinds.plaintext import Plain
from distmatch.benchmark.methods.answer import answer
from distmatch.ciphers.reading import Ciphertext
from distmatch.errors import InputError
from distmatch.maps.key import Key
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent
from distmatch.text.alphabet import LATIN


@dataclass(frozen=True, kw_only=True)
class ExternalSolver:
    """A program whose output has the plaintext in a line of its own, one letter per symbol."""

    checkout: str
    """Folder that it is run in."""
    command: str
    """With places for {python}, {cipher} (a file) and {seed}."""
    symbols: str = "letters"
    """How the cipher is written: letters (at most 26 symbols) or numbers with commas."""

    def match(
        self, source: Ciphertext, target: Plain, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The key that the printed plaintext amounts to, and the plaintext itself.

        Raises:
            DoesNotApply: more than 26 symbols to be written as letters.
            InputError: no such folder, or the program failed or printed no plaintext, with its last line.
        """
        if not Path(self.checkout).is_dir():
            raise InputError("no such checkout. Build the program there", path=self.checkout)
        with tempfile.TemporaryDirectory() as folder:
            cipher = Path(folder) / "cipher.txt"
            cipher.write_text(self._written(source))
            places = {"python": sys.executable, "cipher": cipher, "seed": seed}
            command = [part.format(**places) for part in self.command.split()]
            done = subprocess.run(command, cwd=self.checkout, capture_output=True, text=True, errors="replace")  # fmt: skip
        text = _plaintext(done.stdout, len(source), self._written(source))
        if not text:  # the exit code says nothing: colossus ends with 1 after an answer
            lines = [*done.stdout.split("\n"), *done.stderr.split("\n")]
            last = next((line for line in reversed(lines) if line.strip()), "no message")
            raise InputError(f"{command[0]} printed no plaintext: {last[:200]}")
        votes: dict[str, Counter[str]] = {}
        for symbol, letter in zip(source.symbols, text, strict=True):
            votes.setdefault(source.names[symbol], Counter())[letter] += 1
        letters = {name: count.most_common(1)[0][0] for name, count in votes.items()}
        name = Path(self.checkout).name
        return answer(Key(letters, "homophonic"), method=name, seed=seed, plaintext=text)

    def _written(self, source: Ciphertext) -> str:
        if self.symbols == "numbers":
            return ",".join(f"{symbol:02d}" for symbol in source.symbols) + "\n"
        if len(source.names) > len(LATIN):
            raise DoesNotApply(f"{len(source.names)} symbols are more than the letters of the program")  # fmt: skip
        own = all(
            len(n) == 1 and n.lower() in LATIN for n in source.names
        )  # a shifted alphabet stays as it is
        names = source.names if own else LATIN
        return "".join(names[symbol] for symbol in source.symbols).upper() + "\n"


def _plaintext(printed: str, n: int, cipher: str) -> str:
    """The last line of n letters that is not the cipher itself, in lower case without blanks."""
    for line in reversed(printed.splitlines()):
        letters = "".join(line.split())
        if len(letters) == n and letters.isalpha() and letters.upper() != cipher.strip():
            return letters.lower()
    return ""
