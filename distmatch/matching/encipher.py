"""Making ciphers of a known key, for tests, teaching and calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from distmatch.errors import InputError
from distmatch.maps.transposition import Transposition, parse_transposition
from distmatch.matching.kinds import KINDS, kind_named
from distmatch.matching.symbols.cipherkind import CipherKind, Enciphered, Recipe
from distmatch.text.alphabet import LATIN, Alphabet, fold


def encipher(
    text: str,
    kind: str = "simple",
    *,
    seed: int = 0,
    spaces: bool = False,
    symbols: int = 54,
    period: int = 6,
    noise: float = 0.0,
    alphabet: Alphabet | None = None,
    vocabulary: int = 0,
    nulls: int = 0,
    faults: Sequence[str] = ("wrong",),
    transposition: str | None = None,
) -> dict[str, object]:
    """Fold a text and encipher it with a random key.

    Args:
        text: any text.
        kind: name of a kind in `matching.kinds.KINDS` that can be made.
        seed: of the key, of the choice of homophones and of the noise.
        spaces: keep the word breaks (simple substitution only).
        symbols: symbols of a homophonic key, shared out by the frequency of the letters.
        period: of a periodic key.
        noise: share of symbols with a fault.
        nulls: symbols of a homophonic key that stand for nothing, strewn in at the rate of the others.
        transposition: order in which the symbols are written at last, such as "columns width 12"
            (simple and homophonic, no spaces).
        faults: which faults noise makes, each as often: "wrong" (another symbol), "missing", "extra".
        alphabet: letters; a to z by default.
        vocabulary: of a word or dictionary code: keep only so many of the most frequent words; 0 keeps all.

    Returns:
        kind, ciphertext (a string, or a list of integers if homophonic), plaintext, key; `key_bits` where the kind says.
        The lines of a code for words are those of the text.

    Raises:
        InputError: unknown kind, text without letters, or fewer symbols than letters.
    """
    alphabet = alphabet or Alphabet(LATIN)
    order = parse_transposition(transposition) if transposition else None
    if order is not None and (spaces or kind not in ("simple", "homophonic")):
        raise InputError("a transposition goes with kind simple or homophonic, without --spaces")
    chosen = kind_named(kind)
    rng = np.random.default_rng(seed)
    if chosen.words:
        recipe = Recipe(rng=rng, alphabet=alphabet)
        return _coded(text, chosen, recipe, vocabulary=vocabulary, noise=noise, faults=faults)
    folded = fold(text, diacritics=alphabet.diacritics)
    size = len(alphabet)
    plain = alphabet.encode(folded, spaces=spaces)
    if not (plain < size).any():
        raise InputError("no letters to encipher. Give some text")
    letters = plain[plain < size].astype(np.int64)
    recipe = Recipe(rng=rng, alphabet=alphabet, symbols=symbols, period=period, nulls=nulls)
    made = _made(chosen, letters, recipe)
    codes, origin = _faulty(made.codes, made.size or size, noise, faults, rng)
    moved = _moved(codes, order)
    ciphertext: str | list[int]
    if made.size:
        ciphertext, plain = [int(c) for c in moved], letters
    elif order is None:
        ciphertext = alphabet.decode(_with_spaces(codes, origin, plain, size))
    else:
        shown, width = alphabet.decode(moved), order.width
        ciphertext = "\n".join(shown[i : i + width] for i in range(0, len(shown), width))
    out: dict[str, object] = {
        "kind": kind, "ciphertext": ciphertext, "plaintext": alphabet.decode(plain), "key": made.key,
    }  # fmt: skip
    if made.bits:
        out["key_bits"] = made.bits
    return out if order is None else out | {"transposition": order.label}


def _made(kind: CipherKind, plain: np.ndarray, recipe: Recipe) -> Enciphered:
    if kind.encipher is None:
        possible = [k.name for k in KINDS.values() if k.encipher]
        raise InputError(f"kind {kind.name!r} cannot be enciphered. Kinds: {' '.join(possible)}")
    return kind.encipher(plain, recipe)


def _coded(
    text: str,
    kind: CipherKind,
    recipe: Recipe,
    *,
    vocabulary: int,
    noise: float,
    faults: Sequence[str],
) -> dict[str, object]:
    """Every word of a text replaced by its number in a book of all its words."""
    lines = [
        fold(line, diacritics=recipe.alphabet.diacritics).split() for line in text.splitlines()
    ]
    counted = Counter(word for line in lines for word in line)
    if len(counted) < 2:
        raise InputError("fewer than two words to encipher. Give some text")
    book = tuple(sorted(counted))
    place = {word: number for number, word in enumerate(book)}
    kept = {word for word, _ in counted.most_common(vocabulary or None)}
    plain = [[w for w in line if w in kept] for line in lines]
    words = np.array([place[word] for line in plain for word in line], np.int64)
    made = _made(kind, words, replace(recipe, book=book))
    numbers, codes = np.unique(made.codes, return_inverse=True)
    codes, origin = _faulty(codes, len(numbers), noise, faults, recipe.rng)
    ends = np.searchsorted(origin, np.cumsum([len(line) for line in plain]))
    written = [" ".join(map(str, row)) for row in np.split(numbers[codes], ends[:-1])]
    return {
        "kind": kind.name,
        "ciphertext": "\n".join(row for row in written if row),
        "plaintext": "\n".join(" ".join(line) for line in plain if line),
        "key": made.key,
    }


def _moved(codes: np.ndarray, order: Transposition | None) -> np.ndarray:
    """The symbols where the transposition writes them."""
    if order is None:
        return codes
    out = np.empty_like(codes)
    out[order.indices(len(codes))] = codes
    return out


def _faulty(
    codes: np.ndarray, size: int, noise: float, faults: Sequence[str], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Symbols with faults, and which of the true symbols each one is or follows."""
    unknown = set(faults) - {"wrong", "missing", "extra"}
    if unknown or not faults:
        raise InputError(f"unknown fault {' '.join(unknown)!r}. Use wrong, missing and extra")
    hit = rng.random(len(codes)) < noise
    other = rng.integers(0, size, len(codes))
    which = (
        rng.integers(0, len(faults), len(codes)) if len(faults) > 1 else np.zeros(len(codes), int)
    )
    fault = np.where(hit, which, -1)
    wrong, missing, extra = (
        (fault == faults.index(name)) if name in faults else np.zeros(len(codes), bool)
        for name in ("wrong", "missing", "extra")
    )
    copies = np.where(missing, 0, np.where(extra, 2, 1))
    origin = np.repeat(np.arange(len(codes)), copies)
    out = np.where(wrong, other, codes)[origin]
    second = np.flatnonzero((np.diff(origin, prepend=-1) == 0) & extra[origin])
    out[second] = other[origin[second]]
    return out, origin


def _with_spaces(codes: np.ndarray, origin: np.ndarray, plain: np.ndarray, size: int) -> np.ndarray:
    """The symbols with the spaces of the plaintext between them."""
    word = np.cumsum(plain >= size)[plain < size]
    ends = np.flatnonzero(np.diff(word[origin]) > 0) + 1
    return np.insert(codes, ends, size)
