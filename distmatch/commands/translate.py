"""`distmatch translate`: text word by word through a map that `align` found."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Literal

from distmatch.commands.translate_output import check_references, deliver, text_lines
from distmatch.errors import InputError, require_packages
from distmatch.outputs import check_file
from distmatch.progress import Progress, ProgressLine, silent

Unknown = Literal["copy", "drop", "spell"]


def translate(
    directory: str | None = None,
    *,
    text: str,
    reverse: bool = False,
    corpus: list[str] | None = None,
    reference: str | None = None,
    unknown: Unknown = "copy",
    weight: float = 0.3,
    beam: int = 8,
    best: int = 10,
    temperature: float = 0.1,
    keep_case: bool = False,
    out: str | None = None,
    force: bool = False,
    device: str = "cpu",
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Translate text with a model that `distmatch train` learned, or word by word through an alignment.

    A trained model gives ordinary text, line by line, as soon as it is read. The options --corpus, --unknown, --weight, --beam,
    --best, --temperature, --keep-case and --device are for alignments only.

    Args:
        directory: Folder written by `distmatch train`; or by `distmatch align`: source.vec and target.vec, or lexicon.tsv.
        text: Text file, one sentence per line, or - for standard input.
        reverse: With a trained model, translate from its target language into its source language.
        corpus: Target-language text for a trigram model; without it words are translated independently.
        reference: Reference translations, line by line: reports lower-cased BLEU and chrF (sacrebleu).
        unknown: Out-of-vocabulary words: copy, drop, or spell (the most similarly spelled target word).
        weight: Weight of the language model's log-probability.
        beam: Beam width.
        best: Candidates per word.
        temperature: Temperature of the softmax over candidates, in units of CSLS.
        keep_case: Keep capitals; by default text is lower-cased.
        out: Output file; default standard output.
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        device: Device of the neighbour search: auto, cpu, cuda or cuda:N.
        seed: Unused; translation is deterministic.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    if directory is None:
        raise InputError("give the folder that `distmatch train` or `distmatch align` wrote")
    from distmatch.commands.translate_trained import is_trained, translate_trained

    if is_trained(directory):
        return translate_trained(
            directory,
            text=text,
            reverse=reverse,
            reference=reference,
            out=out,
            force=force,
            json=json,
        )
    if reverse:
        raise InputError("--reverse is for models of `distmatch train`", path=directory)
    from distmatch.translation.referencescores import scores
    from distmatch.translation.wordbyword import WordByWord, split_sentence

    if out is not None:
        kept = [Path(directory) / name for name in ("source.vec", "target.vec", "lexicon.tsv")]
        check_file(out, inputs=[text, reference, *(corpus or []), *kept], force=force)
    if reference is not None:
        require_packages("align", "sacrebleu")
    lines = _text(text)
    references = None if reference is None else text_lines(reference)
    if reference is not None and references is not None:
        check_references(references, len(lines), reference, text)
    sentences = [split_sentence(line, lower=not keep_case) for line in lines]
    table, words = _candidates(Path(directory), sentences, best, temperature, device)
    progress = ProgressLine("translating")
    translator = WordByWord(
        candidates=table, model=_model(corpus, not keep_case, silent if quiet or json else progress),
        weight=weight, beam=beam, unknown=unknown, spelling=words,
    )  # fmt: skip
    translations = []
    for i, sentence in enumerate(sentences, 1):
        translations.append(" ".join(translator.translate(sentence)))
        if not (quiet or json):
            progress(i, len(sentences))
    progress.close()
    known = [t for s in sentences for t in s if t[0].isalpha()]
    result: dict[str, Any] = {
        "sentences": len(lines), "words": len(known),
        "translated": round(sum(t in table for t in known) / max(1, len(known)), 4),
    }  # fmt: skip
    if references is not None:
        result.update(scores(translations, references))
    deliver(translations, result, out=out, json=json)
    return 0


def _text(path: str) -> list[str]:
    lines = text_lines(path)
    if not any(line.strip() for line in lines):
        raise InputError("nothing to translate. Give text, one sentence per line", path=path)
    return lines


def _candidates(
    folder: Path, sentences: list[list[str]], best: int, temperature: float, device: str
) -> tuple[Any, tuple[str, ...]]:
    """Candidates of the words, and the target's words."""
    from distmatch.embeddings.embeddings import Embeddings
    from distmatch.retrieval.lexicon import Lexicon
    from distmatch.translation.wordbyword import candidates, lexicon_candidates

    source, target, lexicon = (folder / n for n in ("source.vec", "target.vec", "lexicon.tsv"))
    if source.exists() and target.exists():
        require_packages("align", "torch")
        x, y = Embeddings.load(source), Embeddings.load(target)
        table = candidates(
            x,
            y,
            {t for s in sentences for t in s},
            best=best,
            temperature=temperature,
            device=device,
        )
        return table, y.words
    if lexicon.exists():
        found = Lexicon.load(lexicon)
        return lexicon_candidates(found, temperature=temperature), tuple(
            dict.fromkeys(found.target)
        )
    raise InputError(
        "no model.safetensors, no source.vec and target.vec, nor lexicon.tsv. Give the folder that `distmatch train` or "
        "`distmatch align` wrote",
        path=folder,
    )


def _model(corpus: list[str] | None, lower: bool, progress: Progress) -> Any:
    if not corpus:
        return None
    from distmatch.languages.wordtrigram import WordTrigram
    from distmatch.text.corpus import encode_corpus
    from distmatch.text.tokenizer import words

    with tempfile.TemporaryDirectory() as folder:
        encoded = encode_corpus(
            corpus, words(lower=lower, breaks="auto"), Path(folder), min_count=1, progress=progress
        )
        return WordTrigram.train(encoded)
