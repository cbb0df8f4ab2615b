"""Rerun the coder's figures of docs/results/compression.md: bits and speed on 1 MB beside the classical coders.

    python benchmarks/compression.py [--data ../shared/data] [--only folded-en,raw-fr,...] [--bytes 1000000]
                                     [--json docs/results/compression.json]

Texts are taken from the middle of each corpus. Every archive is decoded and compared. MB/s are of CPU time.
The goal is bits of ours over those of ppmd order 6 of at most 1.
"""

from __future__ import annotations

import argparse
import lzma
import time
from pathlib import Path

import numpy as np
from tables import Results

from distmatch.compression.mixing import ContextMixing
from distmatch.compression.peers import Peer, installed
from distmatch.text.alphabet import LATIN, Alphabet, fold

TEXTS = ("folded-en", "raw-en", "raw-fr", "raw-ru", "raw-de", "raw-kjv")


def load(data: Path, name: str, n: int) -> tuple[np.ndarray, ContextMixing, bytes]:
    """Symbols, coder, and the same as bytes for the classical coders."""
    kind, language = name.split("-")
    path = data / (f"bible/{'en'}.txt.xz" if language == "kjv" else f"corpora/{language}.txt.xz")
    text = lzma.open(path, "rt", encoding="utf-8").read()
    text = text[len(text) // 3 :] if language != "kjv" else text
    if kind == "folded":
        codes = Alphabet(LATIN).encode(fold(text[: 2 * n]), spaces=True)[:n]
        return codes, ContextMixing.letters(), Alphabet(LATIN).decode(codes).encode()
    raw = text.encode()[:n]
    return np.frombuffer(raw, np.uint8), ContextMixing(), raw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data", type=Path)
    parser.add_argument("--only", default=",".join(TEXTS))
    parser.add_argument("--bytes", default=1_000_000, type=int)
    parser.add_argument("--no-decode", action="store_true")
    parser.add_argument("--json", type=Path, help="file that keeps the rows")
    arguments = parser.parse_args()
    ContextMixing().measured(np.zeros(10, np.uint8))
    peers = [p for p in ("xz", "zstd", "brotli", "bz2", "ppmd") if p in installed()]
    results = Results(arguments.json)
    columns = [
        "text",
        "ours, bits per symbol",
        "MB/s",
        "decode",
        *peers,
        "ours / ppmd",
        "ours / xz",
    ]
    for name in arguments.only.split(","):
        symbols, coder, raw = load(arguments.data, name, arguments.bytes)
        begin = time.process_time()
        bits, archive = coder.measured(symbols)
        seconds = time.process_time() - begin
        assert abs(8 * len(archive) - bits) <= 0.001 * bits + 64
        decoded = ""
        if not arguments.no_decode:
            begin = time.process_time()
            assert np.array_equal(coder.decode(archive, len(symbols)), symbols)
            decoded = f"{len(raw) / 1e6 / (time.process_time() - begin):.2f}"
        sizes = {p: 8 * len(Peer(name=p).encode(np.frombuffer(raw, np.uint8))) for p in peers}
        ours = 8 * len(archive)
        row = [name, f"{ours / len(symbols):.4f}", f"{len(raw) / 1e6 / seconds:.2f}", decoded]
        row += [f"{sizes[p] / len(symbols):.4f}" for p in peers]
        row += [f"{ours / sizes[p]:.3f}" if p in sizes else "" for p in ("ppmd", "xz")]
        results.row("coder", columns, row)


if __name__ == "__main__":
    main()
