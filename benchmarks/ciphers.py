"""Rerun every figure of docs/results/ciphers.md: SER, solved rate and CPU seconds, the peer beside us.

    python benchmarks/ciphers.py [--data ../shared/data] [--only simple,spaces,...] [--limit 20]

SER is the share of letters decoded wrongly; solved means SER <= 5 %. A failure is the model's if the key
found has fewer bits than the true one, else the search's. One thread; CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from distmatch.ciphers.encipher import encipher
from distmatch.ciphers.reading import from_symbols, read_ciphertext
from distmatch.files import read_text
from distmatch.languages.language import load_language
from distmatch.maps.key import emission_bits
from distmatch.matching.decipher import decipher
from distmatch.text.alphabet import fold

HEADER = (
    "| task | n | SER % | solved % | search errors | model errors | CPU s mean | worst |\n"
    + "|---" * 8
    + "|"
)

ALL: list[dict] = []


def load(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def error_rate(found: str, gold: str) -> float:
    found, gold = found.replace(" ", ""), gold.replace(" ", "").lower()
    wrong = sum(a != b for a, b in zip(found, gold, strict=False)) + abs(len(found) - len(gold))
    return wrong / max(len(gold), 1)


def peer(ciphertext: str, language: str = "en"):
    """subbreaker's answer, or None where it does not apply."""
    try:
        import pkgutil

        from subbreaker import Breaker
    except ImportError:
        return None
    import io

    name = {"en": "EN.json", "de": "DE.json"}.get(language)
    data = name and pkgutil.get_data("subbreaker", f"quadgram/{name}")
    if not data:
        return None
    breaker = Breaker(io.StringIO(data.decode()))
    begin = time.process_time()
    result = breaker.break_cipher(ciphertext)
    return result.plaintext, time.process_time() - begin


def run(label: str, ciphers: list[dict], **options) -> list[dict]:
    """Decipher all, print one row, return the records."""
    records = []
    for number, item in enumerate(ciphers):
        text = item["ciphertext"]
        source = read_ciphertext(text) if isinstance(text, str) else from_symbols(text)
        settings = {
            "language": item.get("lang", "en"),
            "kind": item["kind"],
            "seed": number,
            "threads": 1,
        } | options
        if number == 0:
            decipher(source, **settings)
        begin = time.process_time()
        match = decipher(source, **settings)
        seconds = time.process_time() - begin
        ser = error_rate(match.plaintext, item["plaintext"])
        record = {
            "ser": ser,
            "seconds": seconds,
            "confidence": match.confidence,
            "language": match.language,
        }
        record["kind"] = match.kind
        record["model_error"] = ser > 0.05 and match.bits.data <= true_bits(item, source, match)
        records.append(record)
    report(label, records)
    ALL.extend(records)
    return records


def calibration(records: list[dict]) -> str:
    """How right the confidence is about SER <= 5 %: AUC, expected calibration error, errors at 0.99."""
    p = np.array([r["confidence"] for r in records])
    y = np.array([r["ser"] <= 0.05 for r in records])
    ranks = np.empty(len(p))
    ranks[np.argsort(p)] = np.arange(1, len(p) + 1)
    auc = (ranks[y].sum() - y.sum() * (y.sum() + 1) / 2) / max(y.sum() * (~y).sum(), 1)
    bins = np.minimum((p * 10).astype(int), 9)
    ece = sum(abs((p[bins == b] - y[bins == b]).sum()) for b in range(10)) / len(p)
    sure = p >= 0.99
    return (
        f"confidence on all {len(p)} ciphers above: AUC {auc:.4f}, ECE {ece:.4f}, "
        f"wrong at >= 0.99: {(sure & ~y).sum()} of {sure.sum()}, wrong at >= 0.9: {((p >= 0.9) & ~y).sum()} of {(p >= 0.9).sum()}"
    )


def true_bits(item: dict, source, match) -> float:
    spaces = " " in match.plaintext
    model = load_language(match.language, spaces=spaces)
    gold = item["plaintext"].lower()
    codes = model.alphabet.encode(gold if spaces else gold.replace(" ", ""), spaces=spaces)
    bits = model.total_bits(codes)
    if item["kind"] == "homophonic" and len(codes) == len(source):
        key = np.zeros(len(source.names), np.int64)
        key[source.symbols] = codes
        bits += emission_bits(key, source.symbols, model.size)
    return bits


