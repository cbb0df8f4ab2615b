"""`distmatch language`: a model of the user's own text, kept under a name."""

from __future__ import annotations

import json as json_module

from distmatch.errors import InputError
from distmatch.progress import ProgressLine, silent


def language(
    files: list[str] | None = None,
    *,
    name: str = "",
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Store a language model of your own text for `--language NAME`; without files, list the languages.

    Args:
        files: UTF-8 text, also .gz and .xz; at least 100,000 letters.
        name: Name of the language, such as latin.
        seed: Unused; building a model is deterministic.
        json: Print one JSON object: name, letters, bits.
        quiet: Hide progress.
    """
    from distmatch.languages.language import load_language, store_language

    if not files:
        if name:
            raise InputError(f"give the text files of {name!r}")
        return _list(json)
    if not name:
        raise InputError("name the language: --name latin")
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
              f"{model.text_bits:.2f} bits per letter on its own words")  # fmt: skip
    return 0


def _list(json: bool) -> int:
    """Print the languages that `--language` takes."""
    from distmatch.languages.language import known_languages, stored_references

    names = known_languages()
    own = [name for name in names if stored_references(name)]
    if json:
        print(json_module.dumps({"languages": names, "stored": own}, ensure_ascii=False))
    else:
        print("languages: " + " ".join(name for name in names if name not in own))
        print("your own:  " + (" ".join(own) or "none; store one with: language FILE --name NAME"))
    return 0
