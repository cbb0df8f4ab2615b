"""A language ready for use: alphabet, costs for the search, word model; built once and cached."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from distmatch.errors import InputError
from distmatch.files import atomic_write, cache_folder, read_text
from distmatch.languages import ngram, words
from distmatch.languages.wordfrequency import (
    WordList,
    available,
    expected_counts,
    word_list,
    words_from_counts,
)
from distmatch.progress import Progress, silent
from distmatch.text.alphabet import Alphabet, fold

VERSION = 6
"""Raised when cached files change meaning; folders of other versions are not read."""

ORDER = 5
LARGEST_TABLE = 40_000_000
WORD_SHARE = 0.9
"""Weight of the word model in the mixture that scores a decoded text."""
LARGEST_PLACES = 80_000_000
"""Bytes of `place_costs`; beyond it the homophonic search uses the shorter table."""
_ARRAYS = ("cost", "short", "guess", "child", "mass", "end")
PROBABILITY = 2.0 ** (-np.arange(256) / ngram.UNITS_PER_BIT)


@dataclass(frozen=True)
class Language:
    """P_Y for symbols: n-gram costs to search on, a mixture with words to score with.

    Args:
        name: code or name.
        alphabet: its letters.
        spaces: whether the space is one more symbol.
        cost: (A,) * n uint8, -log2 P(last | others) in 1/16 bit.
        short: (A,) * (n - 1) uint8, the same costs of one order less.
        guess: (n, A ** (n - 1)) uint8, the best letter for each place of a window.
        words: the vocabulary.
        text_bits: bits per letter that the mixture needs on the language's own running words.
        folder: where it is cached, if it is.
    """

    name: str
    alphabet: Alphabet
    spaces: bool
    cost: np.ndarray
    short: np.ndarray
    guess: np.ndarray
    words: words.WordModel
    text_bits: float
    folder: Path | None = None

    @property
    def order(self) -> int:
        """n of the search table."""
        return self.cost.ndim

    @property
    def size(self) -> int:
        """Number of symbols, the space included where it is one."""
        return self.cost.shape[0]

    @cached_property
    def flat_cost(self) -> np.ndarray:
        """The cost table as one dimension."""
        return self.cost.reshape(-1)

    @cached_property
    def place_costs(self) -> tuple[np.ndarray, np.ndarray, int]:
        """For the homophonic search: costs with one place of the window last, flat costs, and their order.

        The first is `ngram.place_costs` of the longest table that stays below `LARGEST_PLACES` bytes, made on
        first use and cached beside the rest (it is five times as large as the other tables together).
        """
        words_a_row = 4 * -(-self.size // 32)
        if 8 * words_a_row * self.order * self.size ** (self.order - 1) > LARGEST_PLACES:
            return self.short_place_costs
        path = None if self.folder is None else self.folder / "places.npy"
        length = words_a_row * self.order * self.size ** (self.order - 1)
        table = None if path is None else _stored_places(path, length)
        if table is None:
            table = ngram.place_costs(self.cost)
            if path is not None:
                _store_places(path, table)
        table.flags.writeable = False
        return table, self.flat_cost, self.order

    @cached_property
    def short_place_costs(self) -> tuple[np.ndarray, np.ndarray, int]:
        """The same of one order less: small, and made in a moment."""
        return ngram.place_costs(self.short), self.short.reshape(-1), self.order - 1

    def bits(self, codes: np.ndarray) -> np.ndarray:
        """Code length in bits of every symbol, (n,) float64: n-grams and words mixed."""
        out = np.empty(len(codes))
        self.total_bits(np.ascontiguousarray(codes, np.uint8), out)
        return out

    def ngram_bits(self, codes: np.ndarray) -> np.ndarray:
        """Code length in bits of every n-gram's last symbol under the search table alone, (n - order + 1,)."""
        index = tuple(codes[k : len(codes) - self.order + 1 + k] for k in range(self.order))
        return self.cost[index] / ngram.UNITS_PER_BIT

    def total_bits(self, codes: np.ndarray, out: np.ndarray | None = None) -> float:
        """Code length in bits of a sequence."""
        kernel = words.spaced_bits if self.spaces else words.unspaced_bits
        model = self.words
        out = np.empty(len(codes)) if out is None else out
        return kernel(
            codes,
            model.child,
            model.mass,
            model.end,
            self.flat_cost,
            PROBABILITY,
            self.order,
            WORD_SHARE,
            np.inf,
            out,
        )

    def segment(self, codes: np.ndarray) -> str:
        """The text of codes with word breaks restored (as they are, if the language has spaces)."""
        if self.spaces:
            return self.alphabet.decode(codes)
        model = self.words
        breaks = words.word_breaks(
            np.ascontiguousarray(codes, np.uint8), model.child, model.mass, model.end,
            self.flat_cost, PROBABILITY, self.order,
        )  # fmt: skip
        letters = self.alphabet.letters
        return "".join(
            letters[c] + (" " if b else "") for c, b in zip(codes, breaks, strict=True)
        ).rstrip()


