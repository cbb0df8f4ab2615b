"""Fit the confidence of codes for words (`codes` in `matching/calibration.json`) on codes made from novels.

    python benchmarks/calibrate_codes.py ../shared/data/corpora --count 60 --save evidence.jsonl

Texts are the last tenth of the novels of five languages, the reference the nine tenths before. Four in five are numbered at
random, 1,000 to 40,000 tokens over 100 to 800 words; the others in alphabetical order, 300 to 1,800 tokens over one book or
(English) a table and a dictionary. Of all, one in six is read with the reference of another language, one in ten is
shuffled. Each language is held out in turn. Cases already in the file are kept. No file of `ciphers/` is used.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from calibrate_ciphers import score
from ciphers_codes import most_frequent
from madecodes import one_book, table_and_dictionary
from scipy.optimize import minimize
from tables import Results

from distmatch.files import atomic_write, read_text
from distmatch.matching.codebooks.evidence import CodeEvidence, features
from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.text.alphabet import fold

NAMES = ("en", "fr", "de", "es", "it")
SIGNS = (1, 1, -1, 1, 1, -1)
"""What more of each feature may do to the confidence."""
BEFORE = np.array([-17.43, 0.0, 0.0, -12.0, 0.0, 3.6, -2.0])
"""Coefficients from eleven earlier codes, excess and alphabetical codes set by hand: the fit stays near, as few are read right."""
SPREAD = np.array([3.0, 1.0, 1.0, 4.0, 1.0, 1.0, 1.0])


def prepare(corpora: Path, folder: Path) -> None:
    """Folded references and held-out texts of the languages, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        if not (folder / f"{name}.held.txt").exists():
            words = fold(read_text(corpora / f"{name}.txt.xz")).split()
            cut = len(words) * 9 // 10
            for part, kept in (("reference", words[:cut]), ("held", words[cut:])):
                with atomic_write(folder / f"{name}.{part}.txt", "w") as file:
                    file.write(" ".join(kept))


def case(folder: Path, number: int) -> dict:
    """One code, deciphered: its evidence and the share of its tokens read right."""
    rng = np.random.default_rng([2027, number])
    name, alphabetical = NAMES[number % 5], number // 5 % 5 == 4
    held = read_text(folder / f"{name}.held.txt").split()
    fate = rng.random()
    if alphabetical:
        length = int(300 * 6 ** rng.random())
        start = int(rng.integers(len(held) - 45_000))
        around = held[start : start + 40_000]
        plain = around[5_000 : 5_000 + length]
    else:
        length = int(1_000 * 40 ** rng.random())
        size = int(100 * 8 ** rng.random())
        frequent = set(most_frequent(read_text(folder / f"{name}.reference.txt").split(), size))
        kept = [word for word in held if word in frequent]
        start = int(rng.integers(max(len(kept) - length, 1)))
        plain = around = kept[start : start + length]
    if fate < 0.1:
        plain = [plain[i] for i in rng.permutation(len(plain))]
    reference = name if fate > 0.27 else NAMES[(NAMES.index(name) + 1) % len(NAMES)]
    if not alphabetical:
        cipher = str(encipher(" ".join(plain), "word-code", seed=number)["ciphertext"])
    elif name != "en" or rng.random() < 0.5:
        cipher, _ = one_book(plain, around)
    else:
        cipher, _ = table_and_dictionary(plain, seed=number)
    begin = time.process_time()
    match = decipher(
        cipher, kind="dictionary-code" if alphabetical else "word-code", reference=[str(folder / f"{reference}.reference.txt")],
        seed=number,
    )  # fmt: skip
    right = np.mean([a == b for a, b in zip(match.plaintext.split(), plain, strict=True)])
    return {
        "number": number, "source": name, "fate": fate, "confidence": match.confidence, "right": float(right),
        "seconds": time.process_time() - begin, "evidence": asdict(match.evidence),
    }  # fmt: skip


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Logistic regression near `BEFORE`, whose coefficients have the signs of their features; the first is the intercept."""
    x = np.column_stack([np.ones(len(x)), x])
    sign = 2.0 * y - 1.0

    def loss(w: np.ndarray) -> float:
        away = (w - BEFORE) / SPREAD
        return float(np.logaddexp(0.0, -sign * (x @ w)).sum() + 1.5 * (away @ away))

    bounds = [(None, None)] + [(0.0, None) if s > 0 else (None, 0.0) for s in SIGNS]
    return minimize(loss, BEFORE, method="L-BFGS-B", bounds=bounds).x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/codes-calibration"))
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--save", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="file that keeps the rows of the table")
    parser.add_argument("--part", default="0/1", help="which of how many parts of the cases to do")
    parser.add_argument(
        "--limit", type=float, default=1e9, help="seconds after which no case is begun"
    )
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    done = set()
    if arguments.save.exists():
        done = {json.loads(line)["number"] for line in arguments.save.read_text().splitlines()}
    begin = time.monotonic()
    for number in range(part, arguments.count, parts):
        if number not in done and time.monotonic() - begin < arguments.limit:
            prepare(arguments.corpora, arguments.folder)
            row = case(arguments.folder, number)
            with open(arguments.save, "a") as out:
                out.write(json.dumps(row) + "\n")
    rows = [json.loads(line) for line in arguments.save.read_text().splitlines()]
    if len(rows) < 20:
        return
    x = np.array([features(CodeEvidence(**row["evidence"])) for row in rows])
    y = np.array([row["right"] >= 0.95 for row in rows])
    held = np.empty(len(y))
    for name in NAMES:
        out_of = np.array([row["source"] == name for row in rows])
        w = fit(x[~out_of], y[~out_of])
        held[out_of] = 1 / (1 + np.exp(-(w[0] + x[out_of] @ w[1:])))
    belief = np.array([row["evidence"]["belief"] for row in rows])
    held = np.minimum(held, belief)  # as `evidence.confidence` does
    stated = np.array([row["confidence"] for row in rows])
    results = Results(arguments.json)
    for label, p in (("before, as they were read", stated), ("each language held out", held)):
        sure = p >= 0.9
        results.row("confidence of codes", ("coefficients", "cases", "Brier", "believed", "of them wrong"), (
            label, score(p, y), f"{np.mean((p - y) ** 2):.4f}", int(sure.sum()), int((sure & ~y).sum()),
        ))  # fmt: skip
    w = fit(x, y)
    print("intercept", round(w[0], 3), "weights", [float(v) for v in np.round(w[1:], 3)])


if __name__ == "__main__":
    main()
