"""Compile the searches once per machine, so that the first cipher of every kind is read as fast as the second."""

from __future__ import annotations

import platform

import numba
import numpy as np

import distmatch
from distmatch.ciphers.reading import Ciphertext, from_symbols, read_ciphertext
from distmatch.errors import InputError
from distmatch.files import atomic_write, cache_folder
from distmatch.languages.language import load_language
from distmatch.languages.model import Language
from distmatch.matching.keys.doubts import doubts_of
from distmatch.matching.keys.polyalphabetic import PeriodicSearch
from distmatch.matching.keys.simple import SIMPLE
from distmatch.matching.keys.substitution import KeySearch
from distmatch.matching.symbols.problem import Problem
from distmatch.progress import Effort

WARMUP_TEXT = "every kernel is compiled for the types that it meets here and kept on disk for the next run of any cipher"


def compiled() -> bool:
    """Whether this machine's cache says that the searches are compiled, or cannot keep what would say so."""
    folder = cache_folder()
    return folder is None or (folder / _marker()).exists()


def compile_searches(language: str) -> None:
    """Run every search of kind "auto" on a few letters, which compiles it, and note that in the cache."""
    spaced = load_language(language, spaces=True)
    bare = load_language(language)
    words = read_ciphertext(WARMUP_TEXT)
    for model, spaces, source in (
        (spaced, "kept", words),
        (bare, "removed", words.without_breaks()),
    ):
        problem = Problem(source=source, target=model, spaces=spaces, restarts=1)
        readings = SIMPLE.search(problem, Effort())
        doubts_of(readings[0], SIMPLE.traits)
    letters = read_ciphertext("".join(c for c in WARMUP_TEXT if c != " "))
    PeriodicSearch(kinds=("vigenere",), longest_period=8, starts=1).search(letters, _latin(bare))
    for model in (bare, spaced):
        _homophonic(words if model is spaced else words.without_breaks(), model)
    folder = cache_folder()
    if folder is not None:
        try:
            with atomic_write(folder / _marker()) as file:
                file.write("the searches of letters are compiled\n")
        except (OSError, InputError):
            pass  # a full disk: compiled again next time


def _homophonic(source: Ciphertext, language: Language) -> None:
    # The shortest run that passes through every function.
    KeySearch(kind="homophonic", restarts=1, moves=20_000).search(source, language)
    numbers = from_symbols([int(s) for s in np.arange(60) % 30])
    KeySearch(kind="homophonic", restarts=1, moves=20_000).search(numbers, language)


def _latin(language: Language) -> Language:
    """The language, or English where the letters of `WARMUP_TEXT` are not its own."""
    return language if "e" in language.alphabet.letters else load_language("en")


def _marker() -> str:
    return (
        f"compiled-{distmatch.__version__}-numba{numba.__version__}-py{platform.python_version()}"
    )
