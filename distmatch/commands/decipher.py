"""`distmatch decipher`: one ciphertext, or a batch of them."""

from __future__ import annotations

import contextlib
import hashlib
import json as json_module
import math
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from cyclopts import Parameter

from distmatch.errors import InputError
from distmatch.files import atomic_write, decode_text, read_bytes, read_text, write_json
from distmatch.matching.kinds import KINDS
from distmatch.outputs import printed_on_failure, run_folder
from distmatch.progress import Progress, ProgressLine, silent

RUN_FILES = ("config.yaml", "record.json", "key.json", "plaintext.txt")
"""Files of a run folder."""
Spaces = Literal["auto", "kept", "removed", "enciphered"]
if TYPE_CHECKING:
    from distmatch.ciphers.cribs import Crib
    from distmatch.ciphers.reading import Ciphertext
    from distmatch.matching.decipherment import Decipherment

    Kind = str
else:  # the one table of kinds, which the type checker cannot read
    Kind = Literal[("auto", *KINDS)]


def decipher(
    file: str | None = None,
    *,
    language: str | None = None,
    kind: Kind | None = None,
    spaces: Spaces = "auto",
    crib: list[str] | None = None,
    soft_crib: list[str] | None = None,
    not_: Annotated[list[str] | None, Parameter(name="--not")] = None,
    puzzle: bool = False,
    reference: list[str] | None = None,
    diacritics: bool = False,
    nulls: bool = False,
    transposition: str | None = None,
    time_limit: float | None = None,
    example: str | None = None,
    batch: str | None = None,
    out: str | None = None,
    jobs: int = 2,
    force: bool = False,
    seed: int = 0,
    text: str | None = None,
    punctuation: Literal["auto", "keep", "symbols"] = "auto",
    case: Literal["auto", "fold", "symbols"] = "auto",
    lines: Literal["auto", "breaks", "joined"] = "auto",
    groups: Literal["auto", "characters", "tokens", "pairs"] = "auto",
    key: str | None = None,
    interlinear: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Read a ciphertext without its key, and report whether the solution can be trusted.

    Exit codes: 0 solved (confidence 0.9 or more that at most 5 % of the letters are wrong), 1 not solved, 2 invalid input.

    Args:
        file: Ciphertext file, or - for standard input.
        language: wordfreq code, name stored by `distmatch language`, or auto; default en. Overrides a batch's.
        kind: Kind of cipher; default auto. The codes need --reference. Overrides a batch's.
        spaces: Whether word breaks were kept, removed, or enciphered as a symbol.
        crib: Known symbols or words: 7=e, word@12 (positions count from 0), word.
        soft_crib: Like --crib, but ignored if it lengthens the total code.
        not_: Letters that symbols do not stand for: 7=e.
        puzzle: No letter stands for itself, as in newspaper cryptograms.
        reference: Text files resembling the plaintext, mixed into the language model.
        diacritics: Treat letters with diacritics as separate letters.
        nulls: Allow symbols that stand for nothing.
        transposition: Known order of the symbols, such as "step width 17 down 1 right 2 sections 9+9".
        time_limit: Maximum search time in seconds; the best solution so far is printed.
        example: Built-in ciphertext: newspaper or zodiac-408.
        batch: JSONL file of ciphers (id, ciphertext, optional kind and lang); needs --out.
        out: JSONL file for the results of a batch, or folder for the files of a run.
        jobs: Concurrent ciphers of a batch.
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        seed: Random seed.
        text: The ciphertext itself, in place of a file.
        punctuation: Whether signs and digits among letters pass through (keep) or are symbols of the cipher.
        case: Whether capitals are their small letters and come back as capitals (fold), or symbols of their own.
        lines: Whether line ends are word breaks or joined.
        groups: Whether symbols are characters, tokens between white space, or pairs of characters.
        key: Apply a known key instead of searching: 3, a key word with --kind vigenere, 26 letters, X=e Q=u, or key.json.
        interlinear: Print cipher over plain, line by line.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    options: dict[str, Any] = {
        "kind": kind or "auto", "spaces": spaces, "reference": reference or [], "diacritics": diacritics,
        "nulls": nulls, "puzzle": puzzle, "transposition": transposition,
        "time_limit": math.inf if time_limit is None else time_limit, "seed": seed,
    }  # fmt: skip
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"--time-limit {time_limit} is not a positive number of seconds")
    reading = {"punctuation": punctuation, "case": case, "lines": lines, "groups": groups}
    if batch is not None:
        if out is None or file is not None or example is not None or text is not None:
            raise InputError("--batch needs --out OUT.jsonl and no other ciphertext")
        for name, given in (("not", not_), ("key", key), ("interlinear", interlinear)):
            if given:
                raise InputError(f"--{name} is for one ciphertext. Leave it out of a --batch")
        options |= {name: how for name, how in reading.items() if how != "auto"}
        from distmatch.commands.decipher_batch import run_batch

        explicit = {"language": language, "kind": kind}
        return run_batch(batch, out, options, explicit, crib or [], soft_crib or [], jobs, quiet, force=force)  # fmt: skip
    from distmatch.ciphers.cribs import parse_crib, parse_never
    from distmatch.ciphers.reading import read_ciphertext
    from distmatch.matching.kinds import of_words

    given, name = ciphertext_of(file, text, example)
    source = read_ciphertext(
        given, path=name, words=of_words(options["kind"]), punctuation=punctuation, case=case, breaks=lines, groups=groups
    )  # fmt: skip
    if key is not None:
        return _apply(source, key, options["kind"], language or "en", interlinear, json)
    cribs = [parse_crib(c) for c in crib or []] + [parse_never(c) for c in not_ or []]
    cribs += [parse_crib(c, soft=True) for c in soft_crib or []]
    options |= {"language": language or "en", **reading}
    output = Output(out, force, [file, *(reference or [])], json, interlinear, quiet)
    digest = hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()
    match = _search(
        source, options, cribs, output, {name: digest}, {"file": file, "example": example}
    )
    if example is not None:
        _compile_rest(match.language, quiet)
    return 0 if match.solved else 1


