"""`distmatch train`: two texts that are not translations of each other to a translator of both directions."""

from __future__ import annotations

import json as json_module
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distmatch.errors import InputError, require_packages
from distmatch.files import atomic_write, sha256, stream_lines
from distmatch.outputs import printed_on_failure, run_folder
from distmatch.progress import Clock, Effort, Progress, ProgressLine, silent

if TYPE_CHECKING:
    from distmatch.translation.training import Trained

TRAINED_FILES = (
    "model.safetensors", "history.jsonl", "config.yaml", "record.json", "checkpoint.safetensors",
)  # fmt: skip


def train(
    source: str,
    target: str,
    *,
    out: str,
    lexicon: str | None = None,
    more_source: list[str] | None = None,
    more_target: list[str] | None = None,
    iterations: int = 6,
    sentences: int = 20_000,
    time_limit: str | None = None,
    threads: int = 1,
    force: bool = False,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Learn to translate between two languages, both ways, from texts without a single pair of sentences.

    Word vectors of both texts are aligned, a lexicon is learned from the likelihood of either text under the other's word
    pairs, and phrase tables are improved by iterative back-translation. The iteration with the best round trip is kept. An
    interrupted run resumes from its last checkpoint when started again with the same options; Ctrl-C and --time-limit keep
    the best model so far. Exit codes: 0 trusted, 1 not trusted (with the reason), 2 invalid input.

    Args:
        source: Text of the source language, one sentence per line.
        target: Text of the target language, one sentence per line; no translation of the source.
        out: Folder for model.safetensors, history.jsonl, record.json, config.yaml.
        lexicon: Folder written by `distmatch align`, to start from its vectors instead of learning some.
        more_source: More text of the source language, for word vectors only.
        more_target: More text of the target language, likewise.
        iterations: Iterations of back-translation; 0 translates word by word.
        sentences: Maximum number of sentences translated per direction and iteration.
        time_limit: Stop after this time with the best so far: seconds, or 30m, 2h.
        threads: Threads of the decoder; the result does not depend on it.
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        seed: Random seed.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    require_packages("align", "torch", "safetensors")
    if iterations < 0 or sentences < 1 or threads < 1:
        raise InputError("--iterations is at least 0, --sentences and --threads at least 1")
    options: dict[str, Any] = {
        "source": source, "target": target, "out": out, "lexicon": lexicon, "more_source": more_source,
        "more_target": more_target, "iterations": iterations, "sentences": sentences, "time_limit": time_limit,
        "threads": threads, "seed": seed,
    }  # fmt: skip
    clock = Clock(limit=seconds(time_limit))
    inputs = [source, target, *(more_source or []), *(more_target or [])]
    line = ProgressLine("reading")
    progress: Progress = silent if quiet or json else line
    with run_folder(out, TRAINED_FILES, inputs=inputs, force=force):
        data = {str(path): sha256(path) for path in inputs}
        effort = Effort(seed=seed, threads=threads, clock=clock, progress=progress)
        try:
            trained = _run(options, data, effort)
        finally:
            line.close()
        result = trained.result(seed=seed, seconds=clock.seconds, cpu_seconds=clock.cpu_seconds)

        def show() -> None:
            print(json_module.dumps(result, ensure_ascii=False) if json else describe(result))

        with printed_on_failure(show):
            _write(trained, options, result, data)
        show()
    return 0 if result["believed"] else 1


def seconds(text: str | None) -> float:
    """Seconds of a time limit such as 90, 30m or 2h.

    Raises:
        InputError: no such limit.
    """
    if text is None:
        return float("inf")
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(text).strip())
    if not match or float(match[1]) <= 0:
        raise InputError(f"--time-limit {text} is no time. Write seconds, or such as 30m or 2h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def _run(options: dict[str, Any], data: dict[str, str], effort: Effort) -> Trained:
    """Read the texts and train."""
    from distmatch.checkpoint import Checkpoint
    from distmatch.translation.backtranslation import BackTranslation
    from distmatch.translation.seedvectors import load_aligned
    from distmatch.translation.training import Training

    texts = {
        side: (_lines([options[side]]), _lines(options[f"more_{side}"] or []))
        for side in ("source", "target")
    }
    identity = {
        k: v for k, v in options.items() if k not in ("out", "time_limit", "threads", "iterations")
    }
    kept = Checkpoint(
        Path(options["out"]) / "checkpoint.safetensors",
        json_module.dumps({**identity, **data}, sort_keys=True),
    )
    aligned = None if options["lexicon"] is None else load_aligned(options["lexicon"])
    training = Training()
    learner = replace(
        BackTranslation(), iterations=options["iterations"], sentences=options["sentences"]
    )
    training = replace(training, backtranslation=learner)
    return training.learn(
        texts["source"], texts["target"], names=(options["source"], options["target"]), aligned=aligned,
        effort=effort, checkpoint=kept,
    )  # fmt: skip


def _lines(paths: list[str]) -> list[str]:
    return [text for path in paths for _, text in stream_lines(path)]


def _write(
    trained: Trained, options: dict[str, Any], result: dict[str, Any], data: dict[str, str]
) -> None:
    from distmatch.runs import write_run

    folder = Path(options["out"])
    trained.translator.save(folder)
    with atomic_write(folder / "history.jsonl") as file:
        file.writelines(json_module.dumps(entry) + "\n" for entry in trained.history)
    write_run(options["out"], "train", options, result, method="back-translation", data=data)
    if not trained.stopped:
        trained.checkpoint.discard()


def describe(result: dict[str, Any]) -> str:
    """The result as text for people."""
    verdict = ("trusted" if result["believed"] else "NOT trusted") + " (not calibrated)"
    lines = [f"{verdict}: {result['reason'].splitlines()[0]}"]
    lines += ["  " + line for line in result["reason"].splitlines()[1:]]
    lines.append(
        f"iteration {result['iteration']} of {result['iterations']}, {result['seconds']:.1f} s "
        f"({result['cpu_seconds']:.1f} CPU s), seed {result['seed']}"
    )
    for name in ("forward", "backward"):
        figures = result[name]
        lines.append(
            f"{name}: round trip {figures['round_trip']:.1f} BLEU, {figures['bits']:.2f} bits per word under the target's "
            f"model (its own text {figures['own_bits']:.2f}), copied {100 * figures['copied']:.1f} %, "
            f"length x{figures['length']:.2f}"
        )
    lines += [f"{one}\n  -> {other}" for one, other in result["samples"]]
    return "\n".join(lines)
