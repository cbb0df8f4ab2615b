"""The five questions of docs/results/benchmark.md: the cells of runs of `configs/benchmark/*.yaml`, kept as one file.

distmatch benchmark configs/benchmark/1-ciphers.yaml --out runs --seeds 5        # and so on
python benchmarks/questions.py runs --json docs/results/benchmark.json
python benchmarks/tables.py docs/results/benchmark.json --into docs/results/benchmark.md
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from distmatch.benchmark.records import read_records, with_current_code
from distmatch.benchmark.reliability import calibrated, concordance
from distmatch.benchmark.reporting import as_json
from distmatch.benchmark.tables import TaskTable, tabulate
from distmatch.benchmark.thresholds import determined
from distmatch.files import write_json


def said(table: TaskTable) -> dict[str, Any]:
    """What a report says of a task beside its tables."""
    rho, agree, pairs, runs = concordance(table)
    length = determined(list(table.cells.values())) if table.varying == ["length"] else ""
    return {
        "title": table.title, "half": length, "confidence": calibrated(table),
        "saved": {"spearman": round(rho, 2) if rho == rho else None, "agree": agree, "pairs": pairs, "runs": runs},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", help="of runs")
    parser.add_argument("--json", type=Path, required=True, help="file that is written")
    options = parser.parse_args()
    entries, _ = with_current_code(read_records(*options.folders))
    tables = tabulate(entries)
    cells = [{k: v for k, v in c.items() if k != "records"} for c in as_json(tables)["cells"]]
    made = {
        "command": "python benchmarks/questions.py runs --json docs/results/benchmark.json",
        "date": datetime.now(UTC).date().isoformat(),
        "commits": sorted({str(r["commit"]) for _, r in entries}),
        "devices": sorted({r["device"] for _, r in entries}),
        "tasks": {table.name: said(table) for table in tables},
        "cells": cells,
    }
    write_json(options.json, made)


if __name__ == "__main__":
    main()