def load_language(
    name: str = "en",
    *,
    spaces: bool = False,
    diacritics: bool = False,
    reference: Sequence[str] = (),
    progress: Progress = silent,
) -> Language:
    """A language by name, from the cache or built on first use.

    Args:
        name: a wordfreq code, or a name given to `distmatch language`; "none" with a reference uses the
            reference alone.
        spaces: model the space as a symbol.
        diacritics: keep diacritics as letters of their own.
        reference: text files mixed in, the weight found on held-out text.

    Raises:
        InputError: unknown language, unreadable or too short reference.
    """
    stored = stored_references(name)
    texts = [*stored, *map(str, reference)]
    base = None if stored or name == "none" else name
    if base is None and not texts:
        raise InputError("language 'none' needs --reference FILE")
    folder = cache_folder()
    key = _cache_key(base, spaces, diacritics, texts)
    if folder is not None:
        cached = _read(folder / key, name)
        if cached is not None:
            return cached
    progress(0, 4, language=name)
    language = _build(name, base, spaces, diacritics, texts, progress)
    if folder is not None:
        _write(folder / key, language)
        return _read(folder / key, name) or _frozen(language)
    return _frozen(language)


def known_languages() -> list[str]:
    """Names that `load_language` takes: those of wordfreq and those stored by the user."""
    folder = cache_folder()
    stored = [] if folder is None else [p.name for p in (folder / "named").glob("*") if p.is_dir()]
    return sorted({*available(), *stored})


def stored_references(name: str) -> list[str]:
    """Paths of the texts stored under a name by `store_language`."""
    folder = cache_folder()
    if folder is None or not name or "/" in name or name.startswith("."):
        return []
    return sorted(map(str, (folder / "named" / name).glob("*.txt")))


def store_language(name: str, files: Sequence[str]) -> Path:
    """Keep the user's texts under a name, so that `load_language(name)` builds a model of them.

    Raises:
        InputError: a bad name, no writable cache, or unreadable text.
    """
    folder = cache_folder()
    if folder is None:
        raise InputError(
            "the cache folder cannot be written. Set DISTMATCH_CACHE to a folder that can"
        )
    if not name.isidentifier() or name in available() or name in ("none", "auto"):
        raise InputError(
            f"bad or taken language name {name!r}. Use letters, digits and _, such as 'latin'"
        )
    text = "\n".join(read_text(file) for file in files)
    if len(fold(text)) < 2000:
        raise InputError(
            "fewer than 2,000 letters of text; a model needs about 100,000", path=files[0]
        )
    target = folder / "named" / name / "text.txt"
    with atomic_write(target) as file:
        file.write(text)
    return target


