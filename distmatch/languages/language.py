"""Languages by name: from the cache, or built on first use and cached."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from distmatch.errors import InputError
from distmatch.files import atomic_write, cache_folder, read_text
from distmatch.languages import wordpairs, words
from distmatch.languages.build import build_language, frozen, words_of_text
from distmatch.languages.model import PROBABILITY, WORD_SHARE, Language
from distmatch.languages.storage import load_arrays, save_arrays
from distmatch.languages.wordfrequency import available
from distmatch.progress import Progress, exempt, silent
from distmatch.text.alphabet import Alphabet, fold

__all__ = [
    "PROBABILITY",
    "WORD_SHARE",
    "Language",
    "known_languages",
    "load_language",
    "store_language",
    "stored_references",
]

CACHE_VERSION = 10
"""Raised when cached files change meaning; folders of other versions are not read."""

MAX_NAME = 100
"""Bytes of the name of a stored language: it names a folder."""

_RUNNING = ("grams", "gram_costs", "contexts", "backoffs")


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
    # A name too long for a folder is no language: building says so.
    folder = None if len(name.encode()) > MAX_NAME else cache_folder()
    key = _cache_key(base, spaces, diacritics, texts)
    if folder is not None:
        cached = _read(folder / key, name)
        if cached is not None:
            return cached
    with exempt():
        language = build_language(name, base, spaces, diacritics, texts, progress)
    if folder is not None:
        _write(folder / key, language)
        return _read(folder / key, name) or frozen(language)
    return frozen(language)


def known_languages() -> list[str]:
    """Names that `load_language` takes: those of wordfreq and those stored by the user."""
    folder = cache_folder()
    stored = [] if folder is None else [p.name for p in (folder / "named").glob("*") if p.is_dir()]
    return sorted({*available(), *stored})


def _storable(name: str) -> bool:
    """Whether a language can be stored under a name, which names a folder of the cache."""
    return name.isidentifier() and len(name.encode()) <= MAX_NAME


def stored_references(name: str) -> list[str]:
    """Paths of the texts stored under a name by `store_language`."""
    folder = cache_folder()
    if folder is None or not _storable(name):
        return []
    return sorted(map(str, (folder / "named" / name).glob("*.txt")))


def store_language(name: str, files: Sequence[str]) -> Path:
    """Keep the user's texts under a name, so that `load_language(name)` builds a model of them.

    Raises:
        InputError: a bad name, no writable cache, unreadable text, or text that is not written in an alphabet.
    """
    folder = cache_folder()
    if folder is None:
        raise InputError(
            "the cache folder cannot be written. Set DISTMATCH_CACHE to a folder that can"
        )
    if not _storable(name) or name in available() or name in ("none", "auto"):
        raise InputError(
            f"bad or taken language name {name[:40]!r}. Use letters, digits and _, {MAX_NAME} bytes at most, such as 'latin'"
        )
    text = "\n".join(read_text(file) for file in files)
    folded = fold(text)
    if len(folded) < 2000:
        raise InputError(
            "fewer than 2,000 letters of text; a model needs about 100,000", path=files[0]
        )
    words_of_text(
        folded, False, str(files[0])
    )  # refuses what no model can be made of, before anything is stored
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
    if base == "en" and spaces and not texts and wordpairs.books() is not None:
        tail = "-books"
    return f"v{CACHE_VERSION}/{base or 'own'}-{'spaces' if spaces else 'plain'}{'-marks' if diacritics else ''}{tail}"


def _read(folder: Path, name: str) -> Language | None:
    """The cached model, or None if it is absent or damaged (it is then built again)."""
    stored = load_arrays(folder)
    if stored is None:
        return None
    arrays, meta = stored
    return Language(
        name,
        Alphabet(meta["letters"], meta["diacritics"]),
        meta["spaces"],
        arrays["cost"],
        arrays["short"],
        arrays["guess"],
        words.WordModel(arrays["child"], arrays["mass"], arrays["end"]),
        meta["text_bits"],
        folder,
        (arrays["grams"], arrays["gram_costs"], arrays["contexts"], arrays["backoffs"]),
        float(meta["share"]),
        wordpairs.PairTables(*(arrays[f"pair_{name}"] for name in wordpairs.PairTables._fields)),
    )


def _write(folder: Path, language: Language) -> None:
    """Store a model, if that is possible."""
    arrays = {
        "cost": language.cost, "short": language.short, "guess": language.guess, "child": language.words.child,
        "mass": language.words.mass, "end": language.words.end,
    } | dict(zip(_RUNNING, language.running, strict=True))  # fmt: skip
    arrays |= {f"pair_{name}": array for name, array in language.pairs._asdict().items()}
    meta = {
        "letters": language.alphabet.letters, "diacritics": language.alphabet.diacritics,
        "spaces": language.spaces, "text_bits": language.text_bits, "share": language.share,
    }  # fmt: skip
    save_arrays(folder, arrays, meta)
