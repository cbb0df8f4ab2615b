"""Gold dictionaries and the precision of what was found against them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.files import read_lines
from distmatch.retrieval.lexicon import Lexicon
from distmatch.retrieval.precision import hit_ranks, same_stem, wilson

RANKS = (1, 5, 10)


@dataclass(frozen=True)
class Dictionary:
    """Gold translations: source word to all its targets, in the file's order.

    Args:
        targets: source word to target words; one word may be a plain string.
        path: where it came from, for errors.
    """

    targets: Mapping[str, tuple[str, ...]]
    path: str = ""

    def __post_init__(self) -> None:
        table: Mapping[Any, Any] = self.targets
        if not isinstance(table, Mapping):
            raise InputError(
                "a dictionary is made of {source word: target word or words}. Use Dictionary.load for a file"
            )
        plain = {w: (t,) if isinstance(t, str) else tuple(t) for w, t in table.items()}
        object.__setattr__(self, "targets", plain)

    def __len__(self) -> int:
        return len(self.targets)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Dictionary:
        """Read a MUSE (space or tab), XLING (tab) or .csv dictionary: one pair per line.

        Raises:
            InputError: a line without exactly two columns, or no pairs.
        """
        table: dict[str, list[str]] = {}
        for number, line in read_lines(path):
            if not line.strip():
                continue
            if os.path.splitext(path)[1].lower() == ".csv" and "\t" not in line:
                fields = [f.strip() for f in next(csv.reader([line]))]
            else:
                fields = [f.strip() for f in line.split("\t")] if "\t" in line else line.split()
            fields = [f for f in fields if f]
            if len(fields) != 2:
                raise InputError(
                    f"expected a source and a target word, found {len(fields)} column{'s' * (len(fields) != 1)}. "
                    "Put one pair a line; separate words that contain spaces by a tab",
                    path=path,
                    line=number,
                )
            known = table.setdefault(fields[0], [])
            if fields[1] not in known:
                known.append(fields[1])
        if not table:
            raise InputError("no pairs in this dictionary. Give one pair a line", path=path)
        return cls({source: tuple(targets) for source, targets in table.items()}, str(path))

    @classmethod
    def merged(cls, parts: Sequence[Dictionary]) -> Dictionary:
        """Several dictionaries as one: every target of every part counts."""
        table: dict[str, dict[str, None]] = {}
        for part in parts:
            for word, targets in part.targets.items():
                table.setdefault(word, {}).update(dict.fromkeys(targets))
        path = " ".join(part.path for part in parts)
        return cls({word: tuple(targets) for word, targets in table.items()}, path)

    def covered(
        self, source: Embeddings, target: Embeddings
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Source words known on both sides.

        A word that is not in the vocabulary as written is looked up in lower case.

        Returns:
            (q,) int64 indices of source words with at least one target in the vocabulary, ascending, and for each
            the indices of its targets.
        """
        source_index = {word: i for i, word in enumerate(source.words)}
        target_index = {word: i for i, word in enumerate(target.words)}
        gold: dict[int, set[int]] = {}
        for word, translations in self.targets.items():
            i = _find(word, source_index)
            found = {_find(t, target_index) for t in translations} - {None}
            if i is not None and found:
                gold.setdefault(i, set()).update(j for j in found if j is not None)
        order = sorted(gold)
        return np.array(order, np.int64), [np.array(sorted(gold[i])) for i in order]


def _cased(source: Embeddings, target: Embeddings) -> str:
    """Advice where a vocabulary has capitals, which gold dictionaries in lower case do not."""
    capitals = any(w != w.lower() for e in (source, target) for w in e.words[:10_000])
    return ", or read the vectors in lower case: --lower" if capitals else ""


def _find(word: str, index: dict[str, int]) -> int | None:
    return index.get(word, index.get(word.lower()))


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Precision of a lexicon against a dictionary, over source words; any gold target counts."""

    precision: dict[int, float | None]
    """Rank to share of the words with a gold target within it; None where fewer targets were found."""
    coverage: float
    """Share of the dictionary's source words that could be asked."""
    n: int
    """Words asked."""
    interval: tuple[float, float]
    """95 % interval of precision@1 (Wilson)."""
    stem: float
    """Share of the words whose first target has the stem of a gold target, see `precision.same_stem`: gold lists hold one
    form of an inflected word."""

    def to_json(self) -> dict[str, object]:
        """The contract of `evaluate --json`."""
        return {
            **{f"precision@{k}": self.precision[k] for k in RANKS},
            "coverage": self.coverage,
            "n": self.n,
            "interval": list(self.interval),
            "stem_precision@1": self.stem,
        }


def evaluate(
    found: Lexicon | tuple[Embeddings, Embeddings],
    dictionary: Dictionary,
    *,
    scoring: str = "csls",
    k: int = 10,
    device: str | None = None,
    crowd: np.ndarray | None = None,
) -> Evaluation:
    """Precision@1/5/10 against a gold dictionary.

    Args:
        found: source and target embeddings in one space, or a lexicon. Of embeddings, the words with at least one
            target in the vocabulary are asked; of a lexicon, which does not tell its target vocabulary, all the
            words that it translates.
        dictionary: the gold.
        scoring: for embeddings, see `scoring.SCORINGS`.
        k: neighbourhood of CSLS.
        crowd: (m,) of the target embeddings, if it is known already, see `scoring.csls`.

    Raises:
        InputError: no word of the dictionary is covered.
    """
    if isinstance(found, Lexicon):
        ranks, depth, stems = _lexicon_ranks(found, dictionary)
    else:
        source, target = found
        queries, gold = dictionary.covered(source, target)
        ranks, depth, stems = np.zeros(0), 0, 0
        if len(queries):
            from distmatch.retrieval.scoring import best_targets

            depth = max(RANKS)
            _, best = best_targets(
                source.vectors, target.vectors, depth, scoring=scoring, k=k, queries=queries, device=device, crowd=crowd
            )  # fmt: skip
            ranks, words = hit_ranks(best, gold), target.words
            stems = sum(
                any(same_stem(words[first], words[j]) for j in right)
                for first, right in zip(best[:, 0], gold, strict=True)
            )
    if len(ranks) == 0:
        raise InputError(
            f"none of its {len(dictionary)} words is in both vocabularies. Check the languages and the direction"
            + (_cased(*found) if not isinstance(found, Lexicon) else ""),
            path=dictionary.path or None,
        )
    return Evaluation(
        precision={r: float((ranks <= r).mean()) if r <= depth else None for r in RANKS},
        coverage=len(ranks) / len(dictionary),
        n=len(ranks),
        interval=wilson(int((ranks <= 1).sum()), len(ranks)),
        stem=stems / len(ranks),
    )


def _lexicon_ranks(lexicon: Lexicon, dictionary: Dictionary) -> tuple[np.ndarray, int, int]:
    """Rank of the first gold target of each word that is translated, the ranks looked at, and first targets of a gold stem."""
    table = lexicon.best()
    index = {word: i for i, word in enumerate(table)}
    names = list(table)
    gold: dict[int, set[str]] = {}
    for word, targets in dictionary.targets.items():
        i = _find(word, index)
        if i is not None:
            gold.setdefault(i, set()).update([*targets, *(t.lower() for t in targets)])
    ranks = [
        next((r for r, (t, _) in enumerate(table[names[i]], 1) if t in wanted), np.inf)
        for i, wanted in gold.items()
    ]
    stems = sum(
        any(same_stem(table[names[i]][0][0], right) for right in wanted)
        for i, wanted in gold.items()
    )
    return np.array(ranks), max((len(t) for t in table.values()), default=0), stems
