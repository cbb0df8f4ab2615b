"""Printed ciphers and texts that must not be called solved: the table `printed` of docs/results/ciphers.md.

    python benchmarks/ciphers_printed.py --files ../shared/data/ciphers/field_dev --json docs/results/ciphers.json
    python benchmarks/ciphers_printed.py --made 1 --data ../shared/data --json docs/results/ciphers.json

`--files PREFIX` reads PREFIX_printed.jsonl and PREFIX_controls.jsonl. `--made SEED` makes a set of the same kind from other texts
(Bible, captions, the ends of novels, six languages) with more kinds of cipher, and controls of kinds that no other set has. All
go through `distmatch decipher --batch` with the language given and 10 s for each.

Letters: ciphers whose letters are all right. Layout: `printed` equals the plaintext as it was printed. Wrong but solved: more
than 5 % of the letters wrong and called solved; a control is wrong unless its own plaintext, where it has one, is read to 5 %.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from math import gcd
from pathlib import Path

import numpy as np
from printedcontrols import CONTROLS
from tables import Results

from distmatch.files import read_text
from distmatch.text.alphabet import LATIN, fold

CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
SECONDS = 10
"""Wall seconds for one cipher."""
STYLES = ("upper", "mixed", "lines", "clue", "numbered")
SHARES = {
    "simple": 0.45, "keyword": 0.12, "caesar": 0.1, "atbash": 0.08, "affine": 0.1, "vigenere": 0.15,
}  # fmt: skip
"""Kinds of the ciphers made, and how many of them."""
LANGUAGES = ("en", "en", "de", "es", "fr", "en", "it", "ru", "en", "en")
KEYWORDS = (
    "blackhorse",
    "mystery",
    "republican",
    "gunpowder",
    "citadel",
    "lumberjack",
    "quarantine",
    "vineyard",
)
COLUMNS = (
    "set", "n", "letters all right %", "layout %", "called solved %", "wrong but solved %", "CPU s mean", "worst", "controls",
    "controls wrong but solved %",
)  # fmt: skip


def sentences(data: Path, language: str) -> list[str]:
    """Sentences of 50 to 220 letters from texts that no calibration was fitted on."""
    bible = {"en": "en-webp", "de": "de", "es": "es"}
    if language in bible:
        text = read_text(data / f"bible/{bible[language]}.txt.xz")
    else:
        text = read_text(data / f"corpora/{language}.txt.xz")[-2_000_000:]
    if language == "en":
        text += "\n" + read_text(data / "multi30k/test_2017_flickr.en.gz")
        text += " " + read_text(data / "corpora/en.txt.xz")[-1_000_000:]
    text = re.sub(r"\s+", " ", text)
    found = re.split(r"(?<=[.!?])[\"”»’]? (?=[\"“«‘]?[^\W\d_a-zа-я])", text)
    return [s for s in found if 50 <= sum(c.isalpha() for c in s) <= 220 and "=" not in s]


def made(data: Path, seed: int, count: int) -> list[dict]:
    """Printed ciphers with their plaintexts."""
    pool = {name: sentences(data, name) for name in sorted(set(LANGUAGES))}
    rows = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        language = LANGUAGES[number % len(LANGUAGES)]
        kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        style = STYLES[int(rng.integers(len(STYLES)))]
        plain = str(rng.choice(pool[language]))
        rows.append(
            one(plain, language, kind, style, rng) | {"id": f"{language}-{kind}-{style}-{number}"}
        )
    return rows


def one(plain: str, language: str, kind: str, style: str, rng: np.random.Generator) -> dict:
    """One cipher of a kind, printed in a style."""
    alphabet = CYRILLIC if language == "ru" else LATIN
    plain = "".join(_letter(c, alphabet) for c in plain).strip()
    if style == "upper" or (style == "clue" and rng.random() < 0.7):
        plain = plain.upper()
    if style in ("lines", "numbered"):
        width = int(rng.integers(24, 60))
        rows = [
            row.strip() for row in re.findall(rf"(?:\S{{{width},}}|.{{1,{width}}})(?:\s+|$)", plain)
        ]
        plain = "\n".join(
            f"{k}. {row}" if style == "numbered" else row for k, row in enumerate(rows, 1)
        )
    cipher = _substituted(plain, alphabet, CIPHERS[kind](alphabet, rng))
    shown = cipher
    if style == "clue":
        at = int(rng.choice([i for i, c in enumerate(plain) if c.isalpha()]))
        shape = str(rng.choice(["{0} = {1}", "{0}={1}", "Clue: {0} equals {1}"]))
        shown = shape.format(cipher[at].upper(), plain[at].upper()) + "\n" + cipher
    letters = "".join(c.lower() for c in plain if c.isalpha())
    return {
        "lang": language,
        "kind": kind,
        "ciphertext": shown,
        "printed": plain,
        "plaintext": letters,
    }


def _letter(char: str, alphabet: str) -> str:
    """The character as its alphabet has it: folded letters, and marks as they are."""
    if not char.isalpha():
        return char
    folded = fold(char).strip()
    if not folded or any(c not in alphabet for c in folded):
        return ""
    return folded.upper() if char.isupper() else folded


def _substituted(plain: str, alphabet: str, tables: list[str]) -> str:
    """Letters through the alphabets in turn; marks and capitals stay."""
    out, place = [], 0
    for char in plain:
        if not char.isalpha():
            out.append(char)
            continue
        letter = tables[place % len(tables)][alphabet.index(char.lower())]
        out.append(letter.upper() if char.isupper() else letter)
        place += 1
    return "".join(out)


def _simple(alphabet: str, rng: np.random.Generator) -> list[str]:
    return ["".join(rng.permutation(list(alphabet)))]


def _keyword(alphabet: str, rng: np.random.Generator) -> list[str]:
    if alphabet != LATIN:
        return _simple(alphabet, rng)
    word = "".join(dict.fromkeys(str(rng.choice(KEYWORDS))))
    return [word + "".join(c for c in alphabet if c not in word)]


def _affine(alphabet: str, rng: np.random.Generator) -> list[str]:
    size = len(alphabet)
    factor = int(rng.choice([a for a in range(2, size) if gcd(a, size) == 1]))
    shift = int(rng.integers(size))
    return ["".join(alphabet[(factor * i + shift) % size] for i in range(size))]


def _rotated(alphabet: str, shift: int) -> str:
    return alphabet[shift:] + alphabet[:shift]


CIPHERS: dict[str, Callable[[str, np.random.Generator], list[str]]] = {
    "simple": _simple,
    "keyword": _keyword,
    "caesar": lambda a, rng: [_rotated(a, int(rng.integers(1, len(a))))],
    "atbash": lambda a, rng: [a[::-1]],
    "affine": _affine,
    "vigenere": lambda a, rng: [
        _rotated(a, int(rng.integers(len(a)))) for _ in range(int(rng.integers(3, 9)))
    ],
}


def controls(data: Path, seed: int, each: int) -> list[dict]:
    """Texts of `CONTROLS`, so many of each kind."""
    pool, foreign = sentences(data, "en"), (data / "ntrex/fin.txt").read_text("utf-8").splitlines()
    rows = []
    for place, (name, maker) in enumerate(CONTROLS.items()):
        for number in range(each):
            rng = np.random.default_rng([seed, 10_000 + place, number])
            source = foreign if name == "finnish" else pool
            plain = fold(" ".join(str(rng.choice(source)) for _ in range(2)))
            rows.append(maker(plain, rng) | {"id": f"{name}-{number}"})
    return rows


def deciphered(rows: list[dict], fields: tuple[str, ...]) -> list[dict]:
    """What `distmatch decipher --batch` answers, row by row."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        asked = [
            {"id": f"c{i}", **{k: r[k] for k in fields if r.get(k)}} for i, r in enumerate(rows)
        ]
        given.write_text("".join(json.dumps(a, ensure_ascii=False) + "\n" for a in asked), "utf-8")
        call = [
            sys.executable,
            "-m",
            "distmatch",
            "decipher",
            "--batch",
            str(given),
            "--out",
            str(out),
            "--jobs",
            "1",
        ]
        subprocess.run([*call, "--time-limit", str(SECONDS), "--quiet"], check=False)
        answers = {a["id"]: a for a in map(json.loads, out.read_text("utf-8").splitlines())}
    return [answers.get(f"c{i}", {}) for i in range(len(rows))]


