"""Making ciphers of a known key, for tests, teaching and calibration."""

from __future__ import annotations

import numpy as np

from distmatch.ciphers.kinds import check_kind
from distmatch.errors import InputError
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
) -> dict[str, object]:
    """Fold a text and encipher it with a random key.

    Args:
        text: any text.
        kind: simple, homophonic, vigenere, beaufort, variant-beaufort or periodic.
        seed: of the key, of the choice of homophones and of the noise.
        spaces: keep the word breaks (simple substitution only).
        symbols: symbols of a homophonic key, shared out by the frequency of the letters.
        period: of a periodic key.
        noise: share of symbols replaced by random ones afterwards.
        alphabet: letters; a to z by default.

    Returns:
        kind, ciphertext (a string, or a list of integers if homophonic), plaintext, key.

    Raises:
        InputError: unknown kind, text without letters, or fewer symbols than letters.
    """
    alphabet = alphabet or Alphabet(LATIN)
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
        codes = _noisy(permutation[letters], size, noise, rng)
        key = {alphabet.letters[c]: alphabet.letters[p] for p, c in enumerate(permutation)}
    elif kind == "homophonic":
        groups = _homophones(letters, size, symbols, rng)
        codes = np.array([rng.choice(groups[letter]) for letter in letters])
        codes = _noisy(codes, symbols, noise, rng)
        key = {str(s): alphabet.letters[letter] for letter, group in groups.items() for s in group}
        plaintext = alphabet.decode(letters)
        return {
            "kind": kind,
            "ciphertext": [int(c) for c in codes],
            "plaintext": plaintext,
            "key": key,
        }
    elif kind in ("vigenere", "beaufort", "variant-beaufort"):
        shifts = rng.integers(0, size, period)
        moved = shifts[np.arange(len(letters)) % period]
        codes = {
            "vigenere": letters + moved,
            "beaufort": moved - letters,
            "variant-beaufort": letters - moved,
        }[kind]
        codes = _noisy(codes % size, size, noise, rng)
        key = {"key": alphabet.decode(shifts)}
    elif kind == "periodic":
        alphabets = np.stack([rng.permutation(size) for _ in range(period)])
        codes = _noisy(alphabets[np.arange(len(letters)) % period, letters], size, noise, rng)
        key = {"alphabets": [alphabet.decode(row) for row in alphabets]}
    else:
        raise InputError(
            f"kind {kind!r} cannot be made by `encipher`. Use simple, homophonic, vigenere or periodic"
        )
    written = np.array(plain, np.int64)
    written[plain < size] = codes
    return {
        "kind": kind,
        "ciphertext": alphabet.decode(written),
        "plaintext": alphabet.decode(plain),
        "key": key,
    }


def _noisy(codes: np.ndarray, size: int, noise: float, rng: np.random.Generator) -> np.ndarray:
    wrong = rng.random(len(codes)) < noise
    return np.where(wrong, rng.integers(0, size, len(codes)), codes)


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