def report(label: str, records: list[dict]) -> None:
    ser = np.array([r["ser"] for r in records])
    seconds = np.array([r["seconds"] for r in records])
    failed = ser > 0.05
    model = np.array([r.get("model_error", False) for r in records])
    print(
        f"| {label} | {len(records)} | {100 * ser.mean():.2f} | {100 * (1 - failed.mean()):.1f} | "
        f"{int((failed & ~model).sum())} | {int((failed & model).sum())} | {seconds.mean():.3f} | {seconds.max():.2f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument(
        "--only",
        default="simple,spaces,reference,languages,unknown,kind,historical,made,homophonic,peer",
    )
    parser.add_argument("--limit", type=int, default=50)
    arguments = parser.parse_args()
    data, only, limit = Path(arguments.data), arguments.only.split(","), arguments.limit
    simple = load(data / "ciphers/simple_dev.jsonl")
    novels = [str(data / "corpora/en.txt.xz")]
    print(HEADER)

    def pick(language: str, length: int, spaces: bool) -> list[dict]:
        rows = [
            c for c in simple if (c["lang"], c["length"], c["spaces"]) == (language, length, spaces)
        ]
        return rows[:limit]

    if "simple" in only:
        for length in (32, 64, 128, 256):
            run(f"English simple, no spaces, {length}", pick("en", length, False))
    if "spaces" in only:
        for length in (32, 64, 128):
            run(f"English simple, spaces, {length}", pick("en", length, True))
    if "reference" in only:
        for spaces, lengths in ((False, (32, 64, 128, 256)), (True, (32, 64, 128))):
            for length in lengths:
                name = "spaces" if spaces else "no spaces"
                run(
                    f"the same with novels mixed in, {name}, {length}",
                    pick("en", length, spaces),
                    reference=novels,
                )
    if "languages" in only:
        others = sorted({c["lang"] for c in simple} - {"en"})
        for length in (128, 256):
            for spaces in (False, True):
                rows = [c for language in others for c in pick(language, length, spaces)]
                run(f"14 languages, {'spaces' if spaces else 'no spaces'}, {length}", rows)
    if "unknown" in only:
        rows = [
            c
            for language in sorted({c["lang"] for c in simple})
            for c in pick(language, 256, False)[: limit // 10]
        ]
        records = run("language unknown, 256", rows, language="auto")
        right = np.mean([r["language"] == c["lang"] for r, c in zip(records, rows, strict=True)])
        print(f"language right: {100 * right:.1f} %")
    if "kind" in only:
        rows = [
            c
            for length in (128, 256)
            for spaces in (False, True)
            for c in pick("en", length, spaces)[: limit // 2]
        ]
        text = fold(read_text(novels[0]))[:400_000]
        for number in range(limit // 2):
            start = text.index(" ", 7919 * number)
            for kind in ("vigenere", "beaufort", "homophonic"):
                made = encipher(text[start : start + 400], kind, seed=number, period=5 + number % 8)
                rows.append(made | {"lang": "en"})
        records = run("kind unknown, 128 and more", rows, kind="auto")
        right = np.mean([r["kind"] == c["kind"] for r, c in zip(records, rows, strict=True)])
        print(f"kind right: {100 * right:.1f} %")
    if "historical" in only:
        items = {c["id"]: c for c in load(data / "ciphers/historical.jsonl")}
        for name, seeds in (("zodiac-408", 100), ("beale-2", 10)):
            records = []
            source = from_symbols(list(items[name]["ciphertext"]))
            for seed in range(seeds):
                begin = time.process_time()
                match = decipher(source, kind="homophonic", seed=seed, threads=1)
                seconds = time.process_time() - begin
                records.append(
                    {
                        "ser": error_rate(match.plaintext, items[name]["plaintext"]),
                        "seconds": seconds,
                    }
                )
            report(f"{name}, {seeds} seeds", records)
            print(
                f"exact: {sum(r['ser'] == 0 for r in records)}, worst SER {100 * max(r['ser'] for r in records):.2f} %"
            )
    if "made" in only:
        text = fold(read_text(novels[0]))
        rows = []
        for number in range(20):
            start = text.index(" ", 50_000 * number + 1000)
            letters = text[start : start + 700].replace(" ", "")[:408]
            rows.append(encipher(letters, "homophonic", seed=number, symbols=54) | {"lang": "en"})
        run("homophonic, 54 symbols, 408 letters", rows)
    if "homophonic" in only:
        run("homophonic_dev.jsonl", load(data / "ciphers/homophonic_dev.jsonl")[: 10 * limit])
    if "peer" in only:
        for length in (64, 128):
            records = []
            for item in pick("en", length, False)[:10]:
                answer = peer(item["ciphertext"])
                if answer is not None:
                    records.append(
                        {"ser": error_rate(answer[0], item["plaintext"]), "seconds": answer[1]}
                    )
            if records:
                report(f"subbreaker (peer), no spaces, {length}", records)
    if ALL:
        print(calibration(ALL))


if __name__ == "__main__":
    main()
