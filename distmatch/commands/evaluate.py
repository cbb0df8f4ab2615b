"""`distmatch evaluate`: a lexicon against a gold dictionary, or a language model on text."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Any, Literal

from distmatch.errors import InputError, require_packages
from distmatch.files import read_text
from distmatch.progress import ProgressLine, silent

Scoring = Literal["csls", "cosine", "inverted-softmax"]


def evaluate(
    directory: str | None = None,
    *,
    dictionary: list[str] | None = None,
    source: str | None = None,
    target: str | None = None,
    scoring: Scoring = "csls",
    k: int = 10,
    limit: int | None = None,
    lower: bool = False,
    duplicates: Literal["first", "error"] = "first",
    language: str | None = None,
    text: str | None = None,
    reference: list[str] | None = None,
    diacritics: bool = False,
    device: str = "cpu",
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Measure an alignment against a gold dictionary, or a language model on held-out text.

    `evaluate DIR --dictionary GOLD` reads the folder of `align`; `evaluate --source A.vec --target B.vec --dictionary GOLD`
    reads vectors that are already in one space. Both report precision@1/5/10 over the source words with a gold target in
    the vocabulary (any gold target counts), coverage, a 95 % interval (Wilson), and how often the first target has the
    stem of a gold one (their first letters agree: four at least, and two thirds of the longer word). `evaluate --language en
    --text FILE` reports bits per symbol, with and without spaces.

    Args:
        directory: Folder written by `distmatch align`: source.vec and target.vec, or lexicon.tsv.
        dictionary: Gold pairs in MUSE or XLING format; several files are merged.
        source: Source vectors in the common space, instead of a folder.
        target: Target vectors in the common space.
        scoring: Similarity used for retrieval.
        k: Number of neighbours for CSLS.
        limit: Maximum number of rows read from each file of vectors.
        lower: Lower-case the words; of words that become equal, the first is kept.
        duplicates: Of a word that a file has twice, keep the first with a warning, or refuse the file.
        language: Language model to measure: code or stored name.
        text: Held-out text file, with --language.
        reference: Text files mixed into the language model, with --language.
        diacritics: Treat letters with diacritics as separate letters, with --language.
        device: Device of the neighbour search: auto, cpu, cuda or cuda:N.
        seed: Not used: nothing here is random.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    if language is not None:
        if text is None or directory or dictionary or source or target:
            raise InputError("--language needs --text FILE and no alignment")
        return _language(language, text, reference or [], diacritics, json, quiet)
    vectors = source is not None or target is not None
    if not dictionary or vectors == (directory is not None) or (source is None) != (target is None):
        raise InputError(
            "nothing to measure. Give DIR --dictionary GOLD, or --source A.vec --target B.vec --dictionary GOLD, "
            "or --language CODE --text FILE"
        )
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.retrieval.crowdfile import CROWD, load_crowd
    from distmatch.retrieval.dictionary import Dictionary
    from distmatch.retrieval.dictionary import evaluate as measure
    from distmatch.retrieval.lexicon import Lexicon

    if directory is not None:
        folder = Path(directory)
        paths = folder / "source.vec", folder / "target.vec"
    else:
        folder, paths = None, (Path(str(source)), Path(str(target)))
    tabled = folder is not None and not (paths[0].exists() and paths[1].exists())
    if not tabled:
        require_packages("align", "torch")
    gold = Dictionary.merged([Dictionary.load(path) for path in dictionary])
    if tabled and folder is not None:
        if not (folder / "lexicon.tsv").exists():
            raise InputError(
                "no source.vec and target.vec, nor lexicon.tsv. Give the folder that `distmatch align` wrote",
                path=folder,
            )
        found: Any = Lexicon.load(folder / "lexicon.tsv")
    else:
        found = tuple(
            Embeddings.load(path, limit=limit, lower=lower, duplicates=duplicates) for path in paths
        )
        if found[0].dimension != found[1].dimension:
            raise InputError(
                f"{found[1].dimension} dimensions against {found[0].dimension} of {paths[0]}. "
                "Vectors in one space have equal dimensions: align them with `distmatch align` first",
                path=paths[1],
            )
    crowd = None
    if folder is not None and not tabled:
        crowd = load_crowd(folder / CROWD, k, found[0].vectors, found[1].vectors)
    result = measure(found, gold, scoring=scoring, k=k, device=device, crowd=crowd)
    if json:
        print(json_module.dumps(result.to_json()))
        return 0
    for rank, share in result.precision.items():
        print(f"precision@{rank:<3} " + ("-" if share is None else f"{100 * share:5.1f} %"))
    low, high = result.interval
    print(f"95 % interval of precision@1: {100 * low:.1f} to {100 * high:.1f} %")
    print(
        f"same stem at 1 {100 * result.stem:5.1f} % (first letters agree: four, and two thirds of the longer word)"
    )
    print(f"{result.n} words asked, {100 * result.coverage:.1f} % of the dictionary's {len(gold)}")
    return 0


def _language(
    language: str, text: str, reference: list[str], diacritics: bool, json: bool, quiet: bool
) -> int:
    """Report the bits per symbol of a language model."""
    from distmatch.languages.language import load_language
    from distmatch.text.alphabet import fold

    folded = fold(read_text(text), diacritics=diacritics)
    progress = ProgressLine(f"building {language}")
    result: dict[str, object] = {"language": language, "text": text}
    for spaces in (False, True):
        model = load_language(
            language, spaces=spaces, diacritics=diacritics, reference=reference,
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
    print(f"{language} on {text}, bits per symbol")
    for name in ("without_spaces", "with_spaces"):
        row = result[name]
        assert isinstance(row, dict)
        print(f"  {name.replace('_', ' '):<15} n-grams of order {row['order']} {row['ngram_bits']:.3f}   "
              f"with words {row['mixture_bits']:.3f}   ({row['symbols']} symbols)")  # fmt: skip
    return 0
