"""`distmatch embed`: text to word vectors."""

from __future__ import annotations

import hashlib
import json as json_module
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

from distmatch.embeddings.formats import check_format, words_beside
from distmatch.errors import InputError
from distmatch.files import atomic_write, open_bytes, sha256, write_json
from distmatch.outputs import check_file
from distmatch.progress import Clock, Progress, ProgressLine, silent

Breaks = Literal["auto", "line", "blank", "none"]
Learner = Literal["skipgram", "spectral"]

TARGET_WORDS = 45_000_000
"""Number of running words, over all epochs, that the default number of epochs aims at."""
MIN_EPOCHS, MAX_EPOCHS = 5, 10
"""Range of the default number of epochs."""


def embed(
    files: list[str],
    *,
    out: str,
    tokens: str = "words",
    keep_case: bool = False,
    breaks: Breaks = "auto",
    phrases: float = 0.0,
    method: Learner = "skipgram",
    dimension: int = 200,
    window: int = 5,
    negative: int = 10,
    epochs: int = 0,
    subsample: float = 1e-4,
    min_count: int = 5,
    vocabulary: int = 200_000,
    threads: int = 1,
    device: str = "cpu",
    checkpoint_minutes: float = 5.0,
    force: bool = False,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Learn word vectors from text.

    An interrupted run resumes when started again with the same options. One thread is reproducible for a given seed and
    device; with several threads (Hogwild) the vectors vary slightly from run to run.

    Args:
        files: UTF-8 text, also .gz and .xz, or - for standard input.
        out: File of vectors; the suffix sets the format: .vec .txt .bin .safetensors .npy, text also .gz .xz.
        tokens: words, characters, or sentencepiece:N (N pieces; the model is stored as OUT.model).
        keep_case: Keep capitals; by default text is lower-cased.
        breaks: Context boundaries: auto is line ends unless the text is wrapped; blank is blank lines.
        phrases: Join word pairs that score above this (word2phrase; 100 is common); 0 disables.
        method: skipgram, or spectral (PPMI and truncated SVD; up to about 50,000 words).
        dimension: Vector dimension.
        window: Maximum context words on each side.
        negative: Negative samples per window, for skipgram.
        epochs: Passes over the text, for skipgram; 0 chooses 5 to 10, aiming at 45 million words.
        subsample: Frequency above which words are dropped at random; 0 disables.
        min_count: Minimum number of occurrences of a word.
        vocabulary: Maximum vocabulary size.
        threads: Threads of skipgram on the CPU.
        device: cpu (compiled), cuda or cuda:N (batched), or auto.
        checkpoint_minutes: Minutes between checkpoints, beside the one after each epoch.
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        seed: Random seed.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    settings = {
        "tokens": tokens, "keep_case": keep_case, "breaks": breaks, "phrases": phrases, "min_count": min_count,
        "vocabulary": vocabulary,
    }  # fmt: skip
    learner = _learner(
        method, dimension=dimension, window=window, negative=negative, epochs=epochs or MIN_EPOCHS,
        subsample=subsample, threads=threads, device=device,
    )  # fmt: skip
    if min_count < 1 or vocabulary < 1:
        raise InputError("--min-count and --vocabulary are at least 1")
    target = Path(out)
    folder = target.with_name(target.name + ".partial")
    check_format(target)
    for name in _written(target, tokens):
        check_file(name, inputs=files, ours=lambda _: _recorded(target), force=force)
    line = ProgressLine("reading")
    progress: Progress = silent if quiet or json else line
    clock = Clock()
    fresh = not folder.exists()
    _prepare(folder)
    try:
        paths = [_spooled(f, folder) if f == "-" else Path(f) for f in files]
        settings["text"] = [sha256(p) for p in paths]
        corpus = _corpus(paths, files, folder, settings, progress)
        if method == "skipgram" and not epochs:
            learner = replace(learner, epochs=passes(int(corpus.counts.sum())))
        line.label = method
        record: dict[str, Any] = {**settings, "method": method, **asdict(learner), "seed": seed}
        found = _train(learner, corpus, folder, record, seed, checkpoint_minutes, progress)
        model = folder / "pieces.model"
        if model.exists():
            with atomic_write(target.with_suffix(".model"), "wb") as file:
                file.write(model.read_bytes())
        found.save(target)
    except InputError:
        if fresh:  # what an earlier run left stays, to be taken up
            shutil.rmtree(folder, ignore_errors=True)
        raise
    except KeyboardInterrupt as stop:
        told = f"Stopped. Progress is kept in {folder}; rerun the same command to continue."
        raise type(stop)(told) from None
    finally:
        line.close()
    shutil.rmtree(folder)
    result = {
        "out": out, "words": len(found), "dimension": found.dimension, "running_words": int(corpus.counts.sum()),
        "method": method, "seed": seed, "seconds": round(clock.seconds, 2), "cpu_seconds": round(clock.cpu_seconds, 2),
    }  # fmt: skip
    write_json(target.with_name(target.name + ".json"), {**record, **result})
    if json:
        print(json_module.dumps(result, ensure_ascii=False))
    elif not quiet:
        print(f"{out}: {len(found)} words, {found.dimension} dimensions, from {result['running_words']} running words "
              f"in {clock.seconds:.1f} s ({clock.cpu_seconds:.1f} CPU s)")  # fmt: skip
    return 0


def _written(target: Path, tokens: str) -> list[Path]:
    """The files that a run writes."""
    names = [target, target.with_name(target.name + ".json")]
    if target.suffix in (".npy", ".safetensors"):
        names.append(words_beside(target))
    return names + [target.with_suffix(".model")] * tokens.startswith("sentencepiece")


def _recorded(target: Path) -> bool:
    """Whether the record beside the vectors says that an earlier run wrote them."""
    record = json_module.loads(target.with_name(target.name + ".json").read_text("utf-8"))
    return isinstance(record, dict) and {"running_words", "out", "dimension"} <= record.keys()


def passes(words: int) -> int:
    """Default number of epochs for a text of `words` running words: small corpora benefit from more."""
    return min(max(-(-TARGET_WORDS // max(words, 1)), MIN_EPOCHS), MAX_EPOCHS)


def _learner(method: str, **options: Any) -> Any:
    if method == "skipgram":
        from distmatch.embeddings.skipgram import SkipGram

        return SkipGram(**options)
    from distmatch.embeddings.spectral import Spectral

    return Spectral(
        dimension=options["dimension"], window=options["window"], subsample=options["subsample"]
    )


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror}. Choose another --out", path=folder
        ) from error


def _spooled(name: str, folder: Path) -> Path:
    """Standard input as a file, so that it can be read twice and hashed."""
    path = folder / "input.txt"
    with open_bytes("-") as stream, open(path, "wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    return path


def _corpus(
    paths: list[Path],
    names: list[str],
    folder: Path,
    settings: dict[str, Any],
    progress: Progress,
) -> Any:
    """The encoded text: the one in the folder if it was made of the same text and settings, else a new one."""
    import numpy as np

    from distmatch.text.corpus import Corpus, encode_corpus

    key = hashlib.sha256(json_module.dumps(settings, sort_keys=True).encode()).hexdigest()
    done = folder / f"corpus.{key[:16]}.json"
    stored = folder / "tokens.i32"
    if done.exists() and stored.exists():
        state = json_module.loads(done.read_text(encoding="utf-8"))
        counts = np.array(state["counts"], np.int64)
        return Corpus(np.memmap(stored, np.int32, "r"), tuple(state["words"]), counts)
    for old in folder.glob("corpus.*.json"):
        old.unlink()
    corpus = encode_corpus(
        paths, _tokenizer(settings, paths, folder), folder,
        min_count=settings["min_count"], vocabulary=settings["vocabulary"], progress=progress, names=names,
    )  # fmt: skip
    if settings["phrases"] > 0:
        from distmatch.text.phrases import join_phrases

        corpus = join_phrases(corpus, folder, threshold=settings["phrases"],
                              min_count=settings["min_count"], vocabulary=settings["vocabulary"])  # fmt: skip
    write_json(done, {"words": corpus.words, "counts": corpus.counts.tolist()})
    return corpus


def _tokenizer(settings: dict[str, Any], paths: list[Path], folder: Path) -> Any:
    from distmatch.text import tokenizer
    from distmatch.text.corpus import text_blocks

    kind, _, number = settings["tokens"].partition(":")
    lower, breaks = not settings["keep_case"], settings["breaks"]
    if kind == "words" and not number:
        return tokenizer.words(lower=lower, breaks=breaks)
    if kind == "characters" and not number:
        return tokenizer.characters(lower=lower, breaks=breaks)
    if kind != "sentencepiece" or not (number or "8000").isdigit():
        raise InputError(
            f"unknown --tokens {settings['tokens']!r}. Known: words characters sentencepiece:8000"
        )
    lines = tokenizer.sample_lines(text_blocks(paths), lower=lower)
    pieces = tokenizer.Pieces.train(lines, int(number or 8000))
    (folder / "pieces.model").write_bytes(pieces.model)
    return pieces.tokenizer(lower=lower)


def _train(
    learner: Any,
    corpus: Any,
    folder: Path,
    record: dict[str, Any],
    seed: int,
    minutes: float,
    progress: Progress,
) -> Any:
    if record["method"] == "spectral":
        return learner.train(corpus, seed=seed, progress=progress)
    from distmatch.checkpoint import Checkpoint

    checkpoint = Checkpoint(
        folder / "state.safetensors", json_module.dumps(record, sort_keys=True), minutes=minutes
    )
    return learner.train(corpus, seed=seed, progress=progress, checkpoint=checkpoint)
