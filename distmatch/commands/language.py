"""`distmatch language`: a model of the user's own text, kept under a name."""

from __future__ import annotations

import json as json_module

from distmatch.errors import InputError
from distmatch.progress import ProgressLine, silent


def language(
    files: list[str], *, name: str = "", seed: int = 0, json: bool = False, quiet: bool = False
) -> int:
    """Store a language made of text files, for `--language NAME` everywhere.

    Args:
        files: text in UTF-8, also .gz and .xz; 100,000 letters or more.
        name: the name to store it under, such as latin.
        seed: unused; building a model is exact.
        json: print one JSON object: name, letters, bits.
        quiet: no progress.
    """
    from distmatch.languages.language import load_language, store_language

    if not name:
        raise InputError("give the language a name: --name latin")
    store_language(name, files)
    progress = ProgressLine(f"building {name}")
    model = load_language(name, progress=silent if quiet or json else progress)
    progress.close()
    result = {
        "name": name,
        "letters": model.alphabet.letters,
        "order": model.order,
        "bits": round(model.text_bits, 3),
    }
    if json:
        print(json_module.dumps(result, ensure_ascii=False))
    else:
        print(f"stored {name}: {len(model.alphabet)} letters {model.alphabet.letters}; "
              f"{model.text_bits:.2f} bits a letter on its own words")  # fmt: skip
    return 0
