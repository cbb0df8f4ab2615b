"""Fit the coefficients of `matching/confidence.py` on ciphers made from running text.

    python benchmarks/calibrate_ciphers.py ../shared/data/corpora --count 1200

Texts of every training language at many lengths, with and without spaces, homophonic with 30 to 200 symbols,
some read with the wrong language and some without any message, are deciphered; the evidence and whether at most
5 % of the letters are wrong go into a logistic regression. Prints the coefficients, and AUC and ECE on a held-out half.
"""

from __future__ import annotations

import argparse
from dataclasses import astuple
from pathlib import Path

import numpy as np

from distmatch.ciphers.encipher import encipher
from distmatch.ciphers.reading import from_symbols, read_ciphertext
from distmatch.files import read_text
from distmatch.matching.decipher import decipher
from distmatch.text.alphabet import LATIN, Alphabet, fold

LENGTHS = (16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 100, 128, 200, 256, 400)


def examples(folder: Path, count: int):
    """(evidence, correct) of `count` ciphers."""
    names = [n for n in ("en", "de", "fr", "es", "it", "ru") if (folder / f"{n}.txt.xz").exists()]
    texts = {name: fold(read_text(folder / f"{name}.txt.xz"))[:3_000_000] for name in names}
    for number in range(count):
        rng = np.random.default_rng([2024, number])
        name = names[number % len(names)]
        cyrillic = Alphabet("абвгдежзийклмнопрстуфхцчшщъыьэюя")
        alphabet = cyrillic if name == "ru" else Alphabet(LATIN)
        kind = "homophonic" if rng.random() < 0.4 else "simple"
        spaces = kind == "simple" and rng.random() < 0.5
        length = int(rng.choice(LENGTHS)) * (2 if kind == "homophonic" else 1)
        start = texts[name].index(" ", int(rng.integers(len(texts[name]) - 5000))) + 1
        text = texts[name][start : start + 2 * length]
        text = text[:length] if spaces else text.replace(" ", "")[:length]
        if rng.random() < 0.08:
            text = "".join(rng.permutation(list(text)))
        symbols = min(int(rng.integers(30, 120)), length // 2)
        if kind == "homophonic" and symbols < len(set(text)):
            symbols = len(set(text))
        made = encipher(text, kind, seed=number, spaces=spaces, symbols=symbols, alphabet=alphabet,
                        noise=0.03 if rng.random() < 0.1 else 0.0)  # fmt: skip
        cipher = made["ciphertext"]
        source = read_ciphertext(cipher) if isinstance(cipher, str) else from_symbols(cipher)
        wrong = rng.random() < 0.07
        language = names[(number + 1) % len(names)] if wrong else name
        if wrong and "ru" in (language, name):
            language = name
        match = decipher(source, language=language, kind=kind, seed=number, threads=1)
        gold = str(made["plaintext"]).replace(" ", "")
        ser = np.mean(
            [a != b for a, b in zip(match.plaintext.replace(" ", ""), gold, strict=False)]
        )
        assert match.evidence is not None
        yield astuple(match.evidence), bool(ser <= 0.05), (length, kind, spaces)


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
    parser.add_argument("--count", type=int, default=1200)
    parser.add_argument("--save", type=Path)
    arguments = parser.parse_args()
    rows, labels = [], []
    for row, correct, _ in examples(arguments.corpora, arguments.count):
        rows.append(row)
        labels.append(correct)
        if arguments.save and len(rows) % 50 == 0:
            np.savez(arguments.save, x=np.array(rows), y=np.array(labels))
    x, y = np.array(rows), np.array(labels)
    half = np.arange(len(y)) % 2 == 0
    w = fit(x[half], y[half])
    print(score(1 / (1 + np.exp(-(w[0] + x[~half] @ w[1:]))), y[~half]))
    w = fit(x, y)
    print("INTERCEPT =", round(w[0], 3), "WEIGHTS =", tuple(np.round(w[1:], 3)))


if __name__ == "__main__":
    main()
