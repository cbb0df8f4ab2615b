"""`distmatch align`: two files of vectors to one space, a lexicon and a verdict."""

from __future__ import annotations

import json as json_module
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from distmatch.commands.align_report import describe, to_json
from distmatch.errors import InputError, require_packages
from distmatch.files import atomic_write, sha256
from distmatch.outputs import printed_on_failure, run_folder
from distmatch.progress import Progress, ProgressLine, silent

if TYPE_CHECKING:
    from distmatch.checkpoint import Checkpoint
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.maps.linear import LinearMap
    from distmatch.matching.match import Match

TRANSLATED = 20_000
BEST = 5
NEIGHBOURHOOD = 10
"""k of CSLS, which `evaluate` has too."""
FILES = (
    "source.vec", "target.vec", "map.safetensors", "lexicon.tsv", "crowd.safetensors", "history.jsonl", "config.yaml",
    "record.json",
)  # fmt: skip
"""What a run writes into its folder; `checkpoint.safetensors` is there until it ends."""

Method = Literal[
    "auto",
    "self-learning",
    "sorted",
    "gromov",
    "wasserstein",
    "profile",
    "procrustes",
    "adversarial",
    "coupling",
]
Preset = Literal["vecmap", "muse"]
MapKind = Literal["linear", "coupling"]
Cost = Literal["graph", "cosine", "euclidean"]


