"""Figures of `docs/results/embeddings.md`: training speed beside gensim, loading, neighbours, adversarial seeds.

    PYTHONPATH=. python benchmarks/embeddings.py --data ../shared/data speed load neighbours adversarial

One JSON object a figure on standard output. Seconds are CPU seconds of this process; memory is the process's peak.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import distmatch as dm
from distmatch.retrieval.scoring import csls


def peak_mib() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def speed(data: Path, words: int = 500_000) -> dict[str, object]:
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
    return {
        "figure": "speed",
        "words": n,
        "words/s": n / ours,
        "gensim words/s": n / theirs,
        "ratio": theirs / ours,
    }


def load(_: Path, n: int = 200_000, d: int = 300) -> dict[str, object]:
    """CPU seconds to write and read n x d vectors as word2vec text with 5 decimals and at full precision."""
    rows = (0.1 * np.random.default_rng(0).standard_normal((n, d))).astype(np.float32)
    result: dict[str, object] = {"figure": "load", "rows": n, "dimension": d}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.vec"
        for name, vectors in (("exact", rows), ("5 decimals", rows.round(5))):
            start = time.process_time()
            dm.Embeddings(tuple(f"w{i}" for i in range(n)), vectors).save(path)
            saved = time.process_time()
            read = dm.Embeddings.load(path)
            result[name] = {
                "save": saved - start, "load": time.process_time() - saved, "MB": path.stat().st_size / 1e6,
                "exact": bool((read.vectors == vectors).all()),
            }  # fmt: skip
    return result


def neighbours(_: Path, n: int = 200_000, d: int = 300, queries: int = 1_000) -> dict[str, object]:
    """Memory of exact neighbours and CSLS of n source rows among n target rows, by faiss and torch.

    Both sides are held; seconds are for `queries` of the source rows. Blocks of queries are independent: more of them
    cost time, and 320 bytes each for candidates and answer. Call it alone: memory is the peak of the process.
    """
    random = np.random.default_rng(0)
    keys, rows = (random.standard_normal((n, d), dtype=np.float32) for _ in range(2))
    for side in (keys, rows):
        side /= np.sqrt(np.einsum("nd,nd->n", side, side))[:, None]
    result: dict[str, object] = {"figure": "neighbours", "keys": n, "queries": queries, "k": 10}
    found = {}
    for backend in ("faiss", "torch"):
        before, start = peak_mib(), time.process_time()
        found[backend] = dm.nearest(rows[:queries], keys, 10, backend=backend)
        result[backend] = {
            "cpu_seconds": time.process_time() - start,
            "peak MiB": peak_mib(),
            "more MiB": peak_mib() - before,
        }
    before, start = peak_mib(), time.process_time()
    csls(rows[:queries], keys, 10)
    result["csls"] = {
        "cpu_seconds": time.process_time() - start,
        "peak MiB": peak_mib(),
        "more MiB": peak_mib() - before,
    }
    result["equal"] = bool((found["faiss"][1] == found["torch"][1]).all())
    return result


def adversarial(data: Path, seeds: Sequence[int] = range(5)) -> dict[str, object]:
    """P@1 on es-en (50-d) of `Adversarial` from random starts, with its own confidence."""
    source, target = (
        dm.Embeddings.load(data / "vectors" / "es-en" / f"{s}.vec.xz") for s in ("es", "en")
    )
    folder = data / "dictionaries" / "muse"
    gold = dm.Dictionary.merged([dm.Dictionary.load(p) for p in sorted(folder.glob("es-en.*.txt"))])
    rows = []
    for seed in seeds:
        match = dm.Adversarial(device="cpu").match(source, target, seed=seed)
        scored = dm.evaluate((match.map(source), match.map.map_target(target)), gold)
        rows.append(
            {
                "seed": seed,
                "precision@1": scored.precision[1],
                "confidence": match.confidence,
                "cpu_seconds": match.cpu_seconds,
            }
        )
        print(json.dumps({"figure": "adversarial", **rows[-1]}), flush=True)
    precisions = [r["precision@1"] for r in rows]
    return {"figure": "adversarial", "mean": float(np.mean(precisions)), "worst": min(precisions)}


FIGURES = {"speed": speed, "load": load, "neighbours": neighbours, "adversarial": adversarial}


def main() -> None:
    """Run the figures named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", nargs="+", choices=FIGURES)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=list(range(5)), help="of adversarial"
    )
    options = parser.parse_args()
    for name in options.figures:
        settings = {"seeds": options.seeds} if name == "adversarial" else {}
        print(json.dumps(FIGURES[name](options.data, **settings)), flush=True)


if __name__ == "__main__":
    main()
