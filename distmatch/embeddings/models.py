"""Models of fastText and gensim, which are no files of vectors."""

from __future__ import annotations

import shlex
from pathlib import Path

from distmatch.errors import InputError

FASTTEXT_MODEL = (793712314).to_bytes(4, "little")
"""First bytes of a fastText model (.bin), which is not a file of vectors."""


def refuse_models(head: bytes, path: Path) -> None:
    """Refuse models of fastText and gensim, with the command that writes their vectors."""
    out = shlex.quote(str(path.with_suffix(".vec")))
    name = shlex.quote(str(path))
    write = f"(sys.argv[1]){{}}.save_word2vec_format(sys.argv[2])' {name} {out}"
    if head[:4] == FASTTEXT_MODEL:
        load = "python -c 'import sys; from gensim.models.fasttext import load_facebook_vectors as load; load"
        raise InputError(f"a fastText model. Write its vectors: {load}{write.format('')}", path=path)  # fmt: skip
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        kind = "KeyedVectors" if b"KeyedVectors" in head[:300] else "Word2Vec"
        load = f"python -c 'import sys; from gensim.models import {kind}; {kind}.load"
        wv = "" if kind == "KeyedVectors" else ".wv"
        raise InputError(
            f"a pickled model of gensim, which can run code and is not read. If you trust it: {load}{write.format(wv)}",
            path=path,
        )
