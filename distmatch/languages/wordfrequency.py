"""Exact letter n-gram statistics of a language whose words are independent, from its word frequencies.

The expected number of times an n-gram occurs in an endless stream of words drawn independently has a
closed form: occurrences inside a word are counted there; the others have a last word boundary after
their first j letters, and are the product of the distribution of the j letters before a boundary and
of the n - j letters that a word begins with.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from distmatch.errors import InputError
from distmatch.text.alphabet import LATIN, SPACE, Alphabet, fold_table

NOT_ALPHABETIC = {"zh": "Chinese", "ja": "Japanese"}
MAX_LETTERS_OF_LANGUAGE = 254
"""Letters are bytes; two are left for the space and for what is dropped."""
_VOCABULARY = 250_000
_RARE_LETTER = 2e-5
"""Share of letters below which a character is taken for a foreign one, not a letter of the alphabet."""


def available() -> list[str]:
    """Codes of the languages that the `wordfreq` package has."""
    import wordfreq

    return sorted(wordfreq.available_languages("best"))


@dataclass(frozen=True)
class WordList:
    """Words of a language as codes.

    Args:
        alphabet: the letters.
        flat: (total,) uint8, all words one after the other; inner spaces ("don t") are the last code.
        starts: (words + 1,) where each word begins in `flat`.
        frequency: (words,) float64, summing to 1.
    """

    alphabet: Alphabet
    flat: np.ndarray
    starts: np.ndarray
    frequency: np.ndarray

    def without_spaces(self) -> WordList:
        """The same words with their inner spaces left out."""
        keep = self.flat < len(self.alphabet)
        position = np.concatenate([[0], np.cumsum(keep)])
        return WordList(self.alphabet, self.flat[keep], position[self.starts], self.frequency)


def word_list(language: str, *, diacritics: bool = False) -> WordList:
    """The words of a wordfreq language, folded onto its alphabet.

    Raises:
        InputError: unknown language, or one that is not written with an alphabet.
    """
    import wordfreq

    if language in NOT_ALPHABETIC:
        raise InputError(
            f"{NOT_ALPHABETIC[language]} is not written with an alphabet, so models of symbols do not apply. "
            "distmatch has no symbol model for it"
        )
    if language not in wordfreq.available_languages("best"):
        from difflib import get_close_matches

        near = get_close_matches(language, available(), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"unknown language {language[:40]!r}.{hint} Known: {' '.join(available())}; or store your own with "
            f"`distmatch language FILE --name {language[:40]}`"
        )
    frequencies = wordfreq.get_frequency_dict(language, wordlist="best")
    common = islice(frequencies, _VOCABULARY)  # wordfreq lists the most frequent first
    words = [w for w in common if w.isalpha() or not any(char.isdigit() for char in w)]
    return words_from_counts(
        words, np.array([frequencies[word] for word in words]), diacritics=diacritics
    )


def words_from_counts(
    words: list[str], counts: np.ndarray, *, diacritics: bool = False, path: str | None = None
) -> WordList:
    """Fold words, choose the alphabet, drop what is written in other scripts.

    Raises:
        InputError: no letters, or more than `MAX_LETTERS_OF_LANGUAGE`.
    """
    folded = _fold_lines(words, diacritics)
    letters = _letters(folded, counts, diacritics)
    if len(letters) > MAX_LETTERS_OF_LANGUAGE:
        raise InputError(
            f"{len(letters)} common characters, more than the {MAX_LETTERS_OF_LANGUAGE} letters that a model may have. Use text "
            "in an alphabet or syllabary",
            path=path,
        )
    alphabet = Alphabet(letters, diacritics)
    allowed = set(letters + SPACE)
    kept: dict[str, float] = {}
    for word, count in zip(folded, counts, strict=True):
        if word and allowed.issuperset(word):
            kept[word] = kept.get(word, 0.0) + count
    if not kept:
        raise InputError(
            "no word is written in letters. Check the file and its encoding", path=path
        )
    lengths = np.fromiter((len(word) for word in kept), np.int64, len(kept))
    frequency = np.fromiter(kept.values(), np.float64, len(kept))
    flat = alphabet.encode("".join(kept), spaces=True)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return WordList(alphabet, flat, starts, frequency / frequency.sum())


def _fold_lines(words: list[str], diacritics: bool) -> list[str]:
    """`fold` of every word, with one translation of all of them."""
    joined = "\n".join(words)
    table = fold_table(set(joined) - {"\n"}, diacritics=diacritics)
    return [" ".join(word.split()) for word in joined.translate(table).split("\n")]


def _letters(folded: list[str], counts: np.ndarray, diacritics: bool) -> str:
    """The letters of the main script, by frequency; a-z entire for folded Latin."""
    points = np.frombuffer("\n".join(folded).encode("utf-32-le"), np.uint32)
    owner = np.cumsum(points == ord("\n"))
    mass = np.bincount(points, np.asarray(counts, float)[owner])
    weight = {chr(point): float(mass[point]) for point in np.flatnonzero(mass)}
    for break_ in (SPACE, "\n"):
        weight.pop(break_, None)
    total = sum(weight.values())
    common = {char for char, mass in weight.items() if mass >= _RARE_LETTER * total}
    latin = sum(mass for char, mass in weight.items() if char in LATIN) > 0.5 * total
    if latin:
        return LATIN if not diacritics else "".join(sorted(common | set(LATIN)))
    return "".join(sorted(common - set(LATIN)))


def expected_counts(words: WordList, order: int, *, spaces: bool) -> np.ndarray:
    """Relative frequency of every n-gram in an endless stream of independent words.

    Args:
        words: the vocabulary with its frequencies.
        order: n.
        spaces: a space ends every word (and is the last symbol), or words follow without a break.

    Returns:
        float64 (A,) * order summing to 1, A the number of symbols.
    """
    size = len(words.alphabet) + (1 if spaces else 0)
    if spaces:
        flat, starts = _append_spaces(words, size - 1)
    else:
        bare = words.without_spaces()
        flat, starts = bare.flat, bare.starts
    weight = words.frequency
    lengths = np.diff(starts)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    left = starts[1:][owner] - np.arange(
        len(flat)
    )  # letters to the end of the word, this one included
    counts = _count(flat, np.flatnonzero(left >= order), order, weight[owner], size)
    begins = [np.ones(1)]
    ends = [np.ones(1)]
    for k in range(1, order):
        long_enough = lengths >= k
        begins.append(
            _count(flat, starts[:-1][long_enough], k, weight[long_enough], size, aligned=True)
        )
        end = _count(flat, starts[1:][long_enough] - k, k, weight[long_enough], size, aligned=True)
        for m in range(1, k):
            whole = lengths == m
            exact = _count(flat, starts[:-1][whole], m, weight[whole], size, aligned=True)
            end += np.multiply.outer(ends[k - m], exact).ravel()
        ends.append(end)
    for j in range(1, order):
        counts += np.multiply.outer(ends[j], begins[order - j]).ravel()
    return (counts / counts.sum()).reshape((size,) * order)


def _append_spaces(words: WordList, space: int) -> tuple[np.ndarray, np.ndarray]:
    flat = np.insert(words.flat, words.starts[1:], space)
    return flat, words.starts + np.arange(len(words.starts))


def _count(
    flat: np.ndarray,
    positions: np.ndarray,
    k: int,
    weight: np.ndarray,
    size: int,
    *,
    aligned: bool = False,
) -> np.ndarray:
    """Weighted histogram of the k-grams that begin at `positions`; `weight` is by position or row."""
    index = np.zeros(len(positions), np.int64)
    for offset in range(k):
        index *= size
        index += flat[positions + offset]
    mass = weight if aligned else weight[positions]
    return np.bincount(index, mass, minlength=size**k)
