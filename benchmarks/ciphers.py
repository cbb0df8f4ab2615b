"""Rerun every figure of docs/results/ciphers.md: SER, solved rate and CPU seconds, the peer beside us.

    python benchmarks/ciphers.py [--data ../shared/data] [--only simple,spaces,...] [--limit 20] [--records FILE]
                                 [--json docs/results/ciphers.json]

With --records, every cipher's record is appended to a file, and the calibration takes in those of earlier runs.

SER is the share of letters decoded wrongly; solved means SER <= 5 %. A failure is the model's if the key
found has fewer bits than the true one, else the search's. One thread; CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from tables import Results

from distmatch.ciphers.reading import from_symbols, read_ciphertext
from distmatch.files import read_text
from distmatch.languages.language import load_language
from distmatch.maps.key import emission_bits
from distmatch.matching.decipher import decipher
from distmatch.matching.encipher import encipher
from distmatch.text.alphabet import fold

COLUMNS = ("task", "n", "SER %", "solved %", "search errors", "model errors", "CPU s mean", "worst")
ROWS = (
    "simple", "spaces", "reference", "languages", "unknown", "kind", "historical", "made", "homophonic", "vigenere",
    "noise", "short", "peer", "command",
)  # fmt: skip
ALL: list[dict] = []
"""Records of every cipher read, for the calibration at the end."""
RESULTS = [Results()]
"""Where rows go."""


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
            "ser": float(ser),
            "seconds": seconds,
            "confidence": match.confidence,
            "language": match.language,
        }
        record |= {
            "kind": match.kind, "row": label, "id": item.get("id", number), "true_kind": item["kind"],
            "true_language": item.get("lang", "en"),
        }  # fmt: skip
        record["model_error"] = bool(
            ser > 0.05 and match.bits.data <= true_bits(item, source, match)
        )
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
    RESULTS[0].row("ciphers", COLUMNS, (
        label, len(records), f"{100 * ser.mean():.2f}", f"{100 * (1 - failed.mean()):.1f}",
        int((failed & ~model).sum()), int((failed & model).sum()), f"{seconds.mean():.3f}", f"{seconds.max():.2f}",
    ))  # fmt: skip


def made_rows(text: str, kind: str, count: int, **settings) -> list[dict]:
    """Ciphers of the given kind made from places of a folded text, a space apart."""
    length = settings.pop("length")
    rows = []
    for number in range(count):
        start = text.index(" ", 50_000 * number + 1000)
        letters = text[start : start + 2 * length].replace(" ", "")[:length]
        rows.append(encipher(letters, kind, seed=number, **settings) | {"lang": "en"})
    return rows


def historical(data: Path, seeds: dict[str, int]) -> None:
    """Zodiac 408 and Beale 2 from many seeds."""
    items = {c["id"]: c for c in load(data / "ciphers/historical.jsonl")}
    for name, number in seeds.items():
        records = []
        source = from_symbols(list(items[name]["ciphertext"]))
        decipher(source, kind="homophonic", seed=0, threads=1)
        for seed in range(number):
            begin = time.process_time()
            match = decipher(source, kind="homophonic", seed=seed, threads=1)
            seconds = time.process_time() - begin
            ser = error_rate(match.plaintext, items[name]["plaintext"])
            records.append({"ser": ser, "seconds": seconds})
        report(f"{name}, {number} seeds", records)
        exact = sum(r["ser"] == 0 for r in records)
        print(f"exact: {exact}, worst SER {100 * max(r['ser'] for r in records):.2f} %")


def command() -> None:
    """The whole command on the 408, warm: wall and CPU seconds, peak memory."""
    import resource
    import subprocess
    import sys

    call = [sys.executable, "-m", "distmatch", "decipher", "--example", "zodiac-408", "--json"]
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.monotonic()
        subprocess.run(call, stdout=subprocess.DEVNULL)
        wall = time.monotonic() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"whole command: {wall:.2f} s wall, {cpu:.2f} CPU s, {after.ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--only", default=",".join(ROWS))
    parser.add_argument("--limit", type=int, default=50, help="ciphers per cell")
    parser.add_argument("--skip", type=int, default=0, help="ciphers per cell left out before")
    parser.add_argument("--seeds", type=int, default=100, help="of the Zodiac 408")
    parser.add_argument("--records", type=Path)
    parser.add_argument("--json", type=Path, help="file that keeps the rows of the table")
    arguments = parser.parse_args()
    RESULTS[0] = Results(arguments.json)
    data, only, limit = Path(arguments.data), arguments.only.split(","), arguments.limit
    simple = load(data / "ciphers/simple_dev.jsonl")
    novels = [str(data / "corpora/en.txt.xz")]
    text = fold(read_text(novels[0])[:3_000_000])

    def pick(language: str, length: int, spaces: bool) -> list[dict]:
        rows = [
            c for c in simple if (c["lang"], c["length"], c["spaces"]) == (language, length, spaces)
        ]
        return rows[arguments.skip : arguments.skip + limit]

    others = sorted({c["lang"] for c in simple} - {"en"})
    for row, spaces, lengths, options in (
        ("simple", False, (32, 64, 128, 256), {}),
        ("spaces", True, (32, 64, 128), {}),
        ("reference", False, (32, 64, 128, 256), {"reference": novels}),
        ("reference", True, (32, 64, 128), {"reference": novels}),
    ):
        for length in lengths if row in only else ():
            how = f"English simple, {'spaces' if spaces else 'no spaces'}, {length}"
            run(
                f"{how}{', novels mixed in' if options else ''}",
                pick("en", length, spaces),
                **options,
            )
    if "languages" in only:
        for length in (128, 256):
            for spaces in (False, True):
                rows = [c for language in others for c in pick(language, length, spaces)]
                run(f"14 languages, {'spaces' if spaces else 'no spaces'}, {length}", rows)
    if "unknown" in only:
        rows = [
            c
            for language in [*others, "en"]
            for c in pick(language, 256, False)[: max(limit // 10, 1)]
        ]
        records = run("language unknown, 256", rows, language="auto")
        right = np.mean([r["language"] == c["lang"] for r, c in zip(records, rows, strict=True)])
        print(f"language right: {100 * right:.1f} %")
    if "kind" in only:
        cells = [(length, spaces) for length in (128, 256) for spaces in (False, True)]
        rows = [c for cell in cells for c in pick("en", *cell)[: max(limit // 2, 1)]]
        for kind in ("vigenere", "beaufort", "homophonic"):
            rows += made_rows(text, kind, max(limit // 2, 1), length=400, period=7)
        records = run("kind unknown, 128 and more", rows, kind="auto")
        right = np.mean([r["kind"] == c["kind"] for r, c in zip(records, rows, strict=True)])
        print(f"kind right: {100 * right:.1f} %")
    if "historical" in only:
        historical(data, {"zodiac-408": arguments.seeds, "beale-2": min(10, arguments.seeds)})
    if "made" in only:
        rows = made_rows(text, "homophonic", min(limit, 20), length=408, symbols=54)
        run("homophonic, 54 symbols, 408 letters", rows)
    if "homophonic" in only:
        dev = load(data / "ciphers/homophonic_dev.jsonl")
        rows = dev[arguments.skip :: max(len(dev) // (10 * limit), 1)]
        run("homophonic_dev, default", rows)
        run("homophonic_dev, time limit 0.25 s", rows, time_limit=0.25)
    if "vigenere" in only:
        for length, period in ((64, 5), (100, 7), (100, 10), (200, 10), (200, 20), (400, 40)):
            rows = made_rows(text, "vigenere", min(limit, 20), length=length, period=period)
            run(f"Vigenère, {length} letters, period {period}", rows)
    if "noise" in only:
        for kind, length in (("simple", 256), ("homophonic", 600)):
            rows = made_rows(text, kind, min(limit, 20), length=length, noise=0.05)
            for row in rows:  # what the true key reads, faults included
                row["plaintext"] = "".join(row["key"][str(s)] for s in row["ciphertext"])
            run(f"5 % wrong symbols, {kind}, {length}: key", rows)
    if "short" in only:
        rows = [c for spaces in (False, True) for c in pick("en", 16, spaces)]
        run("English simple, 16 (for the confidence)", rows)
    if "peer" in only:
        for length in (64, 128):
            answers = [(peer(c["ciphertext"]), c) for c in pick("en", length, False)[:10]]
            records = [
                {"ser": error_rate(a[0], c["plaintext"]), "seconds": a[1]} for a, c in answers if a
            ]
            if records:
                report(f"subbreaker (peer), no spaces, {length}", records)
    if "command" in only:
        command()
    everything = list(ALL)
    if arguments.records:
        if arguments.records.exists():
            everything += load(arguments.records)
        with open(arguments.records, "a") as file:
            file.writelines(json.dumps(record) + "\n" for record in ALL)
    if everything:
        print(calibration(everything))


if __name__ == "__main__":
    main()
