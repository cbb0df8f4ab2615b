"""Making ciphers of a known key, for tests, teaching and calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distmatch.ciphers.encode import encode_words
from distmatch.ciphers.kinds import WORDS, check_kind
from distmatch.errors import InputError
from distmatch.maps.transposition import Transposition, parse_transposition
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
        kind: simple, homophonic, vigenere, beaufort, variant-beaufort, periodic, word-code or dictionary-code.
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
        kind, ciphertext (a string, or a list of integers if homophonic), plaintext, key.

    Raises:
        InputError: unknown kind, text without letters, or fewer symbols than letters.
    """
    alphabet = alphabet or Alphabet(LATIN)
    order = parse_transposition(transposition) if transposition else None
    if order is not None and (spaces or kind not in ("simple", "homophonic")):
        raise InputError("a transposition goes with kind simple or homophonic, without --spaces")
    if check_kind(kind) in WORDS:
        return encode_words(
            text, kind, seed=seed, vocabulary=vocabulary, noise=noise, diacritics=alphabet.diacritics
        )  # fmt: skip
    rng = np.random.default_rng(seed)
    folded = fold(text, diacritics=alphabet.diacritics)
    size = len(alphabet)
    plain = alphabet.encode(folded, spaces=spaces)
    if not (plain < size).any():
        raise InputError("no letters to encipher. Give some text")
    letters = plain[plain < size].astype(np.int64)
    key: dict[str, object]
    if check_kind(kind) == "simple":
        permutation = rng.permutation(size)
        codes = permutation[letters]
        key = {alphabet.letters[c]: alphabet.letters[p] for p, c in enumerate(permutation)}
    elif kind == "homophonic":
        groups = _homophones(letters, size, symbols, rng)
        codes = np.array([rng.choice(groups[letter]) for letter in letters])
        key = {str(s): alphabet.letters[letter] for letter, group in groups.items() for s in group}
        if nulls:
            codes = _strew(codes, symbols, nulls, rng)
            key |= {str(symbols + number): "" for number in range(nulls)}
        codes, _ = _faulty(codes, symbols + nulls, noise, faults, rng)
        made: dict[str, object] = {
            "kind": kind,
            "ciphertext": [int(c) for c in _moved(codes, order)],
            "plaintext": alphabet.decode(letters),
            "key": key,
        }
        return made if order is None else made | {"transposition": order.label}
    elif kind in ("vigenere", "beaufort", "variant-beaufort"):
        shifts = rng.integers(0, size, period)
        moved = shifts[np.arange(len(letters)) % period]
        codes = {
            "vigenere": letters + moved,
            "beaufort": moved - letters,
            "variant-beaufort": letters - moved,
        }[kind]
        codes = codes % size
        key = {"key": alphabet.decode(shifts)}
    elif kind == "periodic":
        alphabets = np.stack([rng.permutation(size) for _ in range(period)])
        codes = alphabets[np.arange(len(letters)) % period, letters]
        key = {"alphabets": [alphabet.decode(row) for row in alphabets]}
    else:
        raise InputError(
            f"kind {kind!r} cannot be made by `encipher`. Use simple, homophonic, vigenere or periodic"
        )
    codes, origin = _faulty(codes, size, noise, faults, rng)
    if order is None:
        shown = alphabet.decode(_with_spaces(codes, origin, plain, size))
    else:
        moved = alphabet.decode(_moved(codes, order))
        shown = "\n".join(moved[i : i + order.width] for i in range(0, len(moved), order.width))
    made = {"kind": kind, "ciphertext": shown, "plaintext": alphabet.decode(plain), "key": key}
    return made if order is None else made | {"transposition": order.label}


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


def _strew(codes: np.ndarray, symbols: int, nulls: int, rng: np.random.Generator) -> np.ndarray:
    """Nulls put in at random places, each as often as a symbol on average."""
    number = round(len(codes) * nulls / symbols)
    places = np.sort(rng.integers(0, len(codes) + 1, number))
    return np.insert(codes, places, symbols + rng.integers(0, nulls, number))


def _homophones(
    letters: np.ndarray, size: int, symbols: int, rng: np.random.Generator
) -> dict[int, list[int]]:
    """Symbols of each letter that occurs, in proportion to its frequency (largest remainder, at least one)."""
    counts = np.bincount(letters, minlength=size)
    present = np.flatnonzero(counts)
    if symbols < len(present):
        raise InputError(
            f"{symbols} symbols are fewer than the {len(present)} letters of the text. Use more"
        )
    share = {int(letter): 1 for letter in present}
    for _ in range(symbols - len(present)):
        poorest = max(share, key=lambda letter: counts[letter] / share[letter])
        share[poorest] += 1
    order = [int(s) for s in rng.permutation(symbols)]
    return {letter: [order.pop() for _ in range(number)] for letter, number in share.items()}
