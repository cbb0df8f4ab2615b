"""Rerun every figure of docs/results/ciphers-codes.md: codes for words, transpositions, nulls, faults.

    python benchmarks/ciphers_codes.py [--data ../shared/data] [--only ROW,...] [--seeds N]

A token is right if its word is. CPU seconds of this process. Texts for the made codes are the last tenth of the
English novels; the reference is the nine tenths before, so no text is in its own reference.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from madecodes import one_book, table_and_dictionary
from tables import Results

from distmatch.ciphers.reading import Ciphertext, from_symbols, read_ciphertext
from distmatch.files import read_text
from distmatch.languages.language import load_language
from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.matching.keys.reordering import TranspositionScreen
from distmatch.text.alphabet import fold

FAULTS = ("wrong", "missing", "extra")
RESULTS = [Results()]
"""Where rows go."""


def novels(data: Path, folder: Path) -> tuple[str, list[str]]:
    """Path of the reference, and the words held out."""
    words = fold(read_text(data / "corpora/en.txt.xz")).split()
    cut = len(words) * 9 // 10
    reference = folder / "reference.txt"
    reference.write_text(" ".join(words[:cut]))
    return str(reference), words[cut:]


def right_tokens(found: str, gold: list[str]) -> float:
    got = found.split()
    return float(np.mean([a == b for a, b in zip(got, gold, strict=True)]))


def words(
    reference: str, held_out: list[str], lengths: list[int], seeds: range, size: int = 500
) -> None:
    """Random codes over the most frequent words of the reference; other words are left out of the text."""
    frequent = set(most_frequent(read_text(reference).split(), size))
    kept = [w for w in held_out if w in frequent]
    for length in lengths:
        for seed in seeds:
            plain = kept[seed * length : (seed + 1) * length]
            if len(plain) < length:
                break
            made = encipher(" ".join(plain), "word-code", seed=seed)
            begin = time.process_time()
            match = decipher(made["ciphertext"], kind="word-code", reference=[reference], seed=seed)
            RESULTS[0].row(
                "words",
                ("task", "tokens right", "CPU s", "confidence", "bits"),
                [
                    f"word code V = {size}, {length} tokens, seed {seed}",
                    f"{100 * right_tokens(match.text, plain):.1f} %",
                    f"{time.process_time() - begin:.1f}",
                    f"{match.confidence:.2f}",
                    f"{match.bits.total:.0f}",
                ],
            )


def most_frequent(running: list[str], size: int) -> list[str]:
    from collections import Counter

    return [w for w, _ in Counter(running).most_common(size)]


def dictionary(reference: str, held_out: list[str], seeds: range) -> None:
    """Alphabetical codes of about the length of Wilkinson's: one book of all words around the text; a table and a dictionary."""
    for seed in seeds:
        part = held_out[40_000 * seed : 40_000 * (seed + 1)]
        plain = part[5_000:5_570]
        for kind, (cipher, _) in (
            ("one book", one_book(plain, part)),
            ("table and dictionary", table_and_dictionary(plain, seed=seed)),
        ):
            begin = time.process_time()
            match = decipher(cipher, kind="dictionary-code", reference=[reference], seed=seed)
            RESULTS[0].row(
                "dictionary codes",
                ("task", "tokens right", "CPU s", "confidence", "bits"),
                [
                    f"dictionary code, {kind}, {len(plain)} tokens, seed {seed}",
                    f"{100 * right_tokens(match.plaintext, plain):.1f} %",
                    f"{time.process_time() - begin:.0f}",
                    f"{match.confidence:.2f}",
                    f"{match.bits.total:.0f}",
                ],
            )


def wilkinson(data: Path, seeds: range) -> None:
    """The real code; the whole corpus is the reference. Tokens whose word the transcript does not know are left out."""
    folder = data / "ciphers/wilkinson"
    gold = [line.split() for line in (folder / "plaintext.txt").read_text().splitlines()]
    source = read_ciphertext((folder / "ciphertext.txt").read_text(), words=True)
    for seed in seeds:
        begin = time.process_time()
        match = decipher(
            source, kind="word-code", reference=[str(data / "corpora/en.txt.xz")], seed=seed
        )
        pairs = [
            (a.lower(), b.lower())
            for g, f in zip(gold, match.text.split("\n"), strict=True)
            for a, b in zip(g, f.split(), strict=False)
            if a != "?"
        ]
        share = np.mean([a == b for a, b in pairs])
        RESULTS[0].row(
            "dictionary codes",
            ("task", "tokens right", "CPU s", "confidence", "bits"),
            [
                f"Wilkinson, seed {seed}, {len(pairs)} tokens",
                f"{100 * share:.1f} %",
                f"{time.process_time() - begin:.0f}",
                f"{match.confidence:.2f}",
                f"{match.bits.total:.0f}",
            ],
        )


