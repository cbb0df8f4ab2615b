"""Coefficients of the confidence of alignments, from maps with evidence and truth.

python benchmarks/alignment.py --only calibration --seeds 1 --novels VECTORS --out maps.jsonl
python benchmarks/transport.py ../shared/data --only calibration --seeds 0 1 2 >> maps.jsonl
python benchmarks/calibrate_alignment.py maps.jsonl
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

PRIOR = {True: 1.0, False: 30.0}
"""C of the regression, of words and of rows without an order. Ranks alone nearly separate the novels of the sample, and
mislead on captions, whose vectors tell how frequent a word is; a stronger prior keeps the other evidence in."""


def fit(path: Path) -> None:
    """Logistic regression of "P@1 is at least half of supervised" on the evidence, of words and of rows without an order."""
    from distmatch.matching.vectors.evidence import Evidence, features

    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [r for r in rows if r["part"] == "calibration"]
    for ranked in (True, False):
        some = [r for r in rows if (r["evidence"]["rank"] is not None) == ranked]
        found = [Evidence(**r["evidence"]) for r in some]
        if some:
            print("words: gain, skewness, rank" if ranked else "rows: split odds, skewness")
            fit_rows(some, np.array([features(e) for e in found]), PRIOR[ranked])


def fit_rows(rows: list[dict[str, Any]], x: np.ndarray, prior: float) -> None:
    """AUC and ECE with each pair left out in turn; coefficients from all."""
    from sklearn.linear_model import LogisticRegression

    from distmatch.benchmark.metrics import area_under_curve, calibration_error
    from distmatch.matching.match import BELIEF

    y = np.array([r["p1"] >= r["supervised"] / 2 for r in rows])
    # Two languages are one group, in either direction and with whatever vectors.
    groups = np.array(["-".join(sorted(r["pair"].split("-"))) for r in rows])
    spread = x.std(axis=0)

    def model(some: Any) -> Any:
        return LogisticRegression(C=prior, max_iter=100_000).fit(x[some] / spread, y[some])

    out = np.zeros(len(y))
    for group in set(groups):
        out[groups == group] = model(groups != group).predict_proba(x[groups == group] / spread)[
            :, 1
        ]
    print(
        f"{len(y)} maps of {len(set(groups))} pairs, {y.sum()} right; leave one pair out: AUC "
        f"{area_under_curve(out, y):.4f} ECE {calibration_error(out, y):.4f}, "
        f"wrong and believed {(out[~y] >= BELIEF).sum()}, right and not believed {(out[y] < BELIEF).sum()}"
    )
    share = np.array([r["p1"] / r["supervised"] for r in rows])
    clear = (share < 0.4) | (share > 0.6)
    without = area_under_curve(out[clear], y[clear])
    print(f"without the {(~clear).sum()} maps at 0.4 to 0.6 of supervised: AUC {without:.4f}")
    whole = model(groups != "")
    print(
        "INTERCEPT", np.round(whole.intercept_, 2), "WEIGHTS", np.round(whole.coef_[0] / spread, 2)
    )


if __name__ == "__main__":
    fit(Path(sys.argv[1]))
