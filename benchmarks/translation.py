"""Translation without pairs: BLEU of every stage, with the supervised ceiling of the same phrase model on as much text.

    python benchmarks/translation.py [--only multi30k:fr-en,multi30k:de-en] [--more] [--verdicts] [--json FILE]

Of Multi30k's training captions the first half of one language and the second half of the other are used, never both sides of
a line; settings are chosen on val, test_2017 is reported. BLEU is sacrebleu's: lower-cased tokens (as Lample et al. 2018), and
cased ordinary text (13a). One run per pair of languages gives both directions. CPU seconds are of the whole run up to the stage.
"""

from __future__ import annotations

import argparse
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tables import Results

from distmatch.files import read_text
from distmatch.progress import Effort
from distmatch.translation.backtranslation import BackTranslation, Tables
from distmatch.translation.monolingual import Monolingual, Sentences
from distmatch.translation.phrasetable import PhraseTable
from distmatch.translation.sentences import Casing, split
from distmatch.translation.training import Training
from distmatch.translation.translator import Language, Translator
from distmatch.translation.wordalignment import align_words

Lines = list[str]
Pair = tuple[Lines, Lines]


def halves(paired: Pair) -> Pair:
    """The first half of the first side and the second half of the second: no line of one translates a line of the other."""
    middle = len(paired[0]) // 2
    return paired[0][:middle], paired[1][middle:]


def multi30k(data: Path, source: str, target: str) -> tuple[Pair, Pair, Pair]:
    """Training captions of both sides, paired, val, and test_2017."""

    def side(part: str, language: str) -> Lines:
        return read_text(data / "multi30k" / f"{part}.{language}.gz").splitlines()

    parts = ("train", "val", "test_2017_flickr")
    train, val, test = ((side(part, source), side(part, target)) for part in parts)
    return train, val, test


def tatoeba(data: Path, source: str, target: str) -> tuple[Pair, Pair, Pair]:
    """30,000 sentences a side; lines that repeat a sentence are left out, the last 2,000 are val and test."""
    names = {"fr": "fra", "de": "deu"}
    language = names[source]
    with zipfile.ZipFile(data / "tatoeba" / f"{language}-eng.zip") as archive:
        text = archive.read(f"{language}-eng/{language}.txt").decode()
    seen: set[str] = set()
    pairs = []
    for line in text.splitlines():
        english, other = line.split("\t")[:2]
        if not {english, other} & seen:
            pairs.append((other, english))
        seen |= {english, other}
    order = np.random.default_rng(0).permutation(len(pairs))[:62_000]
    left, right = ([pairs[i][k] for i in order] for k in (0, 1))
    cuts = slice(0, 60_000), slice(60_000, 61_000), slice(61_000, 62_000)
    train, val, test = ((left[cut], right[cut]) for cut in cuts)
    return train, val, test


def bible(data: Path, source: str, target: str) -> tuple[Pair, Pair, Pair]:
    """Verses; the last 2,000 are val and test."""
    sides = [read_text(data / "bible" / f"{one}.txt.xz").split("\n") for one in (source, target)]
    pairs = [(a, b) for a, b in zip(*sides, strict=False) if a.strip() and b.strip()]
    left, right = ([p[k] for p in pairs] for k in (0, 1))
    cuts = slice(0, len(pairs) - 2_000), slice(-2_000, -1_000), slice(-1_000, None)
    train, val, test = ((left[cut], right[cut]) for cut in cuts)
    return train, val, test


def more_text(data: Path, pair: str) -> tuple[Lines, Lines]:
    """More text without pairs, for word vectors: other halves of Tatoeba and the beginning of the novels."""
    left, right = halves(tatoeba(data, pair[:2], "en")[0])
    novels = [
        read_text(data / "corpora" / f"{language}.txt.xz")[:NOVELS].splitlines()
        for language in pair.split("-")
    ]
    return left + novels[0], right + novels[1]


NOVELS = 12_000_000
"""Characters of novels per language."""


READERS = {"multi30k": multi30k, "tatoeba": tatoeba, "bible": bible}


