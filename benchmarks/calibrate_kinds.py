"""Fit the probabilities of kinds that `identify` states (`kinds` in `matching/calibration.json`).

    python benchmarks/calibrate_kinds.py ../shared/data --count 400 --save kinds.jsonl [--json docs/results/ciphers.json]

Ciphers of every kind that is compared by default, with and without word breaks, and texts of no kind: other encodings, nonsense.
The weights are fitted on novels and captions; NTREX news in other languages, Tatoeba, and the ciphers and codes of
`printedcontrols.py` (Playfair, Hill, autokey, ...) are only scored. Cases already in the file are kept.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from calibrate_ciphers import LENGTHS, MAKERS, _alphabet, _stretch, sources
from printedcontrols import CONTROLS
from scipy.optimize import minimize
from tables import Results

from distmatch.ciphers.reading import read_ciphertext
from distmatch.errors import InputError
from distmatch.matching.encipher import encipher
from distmatch.matching.identify import NO_KIND, features, identify
from distmatch.text.alphabet import fold

DRAWN = (
    "caesar", "atbash", "affine", "simple", "simple", "vigenere", "vigenere", "beaufort", "homophonic", "homophonic", NO_KIND,
    NO_KIND,
)  # fmt: skip
SIGNS = ((None, 0.0), (None, None), (None, 0.0))
"""Bounds of the weights."""
COLUMNS = (
    "cases",
    "n",
    "kind right %",
    "log loss, nats",
    "Brier",
    "ECE of the first",
    "Brier, odds of the bits",
)


def case(texts: dict[str, tuple[str, str, bool]], number: int) -> dict | None:
    """One ciphertext identified; None where none can be made."""
    rng = np.random.default_rng([2028, number])
    source = sorted(texts)[number % len(texts)]
    language, text, trained = texts[source]
    kind = DRAWN[int(rng.integers(len(DRAWN)))]
    if kind == NO_KIND and trained:
        made = MAKERS["encoded" if rng.random() < 0.4 else "nonsense"](text, language, rng, number)
        what, cipher = made["what"], made["ciphertext"]
    elif kind == NO_KIND:
        what = sorted(set(CONTROLS) - {"finnish"})[number % (len(CONTROLS) - 1)]
        cipher = CONTROLS[what](fold(_stretch(text, rng, int(rng.integers(60, 160)))), rng)[
            "ciphertext"
        ]
    else:
        what = kind
        plain = fold(
            _stretch(text, rng, int(rng.choice(LENGTHS[3:])) * (2 if kind == "homophonic" else 1))
        )
        spaces = kind != "homophonic" and bool(rng.random() < 0.5)
        symbols = max(int(rng.integers(28, 70)), len(set(plain)) + 1)
        try:
            made = encipher(
                plain if spaces else plain.replace(" ", ""), kind, seed=number, spaces=spaces, symbols=symbols,
                alphabet=_alphabet(language), period=int(rng.integers(2, 10)),
            )  # fmt: skip
        except InputError:
            return None
        cipher = made["ciphertext"]
        cipher = cipher if isinstance(cipher, str) else " ".join(map(str, cipher))
    try:
        found = identify(read_ciphertext(cipher), language, seed=number)
    except InputError:  # refused: a text of mixed tokens, for one
        return None
    return {
        "number": number, "source": source, "trained": trained, "kind": kind, "what": what, "length": len(found.source),
        "kinds": found.kinds, "confidence": found.match.confidence, "seconds": found.match.cpu_seconds,
    }  # fmt: skip


def arrays(row: dict) -> tuple[np.ndarray, int, list[str]]:
    """Features of the answers, (k, f), which of them holds, and their names."""
    given = features(row["kinds"], row["confidence"])
    names = list(given)
    true = row["kind"] if row["kind"] in given else NO_KIND
    return np.array(list(given.values())), names.index(true), names


def shares(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Probabilities of the answers."""
    score = x @ w
    raised = np.exp(score - score.max())
    return raised / raised.sum()


def fit(rows: list[dict], ridge: float = 0.02) -> np.ndarray:
    """Maximum likelihood weights with the signs that they must have."""
    made = [arrays(row)[:2] for row in rows]

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = 0.5 * ridge * float(w @ w), ridge * w
        for x, true in made:
            p = shares(w, x)
            value -= float(np.log(max(p[true], 1e-300)))
            gradient = gradient + p @ x - x[true]
        return value, gradient

    return minimize(loss, np.array([-0.3, -1.0, -0.5]), jac=True, method="L-BFGS-B", bounds=SIGNS).x


def scored(rows: list[dict], chance: list[np.ndarray]) -> tuple[str, ...]:
    """Share with the right kind first, log loss, Brier score, calibration error, and the Brier score of 2 ** -bits."""
    losses, briers, naive, first, right = [], [], [], [], []
    for row, p in zip(rows, chance, strict=True):
        x, true, _ = arrays(row)
        truth = np.eye(len(p))[true]
        plain = np.exp2(-x[:, 0]) * (1.0 - x[:, 1])
        losses.append(-np.log(max(p[true], 1e-12)))
        briers.append(((p - truth) ** 2).sum())
        naive.append(((plain / plain.sum() - truth) ** 2).sum())
        first.append(p.max())
        right.append(p.argmax() == true)
    p, y = np.array(first), np.array(right)
    bins = np.minimum((p * 10).astype(int), 9)
    ece = sum(abs((p[bins == b] - y[bins == b]).sum()) for b in range(10)) / len(p)
    return (
        str(len(rows)), f"{100 * y.mean():.1f}", f"{np.mean(losses):.3f}", f"{np.mean(briers):.3f}", f"{ece:.3f}",
        f"{np.mean(naive):.3f}",
    )  # fmt: skip


def report(rows: list[dict], results: Results) -> None:
    """Fit on the trained sources, each left out in turn; score the others; print the weights."""
    trained = [row for row in rows if row["trained"]]
    held = []
    for row in trained:
        row["fold"] = row["source"]
    weights = {
        name: fit([r for r in trained if r["fold"] != name])
        for name in {r["fold"] for r in trained}
    }
    held = [shares(weights[row["fold"]], arrays(row)[0]) for row in trained]
    results.row(
        "kinds", COLUMNS, ("novels and captions, each source held out", *scored(trained, held))
    )
    whole = fit(trained)
    others = [row for row in rows if not row["trained"]]
    chance = [shares(whole, arrays(row)[0]) for row in others]
    results.row(
        "kinds", COLUMNS, ("untouched sources and texts of no kind", *scored(others, chance))
    )
    for row, p in zip(others, chance, strict=True):
        names = arrays(row)[2]
        if p.max() > 0.9 and names[p.argmax()] != row["kind"]:
            print(
                "sure and wrong:",
                row["what"],
                row["length"],
                dict(zip(names, np.round(p, 3).tolist(), strict=True)),
            )
    print("weights", [round(float(v), 3) for v in whole], "n", len(trained))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--save", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="file that keeps the rows of the table")
    arguments = parser.parse_args()
    read = arguments.save.read_text("utf-8").splitlines() if arguments.save.exists() else []
    rows = [json.loads(line) for line in read]
    todo = sorted(set(range(arguments.count)) - {row["number"] for row in rows})
    texts = sources(arguments.data) if todo else {}
    with open(arguments.save, "a", encoding="utf-8") as out:
        for number in todo:
            if (row := case(texts, number)) is not None:
                rows.append(row)
                out.write(json.dumps(row) + "\n")
                out.flush()
    report(rows, Results(arguments.json))


if __name__ == "__main__":
    main()
