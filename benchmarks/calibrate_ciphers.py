"""Fit the confidence of letters in `matching/calibration.json` on ciphers made from running text.

    python benchmarks/calibrate_ciphers.py ../shared/data --count 1200 --save evidence.jsonl

Texts of many languages and styles at many lengths: simple ciphers with and without spaces, printed with marks and capitals,
shift ciphers, homophonic with 26 to 150 symbols, periodic; some with 5 % wrong symbols, in the wrong language or of the wrong
kind; phrases that repeat themselves; other encodings (Polybius, hexadecimal, octal, Morse, Bacon, base64) and texts without any
message. Most are read with kind "auto". The evidence, and whether at most 5 % of the letters differ from what the true key reads,
go into a logistic regression on the families of `TRAINED` sources; the others (NTREX news, Tatoeba, other languages) are only
scored. Prints coefficients, AUC and ECE by cross-validation over sources, and of the untouched ones. Cases already in
the file are kept.
"""

from __future__ import annotations

import argparse
import base64
import json
import string
import zipfile
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from distmatch.ciphers.reading import from_symbols, read_ciphertext
from distmatch.errors import InputError
from distmatch.files import read_text
from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.matching.keys.evidence import Evidence, features
from distmatch.text.alphabet import LATIN, Alphabet, fold

LENGTHS = (12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 100, 128, 200, 256, 400)
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
NOVELS = ("en", "de", "fr", "es", "it", "ru")
CAPTIONS = ("en", "de", "fr")
NEWS = {
    "en": "eng", "nl": "nld", "pt": "por", "sv": "swe", "pl": "pol", "cs": "ces", "fi": "fin", "da": "dan", "hu": "hun",
}  # fmt: skip
"""Language code to NTREX file."""
NONSENSE = ("shuffled", "random", "dna", "zipf", "digits", "columnar", "base64")
ENCODINGS = ("polybius", "hex", "octal", "morse", "bacon", "binary")
MORSE = dict(
    zip(
        LATIN,
        ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..".split(),
        strict=True,
    )
)


def sources(data: Path) -> dict[str, tuple[str, str, bool]]:
    """Name to language, text, and whether it is trained on."""
    out = {}
    for name in NOVELS:
        out[f"novels-{name}"] = (name, read_text(data / f"corpora/{name}.txt.xz")[:3_000_000], True)
    for name in CAPTIONS:
        out[f"captions-{name}"] = (name, _lines(data / "multi30k", f"train.{name}"), True)
    for name, file in NEWS.items():
        out[f"news-{name}"] = (name, read_text(data / f"ntrex/{file}.txt"), False)
    for name, file, column in (("en", "fra", 0), ("de", "deu", 1)):
        with zipfile.ZipFile(data / f"tatoeba/{file}-eng.zip") as archive:
            member = next(
                n for n in archive.namelist() if n.endswith(f"{file}.txt") and not n.startswith("_")
            )
            lines = archive.read(member).decode("utf-8").splitlines()[:60_000:3]
        out[f"tatoeba-{name}"] = (name, " ".join(line.split("\t")[column] for line in lines), False)
    return out


def _lines(folder: Path, name: str) -> str:
    found = [f for f in sorted(folder.rglob("*")) if f.name.startswith(name)]
    return read_text(found[0]) if found else ""


