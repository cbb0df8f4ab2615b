"""Tables of docs/results/*.md, made from the JSON that a benchmark wrote.

    python benchmarks/tables.py docs/results/joint.json                             # print them
    python benchmarks/tables.py docs/results/joint.json --into docs/results/joint.md

A table stands in a page between `<!-- FILE.json: NAME -->` and `<!-- end -->`; `--into` replaces what is there, and
`tests/test_figures.py` fails where page and file differ. A benchmark keeps its rows with `Results`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.drawing import number
from distmatch.files import write_json
from distmatch.retrieval.precision import wilson
from distmatch.runs import commit, environment

Rows = list[dict[str, Any]]
Cells = Sequence[object]
REPORTED = (512, 1024, 4096, 16384, 65536)
"""Letters of Y that the table of Δ shows."""
FOUND = 0.9
"""Share of letters from which the joint model counts as having found f."""


class Results:
    """Rows of a benchmark: printed as Markdown, and kept in a JSON file if there is one.

    A row replaces an earlier one of the same table and first cell, so a part of a benchmark can be run again; rows of a
    table whose columns have changed are dropped.

    Args:
        path: of the file; None keeps nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.begun: set[str] = set()

    def row(self, table: str, columns: Sequence[str], cells: Cells) -> None:
        """Print a row, below a heading if it is the first of its table, and keep it."""
        if table not in self.begun:
            self.begun.add(table)
            print(heading(columns))
        print(line(cells), flush=True)
        if self.path is None:
            return
        kept = json.loads(self.path.read_text("utf-8")) if self.path.exists() else {"tables": {}}
        old = kept["tables"].get(table, {"columns": list(columns), "rows": []})
        rows = old["rows"] if old["columns"] == list(columns) else []
        made = {
            "cells": [str(cell) for cell in cells], "date": datetime.now(UTC).date().isoformat(),
            "command": " ".join(["python", *sys.argv]), "commit": commit(),
        }  # fmt: skip
        places = {row["cells"][0]: k for k, row in enumerate(rows)}
        k = places.get(made["cells"][0])
        rows = [*rows, made] if k is None else [*rows[:k], made, *rows[k + 1 :]]
        kept["tables"][table] = {"columns": list(columns), "rows": rows}
        write_json(self.path, {**kept, **environment()})

    def record(self, table: str, figures: Mapping[str, Any], *, label: str) -> None:
        """The same for named figures: nested ones are left out."""
        shown = {k: v for k, v in figures.items() if not isinstance(v, (dict, list, tuple))}
        self.row(table, ["case", *shown], [label, *shown.values()])


def heading(columns: Sequence[str]) -> str:
    """The first two lines of a table."""
    return f"{line(columns)}\n" + "|---" * len(columns) + "|"


