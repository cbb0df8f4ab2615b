"""`Document`: a ciphertext as it was given, so that its plaintext can be put back into the same layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Document:
    """What stood in the file, symbol by symbol.

    Args:
        pieces: the text in order: an int is the place of a symbol in the sequence, a string passes through as it is.
        given: (n,) each symbol as it was written.
        capitals: (n,) whether the symbol was a capital whose letter comes back as one.
        clues: what the user knows, as written in clue lines: "X=Y".
        notes: how the text was read, name to finding: "punctuation", "case", "lines", "symbols".
    """

    pieces: tuple[int | str, ...]
    given: tuple[str, ...]
    capitals: tuple[bool, ...]
    clues: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)

    def printed(self, letters: Sequence[str]) -> str:
        """The plaintext in the layout of the ciphertext.

        Args:
            letters: (n,) what each symbol stands for; "" for a null.
        """
        out = []
        for piece in self.pieces:
            if isinstance(piece, str):
                out.append(piece)
            else:
                letter = letters[piece]
                out.append(letter.upper() if self.capitals[piece] else letter)
        return "".join(out)

    def interlinear(self, letters: Sequence[str], width: int = 79) -> str:
        """Cipher over plain, line by line, each symbol above its letter.

        Args:
            letters: (n,) what each symbol stands for.
            width: characters per line; longer lines are continued in pairs below.
        """
        rows: list[tuple[str, str]] = []
        above = below = ""
        for piece in self.pieces:
            parts = piece.split("\n") if isinstance(piece, str) else [piece]
            for number, part in enumerate(parts):
                if number:
                    rows.append((above, below))
                    above = below = ""
                if isinstance(part, str):
                    above, below = above + part, below + part
                    continue
                letter = letters[part]
                letter = letter.upper() if self.capitals[part] else letter
                wide = max(len(self.given[part]), len(letter))
                gap = " " if wide > 1 else ""
                above += self.given[part].ljust(wide) + gap
                below += letter.ljust(wide) + gap
        rows.append((above, below))
        lines = []
        for above, below in rows:
            for start in range(0, max(len(above), 1), width):
                pair = (
                    above[start : start + width].rstrip(),
                    below[start : start + width].rstrip(),
                )
                lines += [*pair, ""] if any(pair) else [""]
        return "\n".join(lines).rstrip()


@dataclass
class Builder:
    """Pieces, symbols, breaks and lines of a document as it is read."""

    names: dict[str, int] = field(default_factory=dict)
    symbols: list[int] = field(default_factory=list)
    breaks: list[bool] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    pieces: list[int | str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    capitals: list[bool] = field(default_factory=list)

    def add(self, name: str, row: int, *, given: str | None = None, capital: bool = False) -> None:
        """One more symbol."""
        self.pieces.append(len(self.symbols))
        self.symbols.append(self.names.setdefault(name, len(self.names)))
        self.breaks.append(False)
        self.rows.append(row)
        self.given.append(name if given is None else given)
        self.capitals.append(capital)

    def literal(self, text: str) -> None:
        """Text that passes through."""
        if text:
            self.pieces.append(text)

    def end_word(self) -> None:
        """A word ends after the last symbol."""
        if self.breaks:
            self.breaks[-1] = True

    def document(self, clues: Sequence[str], notes: dict[str, str]) -> Document:
        """The finished document."""
        return Document(
            tuple(self.pieces), tuple(self.given), tuple(self.capitals), tuple(clues), notes
        )