def wrong_share(answer: dict, gold: str | None) -> float:
    """Share of the enciphered letters that are wrong; 1 where their number is. Letters that pass through are not counted."""
    found = "".join(c for c in answer.get("plaintext", "").lower() if c.isalpha())
    if not gold or len(found) != len(gold):
        return 1.0
    return float(np.mean([a != b for a, b in zip(found, gold, strict=True)]))


def score(
    label: str, printed: list[dict], other: list[dict], results: Results, save: Path | None
) -> None:
    """One row of the table, and the failures in a file."""
    answers = deciphered(printed, ("ciphertext", "lang"))
    refused = deciphered(other, ("ciphertext",))
    wrong = np.array(
        [wrong_share(a, r["plaintext"]) for a, r in zip(answers, printed, strict=True)]
    )
    solved = np.array([bool(a.get("solved")) for a in answers])
    layout = np.array(
        [a.get("printed") == r["printed"] for a, r in zip(answers, printed, strict=True)]
    )
    seconds = np.array([a.get("cpu_seconds", 0.0) for a in answers])
    false = np.array([
        bool(a.get("solved")) and wrong_share(a, r.get("plaintext")) > 0.05 for a, r in zip(refused, other, strict=True)
    ])  # fmt: skip
    results.row("printed", COLUMNS, (
        label, len(printed), f"{100 * (wrong == 0).mean():.1f}", f"{100 * layout.mean():.1f}", f"{100 * solved.mean():.1f}",
        f"{100 * (solved & (wrong > 0.05)).mean():.1f}", f"{seconds.mean():.2f}", f"{seconds.max():.1f}", len(other),
        f"{100 * false.mean():.1f}",
    ))  # fmt: skip
    if save is None:
        return
    with open(save, "w", encoding="utf-8") as file:
        for row, answer, share, same in zip(printed, answers, wrong, layout, strict=True):
            if share > 0 or not same:
                file.write(
                    json.dumps({"wrong": share, **row, "answer": answer}, ensure_ascii=False) + "\n"
                )
        for row, answer, bad in zip(other, refused, false, strict=True):
            if bad:
                file.write(
                    json.dumps({"control": True, **row, "answer": answer}, ensure_ascii=False)
                    + "\n"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", help="prefix of two JSONL files")
    parser.add_argument("--made", type=int, help="seed of a set made here")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--count", type=int, default=120, help="printed ciphers made")
    parser.add_argument("--each", type=int, default=6, help="controls of each kind made")
    parser.add_argument("--json", type=Path, help="file that keeps the rows of the table")
    parser.add_argument("--save", type=Path, help="file for the failures")
    parser.add_argument("--label", help="first cell of the row")
    options = parser.parse_args()
    results = Results(options.json)
    if options.files:
        read = [
            [
                json.loads(line)
                for line in Path(f"{options.files}_{part}.jsonl").read_text("utf-8").splitlines()
            ]
            for part in ("printed", "controls")
        ]
        score(options.label or Path(options.files).name, read[0], read[1], results, options.save)
    if options.made is not None:
        label = options.label or f"made, seed {options.made}"
        printed = made(options.data, options.made, options.count)
        score(
            label,
            printed,
            controls(options.data, options.made, options.each),
            results,
            options.save,
        )


if __name__ == "__main__":
    main()
