"""A fixed set of problems and their answers, so that a change of structure can be shown to change no number.

    python benchmarks/fixed_answers.py before.json --data ../shared/data      # on the commit before
    python benchmarks/fixed_answers.py after.json --data ../shared/data --against before.json

The set: 20 simple and 20 homophonic ciphers, 10 Vigenère, 2 word codes, es-en vectors, one pair of text embeddings,
4 pairs of files to compress. Figures are compared to 1e-9, texts and keys exactly. `--only` names a part. Needs
`../shared/data` or a folder laid out like it.

`--small` is a set of its own, made of text in the package. Its answers are stored in `tests/fixed_answers.json`, and
`tests/test_fixed_answers.py` compares them. A commit that changes them on purpose writes them anew and says why:

    python benchmarks/fixed_answers.py tests/fixed_answers.json --small
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import lzma
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import distmatch as dm
from distmatch.__main__ import main
from distmatch.planted import PROSE, planted_book, planted_key, shifted, text_pair

TOLERANCE = 1e-9


def lines(path: Path) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8") as handle:
        return [json.loads(line) for line in handle]


def prose(data: Path, language: str, start: int, length: int) -> str:
    with lzma.open(data / "corpora" / f"{language}.txt.xz", "rt", encoding="utf-8") as handle:
        handle.read(start)
        return " ".join(handle.read(length).split())


def read(match: Any) -> dict[str, Any]:
    return {
        "plaintext": match.plaintext, "text": match.text, "kind": match.kind, "data": match.bits.data, "map": match.bits.map,
        "control": match.bits.control, "confidence": match.confidence,
    }  # fmt: skip


def simple(data: Path) -> Iterator[tuple[str, dict]]:
    rows = [r for r in lines(data / "ciphers/simple_dev.jsonl") if r["length"] >= 64]
    for row in rows[:: len(rows) // 20][:20]:
        yield row["id"], read(dm.decipher(row["ciphertext"], language=row["lang"]))


def homophonic(data: Path) -> Iterator[tuple[str, dict]]:
    rows = lines(data / "ciphers/homophonic_dev.jsonl")
    for row in rows[:: len(rows) // 20][:20]:
        yield row["id"], read(dm.decipher(row["ciphertext"], language="en", kind="homophonic"))


def vigenere(data: Path) -> Iterator[tuple[str, dict]]:
    for k in range(10):
        text = "".join(
            c for c in prose(data, "en", 50_000 + 10_000 * k, 600).lower() if "a" <= c <= "z"
        )[: 150 + 20 * k]
        word = ["lemon", "fortification", "key"][k % 3]
        yield f"vigenere-{k}", read(dm.decipher(shifted(text, word), language="en"))


def codes(data: Path) -> Iterator[tuple[str, dict]]:
    words = re.findall(r"[a-z]+", prose(data, "en", 3_000_000, 400_000).lower())[:20_000]
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "reference.txt"
        reference.write_text(prose(data, "en", 0, 1_500_000), encoding="utf-8")
        for kind in ("word-code", "dictionary-code"):
            code = planted_book(
                words, alphabetical=kind == "dictionary-code", first=100, step=3, seed=5
            )
            text = " ".join(str(code[w]) for w in words[:6_000])
            yield (
                kind,
                read(dm.decipher(text, language="en", kind=kind, reference=[str(reference)])),
            )


def vectors(data: Path) -> Iterator[tuple[str, dict]]:
    folder = data / "vectors/es-en"
    pair = [dm.Embeddings.load(str(folder / f"{side}.vec.xz")) for side in ("es", "en")]
    yield "es-en", mapped(dm.align(*pair))
    folder = data / "vectors/text-embeddings"
    names = ("minilm.train-first-half.npy", "wordllama.train-second-half.npy")
    yield "text-embeddings", mapped(dm.align(*[dm.Embeddings.load(str(folder / n)) for n in names]))


def mapped(match: Any) -> dict[str, Any]:
    return {
        "data": match.bits.data, "map": match.bits.map, "confidence": match.confidence,
        "norm": float(np.abs(match.map.source).sum()),
    }  # fmt: skip


def pairs(data: Path) -> Iterator[tuple[str, dict]]:
    text = prose(data, "en", 100_000, 70_000).encode()
    table = bytearray(range(256))
    rng = np.random.default_rng(7)
    order = rng.permutation(26)
    for k in range(26):
        table[97 + k] = 97 + order[k]
        table[65 + k] = 65 + order[k]
    other = prose(data, "fr", 100_000, 30_000).encode()
    made = {
        "clear": (text[:30_000], text[30_000:50_000]), "key": (text[:40_000], text[40_000:60_000].translate(bytes(table))),
        "unrelated": (text[:20_000], other[:20_000]), "noise": (text[:20_000], rng.bytes(5_000)),
    }  # fmt: skip
    for name, (x, y) in made.items():
        yield name, compressed(x, y)


def compressed(x: bytes, y: bytes) -> dict[str, Any]:
    """Code lengths of a pair by the function and by the command."""
    code = dm.joint_code(x, y)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
        (Path(folder) / "x").write_bytes(x)
        (Path(folder) / "y").write_bytes(y)
        main(["compress", f"{folder}/x", f"{folder}/y", "--brief", "--json", "--quiet"])
    return {
        "x": code.x, "y": code.y, "y_given_x": code.y_given_x, "x_given_y": code.x_given_y, "joint_map": code.map,
        "command": json.loads(out.getvalue())["bits"],
    }  # fmt: skip


def small_set() -> Iterator[tuple[str, dict]]:
    """A few seconds' worth of the same kinds of problem, from text in the package."""
    letters = np.array([ord(c) - 97 for c in PROSE.lower() if "a" <= c <= "z"])
    for number, part in enumerate((letters[:130], letters[150:400])):
        made = planted_key(part, 26, seed=number)
        text = "".join(chr(65 + c) for c in made.cipher)
        yield f"simple-{number}", read(dm.decipher(text, language="en", kind="simple"))
    made = planted_key(letters, 26, homophones=2, seed=2)
    yield "homophonic", read(dm.decipher(made.cipher.tolist(), language="en", kind="homophonic"))
    text = shifted("".join(chr(65 + c) for c in letters[:200]), "lemon")
    yield "vigenere", read(dm.decipher(text, language="en", kind="vigenere"))
    for relation in ("key", "same"):
        yield f"pair-{relation}", compressed(*text_pair(4_000, 2_000, relation=relation, seed=7))