class Output(NamedTuple):
    """Where the answer goes, and how.

    Args:
        out: run folder. force: replace files in it that are not ours.
        inputs: files that the run reads.
        json: one JSON object. interlinear: cipher over plain. quiet: no progress.
    """

    out: str | None
    force: bool
    inputs: list[str | None]
    json: bool
    interlinear: bool
    quiet: bool


def _search(
    source: Ciphertext, options: dict[str, Any], cribs: list[Crib], output: Output, data: dict[str, str], given: dict[str, Any]
) -> Decipherment:  # fmt: skip
    """Decipher, write the run folder if there is one, and print the answer."""
    from distmatch.matching.decipher import decipher as run
    from distmatch.matching.decipher import to_json

    line = ProgressLine("deciphering")
    progress: Progress = silent if output.quiet or output.json else line
    with run_folder(output.out, RUN_FILES, inputs=output.inputs, force=output.force):
        match = run(source, cribs=cribs, progress=progress, **options)
        line.close()
        file = given["file"]
        result = to_json(
            match, id=given["example"] or (None if file in (None, "-") else Path(file).name)
        )
        if output.out is not None:
            with printed_on_failure(partial(_show, match, source, result, output)):
                _write(output.out, {**given, **options}, result, match, data)
    _show(match, source, result, output)
    return match


def _compile_rest(language: str, quiet: bool) -> None:
    """After an example, which is a first try: compile what other kinds need, once per machine."""
    from distmatch.matching.keys.warmup import compile_searches, compiled

    if compiled():
        return
    sys.stdout.flush()
    if not quiet:
        print("compiling the other searches (once) ...", file=sys.stderr, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        compile_searches(language)


def _show(match: Decipherment, source: Ciphertext, result: dict[str, Any], output: Output) -> None:
    """Print the answer."""
    from distmatch.commands.decipher_report import describe

    if output.json:
        print(json_module.dumps(result, ensure_ascii=False))
        return
    pairs = None
    if output.interlinear and source.document is not None and match.key.order is None:
        names = [source.names[s] for s in source.symbols]
        pairs = source.document.interlinear(match.key(names))
    print(describe(match, interlinear=pairs))


def _write(
    out: str,
    asked: dict[str, Any],
    result: dict[str, Any],
    match: Decipherment,
    data: dict[str, str],
) -> None:
    """The run folder: configuration, record, key and plaintext."""
    from distmatch.runs import write_run

    write_run(out, "decipher", asked, result, method=match.kind, data=data)
    write_json(Path(out) / "key.json", {"kind": match.kind, **result["key"]})
    with atomic_write(Path(out) / "plaintext.txt") as handle:
        handle.write(match.printed + "\n")


def ciphertext_of(file: str | None, text: str | None, example: str | None) -> tuple[str, str]:
    """The ciphertext that a command is given, and what to call it in messages.

    Raises:
        InputError: none or several, an unknown example, or a file that cannot be read.
    """
    if sum(given is not None for given in (file, text, example)) != 1:
        raise InputError(
            "give one ciphertext: FILE, - for standard input, --text '...', or --example zodiac-408"
        )
    if text is not None:
        return text, "--text"
    if example is not None:
        from distmatch.ciphers.examples import example as built_in

        return built_in(example), example
    if file != "-" and not Path(str(file)).exists() and looks_like_ciphertext(str(file)):
        raise InputError(
            f"no such file. If this is the ciphertext itself, write --text {file!r}", path=file
        )
    return decode_text(read_bytes(str(file)), "<standard input>" if file == "-" else file), str(
        file
    )


def looks_like_ciphertext(name: str) -> bool:
    """Whether the name of a file that does not exist may be a ciphertext: it has white space, or no suffix and many letters."""
    return " " in name.strip() or (len(name) > 20 and not Path(name).suffix and "/" not in name)


def _apply(
    source: Ciphertext, key: str, kind: str, language: str, interlinear: bool, json: bool
) -> int:
    """`--key`: the plaintext under a key that the user knows, and its bits."""
    from distmatch.matching.knownkey import apply_key, parse_key, score

    written = read_text(key) if key.endswith(".json") and Path(key).is_file() else key
    applied = apply_key(source, parse_key(written, source, kind=kind, language=language))
    bits = score(source, applied.key, language)
    if json:
        shown = {"text": round(bits.data, 2), "key": round(bits.map, 2)}
        print(json_module.dumps({"printed": applied.printed, "bits": shown}, ensure_ascii=False))
        return 0
    document = source.document
    print(document.interlinear(applied.letters) if interlinear and document else applied.printed)
    print(f"\nbits: text {bits.data:.0f} + key {bits.map:.0f} = {bits.total:.0f}")
    return 0
