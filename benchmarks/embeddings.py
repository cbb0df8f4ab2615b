"""Figures of `docs/results/embeddings.md`: training speed beside gensim, loading, memory of neighbours.

    python benchmarks/embeddings.py --data ../shared/data speed load --json docs/results/embeddings.json
    python benchmarks/embeddings.py neighbours --json docs/results/embeddings.json      # alone: its memory is the process's peak

Seconds are CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from tables import Results

import distmatch as dm
from distmatch.retrieval.scoring import csls


def peak_mib() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def speed(data: Path, words: int = 500_000) -> list[dict[str, object]]:
    """Words a second of skip-gram, one thread, on the first half million words of the English novels, gensim beside."""
    from gensim.models import Word2Vec

    from distmatch.text.corpus import Corpus, encode_corpus
    from distmatch.text.tokenizer import words as tokenizer

    with tempfile.TemporaryDirectory() as folder:
        full = encode_corpus([data / "corpora" / "en.txt.xz"], tokenizer(), Path(folder))
        tokens = np.array(full.tokens[:words])
    corpus = Corpus(tokens, full.words, full.counts)
    dm.SkipGram(epochs=1).train(Corpus(tokens[:1000], full.words, full.counts))  # compiles
    start = time.process_time()
    dm.SkipGram(epochs=1).train(corpus, seed=1)
    ours = time.process_time() - start
    ends = np.flatnonzero(tokens < 0)
    sentences = [[full.words[t] for t in s if t >= 0] for s in np.split(tokens, ends)]
    peer = Word2Vec(
        vector_size=200, window=5, sg=1, negative=10, sample=1e-4, min_count=1, workers=1, seed=1
    )
    peer.build_vocab_from_freq(dict(zip(full.words, full.counts.tolist(), strict=True)))
    start = time.process_time()
    peer.train(sentences, total_examples=len(sentences), epochs=1)
    theirs = time.process_time() - start
    n = int((tokens >= 0).sum())
    return [
        {
            "trainer": name,
            "words": f"{n:,}",
            "CPU s": f"{seconds:.2f}",
            "words per s": f"{n / seconds:,.0f}",
        }
        for name, seconds in (("`SkipGram`", ours), ("gensim's `Word2Vec`", theirs))
    ]


def load(_: Path, n: int = 200_000, d: int = 300) -> list[dict[str, object]]:
    """CPU seconds to write and read n x d vectors as word2vec text with 5 decimals and at full precision."""
    rows = (0.1 * np.random.default_rng(0).standard_normal((n, d))).astype(np.float32)
    made: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.vec"
        for name, vectors in (("exact", rows), ("5 decimals", rows.round(5))):
            start = time.process_time()
            dm.Embeddings(tuple(f"w{i}" for i in range(n)), vectors).save(path)
            saved = time.process_time()
            read = dm.Embeddings.load(path)
            loaded = time.process_time()
            made.append({
                "file": f"{n:,} x {d}, {name}", "MB": f"{path.stat().st_size / 1e6:.0f}", "save, CPU s": f"{saved - start:.1f}",
                "load, CPU s": f"{loaded - saved:.1f}", "float32 survives": "yes" if (read.vectors == vectors).all() else "no",
            })  # fmt: skip
    return made


def neighbours(
    _: Path, n: int = 200_000, d: int = 300, queries: int = 1_000
) -> list[dict[str, object]]:
    """Memory of exact neighbours and CSLS of n source rows among n target rows, by faiss and torch.

    Both sides are held; seconds are for `queries` of the source rows. Blocks of queries are independent: more of them
    cost time, and 320 bytes each for candidates and answer.
    """
    random = np.random.default_rng(0)
    keys, rows = (random.standard_normal((n, d), dtype=np.float32) for _ in range(2))
    for side in (keys, rows):
        side /= np.sqrt(np.einsum("nd,nd->n", side, side))[:, None]
    found, made = {}, []
    for backend in ("faiss", "torch", "CSLS"):
        before, start = peak_mib(), time.process_time()
        if backend == "CSLS":
            csls(rows[:queries], keys, 10)
        else:
            found[backend] = dm.nearest(rows[:queries], keys, 10, backend=backend)[1]
        made.append({
            "search": backend, "keys": f"{n:,}", "queries": f"{queries:,}", "CPU s": f"{time.process_time() - start:.1f}",
            "peak MiB": f"{peak_mib():.0f}", "more than before, MiB": f"{peak_mib() - before:.0f}",
        })  # fmt: skip
    assert (found["faiss"] == found["torch"]).all()
    return made


FIGURES = {"speed": speed, "load": load, "neighbours": neighbours}


def main() -> None:
    """Run the figures named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", nargs="+", choices=FIGURES)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", type=Path, help="file that keeps the figures as tables")
    options = parser.parse_args()
    results = Results(options.json)
    for name in options.figures:
        for cells in FIGURES[name](options.data):
            results.row(name, list(cells), list(cells.values()))


if __name__ == "__main__":
    main()