PARTS = {
    "simple": simple,
    "homophonic": homophonic,
    "vigenere": vigenere,
    "pairs": pairs,
    "codes": codes,
    "vectors": vectors,
}


def differences(before: Any, after: Any, place: str = "") -> list[str]:
    """Places where two answers differ: numbers by more than 1e-9 of their size, everything else at all."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            d for key in before for d in differences(before[key], after.get(key), f"{place}/{key}")
        ]
    if isinstance(before, float) and isinstance(after, float):
        return (
            []
            if abs(before - after) <= TOLERANCE * max(1.0, abs(before))
            else [f"{place}: {before!r} -> {after!r}"]
        )
    return [] if before == after else [f"{place}: {before!r} -> {after!r}"]


def run() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--against", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    answers: dict[str, Any] = {}
    parts = (
        {"small": small_set()}
        if options.small
        else {p: PARTS[p](options.data) for p in options.only}
    )
    for part, problems in parts.items():
        for name, answer in problems:
            answers[f"{part}/{name}"] = answer
            print(part, name, flush=True)
            options.out.write_text(
                json.dumps(answers, indent=1, ensure_ascii=False), encoding="utf-8"
            )
    if options.against is None:
        return 0
    before = json.loads(options.against.read_text(encoding="utf-8"))
    changed = differences({k: v for k, v in before.items() if k in answers}, answers)
    print("\n".join(changed) or f"{len(answers)} answers, none differs by more than {TOLERANCE:g}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(run())
