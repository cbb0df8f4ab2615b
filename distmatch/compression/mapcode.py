"""How the f of a pair stands in an archive before the code of f(Y), and what it costs. Whoever reads it knows X.

kind (1 byte), then for a key its length and its bytes, for a lexicon the lengths of f(Y), of its text and of
that text's code, and the code
"""

from __future__ import annotations

import numpy as np

from distmatch.compression.archive import LEAST_BITS, read_number, write_number
from distmatch.compression.mixing import ContextMixing
from distmatch.maps.bytekey import ByteKey
from distmatch.maps.wordkey import WordKey, ranked_words

ByteMap = ByteKey | WordKey
"""What f of a pair of files may be."""
NUMBERS = {"none": 0, "key": 1, "lexicon": 2}
"""Name of a kind of map, and its number in an archive."""


def map_bits(f: ByteMap, x: np.ndarray) -> float:
    """Bits to name f: of a key the logarithm of their number, of a lexicon its code."""
    if isinstance(f, ByteKey):
        return f.bits_after(np.unique(x))
    return 8.0 * len(_lexicon_code(f, x))


def write_map(f: ByteMap | None, x: np.ndarray, mapped: int) -> bytes:
    """What stands before the code of f(Y), which has `mapped` bytes."""
    kind = bytes([NUMBERS["none" if f is None else f.name]])
    if f is None:
        return kind
    if isinstance(f, ByteKey):
        code = f.to_bytes(np.unique(x))
        return kind + write_number(len(code)) + code
    return kind + write_number(mapped) + _lexicon_code(f, x)


def read_map(code: bytes, x: np.ndarray, m: int) -> tuple[ByteMap | None, int, int]:
    """f, the length of f(Y) if that of Y is m, and the number of bytes read.

    Raises:
        ValueError: bytes that `write_map` did not write.
    """
    if not code or code[0] >= len(NUMBERS):
        raise ValueError("no such kind of map")
    if code[0] == 0:
        return None, m, 1
    if code[0] == 1:
        length, cursor = read_number(code, 1)
        return ByteKey.from_bytes(code[cursor : cursor + length], np.unique(x)), m, cursor + length
    mapped, cursor = read_number(code, 1)
    size, cursor = read_number(code, cursor)
    length, cursor = read_number(code, cursor)
    if max(mapped, size) * LEAST_BITS > 8 * len(code) + 64:
        raise ValueError("the lengths of the lexicon cannot be")
    text = ContextMixing().decode(code[cursor : cursor + length], size).tobytes()
    words = text.split(b"\n")
    ranked = ranked_words(x.tobytes())
    if len(words) > len(ranked):
        raise ValueError("a lexicon of more words than X has")
    pairs = {word: ranked[place] for place, word in enumerate(words) if word}
    return WordKey(pairs), mapped, cursor + length


def _lexicon_code(f: WordKey, x: np.ndarray) -> bytes:
    """Y's words, one a line, in the order of X's by falling frequency; an empty line for one of X that is not used.

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
