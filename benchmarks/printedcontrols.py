"""Texts that `decipher` must not call solved, of kinds that its calibration never saw: for `ciphers_printed.py`."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable

import numpy as np

from distmatch.text.alphabet import LATIN

SQUARE = "abcdefghiklmnopqrstuvwxyz"
Maker = Callable[[str, np.random.Generator], dict]


def _bare(plain: str) -> str:
    return "".join(c for c in plain if c in LATIN)


def _groups(text: str, size: int = 5) -> str:
    return " ".join(text[i : i + size] for i in range(0, len(text), size))


def _made(text: str, plaintext: str | None = None) -> dict:
    return {"ciphertext": text, "plaintext": plaintext}


def playfair(plain: str, rng: np.random.Generator) -> dict:
    """Pairs of letters through a 5 x 5 square."""
    square = rng.permutation(list(SQUARE)).reshape(5, 5)
    place = {c: (r, k) for r in range(5) for k, c in enumerate(square[r])}
    letters, pairs = _bare(plain).replace("j", "i"), []
    at = 0
    while at < len(letters):
        first = letters[at]
        second = letters[at + 1] if at + 1 < len(letters) and letters[at + 1] != first else "x"
        at += 2 if at + 1 < len(letters) and letters[at + 1] == second else 1
        (r1, c1), (r2, c2) = place[first], place[second]
        if r1 == r2:
            pairs.append(square[r1, (c1 + 1) % 5] + square[r2, (c2 + 1) % 5])
        elif c1 == c2:
            pairs.append(square[(r1 + 1) % 5, c1] + square[(r2 + 1) % 5, c2])
        else:
            pairs.append(square[r1, c2] + square[r2, c1])
    return _made(_groups("".join(pairs).upper()))


def adfgvx(plain: str, rng: np.random.Generator) -> dict:
    """Two signs for each letter, and their order changed by columns."""
    signs = rng.permutation(list(LATIN + "0123456789"))
    code = {c: "ADFGVX"[i // 6] + "ADFGVX"[i % 6] for i, c in enumerate(signs)}
    text = "".join(code[c] for c in _bare(plain)[:90])
    width = int(rng.integers(5, 9))
    return _made(_groups("".join(text[k::width] for k in rng.permutation(width))))


def hill(plain: str, rng: np.random.Generator) -> dict:
    """Pairs of letters through a matrix."""
    while True:
        a = rng.integers(0, 26, (2, 2))
        determinant = int(a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0])
        if determinant % 2 and determinant % 13:
            break
    codes = np.array([LATIN.index(c) for c in _bare(plain)])
    codes = codes[: len(codes) // 2 * 2].reshape(-1, 2)
    return _made("".join(LATIN[c] for c in (codes @ a.T % 26).ravel()).upper())


def autokey(plain: str, rng: np.random.Generator) -> dict:
    """Vigenère whose key goes on with the plaintext."""
    letters = _bare(plain)
    key = "".join(rng.choice(list(LATIN), 6)) + letters
    return _made(
        "".join(
            LATIN[(LATIN.index(a) + LATIN.index(b)) % 26]
            for a, b in zip(letters, key, strict=False)
        ).upper()
    )


def pad(plain: str, rng: np.random.Generator) -> dict:
    """A key as long as the text, word breaks kept."""
    return _made("".join(LATIN[int(rng.integers(26))].upper() if c in LATIN else c for c in plain))


def railfence(plain: str, rng: np.random.Generator) -> dict:
    """Letters written in a zigzag."""
    rails = int(rng.integers(3, 7))
    period = 2 * rails - 2
    row = [min(i % period, period - i % period) for i in range(len(_bare(plain)))]
    order = np.argsort(row, kind="stable")
    return _made("".join(_bare(plain)[i] for i in order).upper())


def bifid(plain: str, rng: np.random.Generator) -> dict:
    """Rows and columns of a square, taken apart and joined again."""
    square = "".join(rng.permutation(list(SQUARE)))
    places = [square.index(c) for c in _bare(plain).replace("j", "i")]
    stream = [p // 5 for p in places] + [p % 5 for p in places]
    return _made(
        "".join(square[5 * a + b] for a, b in zip(stream[::2], stream[1::2], strict=True)).upper()
    )


def finnish(plain: str, rng: np.random.Generator) -> dict:
    """A simple cipher of a language that nobody asked for."""
    table = dict(zip(LATIN, rng.permutation(list(LATIN)), strict=True))
    words = " ".join("".join(c for c in w if c in LATIN) for w in plain.split())
    return _made("".join(table.get(c, c) for c in words).upper(), _bare(plain))


def nihilist(plain: str, rng: np.random.Generator) -> dict:
    """Numbers of a square plus those of a key word."""
    square = "".join(rng.permutation(list(SQUARE)))
    number = {c: 11 + 10 * (square.index(c) // 5) + square.index(c) % 5 for c in SQUARE}
    key = [number[c] for c in rng.choice(list(SQUARE), int(rng.integers(4, 9)))]
    return _made(
        " ".join(
            str(number[c] + key[i % len(key)]) for i, c in enumerate(_bare(plain).replace("j", "i"))
        )
    )


def syllables(plain: str, rng: np.random.Generator) -> dict:
    """Words that can be spoken and mean nothing."""
    words = [
        "".join(
            rng.choice(list("bdfgklmnprstvz")) + rng.choice(list("aeiou"))
            for _ in range(int(rng.integers(1, 4)))
        )
        for _ in range(30)
    ]
    return _made(" ".join(words).upper())


def base32(plain: str, rng: np.random.Generator) -> dict:
    return _made(base64.b32encode(plain[:90].encode()).decode())


def uuids(plain: str, rng: np.random.Generator) -> dict:
    return _made("\n".join(str(uuid.UUID(bytes=rng.bytes(16))) for _ in range(5)))


def phones(plain: str, rng: np.random.Generator) -> dict:
    return _made(
        " ".join(
            f"{rng.integers(200, 999)}-{rng.integers(100, 999)}-{rng.integers(1000, 9999)}"
            for _ in range(14)
        )
    )


def protein(plain: str, rng: np.random.Generator) -> dict:
    """Amino acids at their frequencies in nature."""
    weights = np.array(
        [
            8.3,
            1.4,
            5.5,
            6.8,
            3.9,
            7.1,
            2.3,
            6.0,
            5.8,
            9.7,
            2.4,
            4.1,
            4.7,
            3.9,
            5.5,
            6.6,
            5.3,
            6.9,
            1.1,
            2.9,
        ]
    )
    return _made("".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 180, p=weights / weights.sum())))


def chess(plain: str, rng: np.random.Generator) -> dict:
    """Moves, numbered."""
    moves = [
        f"{rng.choice(['', 'N', 'B', 'Q', 'R'])}{rng.choice(list('abcdefgh'))}{rng.integers(1, 9)}"
        for _ in range(50)
    ]
    return _made(" ".join(f"{k // 2 + 1}. {m}" if k % 2 == 0 else m for k, m in enumerate(moves)))


def roman(plain: str, rng: np.random.Generator) -> dict:
    """Numbers as Romans wrote them."""
    tens, ones = (
        " X XX XXX XL L LX LXX LXXX XC".split(" "),
        " I II III IV V VI VII VIII IX".split(" "),
    )
    return _made(" ".join(f"{tens[n // 10]}{ones[n % 10]}" for n in rng.integers(1, 100, 50)))


def keyboard(plain: str, rng: np.random.Generator) -> dict:
    """Fingers that walk over a keyboard."""
    rows, out, at = "qwertyuiopasdfghjklzxcvbnm", [], 10
    for _ in range(160):
        at = int(np.clip(at + rng.integers(-3, 4), 0, 25))
        out.append(rows[at] + (" " if rng.random() < 0.15 else ""))
    return _made("".join(out))


def alphabetical(plain: str, rng: np.random.Generator) -> dict:
    """Letters of every word in alphabetical order, then a simple cipher."""
    table = dict(zip(LATIN, rng.permutation(list(LATIN)), strict=True))
    return _made(
        " ".join("".join(table[c] for c in sorted(w) if c in table) for w in plain.split()).upper()
    )


CONTROLS: dict[str, Maker] = {
    made.__name__: made
    for made in (
        playfair, adfgvx, hill, autokey, pad, railfence, bifid, finnish, nihilist, syllables, base32, uuids, phones, protein,
        chess, roman, keyboard, alphabetical,
    )
}  # fmt: skip
"""Name to maker: (folded plaintext, random numbers) to ciphertext, and its plaintext where a simple key reads it."""