def line(cells: Cells) -> str:
    """One line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def markdown(columns: Sequence[str], rows: Sequence[Cells]) -> str:
    """A whole table."""
    return "\n".join([heading(columns), *(line(row) for row in rows)])


def tables(path: Path) -> dict[str, str]:
    """Name to Markdown of every table that a file of results makes."""
    made = json.loads(path.read_text("utf-8"))
    if path.stem in MAKERS:
        return MAKERS[path.stem](made)
    return {
        name: markdown(table["columns"], [row["cells"] for row in table["rows"]])
        for name, table in made["tables"].items()
    }


def joint(rows: Rows) -> dict[str, str]:
    """Keys found, Δ of ours and of the classical coders, and where Δ turns positive."""
    return {"keys": _keys(rows), "delta": _delta(rows), "threshold": _threshold(rows)}


def _keys(rows: Rows) -> str:
    goals = {128: "9/10, 2 s", 256: "10/10, 2 s"}
    found = []
    for n in sorted({r["n"] for r in rows if r["kind"] == "keys"}):
        part = [r for r in rows if (r["kind"], r["n"]) == ("keys", n)]
        seconds = [r["seconds"] for r in part]
        solved = f"{sum(r['right'] >= 0.95 for r in part)}/{len(part)}"
        right = f"{np.mean([r['right'] for r in part]):.3f}"
        found.append(
            (n, goals.get(n, ""), solved, right, f"{np.mean(seconds):.2f}, {max(seconds):.2f}")
        )
    return markdown(
        ("letters", "goal", "solved (>= 95 % of letters)", "mean right", "CPU s, model of X included: mean, worst"),
        found,
    )  # fmt: skip


def _delta(rows: Rows) -> str:
    """Mean and least of ours; mean of the classical coders, and less what shuffled letters get."""
    goals = {
        "delta": ("goal, same author", ("35", "", "30", "22", "15")),
        "domain": ("goal, another domain", ("", "20", "", "5", "0")),
    }
    labels = {"delta": "**ours, same author**", "domain": "**ours, King James Bible**"}
    found: list[Cells] = []
    for kind, label in labels.items():
        parts = [[r["percent"] for r in rows if (r["kind"], r["n"]) == (kind, n)] for n in REPORTED]
        goal, values = goals[kind]
        found += [(goal, *values), (label, *(f"{np.mean(p):.1f} ({min(p):.1f})" for p in parts))]
    peers = [r for r in rows if r["kind"] == "peers"]
    for name in ("xz", "ppmd", "brotli", "zstd", "zlib", "bz2"):
        cells = []
        for n in REPORTED:
            part = [r for r in peers if (r["name"], r["n"]) == (name, n)]
            raw = [r["percent"] for r in part]
            less = [r["percent"] - r["control"] for r in part]
            cells.append(f"{np.mean(raw):+.1f} / {np.mean(less):+.1f}" if part else "")
        found.append((f"{name}, raw / less shuffled", *cells))
    return markdown(("letters of Y", *(f"{n:,}" for n in REPORTED)), found)


def _threshold(rows: Rows) -> str:
    found = []
    for n in sorted({r["n"] for r in rows if r["kind"] == "delta"}):
        parts = [
            [r for r in rows if (r["kind"], r["n"]) == (kind, n)] for kind in ("delta", "domain")
        ]
        paid = f"{sum(r['delta'] > 0 for r in parts[0])}/{len(parts[0])}"
        solved = [f"{sum(r['right'] >= 0.95 for r in part)}/{len(part)}" for part in parts]
        found.append((f"{n:,}", paid, *solved))
    return markdown(
        ("letters", "Δ > 0, same author", "key >= 95 % right, same author", "key, King James Bible"), found
    )  # fmt: skip


def joint_model(rows: Rows) -> dict[str, str]:
    """How often the joint transformer found f, by cell of the grid."""

    def key(r: dict[str, Any]) -> tuple:
        return r["spread"], r["width"], not r["anchor"], r["letters"], r["steps"]

    found = []
    for (spread, width, free, n, steps), group in itertools.groupby(sorted(rows, key=key), key):
        part = list(group)
        hits = sum(r["right"] >= FOUND for r in part)
        low, high = wilson(hits, len(part))
        gain = np.mean([r["bits"] - r["separate_bits"] for r in part])
        found.append((
            spread, width, "none" if free else "space", n, steps, f"{hits}/{len(part)}", f"{low:.2f}-{high:.2f}",
            f"{np.mean([r['right'] for r in part]):.2f}", f"{gain:+.3f}",
        ))  # fmt: skip
    columns = ("first embeddings", "width", "anchor", "letters of Y", "steps", "found", "95 %", "mean right",
               "joint - separate, bits per letter")  # fmt: skip
    return {"grid": markdown(columns, found)}


def joint_words(rows: Rows) -> dict[str, str]:
    """Words read and bits saved, captions, vectors and soft keys."""
    kinds = {
        kind: [r for r in rows if r["kind"] == kind]
        for kind in ("cipher", "files", "captions", "vectors", "soft")
    }
    words = [
        (
            f"V = {r['v']}, X {r['x']:,} words, Y {r['n']:,}, seed {r['seed']}", f"{100 * r['right']:.1f}", "",
            *((f"{r['delta']:,.0f}", f"{r['percent']:.1f}", f"{r['map']:,.0f}") if "delta" in r else ("", "", "")),
            f"{r['cpu']:.1f}",
        )
        for r in kinds["cipher"]
    ]  # fmt: skip
    words += [
        (
            f"files, {r['words']:,} words of Y, seed {r['seed']}", f"{100 * r['right_of_lexicon']:.1f}",
            f"{100 * r['right_of_all']:.1f}", f"{r['delta']:,.0f}", f"{r['percent']:.2f}", f"{r['map']:,.0f}",
            f"{r['cpu_search']:.1f}",
        )
        for r in kinds["files"]
    ]  # fmt: skip
    captions = [
        (
            f"Multi30k en, {r['language']}", f"{r['y']:,.0f}", f"{r['mapped']:,.0f}", f"{r['map']:,.0f}",
            f"{100 * (r['mapped'] / r['y'] - 1):+.1f} %", f"{r['delta']:.1f}",
        )
        for r in kinds["captions"]
    ]  # fmt: skip
    vectors = [
        (
            r["map_of"], f"{r['y']:,.0f}", f"{r['y_given_x']:,.0f}", f"{r['map']:,.0f}", f"{r['delta']:,.1f}",
            f"{round(r['delta'] / r['words'], 1) + 0.0:.1f}",
        )
        for r in kinds["vectors"]
    ]  # fmt: skip
    soft = []
    for n in sorted({r["n"] for r in kinds["soft"]}):
        part = [r for r in kinds["soft"] if r["n"] == n]
        right, took = [r["right"] for r in part], [r["cpu"] for r in part]
        solved = f"{sum(share >= 0.95 for share in right)}/{len(part)}"
        soft.append(
            (f"{n:,}", solved, f"{100 * min(right):.1f}", f"{min(took):.1f} to {max(took):.1f}")
        )
    return {
        "words": markdown(
            ("task", "tokens of the V right, %", "of all tokens, %", "Δ, bits", "Δ, % of C(Y)", "lexicon, bits", "CPU s"), words
        ),
        "captions": markdown(
            ("X, Y", "C(Y)", "through the lexicon", "of them the lexicon", "more", "Δ, not used"), captions
        ),
        "vectors": markdown(("map of", "C(Y)", "C(Y given f(X))", "map", "Δ, bits", "per word"), vectors),
        "soft": markdown(("letters", "solved", "least right, %", "CPU s"), soft),
    }  # fmt: skip


def benchmark(made: dict[str, Any]) -> dict[str, str]:
    """Of every task a table per metric and of CPU seconds, methods down; of one with a single method one table, points down."""
    found = {}
    for task, told in made["tasks"].items():
        cells = [cell for cell in made["cells"] if cell["task"] == task]
        methods = sorted({cell["method"] for cell in cells})
        names = list(dict.fromkeys(name for cell in cells for name in cell["metrics"]))
        if len(methods) == 1:
            rows = [
                (c["point"], *(_figure(c, n) for n in names), sum(c["status"].values()))
                for c in cells
            ]
            found[f"{task}: metrics"] = markdown((methods[0], *names, "runs"), rows)
            continue
        for name in [*names, "CPU seconds"]:
            found[f"{task}: {name}"] = _by_point(cells, methods, name, first=name == names[0])
        if told["half"]:
            found[f"{task}: half"] = told["half"]
        if told["confidence"]:
            rows = list(told["confidence"].items())
            found[f"{task}: confidence"] = markdown(("method", "confidence over all runs"), rows)
    return found


def _by_point(cells: Rows, methods: Sequence[str], name: str, *, first: bool) -> str:
    points = list(dict.fromkeys(cell["point"] for cell in cells))
    rows = []
    for method in methods:
        own = {cell["point"]: cell for cell in cells if cell["method"] == method}
        runs = sorted({sum(cell["status"].values()) for cell in own.values()})
        shown = [_figure(own[p], name, ranked=first) if p in own else "not run" for p in points]
        if any(figure not in ("–", "not run") for figure in shown):
            rows.append((method, "-".join(map(str, dict.fromkeys((runs[0], runs[-1])))), *shown))
    return markdown((name, "runs", *points), rows)


def _figure(cell: dict[str, Any], name: str, *, ranked: bool = False) -> str:
    if name == "CPU seconds":
        return number(cell["cpu_seconds"]) + " cold" * cell["cold"]
    summary = cell["metrics"].get(name)
    if summary is None:
        status = max(cell["status"], key=cell["status"].get)
        return {"done": "–", "does not apply": "n/a"}.get(status, status)
    span = (
        "" if summary["low"] is None else f" [{number(summary['low'])}, {number(summary['high'])}]"
    )
    return number(summary["value"]) + span + (f" #{cell['rank']}" if ranked else "")


def readme(made: dict[str, Any]) -> dict[str, str]:
    """What README's transcripts of `align`, `evaluate` and `compress` measured."""

    def printed(start: str) -> str:
        return next(r["stdout"] for c, r in made["printed"].items() if c.startswith(start))

    aligned, scored = printed("distmatch align"), printed("distmatch evaluate")
    found = [re.search(rf"precision@{k} +([\d.]+) %", scored) for k in (1, 5, 10)]
    span, asked = re.search(r"precision@1: (.*) %", scored), re.search(r"(\d+) words asked", scored)
    belief, cpu = re.search(r"confidence ([\d.]+)", aligned), re.search(r"([\d.]+) CPU s", aligned)
    bits = re.search(r"saved ([+-]\d+)", aligned)
    row = [part[1] for part in (*found, span, asked, belief, cpu, bits) if part is not None]
    pairs = []
    for command, r in made["printed"].items():
        if command.startswith("distmatch compress"):
            delta = re.search(r"^Δ +([\d,]+) bits +([\d.]+) %", r["stdout"], re.M)
            used = re.search(r"^map f +(\w+), used, (\d+) bits", r["stdout"], re.M)
            assert delta and used
            pairs.append((f"`{command}`", delta[1], delta[2], used[1], used[2]))
    return {
        "align": markdown(
            ("pair", "P@1, %", "P@5, %", "P@10, %", "95 % of P@1", "words", "confidence", "CPU s", "bits saved"),
            [("es-en, seed 0", *row)],
        ),
        "compress": markdown(("command", "Δ, bits", "Δ, % of C(Y)", "map", "its bits"), pairs),
    }  # fmt: skip


