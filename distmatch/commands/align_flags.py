"""Flags of MUSE (`unsupervised.py`, `supervised.py`) and VecMap (`map_embeddings.py`), and what `align` has in their place."""

from __future__ import annotations

from collections.abc import Sequence

from distmatch.errors import InputError

FLAGS = {
    "--src_emb": "the first argument: distmatch align SOURCE TARGET",
    "--tgt_emb": "the second argument: distmatch align SOURCE TARGET",
    "--src_lang": "nothing: the files are all that align needs",
    "--tgt_lang": "nothing: the files are all that align needs",
    "--emb_dim": "nothing: the dimension is read from the files",
    "--max_vocab": "--limit N",
    "--vocabulary_cutoff": "--limit N",
    "--dico_train": "--dictionary FILE, which implies --method procrustes",
    "--dico_eval": "distmatch evaluate DIR --dictionary FILE, after align",
    "--validation": "distmatch evaluate DIR --dictionary FILE, after align",
    "--adversarial": "--method adversarial, or --preset muse for all of the paper's settings",
    "--n_refinement": "--preset muse, whose refinement is the paper's",
    "--map_beta": "--preset muse",
    "--normalize_embeddings": "--preset muse; align normalises vectors itself",
    "--cuda": "--device cuda, or --device auto, the default",
    "--exp_path": "--out DIR",
    "--exp_name": "--out DIR",
    "--exp_id": "--out DIR",
    "--export": "--out DIR, which always holds source.vec and target.vec",
    "--unsupervised": "nothing: align needs no dictionary; --preset vecmap takes the paper's settings",
    "--acl2018": "--preset vecmap",
    "--supervised": "--dictionary FILE, which implies --method procrustes",
    "--semi_supervised": "--pairs FILE, which helps the search; --dictionary FILE replaces it",
    "--init_dictionary": "--pairs FILE, which helps the search; --dictionary FILE replaces it",
    "--identical": "--dictionary FILE with a line `word word` for each word of both files",
    "--self_learning": "--method self-learning",
    "--orthogonal": "--method procrustes with --dictionary FILE",
    "--normalize": "--preset vecmap; align normalises vectors itself",
    "--csls": "nothing: CSLS is the default of align, evaluate and translate",
    "--log": "--out DIR, which holds history.jsonl",
    "--precision": "nothing: align computes in float32",
}
"""Flag to what stands in its place; docs/muse-vecmap.md shows the same."""


def refuse_foreign(arguments: Sequence[str]) -> None:
    """Name our option where an argument of `align` is another program's.

    Raises:
        InputError: one of `FLAGS` is among the arguments.
    """
    for argument in arguments:
        flag = argument.partition("=")[0].replace("-", "_")
        flag = "--" + flag.lstrip("_") if argument.startswith("--") else ""
        if flag in FLAGS:
            raise InputError(f"{flag} is a flag of MUSE or VecMap. Here it is {FLAGS[flag]}")
