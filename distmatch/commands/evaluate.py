"""`distmatch evaluate`: bits a letter of a language model on text, or an alignment against a dictionary."""

from __future__ import annotations

import json as json_module

from distmatch.errors import InputError
from distmatch.files import read_text
from distmatch.progress import ProgressLine, silent


def evaluate(
    folder: str | None = None,
    *,
    language: str | None = None,
    text: str | None = None,
    reference: list[str] | None = None,
    diacritics: bool = False,
    dictionary: str | None = None,
    source: str | None = None,
    target: str | None = None,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Measure a language model on held-out text (--language, --text), or an alignment (--dictionary).

    Args:
        folder: what `distmatch align` wrote.
        language: code or stored name.
        text: file of held-out text.
        reference: text files mixed into the language.
        diacritics: keep letters with diacritics.
        dictionary: gold word pairs, two a line.
        source: mapped source vectors, instead of a folder.
        target: target vectors, instead of a folder.
        seed: of the bootstrap.
        json: print one JSON object.
        quiet: no progress.
    """
    if dictionary is not None:
        from distmatch.retrieval.evaluation import evaluate_alignment

        return evaluate_alignment(
            folder, dictionary=dictionary, source=source, target=target, seed=seed, json=json, quiet=quiet
        )
    if language is None or text is None:
        raise InputError("give --language NAME --text FILE, or FOLDER --dictionary GOLD")
    from distmatch.languages.language import load_language
    from distmatch.text.alphabet import fold

    folded = fold(read_text(text), diacritics=diacritics)
    progress = ProgressLine(f"building {language}")
    result: dict[str, object] = {"language": language, "text": text}
    for spaces in (False, True):
        model = load_language(
            language, spaces=spaces, diacritics=diacritics, reference=reference or [],
            progress=silent if quiet or json else progress,
        )  # fmt: skip
        codes = model.alphabet.encode(folded, spaces=spaces)
        if len(codes) == 0:
            raise InputError(f"no letters of {language!r} in the text", path=text)
        name = "with_spaces" if spaces else "without_spaces"
        result[name] = {
            "symbols": len(codes),
            "mixture_bits": round(float(model.bits(codes).mean()), 4),
            "ngram_bits": round(float(model.ngram_bits(codes).mean()), 4),
            "order": model.order,
        }
    progress.close()
    if json:
        print(json_module.dumps(result, ensure_ascii=False))
        return 0
    print(f"{language} on {text}, bits a symbol")
    for name in ("without_spaces", "with_spaces"):
        row = result[name]
        assert isinstance(row, dict)
        print(f"  {name.replace('_', ' '):<15} n-grams of order {row['order']} {row['ngram_bits']:.3f}   "
              f"with words {row['mixture_bits']:.3f}   ({row['symbols']} symbols)")  # fmt: skip
    return 0
