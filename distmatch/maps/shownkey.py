"""A key as its users write it: shift, key word, alphabet over alphabet with the unused letters, or a list of homophones."""

from __future__ import annotations

from distmatch.maps.key import Key
from distmatch.text.alphabet import LATIN

MAX_ENTRIES = 100
"""Letters or words of a key that are listed."""
MIN_TAIL = 8
"""Letters in alphabetical order after a key word from which on it is taken for one."""
MAX_KEYWORD = 14


def key_lines(key: Key) -> list[str]:
    """Lines for people; cipher letters in capitals where both are letters."""
    detail = key.detail
    if key.kind == "caesar":
        return [f"Caesar, shift {detail['shift']}"]
    if key.kind == "affine":
        return [f"affine, factor {detail['factor']}, shift {detail['shift']}"]
    if key.kind == "atbash":
        return ["Atbash, the alphabet mirrored"]
    words = detail.get("key")
    if isinstance(words, list) and len(words) == 1:
        return [f"key word {str(words[0]).upper()} (period {key.period})"]
    if isinstance(words, list):
        return [f"{key.period} alphabets: {'  '.join(map(str, words))}"]
    lines = [f"read in the order {detail['transposition']}"] if "transposition" in detail else []
    if key.kind == "simple" and _are_letters(key):
        return lines + _two_rows(key)
    if not key.letters and not key.columns:
        return [*lines, ", ".join([key.kind, *(f"{k} {v}" for k, v in detail.items())])]
    return [*lines, _table(key)]


def keyword_of(row: str, alphabet: str) -> str | None:
    """The key word of an alphabet that begins with it and goes on in alphabetical order; None if there is none.

    Args:
        row: an alphabet in which "." stands for letters that are unknown.
        alphabet: in its usual order.
    """
    for length in range(min(MAX_KEYWORD, len(row) - MIN_TAIL) + 1):
        word, tail = row[:length], row[length:]
        if "." in word or len(set(word)) < length:
            continue
        rest = [letter for letter in alphabet if letter not in word]
        known = sum(letter != "." for letter in tail)
        if known >= MIN_TAIL and all(a in (".", b) for a, b in zip(tail, rest, strict=True)):
            return word or None
    return None


def _are_letters(key: Key) -> bool:
    return all(len(symbol) == 1 and symbol.isalpha() for symbol in key.letters) and all(
        len(letter) == 1 and letter.isalpha() for letter in key.letters.values()
    )


def _two_rows(key: Key) -> list[str]:
    """Plain over cipher, the unused letters of both, and the key word of a keyed alphabet."""
    pairs = {letter: symbol.lower() for symbol, letter in key.letters.items()}
    latin = all(letter in LATIN for letter in [*pairs, *pairs.values()])
    alphabet = LATIN if latin else "".join(sorted({*pairs, *pairs.values()}))
    cipher = "".join(pairs.get(letter, ".") for letter in alphabet)
    back = {symbol: letter for letter, symbol in pairs.items()}
    plain = "".join(back.get(symbol, ".") for symbol in alphabet)
    lines = [f"plain   {alphabet}", f"cipher  {cipher.upper()}"]
    unused = "".join(letter for letter in alphabet if letter not in back)
    if unused:
        absent = "".join(letter for letter in alphabet if letter not in pairs)
        lines.append(f"not in the cipher: {unused.upper()}; not in the plaintext: {absent}")
    word = key.detail.get("keyword") or keyword_of(cipher, alphabet) or keyword_of(plain, alphabet)
    if word:
        lines.append(f"keyed alphabet, key word {str(word).upper()}")
    return lines


def _table(key: Key) -> str:
    by_letter: dict[str, list[str]] = {}
    for symbol, letter in key.letters.items():
        by_letter.setdefault(letter, []).append(symbol)
    shown = sorted(by_letter.items())
    table = "  ".join(
        f"{letter or 'null'}={' '.join(symbols)}" for letter, symbols in shown[:MAX_ENTRIES]
    )
    if len(shown) > MAX_ENTRIES:
        table += f"  ... and {len(shown) - MAX_ENTRIES} more words (--json, or --out DIR)"
    return table
