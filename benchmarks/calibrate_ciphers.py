"""Fit the coefficients of `matching/keys/evidence.py` on ciphers made from running text.

    python benchmarks/calibrate_ciphers.py ../shared/data/corpora --count 800 --save evidence.jsonl

Texts of every training language at many lengths, as simple ciphers with and without spaces, homophonic with 26 to 150
symbols, and periodic; a tenth with 5 % wrong symbols, some read in the wrong language or as the wrong kind, some without
any message. The evidence, and whether at most 5 % of the letters differ from what the true key reads, go into a
logistic regression. Prints the coefficients, and AUC and ECE by cross-validation. Cases already in the file are kept.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from distmatch.ciphers.reading import from_symbols, read_ciphertext
from distmatch.files import read_text
from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.matching.keys.evidence import Evidence, features
from distmatch.text.alphabet import LATIN, Alphabet, fold

LENGTHS = (12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 100, 128, 200, 256, 400)
NAMES = ("en", "de", "fr", "es", "it", "ru")
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"


def case(texts: dict[str, str], number: int) -> dict:
    """One cipher, deciphered: its evidence and whether the answer is right."""
    rng = np.random.default_rng([2025, number])
    name = NAMES[number % len(NAMES)]
    alphabet = Alphabet(CYRILLIC if name == "ru" else LATIN)
    draw = rng.random()
    kind = "homophonic" if draw < 0.35 else "vigenere" if draw < 0.45 else "simple"
    spaces = kind == "simple" and rng.random() < 0.5
    length = int(rng.choice(LENGTHS)) * (2 if kind == "homophonic" else 1)
    text = texts[name]
    start = text.index(" ", int(rng.integers(len(text) - 5000))) + 1
    text = text[start : start + 2 * length]
    text = text[:length] if spaces else text.replace(" ", "")[:length]
    fate = rng.random()  # what may be wrong with the case
    if fate < 0.05:
        text = "".join(rng.permutation(list(text)))
    elif fate < 0.08:
        text = "".join(rng.choice(list(alphabet.letters), length))
    symbols = max(min(int(rng.integers(26, 150)), length // 2), len(set(text) - {" "}))
    made = encipher(text, kind, seed=number, spaces=spaces, symbols=symbols, alphabet=alphabet,
                    period=int(rng.integers(2, 12)), noise=0.05 if 0.08 < fate < 0.2 else 0.0)  # fmt: skip
    cipher = made["ciphertext"]
    source = read_ciphertext(cipher) if isinstance(cipher, str) else from_symbols(cipher)
    language = NAMES[(number + 1) % 5] if 0.2 < fate < 0.27 and name != "ru" else name
    asked = "simple" if 0.27 < fate < 0.3 and kind == "vigenere" else kind
    match = decipher(source, language=language, kind=asked, seed=number, threads=1)
    gold = true_reading(made, kind)
    found = match.plaintext.replace(" ", "")
    ser = np.mean([a != b for a, b in zip(found, gold, strict=False)])
    return {
        "number": number, "kind": kind, "length": length, "ser": float(ser), "fate": fate,
        "evidence": asdict(match.evidence),
    }  # fmt: skip


def true_reading(made: dict, kind: str) -> str:
    """What the true key makes of the ciphertext, faults included."""
    if kind in ("simple", "homophonic"):
        return "".join(made["key"][str(s)] for s in made["ciphertext"] if s != " ")
    return str(made["plaintext"])


def fit(x: np.ndarray, y: np.ndarray, ridge: float = 0.1) -> np.ndarray:
    """Logistic regression by Newton steps; the first column of the result is the intercept."""
    x = np.column_stack([np.ones(len(x)), x])
    w = np.zeros(x.shape[1])
    penalty = ridge * np.eye(len(w))
    penalty[0, 0] = 0
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (p - y) + penalty @ w
        hessian = (x.T * np.maximum(p * (1 - p), 1e-6)) @ x + penalty
        w -= np.linalg.solve(hessian, gradient)
    return w


def score(p: np.ndarray, y: np.ndarray) -> str:
    """AUC, expected calibration error (10 bins), and the errors at confidence 0.99."""
    order = np.argsort(p)
    ranks = np.empty(len(p))
    ranks[order] = np.arange(1, len(p) + 1)
    positive = y.sum()
    auc = (ranks[y].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive))
    bins = np.minimum((p * 10).astype(int), 9)
    ece = sum(
        abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean()
        for b in range(10)
        if (bins == b).any()
    )
    sure = p >= 0.99
    return f"n {len(y)}, right {y.mean():.3f}, AUC {auc:.4f}, ECE {ece:.4f}, wrong at >= 0.99: {(sure & ~y).sum()} of {sure.sum()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--save", type=Path, required=True)
    parser.add_argument("--part", default="0/1", help="which of how many parts of the cases to do")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    done = set()
    if arguments.save.exists():
        done = {json.loads(line)["number"] for line in arguments.save.read_text().splitlines()}
    todo = [n for n in range(part, arguments.count, parts) if n not in done]
    if todo:
        files = {name: arguments.corpora / f"{name}.txt.xz" for name in NAMES}
        texts = {
            name: fold(read_text(path)[:4_000_000])[:3_000_000] for name, path in files.items()
        }
        with open(arguments.save, "a") as out:
            for number in todo:
                out.write(json.dumps(case(texts, number)) + "\n")
                out.flush()
    rows = [json.loads(line) for line in arguments.save.read_text().splitlines()]
    x = np.array([features(Evidence(**row["evidence"])) for row in rows])
    y = np.array([row["ser"] <= 0.05 for row in rows])
    held = np.empty(len(y))
    for fold_number in range(5):
        out_of = np.arange(len(y)) % 5 == fold_number
        w = fit(x[~out_of], y[~out_of])
        held[out_of] = 1 / (1 + np.exp(-(w[0] + x[out_of] @ w[1:])))
    print(score(held, y))
    w = fit(x, y)
    print("INTERCEPT =", round(w[0], 3), "WEIGHTS =", tuple(map(float, np.round(w[1:], 3))))


if __name__ == "__main__":
    main()