def case(texts: dict[str, tuple[str, str, bool]], number: int, only: str | None = None) -> dict:
    """One cipher, deciphered: its evidence and whether the answer is right; `only` is of one family."""
    rng = np.random.default_rng([2026, number])
    source = sorted(texts)[number % len(texts)]
    language, text, trained = texts[source]
    draw = rng.random()
    family = (
        "letters" if draw < 0.45 else "printed" if draw < 0.65 else "repeated" if draw < 0.78 else
        "encoded" if draw < 0.86 else "nonsense"
    )  # fmt: skip
    family = only or family
    made = MAKERS[family](text, language, rng, number)
    asked = made.get("asked", language)
    record = {
        "number": f"{only or ''}{number}", "source": source, "trained": trained, "family": family, "what": made["what"],
    }  # fmt: skip
    try:
        match = decipher(
            made["ciphertext"],
            language=asked,
            kind=made.get("kind", "auto"),
            seed=number,
            threads=1,
        )
    except InputError as error:
        return record | {"error": str(error), "evidence": None, "ser": 1.0}
    found, gold = match.plaintext.replace(" ", ""), made["plaintext"].replace(" ", "")
    same = len(found) == len(gold) > 0
    ser = float(np.mean([a != b for a, b in zip(found, gold, strict=True)])) if same else 1.0
    evidence = match.extra.get("evidence")
    return record | {
        "ser": ser, "evidence": evidence, "read": match.kind, "seconds": match.cpu_seconds, "confidence": match.confidence,
    }  # fmt: skip


def _stretch(text: str, rng: np.random.Generator, letters: int) -> str:
    """Running text from the beginning of a word, of so many letters or a little more."""
    start = text.index(" ", int(rng.integers(max(len(text) - 5000, 1)))) + 1
    words, count = [], 0
    for word in text[start : start + 40 * letters + 400].split():
        words.append(word)
        count += sum(char.isalpha() for char in word)
        if count >= letters:
            break
    return " ".join(words)


def _alphabet(language: str) -> Alphabet:
    return Alphabet(CYRILLIC if language in ("ru", "bg", "uk") else LATIN)


