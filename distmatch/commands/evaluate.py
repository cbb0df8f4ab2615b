"""`distmatch evaluate`: bits a letter of a language model on text."""

from __future__ import annotations

import json as json_module

from distmatch.errors import InputError
from distmatch.files import read_text
from distmatch.progress import ProgressLine, silent


def evaluate(
    *,
    language: str,
    text: str,
    reference: list[str] | None = None,
    diacritics: bool = False,
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Measure a language model on held-out text: bits a symbol, with and without spaces.

    Args:
        language: code or stored name.
        text: file of held-out text.
        reference: text files mixed into the language.
        diacritics: keep letters with diacritics.
        seed: unused; the measure is exact.
        json: print one JSON object.
        quiet: no progress.
    """
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
