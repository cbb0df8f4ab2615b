"""`Training`: from two texts without pairs to a `Translator` with a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.checkpoint import NOWHERE, Checkpoint
from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.progress import Effort
from distmatch.translation.backtranslation import BackTranslation, Tables
from distmatch.translation.credibility import Verdict, judge_tables
from distmatch.translation.monolingual import Monolingual
from distmatch.translation.phrasetable import PhraseTable
from distmatch.translation.seedlexicon import Seed, SeedLexicon
from distmatch.translation.sentences import Casing, split
from distmatch.translation.translator import Language, Translator

SHOWN_SENTENCES = 4
"""Held-out sentences shown with their translations."""

MAX_SHARED = 0.8
"""Share of running words that two languages have in common, at most; of two texts in one language it is 0.9 and more."""
LEXICON, ITERATIONS = SeedLexicon(), BackTranslation()
"""The default stages."""

Texts = tuple[Sequence[str], Sequence[str]]


@dataclass
class Trained:
    """What training gives: the translator, its verdict, and the figures of all iterations."""

    translator: Translator
    verdict: Verdict
    tables: Tables
    iterations: int
    stopped: bool
    samples: list[tuple[str, str]]
    checkpoint: Checkpoint

    @property
    def history(self) -> list[dict[str, Any]]:
        """One entry per iteration."""
        return self.tables.history

    def result(self, **more: Any) -> dict[str, Any]:
        """The JSON object of `train --json`."""
        entry = next(h for h in self.history if h["iteration"] == self.tables.iteration)
        return {
            "believed": self.verdict.believed,
            "confidence": None,
            "reason": self.verdict.reason,
            "iteration": self.tables.iteration,
            "iterations": self.iterations,
            "stopped": self.stopped,
            "forward": entry["forward"],
            "backward": entry["backward"],
            "evidence": self.verdict.evidence,
            "samples": [list(pair) for pair in self.samples],
            **more,
        }


@dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of the stages."""

    lexicon: SeedLexicon = LEXICON
    backtranslation: BackTranslation = ITERATIONS

    def learn(
        self,
        source: Texts,
        target: Texts,
        *,
        names: tuple[str, str] = ("source", "target"),
        aligned: tuple[Embeddings, Embeddings] | None = None,
        effort: Effort,
        checkpoint: Checkpoint = NOWHERE,
        observe: Callable[[Tables], None] | None = None,
    ) -> Trained:
        """Train on unpaired lines.

        Args:
            source: lines to learn from, and lines for vectors and model only. target: likewise.
            names: of the texts, for errors.
            aligned: vectors of both sides in one space.
            checkpoint: where finished stages are kept and taken up.
            observe: called with the tables of every iteration.

        Raises:
            InputError: too little text, or the same text twice.
        """
        if source[0] == target[0]:
            raise InputError(
                "source and target are the same text. Give two languages", path=names[1]
            )
        tokens = [[split(line) for line in lines] for lines in (*source, *target)]
        sides = []
        for own, more, name in ((tokens[0], tokens[1], names[0]), (tokens[2], tokens[3], names[1])):
            lower = [[[t.lower() for t in line] for line in part] for part in (own, more)]
            sides.append(Monolingual.read(*lower, name=name))
        x, y = sides
        if (shared := _shared_words(x, y)) > MAX_SHARED:
            raise InputError(
                f"{100 * shared:.0f} % of its words are words of {names[0]}: the same language twice. Give two languages",
                path=names[1],
            )
        seed = self._seed(x, y, aligned, effort, checkpoint)
        tables, stopped = self.backtranslation.learn(
            x, y, seed.tables, effort=effort, checkpoint=checkpoint, observe=observe
        )
        languages = [
            Language(side.words, Casing.learn([*own, *more]), side.model)
            for side, own, more in ((x, tokens[0], tokens[1]), (y, tokens[2], tokens[3]))
        ]
        search = self.backtranslation.final(tables)
        translator = Translator(
            languages[0], languages[1], tables.forward, tables.backward, self.backtranslation.weights, search
        )  # fmt: skip
        verdict = judge_tables(x, y, self.backtranslation, tables, seed)
        shown = [line for line in source[0][-50:] if 3 < len(line.split()) < 16][-SHOWN_SENTENCES:]
        samples = list(zip(shown, translator.translate(shown), strict=True))
        return Trained(
            translator,
            verdict,
            tables,
            self.backtranslation.iterations,
            stopped,
            samples,
            checkpoint,
        )

    def _seed(
        self,
        x: Monolingual,
        y: Monolingual,
        aligned: tuple[Embeddings, Embeddings] | None,
        effort: Effort,
        checkpoint: Checkpoint,
    ) -> Seed:
        """The first stage, from the checkpoint if it is done."""
        kept = checkpoint.arrays
        if "seed.evidence" in kept:
            forward, backward = (
                PhraseTable.of_arrays(kept, f"seed.{side}") for side in ("forward", "backward")
            )
            return Seed(Tables(forward, backward), json.loads(kept["seed.evidence"].tobytes()))
        seed = self.lexicon.start(x, y, effort=effort, aligned=aligned)
        arrays = {
            "seed.evidence": np.frombuffer(json.dumps(seed.evidence).encode(), np.uint8),
            **seed.tables.forward.arrays("seed.forward"),
            **seed.tables.backward.arrays("seed.backward"),
        }
        checkpoint.replace(lambda: arrays, now=True)
        return seed


def _shared_words(x: Monolingual, y: Monolingual) -> float:
    """Share of y's running words, of letters only, that x has too."""
    letters = np.array([w.isalpha() for w in y.words])
    known = np.array([w in x.number for w in y.words])
    return float(y.counts[letters & known].sum() / max(y.counts[letters].sum(), 1))
