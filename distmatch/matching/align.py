"""`align`: two sets of vectors, one call; matchers by the name that the command line gives them."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable, Mapping, Sequence
from inspect import signature
from typing import Any

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.embeddings.arrays import Vectors, as_embeddings
from distmatch.errors import InputError
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent
from distmatch.retrieval.dictionary import Dictionary

METHODS = {
    "auto": ("auto", "Auto"),
    "self-learning": ("selflearning", "SelfLearning"),
    "sorted": ("sortedsimilarity", "SortedSimilarity"),
    "gromov": ("proximalgromov", "ProximalGromov"),
    "wasserstein": ("wasserstein", "WassersteinProcrustes"),
    "profile": ("profilegromov", "ProfileGromov"),
    "procrustes": ("supervised", "Procrustes"),
    "adversarial": ("adversarial", "Adversarial"),
    "coupling": ("gromovcoupling", "GromovCoupling"),
}
"""Name to module and class in `distmatch.matching`."""
WITH_PAIRS = ("auto", "self-learning", "profile", "coupling")
"""Methods that take known pairs as a term of their search."""
PRESETS = {"vecmap": "self-learning", "muse": "adversarial"}
"""Settings of a paper, a class method of the matcher of that method."""


def matcher(method: str = "auto", *, preset: str | None = None, **settings: Any) -> Any:
    """The matcher of a method or a preset, with settings of its dataclass changed.

    Raises:
        InputError: an unknown name, or a setting that the matcher lacks.
    """
    if preset is not None:
        if preset not in PRESETS:
            raise InputError(f"unknown preset {preset!r}. Presets: {' '.join(PRESETS)}")
        if method not in ("auto", PRESETS[preset]):
            raise InputError(
                f"preset {preset!r} is of the method {PRESETS[preset]}, not of {method}. Leave out --method"
            )
        method = PRESETS[preset]
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}. Methods: {' '.join(METHODS)}")
    module, name = METHODS[method]
    kind = getattr(importlib.import_module(f"distmatch.matching.vectors.{module}"), name)
    known = {f.name for f in dataclasses.fields(kind)}
    for setting in settings:
        if setting not in known:
            raise InputError(
                f"the method {method} has no {setting}. It has: {' '.join(sorted(known))}"
            )
    return kind(**settings) if preset is None else getattr(kind, preset)(**settings)


def align(
    source: Vectors,
    target: Vectors,
    *,
    method: str = "auto",
    preset: str | None = None,
    cost: str | None = None,
    dictionary: Dictionary | Mapping[str, Any] | None = None,
    pairs: Dictionary | Mapping[Any, Any] | Iterable[Sequence[Any]] | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: Progress = silent,
    checkpoint: Checkpoint = NOWHERE,
) -> Match[LinearMap]:
    """Find a linear map from the source's space to the target's, without pairs unless a dictionary is given.

    Args:
        source: (n, d) rows, the most frequent first if they are words: Embeddings, an array or tensor, gensim
            `KeyedVectors` or a model that has them, or the path of a file.
        target: (m, d') rows, likewise.
        method: a name of `METHODS`; auto is profile where rows are not in order of frequency (.npy).
        preset: a name of `PRESETS`.
        cost: of the method coupling: graph, cosine or euclidean.
        dictionary: known pairs; the method is then Procrustes on those alone.
        pairs: a few known pairs that help the search without pairs: {word: word or words}, or (p, 2) words or numbers of
            rows from 0. Any number from 1 up.
        device: auto, cpu, cuda or cuda:N.
        seed: of all random choices.
        checkpoint: where Auto and SelfLearning keep what they have.

    Returns:
        the match; `match.map(source)` and `match.map.map_target(target)` are in one space, in the kind that is given.

    Raises:
        InputError: fewer rows than dimensions, unknown names, or dimensions that the method cannot join.
    """
    source, target = as_embeddings(source, "source"), as_embeddings(target, "target")
    if pairs is not None:
        if dictionary is not None:
            raise InputError("both pairs and a dictionary. Pairs help the search, a dictionary replaces it: give one")  # fmt: skip
        pairs = known_pairs(pairs)
    settings: dict[str, Any] = {"device": device}
    if cost is not None:
        settings["cost"] = cost
    if dictionary is not None and not isinstance(dictionary, Dictionary):
        dictionary = Dictionary(dict(dictionary))
    if dictionary is not None:
        if method not in ("auto", "procrustes") or preset is not None:
            raise InputError(
                "a dictionary is for the method procrustes. Leave out --method and --preset"
            )
        method, settings["dictionary"] = "procrustes", dictionary
    if method == "auto" and preset is None and not (source.ranked and target.ranked):
        method = "profile"  # the starts of Auto need rows in order of frequency
    if pairs is not None:
        taken = WITH_PAIRS if preset is None else ()
        if method not in taken:
            raise InputError(f"{preset or method} takes no pairs. Methods that do: {' '.join(WITH_PAIRS)}")  # fmt: skip
        settings["pairs"] = pairs
    chosen = matcher(method, preset=preset, **settings)
    keeping = (
        {"checkpoint": checkpoint} if "checkpoint" in signature(chosen.match).parameters else {}
    )
    found: Match[LinearMap] = chosen.match(source, target, seed=seed, progress=progress, **keeping)
    return found


def known_pairs(pairs: Any) -> Dictionary:
    """Pairs of words or of row numbers as a dictionary.

    Args:
        pairs: a `Dictionary`, {word: word or words}, or (p, 2) words or numbers of rows.

    Raises:
        InputError: something else, or no pairs.
    """
    if isinstance(pairs, Dictionary):
        return pairs
    table: dict[str, list[str]] = {}
    try:
        items = (
            pairs.items() if isinstance(pairs, Mapping) else [(one, other) for one, other in pairs]
        )
    except (TypeError, ValueError):
        raise InputError(
            "pairs are {word: word}, or two columns of words or of row numbers"
        ) from None
    for word, partners in items:
        several = partners if isinstance(partners, (list, tuple, set)) else [partners]
        table.setdefault(str(word), []).extend(map(str, several))
    if not table:
        raise InputError("no pairs given. Leave pairs out to align without any")
    return Dictionary({word: tuple(partners) for word, partners in table.items()})