def bleu(found: Lines, wanted: Lines) -> tuple[float, float]:
    """Of lower-cased tokens, and of cased text."""
    from sacrebleu.metrics.bleu import BLEU

    def tokens(lines: Lines) -> Lines:
        return [" ".join(split(line.lower())) for line in lines]

    lower = BLEU(tokenize="none", force=True).corpus_score(tokens(found), [tokens(wanted)])
    return round(lower.score, 2), round(BLEU().corpus_score(found, [wanted]).score, 2)


class Sides:
    """Both sides' vocabularies and casings, to translate lines with any pair of tables."""

    def __init__(self, texts: Pair, learner: BackTranslation) -> None:
        self.learner = learner
        self.tokens = [[split(line) for line in lines] for lines in texts]
        self.sides = [
            Monolingual.read([[t.lower() for t in line] for line in lines]) for lines in self.tokens
        ]
        self.casings = [Casing.learn(lines) for lines in self.tokens]

    def translator(self, tables: Tables) -> Translator:
        """The shipped path with any pair of tables."""
        languages = [
            Language(side.words, casing, side.model)
            for side, casing in zip(self.sides, self.casings, strict=True)
        ]
        search = self.learner.final(tables)
        return Translator(
            languages[0], languages[1], tables.forward, tables.backward, self.learner.weights, search
        )  # fmt: skip

    def supervised(self, paired: Pair) -> Translator:
        """The same with tables of real pairs."""
        tokens = [[[t.lower() for t in split(line)] for line in side] for side in paired]
        kept = [
            i
            for i, (a, b) in enumerate(zip(*tokens, strict=True))
            if 0 < len(a) < 60 and 0 < len(b) < 60
        ]
        x, y = (
            Sentences.of(side.encode(lines[i]) for i in kept)
            for side, lines in zip(self.sides, tokens, strict=True)
        )
        tables = [PhraseTable.extract(a, b, align_words(a, b)) for a, b in ((x, y), (y, x))]
        return self.translator(Tables(tables[0], tables[1], iteration=1))


def scored(translator: Translator, paired: Pair, reverse: bool) -> tuple[float, float]:
    """BLEU of one direction."""
    lines, wanted = paired[::-1] if reverse else paired
    return bleu(list(translator.translate(lines, reverse=reverse)), wanted)


def run(
    results: Results,
    kind: str,
    pair: str,
    data: Path,
    training: Training,
    *,
    more: tuple[Lines, Lines] = ([], []),
    seed: int = 0,
) -> None:
    """Train on one pair, and a row per direction: every stage."""
    source, target = pair.split("-")
    train, val, test = READERS[kind](data, source, target)
    texts = halves(train)
    sides = Sides(texts, training.backtranslation)
    began = time.process_time()
    spent, told = 0.0, []

    def observe(tables: Tables) -> None:
        nonlocal spent
        at = time.process_time() - began - spent
        entry: dict[str, Any] = {
            "tables": tables, "CPU s": round(at), "round trip": tables.history[-1]["round_trip"],
            "BLEU": round(sum(scored(sides.translator(tables), test, r)[0] for r in (False, True)) / 2, 2),
        }  # fmt: skip
        told.append(entry)
        print({k: v for k, v in entry.items() if k != "tables"}, file=sys.stderr, flush=True)
        spent = time.process_time() - began - at

    effort = Effort(seed=seed)
    trained = training.learn(
        (texts[0], more[0]), (texts[1], more[1]), effort=effort, observe=observe
    )
    best = next(t for t in told if t["tables"].iteration == trained.tables.iteration)
    stages = {
        "word by word": told[0], "phrases, iteration 1": told[min(1, len(told) - 1)],
        f"best round trip, iteration {best['tables'].iteration}": best,
    }  # fmt: skip
    ceiling = sides.supervised((train[0][: len(texts[0])], train[1][: len(texts[0])]))
    for reverse in (False, True):
        supervised = scored(ceiling, test, reverse)[0]
        name = f"{target}-{source}" if reverse else pair
        for stage, entry in stages.items():
            translator = sides.translator(entry["tables"])
            on_val, on_test = (scored(translator, part, reverse) for part in (val, test))
            results.record(
                kind,
                {
                    "lines a side": len(texts[0]), "BLEU val": on_val[0], "BLEU test": on_test[0], "cased": on_test[1],
                    "round trip": entry["round trip"], "CPU s": entry["CPU s"], "iteration": entry["tables"].iteration,
                    "supervised": supervised, "trusted": "yes" if trained.verdict.believed else "no",
                },
                label=f"{name} {stage}" + (", more text" if more[0] else ""),
            )  # fmt: skip
    for number, t in enumerate(told):
        figures = {"round trip": t["round trip"], "mean BLEU of both directions": t["BLEU"]}
        results.record(
            "iterations", figures, label=f"{kind} {pair}{' more text' * bool(more[0])} {number}"
        )