def _cache_key(base: str | None, spaces: bool, diacritics: bool, texts: Sequence[str]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for path in texts:
        try:
            stat = os.stat(path)
        except OSError as error:
            raise InputError(f"cannot read: {error.strerror}", path=path) from error
        digest.update(f"{os.path.abspath(path)}|{stat.st_size}|{stat.st_mtime_ns};".encode())
    tail = f"-{digest.hexdigest()[:12]}" if texts else ""
    return f"v{VERSION}/{base or 'own'}-{'spaces' if spaces else 'plain'}{'-marks' if diacritics else ''}{tail}"


def _build(
    name: str,
    base: str | None,
    spaces: bool,
    diacritics: bool,
    texts: Sequence[str],
    progress: Progress,
) -> Language:
    folded = [fold(read_text(path), diacritics=diacritics) for path in texts]
    joined = " ".join(folded)
    if texts and len(joined) < 2000:
        raise InputError("fewer than 2,000 letters of reference text", path=texts[0])
    own = _words_of(joined, diacritics) if texts else None
    vocabulary = word_list(base, diacritics=diacritics) if base else own
    assert vocabulary is not None
    alphabet = vocabulary.alphabet
    size = len(alphabet) + (1 if spaces else 0)
    order = ORDER
    while size**order > LARGEST_TABLE:
        order -= 1
    progress(1, 4, language=name)
    probability = None
    if base:
        counts = expected_counts(vocabulary, order, spaces=spaces)
        probability = ngram.interpolate(counts, total=ngram.STREAM_LETTERS)
    if texts:
        codes = alphabet.encode(joined, spaces=spaces)
        probability = ngram.mix_with_text(probability, codes, order, size)
    assert probability is not None
    progress(2, 4, language=name)
    with np.errstate(divide="ignore"):
        logprob = np.log2(probability)
    cost = ngram.costs(logprob)
    joint = ngram.joint_logprob(logprob)
    guess = ngram.best_letters(joint)
    short = ngram.costs(ngram.shorter(joint))
    progress(3, 4, language=name)
    if base and own is not None:
        vocabulary = _merge(vocabulary, own)
    trie = words.build_word_model(vocabulary, spaces=spaces)
    language = _frozen(Language(name, alphabet, spaces, cost, short, guess, trie, 0.0))
    sample = _sample(vocabulary, spaces)
    text_bits = float(language.bits(sample).mean())
    return Language(name, alphabet, spaces, cost, short, guess, trie, text_bits)


def _words_of(text: str, diacritics: bool) -> WordList:
    from collections import Counter

    counted = Counter(text.split()).most_common(250_000)
    return words_from_counts(
        [w for w, _ in counted], np.array([float(c) for _, c in counted]), diacritics=diacritics
    )


def _merge(a: WordList, b: WordList) -> WordList:
    """Both vocabularies, half the mass each."""
    table: dict[str, float] = {}
    for part in (a, b):
        text = part.alphabet.decode(part.flat)
        for i, frequency in enumerate(part.frequency):
            word = text[part.starts[i] : part.starts[i + 1]]
            table[word] = table.get(word, 0.0) + frequency / 2
    allowed = set(a.alphabet.letters + " ")
    table = {word: mass for word, mass in table.items() if allowed.issuperset(word)}
    lengths = np.fromiter(map(len, table), np.int64, len(table))
    flat = a.alphabet.encode("".join(table), spaces=True)
    return WordList(
        a.alphabet,
        flat,
        np.concatenate([[0], np.cumsum(lengths)]),
        np.fromiter(table.values(), float),
    )


def _sample(vocabulary: WordList, spaces: bool) -> np.ndarray:
    """20,000 independent words: text of the model itself, whose bits a true decoding should come near."""
    rng = np.random.default_rng(0)
    chosen = rng.choice(
        len(vocabulary.frequency), 20_000, p=vocabulary.frequency / vocabulary.frequency.sum()
    )
    source = vocabulary if spaces else vocabulary.without_spaces()
    space = np.array([len(vocabulary.alphabet)], np.uint8)
    parts = []
    for word in chosen:
        parts.append(source.flat[source.starts[word] : source.starts[word + 1]])
        if spaces:
            parts.append(space)
    return np.concatenate(parts)


def _frozen(language: Language) -> Language:
    """Read-only arrays, as from the cache: kernels compiled for one then serve the other."""
    for array in (language.cost, language.short, language.guess, *vars(language.words).values()):
        array.flags.writeable = False
    return language


def _read(folder: Path, name: str) -> Language | None:
    """The cached model, or None if it is absent or damaged (it is then built again)."""
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
        arrays = {
            a: np.load(folder / f"{a}.npy", mmap_mode="r", allow_pickle=False) for a in _ARRAYS
        }
        if any(list(arrays[a].shape) != meta["shapes"][a] for a in _ARRAYS):
            return None
        arrays = {a: v.view(np.ndarray) for a, v in arrays.items()}
        trie = words.WordModel(arrays["child"], arrays["mass"], arrays["end"])
        alphabet = Alphabet(meta["letters"], meta["diacritics"])
        return Language(
            name,
            alphabet,
            meta["spaces"],
            arrays["cost"],
            arrays["short"],
            arrays["guess"],
            trie,
            meta["text_bits"],
            folder,
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _stored_places(path: Path, length: int) -> np.ndarray | None:
    try:
        table = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    good = table.dtype == np.uint64 and table.shape == (length,)
    return table.view(np.ndarray) if good else None


def _store_places(path: Path, table: np.ndarray) -> None:
    try:
        with atomic_write(path, "wb") as file:
            np.save(file, table, allow_pickle=False)
    except (OSError, InputError):
        pass  # a full disk or a read-only folder: the table is made again next time


def _write(folder: Path, language: Language) -> None:
    """Write all files to a temporary folder and rename it; a full disk is no reason to stop."""
    arrays = {
        "cost": language.cost, "short": language.short, "guess": language.guess, "child": language.words.child,
        "mass": language.words.mass, "end": language.words.end,
    }  # fmt: skip
    meta = {
        "letters": language.alphabet.letters, "diacritics": language.alphabet.diacritics,
        "spaces": language.spaces, "text_bits": language.text_bits,
        "shapes": {name: list(array.shape) for name, array in arrays.items()},
    }  # fmt: skip
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(dir=folder.parent)
        for name, array in arrays.items():
            np.save(Path(temporary) / f"{name}.npy", array, allow_pickle=False)
        (Path(temporary) / "meta.json").write_text(json.dumps(meta, ensure_ascii=False), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
    except OSError:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