MAKERS: dict[str, Callable[[Any], dict[str, str]]] = {
    "joint": joint, "joint_words": joint_words, "joint_model": joint_model, "benchmark": benchmark, "readme": readme,
}  # fmt: skip
"""Files that hold cases, not rows, and what makes tables of them."""
BLOCK = re.compile(r"<!-- (\w[\w.-]*\.json): ([^>]+?) -->\n(.*?)\n?<!-- end -->", re.S)


def blocks(page: str) -> list[tuple[str, str, str]]:
    """File, name and text of every table of a page that a file backs."""
    return BLOCK.findall(page)


def refreshed(page: str, file: str, made: Mapping[str, str]) -> str:
    """The page with the tables of one file replaced."""

    def replaced(match: re.Match[str]) -> str:
        name = match[2]
        if match[1] != file:
            return match[0]
        return f"<!-- {file}: {name} -->\n{made[name]}\n<!-- end -->"

    return BLOCK.sub(replaced, page)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--into", type=Path, help="page whose tables are replaced")
    options = parser.parse_args()
    made = tables(options.file)
    if options.into is None:
        for name, table in made.items():
            print(f"<!-- {options.file.name}: {name} -->\n{table}\n<!-- end -->\n")
        return
    page = options.into.read_text("utf-8")
    options.into.write_text(refreshed(page, options.file.name, made), "utf-8")


if __name__ == "__main__":
    main()