def align(
    source: str,
    target: str,
    *,
    out: str | None = None,
    method: Method = "auto",
    preset: Preset | None = None,
    map: MapKind = "linear",
    cost: Cost | None = None,
    dictionary: str | None = None,
    pairs: str | None = None,
    limit: int | None = None,
    lower: bool = False,
    duplicates: Literal["first", "error"] = "first",
    device: str = "auto",
    force: bool = False,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Align two sets of word vectors without a dictionary, and report whether the result can be trusted.

    An interrupted run resumes from its last checkpoint when started again with the same options; Ctrl-C keeps the best
    map so far. Exit codes: 0 trusted (confidence 0.9 or more), 1 not trusted, 2 invalid input.

    Args:
        source: Vectors of the source language: word2vec, GloVe, fastText, .safetensors or .npy.
        target: Vectors of the target language.
        out: Folder for source.vec, target.vec, map.safetensors, lexicon.tsv, record.json, config.yaml.
        method: Matcher; auto means profile where rows are not ordered by frequency (.npy).
        preset: Settings of the paper of that name.
        map: What is looked for: a linear map, or a coupling for spaces that are no rotations of each other, such as
            two measurements of single cells. A coupling has no calibrated confidence.
        cost: Distances within a side that a coupling keeps; default graph (paths between nearest neighbours).
        dictionary: File of known pairs, for --method procrustes, which uses nothing else.
        pairs: File of known pairs that help the search: two words per line, or two row numbers from 0 for .npy.
        limit: Maximum number of rows read from each file, most frequent first.
        lower: Lower-case the words; of words that become equal, the first is kept.
        duplicates: Of a word that a file has twice, keep the first with a warning, or refuse the file.
        device: auto, cpu, cuda or cuda:N.
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        seed: Random seed.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    require_packages("align", "torch", "safetensors")
    import distmatch.device as devices

    if map == "coupling":
        if method not in ("auto", "coupling") or preset is not None or dictionary is not None:
            raise InputError(
                "--map coupling is the method coupling. Leave out --method, --preset and --dictionary"
            )
        method = "coupling"
    elif cost is not None and method != "coupling":
        raise InputError("--cost is for --map coupling. Leave it out, or add --map coupling")
    options: dict[str, Any] = {
        "source": source, "target": target, "out": out, "method": method, "preset": preset, "cost": cost,
        "dictionary": dictionary, "pairs": pairs, "limit": limit, "lower": lower, "duplicates": duplicates,
        "device": device, "seed": seed,
    }  # fmt: skip
    where = devices.choose_device(device)
    group = devices.process_group(where)
    first = devices.rank(group) == 0
    with run_folder(
        out if first else None, FILES, inputs=(source, target, dictionary, pairs), force=force
    ):
        answer = _run(options, str(where), first, silent if quiet or json else None)
        devices.close(group)
        del group
        if not first:
            return 0  # the first process says what is believed; torchrun ends all when one fails, and it has yet to write
        result = answer.result()

        def show() -> None:
            print(json_module.dumps(result, ensure_ascii=False) if json else describe(result))

        with printed_on_failure(show):
            answer.write(options, result)
        show()
    return 0 if result["believed"] else 1


def _run(options: dict[str, Any], where: str, first: bool, progress: Progress | None) -> _Answer:
    """Read the vectors and align them."""
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.embeddings.formats import check_words
    from distmatch.matching.align import align as run
    from distmatch.retrieval.dictionary import Dictionary

    out, dictionary, pairs = (options[name] for name in ("out", "dictionary", "pairs"))
    gold, known = (None if path is None else Dictionary.load(path) for path in (dictionary, pairs))
    paths = options["source"], options["target"]
    chosen = {name: options[name] for name in ("limit", "lower", "duplicates")}
    x, y = (Embeddings.load(path, **chosen) for path in paths)
    if out is not None:
        for words, path in ((x.words, paths[0]), (y.words, paths[1])):
            check_words(words, path)
    data = {str(path): sha256(path) for path in (*paths, dictionary, pairs) if path is not None}
    line = ProgressLine("aligning")
    if progress is None:
        progress = line if first else silent
    kept = checkpoint(out, {**options, **data}, writes=first)
    match = run(
        x, y, method=options["method"], preset=options["preset"], cost=options["cost"], dictionary=gold, pairs=known,
        device=options["device"], seed=options["seed"], progress=progress, checkpoint=kept,
    )  # fmt: skip
    line.close()
    return _Answer(match, x, y, data, kept, where)


@dataclass
class _Answer:
    """A match with the rows that it is of."""

    match: Match[LinearMap]
    x: Embeddings
    y: Embeddings
    data: dict[str, str]
    kept: Checkpoint
    where: str

    def result(self) -> dict[str, Any]:
        """The JSON object, with the lexicon found on the way."""
        from distmatch.matching.vectors.divergences import divergences
        from distmatch.retrieval.lexicon import translate_words
        from distmatch.retrieval.scoring import mean_similarity

        self.mapped, self.common = self.match.map(self.x), self.match.map.map_target(self.y)
        self.crowd = mean_similarity(
            self.common.vectors, self.mapped.vectors, NEIGHBOURHOOD, device=self.where
        )
        self.lexicon = translate_words(
            self.mapped, self.common, k=NEIGHBOURHOOD, best=BEST, limit=TRANSLATED, device=self.where, crowd=self.crowd
        )  # fmt: skip
        linear = self.match.map.name == "linear"
        bits = self.match.bits if linear else None
        figures = divergences(self.mapped, self.common, bits, seed=self.match.seed)
        return to_json(self.match, self.lexicon, figures)

    def write(self, options: dict[str, Any], result: dict[str, Any]) -> None:
        """Write the files of the run; the checkpoint goes when they are there."""
        from distmatch.retrieval.crowdfile import CROWD, save_crowd
        from distmatch.runs import write_run

        if options["out"] is not None:
            folder = Path(options["out"])
            self.mapped.save(folder / "source.vec")
            self.common.save(folder / "target.vec")
            self.match.map.save(folder / "map.safetensors")
            self.lexicon.save(folder / "lexicon.tsv")
            save_crowd(
                folder / CROWD, self.crowd, NEIGHBOURHOOD, self.mapped.vectors, self.common.vectors
            )
            with atomic_write(folder / "history.jsonl") as file:
                file.writelines(json_module.dumps(entry) + "\n" for entry in self.match.history)
            write_run(
                options["out"], "align", options, result, method=self.match.method, data=self.data
            )
        self.kept.discard()


def checkpoint(out: str | None, options: dict[str, Any], *, writes: bool = True) -> Checkpoint:
    """Checkpoint of a run, valid for the same options and data only.

    All processes of a run read it, so that they resume from the same state; the first one writes it.
    """
    from distmatch.checkpoint import Checkpoint

    path = None if out is None else Path(out) / "checkpoint.safetensors"
    return Checkpoint(path, json_module.dumps(options, sort_keys=True), writes=writes)
