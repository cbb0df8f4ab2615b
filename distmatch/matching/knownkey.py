"""A key that the user knows: parsed, applied to a ciphertext, and its code length under a language."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distmatch.ciphers.reading import Ciphertext, from_symbols, read_ciphertext
from distmatch.errors import InputError
from distmatch.languages.language import load_language
from distmatch.maps.key import Key, bijection_bits, homophonic_bits
from distmatch.matching.keys.polyalphabetic import SIGNS, shift_columns
from distmatch.matching.keys.reading import break_bits
from distmatch.matching.match import Bits
from distmatch.text.alphabet import LATIN, Alphabet, fold
from distmatch.text.orders import NATIONAL


@dataclass(frozen=True)
class Applied:
    """A ciphertext under a known key.

    Args:
        letters: one per symbol, in reading order.
        printed: in the ciphertext's own layout.
        key: the key.
    """

    letters: tuple[str, ...]
    printed: str
    key: Key


def parse_key(written: str, source: Ciphertext, *, kind: str = "auto", language: str = "en") -> Key:
    """A key as people write it.

    Args:
        written: "3" or "caesar 3"; "atbash"; "affine 5 8"; a key word (kind vigenere, beaufort or variant-beaufort, or written
            before it: "vigenere lemon"); "keyword monarchy", a keyed cipher alphabet; 26
            letters, the cipher alphabet under a to z; pairs "X=e Q=u"; or a key.json.
        source: the ciphertext that it is for.
        kind: of a bare key word.
        language: whose alphabet is counted in.

    Raises:
        InputError: none of these.
    """
    text = written.strip()
    if text.startswith("{"):
        return _from_json(text)
    head, _, rest = text.partition(" ")
    name = head.lower().rstrip(":,")
    order = NATIONAL.get(language, LATIN)
    order = (
        order if any(n.lower() in order and n.lower() not in LATIN for n in source.names) else LATIN
    )
    if name in SIGNS and rest:
        kind, text = name, rest.strip()
    if name == "atbash" or (kind == "atbash" and not text):
        return _affine("atbash", len(order) - 1, len(order) - 1, order)
    numbers = re.findall(r"-?\d+", text)
    if name == "affine" and len(numbers) == 2:
        return _affine("affine", int(numbers[0]), int(numbers[1]), order)
    if re.fullmatch(r"(?:caesar\W*|shift\W*|rot\W*)?-?\d+", text.lower()):
        return _affine("caesar", 1, int(numbers[0]), order)
    if name in ("keyword", "keyed") and rest:
        word = fold(rest).replace(" ", "")
        row = "".join(dict.fromkeys(word + LATIN))
        if len(row) == len(LATIN):
            keyed: dict[str, object] = {"keyword": word}
            return Key(dict(zip(row, LATIN, strict=True)), "simple", detail=keyed)
    pairs = re.findall(r"(\S+?)\s*=\s*([^\W\d_]?)(?=[\s,;]|$)", text)
    if pairs and "=" in text:
        table = {name: "" for name, _ in pairs} | {_named(source, s): c.lower() for s, c in pairs}
        return Key({s: table.get(s, "?") for s in source.names}, "simple")
    letters = fold(text).replace(" ", "")
    if len(letters) == len(LATIN) and set(letters) == set(LATIN) and kind not in SIGNS:
        return Key(dict(zip(letters, LATIN, strict=True)), "simple")
    if letters and kind in SIGNS:
        return Key(
            {},
            kind,
            len(letters),
            {"key": [letters]},
            0.0,
            shift_columns(kind, letters, Alphabet(order)),
        )
    raise InputError(
        f"no key that can be read: {written!r}. Write a shift (3), a key word with --kind vigenere, 'keyword monarchy', 26 "
        "letters, pairs such as X=e Q=u, or the path of a key.json"
    )


def apply_key(source: Ciphertext, key: Key) -> Applied:
    """The plaintext of a ciphertext under a key."""
    letters = tuple(key([source.names[s] for s in source.symbols]))
    document = source.document
    printed = "".join(letters) if document is None or key.order else document.printed(letters)
    return Applied(letters, printed, key)


def score(
    ciphertext: str | Sequence[int] | Sequence[str] | Ciphertext,
    key: Key | str,
    language: str = "en",
) -> Bits:
    """Code length of a ciphertext read with a known key: what `decipher` compares answers by.

    Args:
        ciphertext: as for `decipher`.
        key: a `Key`, or one as people write it, see `parse_key`.
        language: code or stored name.

    Raises:
        InputError: bad ciphertext, key or language, or a symbol that the key lacks.
    """
    if isinstance(ciphertext, str):
        source = read_ciphertext(ciphertext)
    elif isinstance(ciphertext, Ciphertext):
        source = ciphertext
    else:
        source = from_symbols(ciphertext)
    key = parse_key(key, source, language=language) if isinstance(key, str) else key
    letters = apply_key(source, key).letters
    kept = source.has_breaks and key.order is None
    model = load_language(language, spaces=kept)
    codes = []
    for letter, ends in zip(letters, source.breaks, strict=True):
        folded = model.alphabet.encode(
            fold(letter, diacritics=model.alphabet.diacritics), spaces=False
        )
        codes += folded.tolist()
        if kept and ends and codes:
            codes.append(len(model.alphabet))
    if not codes:
        raise InputError("the key reads no letter of the language. Check both")
    if kept and codes[-1] == len(model.alphabet):
        codes.pop()
    missing = letters.count("?")
    data = model.total_bits(np.array(codes, np.uint8)) + missing * np.log2(len(model.alphabet))
    return Bits(
        data=float(data) + (0.0 if kept else break_bits(source)),
        map=_key_bits(key, source, len(model.alphabet)),
    )


def _key_bits(key: Key, source: Ciphertext, size: int) -> float:
    """Bits of a key that was not searched for: as if all of its kind were equally likely."""
    if key.bits:
        return key.bits
    if key.columns:
        return len(key.columns) * float(np.log2(size))
    if len(set(key.letters.values())) == len(key.letters):
        return bijection_bits(len(source.names), size)
    return homophonic_bits(len(source.names), size)


def _affine(kind: str, factor: int, shift: int, order: str) -> Key:
    size = len(order)
    try:
        inverse = pow(factor % size, -1, size)
    except ValueError:
        raise InputError(
            f"factor {factor} has no inverse among {size} letters. Use another"
        ) from None
    letters = {c: order[(i - shift) * inverse % size] for i, c in enumerate(order)}
    detail: dict[str, object] = {"shift": shift % size, "alphabet": order}
    if kind == "affine":
        detail = {"factor": factor % size, **detail}
    return Key(letters, kind, detail=detail, bits=float(np.log2(size)))


def _named(source: Ciphertext, symbol: str) -> str:
    """The symbol as the ciphertext names it, in either case."""
    return next((n for n in (symbol, symbol.lower(), symbol.upper()) if n in source.names), symbol)


def _from_json(text: str) -> Key:
    try:
        value = json.loads(text)
        letters = {str(k): str(v) for k, v in value["letters"].items()}
        words = value.get("key")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f"not a key.json: {error}. `distmatch decipher --out DIR` writes one"
        ) from error
    if isinstance(words, list) and len(words) == 1 and value.get("kind") in SIGNS:
        word = str(words[0])
        return Key(
            {},
            value["kind"],
            len(word),
            {"key": [word]},
            0.0,
            shift_columns(value["kind"], word, Alphabet(LATIN)),
        )
    return Key(letters, str(value.get("kind", "simple")))
