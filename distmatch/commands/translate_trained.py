"""`distmatch translate` with a model of `distmatch train`: a stream of lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distmatch.commands.translate_output import check_references, deliver, text_lines
from distmatch.errors import InputError, require_packages
from distmatch.files import stream_lines
from distmatch.outputs import check_file


def is_trained(folder: str) -> bool:
    """Whether a folder holds a model of `distmatch train`."""
    return (Path(folder) / "model.safetensors").exists()


def translate_trained(
    folder: str,
    *,
    text: str,
    reverse: bool,
    reference: str | None,
    out: str | None,
    force: bool,
    json: bool,
) -> int:
    """Translate line by line; see `commands.translate`."""
    from distmatch.translation.translator import MODEL, Translator

    require_packages("align", "safetensors")
    if reference is not None:
        require_packages("align", "sacrebleu")
    if out is not None:
        check_file(out, inputs=[text, reference, Path(folder) / MODEL], force=force)
    references = None if reference is None else text_lines(reference)
    translator = Translator.load(folder)
    translated = translator.translate(_lines(text), reverse=reverse)
    if out is None and not json and references is None:
        for line in translated:
            print(line)
        return 0
    lines = list(translated)
    result: dict[str, Any] = {"sentences": len(lines)}
    if references is not None:
        from distmatch.translation.referencescores import scores

        check_references(references, len(lines), str(reference), text)
        result |= scores(lines, references)
    deliver(lines, result, out=out, json=json)
    return 0


def _lines(path: str) -> Iterator[str]:
    """Lines of a text.

    Raises:
        InputError: there is nothing in it.
    """
    some = False
    for _, line in stream_lines(path):
        some = some or bool(line.strip())
        yield line
    if not some:
        raise InputError("nothing to translate. Give text, one sentence per line", path=path)