def letters(text: str, language: str, rng: np.random.Generator, number: int) -> dict:
    """A cipher of bare letters of any kind."""
    draw = rng.random()
    kind = (
        "homophonic" if draw < 0.3 else "vigenere" if draw < 0.4 else "beaufort" if draw < 0.43 else
        "caesar" if draw < 0.48 else "affine" if draw < 0.5 else "simple"
    )  # fmt: skip
    spaces = kind not in ("homophonic",) and rng.random() < 0.5
    length = int(rng.choice(LENGTHS)) * (2 if kind == "homophonic" else 1)
    plain = fold(_stretch(text, rng, length))
    alphabet = _alphabet(language)
    size = len(set(plain) - {" "})
    symbols = max(min(int(rng.integers(26, 150)), length // 2), size)
    fate = rng.random()
    try:
        made = encipher(plain if spaces else plain.replace(" ", ""), kind, seed=number, spaces=spaces, symbols=symbols,
                        alphabet=alphabet, period=int(rng.integers(2, 12)), noise=0.05 if fate < 0.12 else 0.0)  # fmt: skip
    except InputError:
        return nonsense(text, language, rng, number)
    gold = str(made["plaintext"])
    if kind in ("simple", "homophonic"):
        gold = "".join(made["key"][str(s)] for s in made["ciphertext"] if s != " ")
    cipher = made["ciphertext"]
    asked = (
        {"asked": "de" if language == "en" else "en"}
        if 0.12 < fate < 0.2 and language in NOVELS[:5]
        else {}
    )
    named = {"kind": "simple" if 0.2 < fate < 0.24 else kind} if rng.random() < 0.3 else {}
    if named.get("kind") == "simple" and not isinstance(cipher, str):
        named = {}
    source = read_ciphertext(cipher) if isinstance(cipher, str) else from_symbols(cipher)
    return {"what": kind, "ciphertext": source, "plaintext": gold, **asked, **named}


def homophonic(text: str, language: str, rng: np.random.Generator, number: int) -> dict:
    """A homophonic cipher as people bring it: 1.5 to 12 letters per symbol, without spaces."""
    length = int(rng.integers(90, 700))
    plain = fold(_stretch(text, rng, length)).replace(" ", "")
    if rng.random() < 0.08:
        plain = "".join(rng.permutation(list(plain)))
    size = len(set(plain))
    symbols = max(int(len(plain) / rng.uniform(1.5, 12.0)), size + 2)
    try:
        made = encipher(plain, "homophonic", seed=number, symbols=symbols, alphabet=_alphabet(language),
                        noise=0.03 if rng.random() < 0.15 else 0.0)  # fmt: skip
    except InputError:
        return nonsense(text, language, rng, number)
    gold = "".join(made["key"][str(s)] for s in made["ciphertext"])
    return {
        "what": "homophonic",
        "ciphertext": from_symbols(made["ciphertext"]),
        "plaintext": gold,
        "kind": "homophonic",
    }


def printed(text: str, language: str, rng: np.random.Generator, number: int) -> dict:
    """A newspaper cryptogram: marks, capitals, lines."""
    length = int(rng.choice(LENGTHS[3:]))
    plain = _stretch(text, rng, length)
    folded = "".join(fold(char) if char.isalpha() else char for char in plain)
    alphabet = _alphabet(language)
    order = rng.permutation(len(alphabet))
    if rng.random() < 0.2:
        order = (np.arange(len(alphabet)) + int(rng.integers(1, len(alphabet)))) % len(alphabet)
    table = {a: alphabet.letters[order[i]] for i, a in enumerate(alphabet.letters)}
    folded = "".join(c for c in folded if not c.isalpha() or c.lower() in table)
    cipher = "".join(table[c.lower()].upper() if c.lower() in table else c for c in folded)
    if rng.random() < 0.5:
        cipher = "".join(
            t if c.isupper() else t.lower() for c, t in zip(folded, cipher, strict=True)
        )
    gold = "".join(c.lower() for c in folded if c.isalpha())
    return {"what": "printed", "ciphertext": cipher, "plaintext": gold}


def repeated(text: str, language: str, rng: np.random.Generator, number: int) -> dict:
    """A short phrase written several times."""
    spaces = bool(rng.random() < 0.7)
    phrase = fold(_stretch(text, rng, int(rng.integers(10, 45))))
    times = int(rng.integers(2, 9))
    made = encipher(phrase, "simple", seed=number, spaces=spaces, alphabet=_alphabet(language))
    glue = "\n" if spaces else ""
    gold = str(made["plaintext"]).replace(" ", "") * times
    return {
        "what": f"x{times}",
        "ciphertext": glue.join([str(made["ciphertext"])] * times),
        "plaintext": gold,
    }


def encoded(text: str, language: str, rng: np.random.Generator, number: int) -> dict:
    """English in another encoding, without separators: nothing that a key for single characters reads."""
    what = str(rng.choice(ENCODINGS))
    plain = fold(_stretch(text, rng, int(rng.integers(40, 160)))).replace(" ", "")
    plain = "".join(c for c in plain if c in LATIN) or "nothing"
    square = [c for c in LATIN if c != "j"]
    sign = {
        "polybius": lambda c: f"{square.index(c.replace('j', 'i')) // 5 + 1}{square.index(c.replace('j', 'i')) % 5 + 1}",
        "hex": lambda c: f"{ord(c):02x}", "octal": lambda c: f"{ord(c):03o}", "morse": lambda c: MORSE[c] + "x",
        "bacon": lambda c: format(LATIN.index(c), "05b").replace("0", "a").replace("1", "b"),
        "binary": lambda c: format(ord(c), "08b"),
    }[what]  # fmt: skip
    gold = plain.replace("j", "i") if what == "polybius" else ""  # read as pairs of digits
    return {"what": what, "ciphertext": "".join(map(sign, plain)), "plaintext": gold}


def nonsense(text: str, language: str, rng: np.random.Generator, number: int) -> dict:
    """Text without a message that a key reads."""
    what = str(rng.choice(NONSENSE))
    n = int(rng.integers(60, 300))
    plain = fold(_stretch(text, rng, n)).replace(" ", "")
    if what == "shuffled":
        made = "".join(rng.permutation(list(plain)))
    elif what == "columnar":
        width = int(rng.integers(5, 12))
        made = "".join(plain[k::width] for k in rng.permutation(width)).upper()
    elif what == "base64":
        made = base64.b64encode(plain.encode()).decode()
    else:
        signs = {"random": LATIN, "dna": "acgt", "digits": string.digits, "zipf": LATIN}[what]
        weight = 1.0 / np.arange(1, len(signs) + 1) if what == "zipf" else np.ones(len(signs))
        made = "".join(rng.choice(list(signs), n, p=weight / weight.sum()))
    return {"what": what, "ciphertext": made, "plaintext": ""}


MAKERS = {
    "homophonic": homophonic,
    "letters": letters,
    "printed": printed,
    "repeated": repeated,
    "encoded": encoded,
    "nonsense": nonsense,
}


SIGNS = (1, 1, -1, 1, 1, 1, 0, 0, 1, 0, -1, -1, -1)
"""What more of each feature may do to the confidence: raise it, lower it, or either."""


def fit(x: np.ndarray, y: np.ndarray, ridge: float = 0.1) -> np.ndarray:
    """Logistic regression whose coefficients have the `SIGNS` of their features; the first column is the intercept."""
    x = np.column_stack([np.ones(len(x)), x])
    sign = 2.0 * y - 1.0

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (x @ w)
        p = expit(-margin)
        value = np.logaddexp(0.0, -margin).sum() + 0.5 * ridge * (w[1:] @ w[1:])
        gradient = -(x.T @ (sign * p))
        gradient[1:] += ridge * w[1:]
        return float(value), gradient

    bounds = [(None, None)] + [(0.0 if s > 0 else None, 0.0 if s < 0 else None) for s in SIGNS]
    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    return found.x


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
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=1200)
    parser.add_argument("--save", type=Path, required=True)
    parser.add_argument("--only", choices=MAKERS, help="cases of one family")
    parser.add_argument("--part", default="0/1", help="which of how many parts of the cases to do")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    done = set()
    if arguments.save.exists():
        done = {str(json.loads(line)["number"]) for line in arguments.save.read_text().splitlines()}
    only = arguments.only
    todo = [n for n in range(part, arguments.count, parts) if f"{only or ''}{n}" not in done]
    if todo:
        texts = sources(arguments.data)
        with open(arguments.save, "a") as out:
            for number in todo:
                out.write(json.dumps(case(texts, number, only)) + "\n")
                out.flush()
    report([json.loads(line) for line in arguments.save.read_text().splitlines()])


def tolerated(row: dict) -> float:
    """Share of wrong letters up to which a case is right: what noise did to a shift cipher is not the key's fault."""
    return 0.12 if row["what"] in ("vigenere", "beaufort", "caesar", "affine") else 0.05


def report(rows: list[dict]) -> None:
    """Fit on the trained sources, each left out in turn; score the others; print the coefficients."""
    rows = [row for row in rows if row["evidence"]]
    x = np.array([features(Evidence(**row["evidence"])) for row in rows])
    y = np.array([row["ser"] <= tolerated(row) for row in rows])
    trained = np.array([row["trained"] for row in rows])
    held = np.empty(len(y))
    for source in {row["source"] for row in rows if row["trained"]}:
        out_of = np.array([row["source"] == source for row in rows])
        w = fit(x[trained & ~out_of], y[trained & ~out_of])
        held[out_of] = 1 / (1 + np.exp(-(w[0] + x[out_of] @ w[1:])))
    w = fit(x[trained], y[trained])
    held[~trained] = 1 / (1 + np.exp(-(w[0] + x[~trained] @ w[1:])))
    for name, chosen in (
        ("trained sources, each held out", trained),
        ("untouched sources", ~trained),
    ):
        print(name, score(held[chosen], y[chosen]))
        for family in MAKERS:
            of = chosen & np.array([row["family"] == family for row in rows])
            believed = of & (held >= 0.9)
            print(
                f"  {family}: n {of.sum()}, right {y[of].sum()}, believed {believed.sum()}, wrong {(believed & ~y).sum()}"
            )
    print("intercept", round(w[0], 3), "weights", [float(v) for v in np.round(w[1:], 3)])


if __name__ == "__main__":
    main()
