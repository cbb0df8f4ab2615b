"""`distmatch align`: two files of vectors to one space, a lexicon and a verdict."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from distmatch.files import atomic_write, sha256
from distmatch.progress import Progress, ProgressLine, silent

if TYPE_CHECKING:
    from distmatch.checkpoint import Checkpoint
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.maps.linear import LinearMap
    from distmatch.matching.match import Match
    from distmatch.retrieval.lexicon import Lexicon

TRANSLATED = 20_000
BEST = 5
SAMPLES = 10

Method = Literal[
    "auto",
    "self-learning",
    "sorted",
    "gromov",
    "wasserstein",
    "profile",
    "procrustes",
    "adversarial",
]
Preset = Literal["vecmap", "muse"]


def align(
    source: str,
    target: str,
    *,
    out: str | None = None,
    method: Method = "auto",
    preset: Preset | None = None,
    dictionary: str | None = None,
    limit: int | None = None,
    lower: bool = False,
    device: str = "auto",
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
        dictionary: File of known pairs, for --method procrustes.
        limit: Maximum number of rows read from each file, most frequent first.
        lower: Lower-case the words; of words that become equal, the first is kept.
        device: auto, cpu, cuda or cuda:N.
        seed: Random seed.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    import distmatch.device as devices
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.matching.align import align as run
    from distmatch.matching.vectors.divergences import divergences
    from distmatch.retrieval.dictionary import Dictionary
    from distmatch.retrieval.lexicon import translate_words

    where = devices.choose_device(device)
    group = devices.process_group(where)
    first = devices.rank(group) == 0
    pairs = None if dictionary is None else Dictionary.load(dictionary)
    x, y = (Embeddings.load(path, limit=limit, lower=lower) for path in (source, target))
    options = {
        "source": source, "target": target, "out": out, "method": method, "preset": preset,
        "dictionary": dictionary, "limit": limit, "lower": lower, "device": device, "seed": seed,
    }  # fmt: skip
    files = [path for path in (source, target, dictionary) if path is not None]
    data = {str(path): sha256(path) for path in files}
    line = ProgressLine("aligning")
    progress: Progress = silent if quiet or json or not first else line
    kept = checkpoint(out, {**options, **data}, writes=first)
    match = run(
        x, y, method=method, preset=preset, dictionary=pairs, device=device, seed=seed,
        progress=progress, checkpoint=kept,
    )  # fmt: skip
    line.close()
    devices.close(group)
    del group
    if not first:
        return 0  # the first process says what is believed; torchrun ends all when one fails, and it has yet to write
    mapped, common = match.map(x), match.map.map_target(y)
    lexicon = translate_words(mapped, common, best=BEST, limit=TRANSLATED, device=str(where))
    figures = divergences(mapped, common, match.bits, seed=seed)
    result = to_json(match, lexicon, figures)
    if out is not None:
        write(out, match, lexicon, mapped, common, options, data, result)
    kept.discard()
    print(json_module.dumps(result, ensure_ascii=False) if json else describe(result))
    return 0 if match.believed else 1


def checkpoint(out: str | None, options: dict[str, Any], *, writes: bool = True) -> Checkpoint:
    """Checkpoint of a run, valid for the same options and data only.

    All processes of a run read it, so that they resume from the same state; the first one writes it.
    """
    from distmatch.checkpoint import Checkpoint

    path = None if out is None else Path(out) / "checkpoint.safetensors"
    return Checkpoint(path, json_module.dumps(options, sort_keys=True), writes=writes)


def to_json(match: Match[LinearMap], lexicon: Lexicon, figures: dict[str, float]) -> dict[str, Any]:
    """The JSON object of `align --json`."""
    table = lexicon.best()
    bits = match.bits
    return {
        "confidence": None if match.confidence is None else round(match.confidence, 4),
        "believed": match.believed,
        "reason": match.reason,
        "method": match.method,
        "bits": {
            "data": round(bits.data, 1),
            "map": round(bits.map, 1),
            "separate": None if bits.control is None else round(bits.control, 1),
            "delta": None if bits.control is None else round(bits.control - bits.total, 1),
            "saved_by_map": match.extra.get("bits_saved_by_map"),
            "of_map": match.extra.get("bits_of_map"),
        },
        "divergences": {name: round(value, 6) for name, value in figures.items()},
        "evidence": match.extra.get("evidence", {}),
        "seconds": round(match.seconds, 2),
        "cpu_seconds": round(match.cpu_seconds, 2),
        "seed": match.seed,
        "samples": [[word, *(t for t, _ in table[word])] for word in sample(list(table))],
    }


def sample(words: list[str]) -> list[str]:
    """Ten words at geometrically spaced frequency ranks."""
    n = len(words)
    if n <= SAMPLES:
        return words
    ranks = sorted({min(n - 1, round(5 * (n / 5) ** (i / SAMPLES))) for i in range(SAMPLES)})
    return [words[i] for i in ranks]


def write(
    out: str,
    match: Match[LinearMap],
    lexicon: Lexicon,
    mapped: Embeddings,
    common: Embeddings,
    options: dict[str, Any],
    data: dict[str, str],
    result: dict[str, Any],
) -> None:
    """Write the files of a run."""
    from distmatch.runs import write_run

    folder = Path(out)
    mapped.save(folder / "source.vec")
    common.save(folder / "target.vec")
    match.map.save(folder / "map.safetensors")
    lexicon.save(folder / "lexicon.tsv")
    with atomic_write(folder / "history.jsonl") as file:
        file.writelines(json_module.dumps(entry) + "\n" for entry in match.history)
    write_run(out, "align", options, result, method=match.method, data=data)


def unused(bits: dict[str, Any]) -> str:
    """Bits that the map would save, where it costs more than that."""
    if bits["map"] or bits["of_map"] is None:
        return ""
    return f"; the map would save {bits['saved_by_map']:.0f} and cost {bits['of_map']:.0f}, so it is not used for the code"


def describe(result: dict[str, Any]) -> str:
    """The result as text for people."""
    from distmatch.matching.calibration import percent

    bits = result["bits"]
    verdict = "trusted" if result["believed"] else "NOT trusted"
    lines = [
        f"{verdict}: confidence {percent(result['confidence'])}; {result['reason']}",
        f"method {result['method']}, {result['seconds']:.1f} s ({result['cpu_seconds']:.1f} CPU s), seed {result['seed']}",
        f"bits: target given source {bits['data']:.0f} + map {bits['map']:.0f}; target alone {bits['separate']:.0f}; "
        f"saved {bits['delta']:+.0f}" + unused(bits),
        "divergences: "
        + ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in result["divergences"].items()),
    ]
    width = max((len(words[0]) for words in result["samples"]), default=0)
    lines += [f"{words[0]:<{width}}  {' '.join(words[1:])}" for words in result["samples"]]
    return "\n".join(lines)
