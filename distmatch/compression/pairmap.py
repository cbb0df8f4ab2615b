"""How the f of a pair stands in an archive before the code of f(Y), what it costs, and how Y is had back from f(Y).

Whoever reads it knows X. Kinds: Y apart from X, Y as it is, a permutation of a-z (which A-Z may follow), a one-to-one map of the
bytes that occur in Y, a many-to-one map of them with the choices that it leaves open, and a lexicon of words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import log2
from typing import Any

import numpy as np

from distmatch.compression.archive import MIN_BYTE_BITS, read_number, write_number
from distmatch.compression.mixing import ContextMixing
from distmatch.maps.bytekey import LOWER, ByteKey
from distmatch.maps.map import Map
from distmatch.maps.relabelling import Relabelling
from distmatch.maps.wordkey import WordKey, ranked_words
from distmatch.text.bytesymbols import Symbols, pack_alphabet, unpack_alphabet

FORMS = ("separate", "identity", "letters", "cased", "bijection", "homophonic", "lexicon")
CHOICE_BITS = log2(len(FORMS))
"""To say which kind of f Y is coded through, if any."""


@dataclass(frozen=True)
class Form:
    """A map as it stands in an archive.

    Args:
        kind: one of `FORMS`.
        image: (m',) uint8 f(Y).
        bits: of f.
        choice_bits: to say which of the bytes that f takes to one stands at each place.
        code: f and those choices as bytes.
        f: the map; None leaves Y as it is.
    """

    kind: str
    image: np.ndarray = field(repr=False)
    bits: float = 0.0
    choice_bits: float = 0.0
    code: bytes = field(default=b"", repr=False)
    f: Map | None = field(default=None, repr=False)


def form_of(f: Map | None, x: np.ndarray, y: np.ndarray) -> Form:
    """The form of a key, a lexicon, a relabelling of Y's symbols to X's (those of `Symbols.of`), or None.

    Raises:
        ValueError: a map that a pair of files cannot be coded through.
    """
    if f is None:
        return Form("identity", y)
    return _FORMS[f.name](f, x, y)


def _form_of_key(f: Any, x: np.ndarray, y: np.ndarray) -> Form:
    kind = f.kind()
    if kind != "any":
        code = Relabelling(f.table[LOWER].astype(np.int32) - LOWER[0], 26).to_bytes()
        return Form(kind, f(y), f.bits, 0.0, code, f)
    names, letters = np.unique(y), alphabet_after(x, len(np.unique(y)))
    place = {byte: k for k, byte in enumerate(letters.tolist())}
    wanted = f.table[names].tolist()
    # A byte that X lacks is as good as any other that X lacks.
    free = iter(sorted(set(range(len(letters))) - {place[b] for b in wanted if b in place}))
    unseen = reversed(list(free))
    table = np.array([place[b] if b in place else next(unseen) for b in wanted], np.int32)
    form = _form_of_relabelling(Relabelling(table, len(letters)), x, y)
    return Form(form.kind, form.image, form.bits, 0.0, form.code, f)


def _form_of_relabelling(f: Any, x: np.ndarray, y: np.ndarray) -> Form:
    if f.kind == "identity":
        return Form("identity", y, f=f)
    target = Symbols.of(y.tobytes())
    letters = alphabet_after(x, target.size if f.kind == "bijection" else 0)
    if len(f.table) != target.size or f.letters != len(letters):
        raise ValueError(
            f"a map of {len(f.table)} symbols to {f.letters}, not {target.size} to {len(letters)}"
        )
    names = bytes([target.size & 255]) + pack_alphabet(target.names)[1:]
    code = names + f.to_bytes()
    if f.kind == "homophonic":
        chosen = f.choices(target.codes)
        code += write_number(len(chosen)) + chosen
    image = letters[f(target.codes)].astype(np.uint8)
    return Form(f.kind, image, f.bits, f.choice_bits(target.codes), code, f)


def _form_of_lexicon(f: Any, x: np.ndarray, y: np.ndarray) -> Form:
    code, image = lexicon_code(f, x), f(y)
    return Form("lexicon", image, 8.0 * len(code), 0.0, write_number(len(image)) + code, f)


_FORMS: dict[str, Callable[[Any, np.ndarray, np.ndarray], Form]] = {
    "key": _form_of_key, "relabelling": _form_of_relabelling, "lexicon": _form_of_lexicon,
}  # fmt: skip


def alphabet_after(x: np.ndarray, size: int) -> np.ndarray:
    """(k,) the bytes that occur in X, and the first others until there are `size`."""
    names = np.unique(x)
    others = np.setdiff1d(np.arange(256), names)
    return np.concatenate([names, others[: max(size - len(names), 0)]])


@dataclass(frozen=True)
class Read:
    """A map read from an archive: the length of f(Y), and Y from f(Y)."""

    length: int
    inverse: Callable[[np.ndarray], np.ndarray]


def read_map(kind: str, code: bytes, cursor: int, x: np.ndarray, m: int) -> tuple[Read, int]:
    """The map at `cursor`, and where it ends.

    Args:
        kind: one of `FORMS` but "separate".
        x: (n,) uint8.
        m: length of Y.

    Raises:
        ValueError: bytes that `form_of` did not write.
        IndexError: bytes that end too soon.
    """
    if kind == "identity":
        return Read(m, lambda image: image), cursor
    if kind in ("letters", "cased"):
        end = cursor + Relabelling.byte_length(26, 26, "bijection")
        letters = Relabelling.from_bytes(code[cursor:end], 26, 26, "bijection").table
        return Read(m, ByteKey.of_letters(letters, cased=kind == "cased").inverse), end
    if kind == "lexicon":
        return _read_lexicon(code, cursor, x)
    names, end = unpack_alphabet(bytes([code[cursor] - 1 & 255]) + code[cursor + 1 :])
    cursor += end
    letters = alphabet_after(x, len(names) if kind == "bijection" else 0)
    end = cursor + Relabelling.byte_length(len(names), len(letters), kind)
    f = Relabelling.from_bytes(code[cursor:end], len(names), len(letters), kind)
    place = np.zeros(256, np.int64)
    place[letters] = np.arange(len(letters))
    if kind == "homophonic":
        length, end = read_number(code, end)
        chosen, end = code[end : end + length], end + length
        return Read(m, lambda image: names[f.chosen(chosen, place[image])]), end
    back = np.zeros(len(letters), np.int64)
    back[f.table] = np.arange(len(names))
    return Read(m, lambda image: names[back[place[image]]]), end


def _read_lexicon(code: bytes, cursor: int, x: np.ndarray) -> tuple[Read, int]:
    mapped, cursor = read_number(code, cursor)
    size, cursor = read_number(code, cursor)
    length, cursor = read_number(code, cursor)
    if max(mapped, size) * MIN_BYTE_BITS > 8 * len(code) + 64:
        raise ValueError("the lengths of the lexicon cannot be")
    text = ContextMixing().decode(code[cursor : cursor + length], size).tobytes()
    words = text.split(b"\n")
    ranked = ranked_words(x.tobytes())
    if len(words) > len(ranked):
        raise ValueError("a lexicon of more words than X has")
    pairs = {word: ranked[place] for place, word in enumerate(words) if word}
    return Read(mapped, WordKey(pairs).inverse), cursor + length


def lexicon_code(f: WordKey, x: np.ndarray) -> bytes:
    """Y's words, one per line, in the order of X's by falling frequency; an empty line for one of X that is not used.

    Raises:
        ValueError: a word that X does not have.
    """
    back = {b: a for a, b in f.pairs.items()}
    lines = [back.pop(word, b"") for word in ranked_words(x.tobytes())]
    if back:
        raise ValueError(f"{len(back)} words of the lexicon are not in X")
    text = b"\n".join(lines).rstrip(b"\n")
    code = ContextMixing().encode(np.frombuffer(text, np.uint8))
    return write_number(len(text)) + write_number(len(code)) + code