def zodiac_340(data: Path) -> tuple[Ciphertext, dict]:
    rows = map(json.loads, (data / "ciphers/historical.jsonl").read_text().splitlines())
    item = next(row for row in rows if row["id"] == "zodiac-340")
    source = from_symbols(list(item["ciphertext"]))
    lines = (np.arange(len(source)) // int(item["width"])).astype(np.int32)
    return Ciphertext(source.symbols, source.names, source.breaks, source.tokens, lines), item


def zodiac(data: Path, seeds: range) -> None:
    """Which family ranks first, and how many orders a second two cores screen (CPU time halved)."""
    source, _ = zodiac_340(data)
    for seed in seeds:
        begin = time.process_time()
        ranked = TranspositionScreen(threads=1).rank(source, load_language("en"), seed=seed)
        seconds = time.process_time() - begin
        best = ranked[0][1]
        RESULTS[0].row(
            "transpositions",
            ("task", "best order", "speed"),
            [
                f"Zodiac 340 screened, seed {seed}",
                f"{best.label} first of {len(ranked)}",
                f"{2 * len(ranked) / seconds:.0f} orders/s on 2 cores",
            ],
        )


def given(data: Path, seeds: range) -> None:
    """The right order given: SER of the first two sections, 18 rows of 17, symbol by symbol where each was written."""
    source, item = zodiac_340(data)
    label = "step width 17 down 1 right 2 sections 9+9"
    for seed in seeds:
        begin = time.process_time()
        match = decipher(source, transposition=label, seed=seed, threads=1)
        gold = item["plaintext_in_cipher_order"].lower()[:306]
        names = [source.names[symbol] for symbol in source.symbols[:306]]
        wrong = np.mean(
            [match.key.letters[n] != letter for n, letter in zip(names, gold, strict=True)]
        )
        RESULTS[0].row(
            "transposition given",
            ("task", "letters wrong", "CPU s"),
            [
                f"Zodiac 340, order given, seed {seed}",
                f"SER {100 * wrong:.1f} %",
                f"{time.process_time() - begin:.1f}",
            ],
        )


def nulls(held_out: list[str], seeds: range) -> None:
    """Homophonic, 45 symbols and 4 nulls, 500 letters: the nulls found, and the letters read."""
    for seed in seeds:
        letters = "".join(held_out[30_000 * seed : 30_000 * seed + 300])[:500]
        made = encipher(letters, "homophonic", seed=seed, symbols=45, nulls=4)
        begin = time.process_time()
        match = decipher(made["ciphertext"], kind="homophonic", nulls=True, threads=1, seed=seed)
        true = {s for s, letter in made["key"].items() if not letter}
        found = set(match.key.detail.get("nulls", []))
        used = [match.key.letters[str(s)] == made["key"][str(s)] for s in made["ciphertext"]]
        RESULTS[0].row(
            "nulls",
            ("task", "nulls", "symbols right", "CPU s"),
            [
                f"nulls, seed {seed}",
                f"{len(true & found)} of 4 found, {len(found - true)} wrong",
                f"{100 * np.mean(used):.1f} % of symbols right",
                f"{time.process_time() - begin:.1f}",
            ],
        )


def faults(held_out: list[str], seeds: range) -> None:
    """Five symbols in a hundred wrong, missing or extra: share of the symbols whose letter is right in the key."""
    for kind, length in (("simple", 256), ("homophonic", 500)):
        shares, seconds = [], []
        for seed in seeds:
            letters = "".join(held_out[20_000 * seed : 20_000 * seed + 300])[:length]
            made = encipher(letters, kind, seed=seed, symbols=45, noise=0.05, faults=FAULTS)
            begin = time.process_time()
            match = decipher(made["ciphertext"], kind=kind, threads=1, seed=seed)
            seconds.append(time.process_time() - begin)
            shares.append(
                np.mean(
                    [match.key.letters[str(s)] == made["key"][str(s)] for s in made["ciphertext"]]
                )
            )
        RESULTS[0].row(
            "faults",
            ("task", "right", "CPU s, mean"),
            [
                f"5 % faults, {kind}, {length} letters, seeds {seeds.start} to {seeds.stop - 1}",
                f"{100 * np.mean(shares):.1f} % of symbols right, {sum(s >= 0.95 for s in shares)} keys found",
                f"{np.mean(seconds):.2f}",
            ],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--only", default="words,dictionary,wilkinson,zodiac,given,nulls,faults")
    parser.add_argument("--lengths", default="10000,40000,100000")
    parser.add_argument("--vocabulary", type=int, default=500, help="of the word codes")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--json", type=Path, help="file that keeps the rows")
    arguments = parser.parse_args()
    RESULTS[0] = Results(arguments.json)
    data, only = Path(arguments.data), arguments.only.split(",")
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    with tempfile.TemporaryDirectory() as folder:
        reference, held_out = novels(data, Path(folder))
        if "words" in only:
            words(
                reference,
                held_out,
                [int(n) for n in arguments.lengths.split(",")],
                seeds,
                arguments.vocabulary,
            )
        if "dictionary" in only:
            dictionary(reference, held_out, seeds)
        if "wilkinson" in only:
            wilkinson(data, seeds)
        if "zodiac" in only:
            zodiac(data, seeds)
        if "given" in only:
            given(data, seeds)
        if "nulls" in only:
            nulls(held_out, seeds)
        if "faults" in only:
            faults(held_out, seeds)


if __name__ == "__main__":
    main()