UNRELATED = (
    "multi30k:fr bible:en", "multi30k:de bible:en", "multi30k:fr bible:es", "multi30k:en bible:la", "bible:de multi30k:fr",
    "multi30k:fr shuffled:en", "multi30k:de shuffled:en", "shuffled:fr multi30k:de", "shuffled:de shuffled:fr",
    "tatoeba:fr bible:en",
)  # fmt: skip
"""Pairs of texts between which there is nothing to learn, or that belong to other worlds."""
RELATED = ("multi30k:fr multi30k:en", "multi30k:de multi30k:en", "multi30k:de multi30k:fr")
FEW = 4_000
"""Lines a side of the runs that only a verdict is wanted of."""


def some_lines(data: Path, name: str, *, second: bool) -> Lines:
    """Lines of one language; of the second half of a text if `second`, so that two sides never share a line."""
    kind, language = name.split(":")
    if kind == "bible":
        lines = [
            t for t in read_text(data / "bible" / f"{language}.txt.xz").split("\n") if t.strip()
        ]
    elif kind == "tatoeba":
        lines = tatoeba(data, language, "en")[0][0]
    else:
        lines = read_text(data / "multi30k" / f"train.{language}.gz").splitlines()
    lines = lines[-FEW:] if second else lines[:FEW]
    if kind == "shuffled":
        words = np.array([word for line in lines for word in line.split()])
        ends = np.cumsum([len(line.split()) for line in lines])[:-1]
        words = np.random.default_rng(0).permutation(words)
        lines = [" ".join(part) for part in np.split(words, ends)]
    return lines


def verdicts(results: Results, data: Path, training: Training) -> None:
    """Whether related texts are trusted and unrelated ones refused."""
    short = replace(training, backtranslation=replace(training.backtranslation, iterations=1))
    for case in (*RELATED[:1], *UNRELATED, *RELATED[1:]):
        source, target = (
            some_lines(data, name, second=bool(k)) for k, name in enumerate(case.split())
        )
        trained = short.learn((source, []), (target, []), effort=Effort())
        found, entry = trained.verdict.evidence["lexicon"], trained.history[-1]
        figures = {
            "trusted": "yes" if trained.verdict.believed else "no", "explained": min(found["explained"]),
            "mutual": found["mutual"], "round trip": entry["round_trip"],
            "more bits per word": round(max(entry[d]["bits"] - entry[d]["own_bits"] for d in ("forward", "backward")), 2),
            "reason": trained.verdict.reason.splitlines()[0],
        }  # fmt: skip
        results.record("verdicts", figures, label=case)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", default="multi30k:fr-en,multi30k:de-en")
    parser.add_argument("--iterations", type=int, default=6)
    parser.add_argument(
        "--more",
        action="store_true",
        help="also learn word vectors from unpaired halves of Tatoeba and from novels",
    )
    parser.add_argument(
        "--verdicts", action="store_true", help="only the verdicts on related and unrelated texts"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    results = Results(options.json)
    training = Training()
    training = replace(
        training, backtranslation=replace(training.backtranslation, iterations=options.iterations)
    )
    if options.verdicts:
        verdicts(results, options.data, training)
        return
    for case in options.only.split(","):
        kind, _, pair = case.partition(":")
        more = more_text(options.data, pair) if options.more else ([], [])
        run(results, kind, pair, options.data, training, more=more, seed=options.seed)


if __name__ == "__main__":
    main()
