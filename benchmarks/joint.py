"""Rerun the figures of docs/results/joint.md: keys by code length alone, Δ with f found, controls, peers, the plot.

    python benchmarks/joint.py [--data ../shared/data] [--only keys,delta,domain,controls,peers] [--novels 10]
                               [--out docs/results/joint.json] [--plot docs/results/joint.svg]

X is the first half of a novel (at most 1 M letters), Y a stretch of its second half, of the King James Bible, or a
control; 27 symbols, Y under a random permutation of all 27. Nothing is tuned on the novels used: all that are long
enough, in the order of the file. One thread; CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import tables
from novels import coded_novels, letters

from distmatch.compression.mixing import ContextMixing
from distmatch.compression.pair import CHOICE_BITS, mixed_bits
from distmatch.files import read_text
from distmatch.languages.symbols import SymbolModel
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.symbols.search import SymbolSearch
from distmatch.text.alphabet import LATIN

SIZES = (32, 48, 64, 96, 128, 256, 512, 1024, 4096, 16384, 65536)
LONGEST = max(SIZES)
CODER = ContextMixing.letters(27, ranked=False)


def costs_after(coder: ContextMixing, x: np.ndarray, room: int):
    """C(X), and a function that gives the costs of symbols after X, X being learned once."""
    from distmatch.compression import arithmetic
    from distmatch.compression.states import copied
    from distmatch.progress import silent

    state = coder.start(len(x) + room)
    learned = np.zeros(len(x))
    coder._run(arithmetic.BITS, state, coder._symbols(x), costs=learned, progress=silent)

    def after(y: np.ndarray) -> np.ndarray:
        out = np.zeros(len(y))
        symbols = coder._symbols(y)
        coder._run(arithmetic.BITS, copied(state), symbols, costs=out, progress=silent)
        return out

    return float(learned.sum()), after


def separate_costs(y: np.ndarray) -> list[np.ndarray]:
    """Costs of Y alone: no word contexts, and words that end at the commonest symbol.

    Without a ranking of symbols, which a long Y would pay for at its first letter and every prefix with it.
    """
    spaces = [(), (int(np.bincount(y).argmax()),)]
    return [replace(CODER, words=space).bits(y) for space in spaces]


def ranked_bits(y: np.ndarray) -> float:
    """Bits of a whole Y, words ending at its commonest symbol, if it names its frequent symbols first."""
    coder = replace(CODER, words=(int(np.bincount(y).argmax()),), ranked=True)
    return float(coder.bits(y).sum())


def pair_rows(x: np.ndarray, plain: np.ndarray, seed: int, kind: str) -> list[dict]:
    """Key accuracy and Δ of one pair at every size; sizes are prefixes, as all codes are sequential."""
    rng = np.random.default_rng([seed, 3])
    key = rng.permutation(27)
    y = key[plain].astype(np.uint8)
    begin = time.process_time()
    model = SymbolModel.fit(x, 27)
    model.flat_cost, model.guess  # noqa: B018
    counted = time.process_time() - begin
    _, after = costs_after(CODER, x, LONGEST)
    alone = separate_costs(y)
    known: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    rows = []
    for n in SIZES:
        names, symbols = np.unique(y[:n], return_inverse=True)
        begin = time.process_time()
        match = SymbolSearch().match(symbols, model, seed=seed)
        seconds = time.process_time() - begin + counted
        f = match.map
        right = float(np.mean(f(symbols) == plain[:n]))
        # Symbols not seen yet take the free letters, so that one run serves all sizes with the same key.
        table = np.full(27, -1, np.int64)
        table[names] = f.table
        if right == 1.0:
            table = np.argsort(key)
        mark = table.tobytes()
        if mark not in known:
            part = y if right == 1.0 else y[:n]
            known[mark] = (after(table[part]), CODER.bits(table[part]))
        primed, fresh = (c[:n] for c in known[mark])
        both = np.stack([primed, fresh])
        mapped = float(mixed_bits(both)[-1]) + f.bits
        own = min(float(c[:n].sum()) for c in alone) + 1.0
        if n == len(y):
            own = min(own, ranked_bits(y) + 1.0)
        given = min(mapped, own) + CHOICE_BITS
        rows.append(
            {
                "kind": kind, "seed": seed, "n": n, "right": right, "posterior": match.extra["posterior"],
                "seconds": seconds, "y": own, "y_given_x": given, "delta": own - given, "map": f.bits,
                "percent": 100 * (own - given) / own, "primed_bits": float(primed.mean()),
            }
        )  # fmt: skip
    return rows


def cases(data: Path, count: int, kind: str) -> list[dict]:
    rows = []
    bible = letters(read_text(data / "bible" / "en.txt.xz")) if kind == "domain" else None
    for seed, novel in enumerate(coded_novels(data)[:count]):
        half = len(novel) // 2
        x = novel[:half][-1_000_000:]
        other = novel[half:] if bible is None else bible
        start = int(np.random.default_rng([seed, 1]).integers(0, len(other) - LONGEST))
        rows += pair_rows(x, other[start : start + LONGEST], seed, kind)
        last = rows[-len(SIZES) :]
        print(kind, seed, [(r["n"], round(r["right"], 2), round(r["percent"], 1)) for r in last])
    return rows


def key_rows(data: Path, count: int) -> list[dict]:
    """Key accuracy alone, two stretches a novel."""
    rows = []
    for seed, novel in enumerate(coded_novels(data)[:count]):
        half = len(novel) // 2
        begin = time.process_time()
        model = SymbolModel.fit(novel[:half][-1_000_000:], 27)
        model.flat_cost, model.guess  # noqa: B018
        counted = time.process_time() - begin
        for n in (32, 48, 64, 96, 128, 256):
            for draw in range(2):
                rng = np.random.default_rng([seed, draw, n, 7])
                start = int(rng.integers(half, len(novel) - n))
                plain = novel[start : start + n]
                _, symbols = np.unique(rng.permutation(27)[plain], return_inverse=True)
                begin = time.process_time()
                match = SymbolSearch().match(symbols, model, seed=seed)
                truth = Relabelling(_true_table(symbols, plain), 27, "bijection")
                rows.append(
                    {
                        "kind": "keys", "seed": seed, "n": n, "posterior": match.extra["posterior"],
                        "right": float(np.mean(match.map(symbols) == plain)),
                        "seconds": time.process_time() - begin + counted,
                        "model_error": bool(
                            match.bits.total < float(model.bits(plain).sum()) + truth.bits - 1e-6
                        ),
                    }
                )  # fmt: skip
    return rows


def _true_table(symbols: np.ndarray, plain: np.ndarray) -> np.ndarray:
    table = np.zeros(int(symbols.max()) + 1, np.int32)
    table[symbols] = plain
    return table


def control_rows(data: Path) -> list[dict]:
    """Δ by `joint_code` where there is nothing, or everything, to share."""
    import distmatch as dm

    names = np.frombuffer((LATIN + " ").encode(), np.uint8)
    novel = names[coded_novels(data)[1]]
    x = novel[:100_000].tobytes()
    rows = []
    for n in (1024, 16384):
        rng = np.random.default_rng([n, 2])
        y = novel[-n:]
        strangers = {
            "random letters": names[rng.integers(0, 27, n)].tobytes(),
            "random bytes": rng.bytes(n),
            "shuffled text": rng.permutation(y).tobytes(),
            "digits of a random walk": np.cumsum(rng.integers(-1, 2, n)).astype(np.uint8).tobytes(),
            "Y = X (its first letters)": x[:n],
            "same author, clear": y.tobytes(),
        }
        for name, stranger in strangers.items():
            code = dm.joint_code(x, stranger, seed=0)
            rows.append(
                {
                    "kind": "controls", "name": name, "n": n, "delta": code.delta, "y": code.y, "gap": code.symmetric_gap,
                    "mode": code.kind, "posterior": code.posterior, "seconds": code.cpu_seconds,
                }
            )  # fmt: skip
            print(rows[-1])
    return rows


def peer_rows(data: Path, count: int = 5) -> list[dict]:
    """Δ of the classical compressors on enciphered text of the same author, an empty archive subtracted.

    The control is Y with its letters shuffled: what X tells of any text in these letters, such as which bytes occur.
    """
    from distmatch.compression.peers import Peer, installed

    rows = []
    for seed, novel in enumerate(coded_novels(data)[:count]):
        half = len(novel) // 2
        x = novel[:half][-1_000_000:]
        start = int(np.random.default_rng([seed, 1]).integers(0, half - LONGEST))
        key = np.random.default_rng([seed, 3]).permutation(27).astype(np.uint8)
        y = key[novel[half:][start : start + LONGEST]]
        for name in installed():
            pack = Peer(name=name)
            empty, of_x = len(pack.encode(x[:0])), len(pack.encode(x))
            for n in (512, 4096, 16384, 65536):
                shuffled = np.random.default_rng([seed, n, 4]).permutation(y[:n])
                percent = []
                for part in (y[:n], shuffled):
                    alone, both = len(pack.encode(part)), len(pack.encode(np.r_[x, part]))
                    percent.append(100 * (of_x + alone - both - empty) / max(alone - empty, 1))
                rows.append(
                    {
                        "kind": "peers", "seed": seed, "name": name, "n": n, "percent": percent[0],
                        "control": percent[1],
                    }
                )  # fmt: skip
        print("peers", seed, "done")
    return rows


def plot(rows: list[dict], path: Path) -> None:
    """Δ and key accuracy against the size of Y, on one axis."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "distmatch"
    import matplotlib.pyplot as plt

    figure, (top, bottom) = plt.subplots(2, 1, sharex=True, figsize=(6.4, 5.6))
    for kind, label in (("delta", "same author"), ("domain", "King James Bible")):
        part = [r for r in rows if r["kind"] == kind]
        if not part:
            continue
        bits = [np.array([r["delta"] for r in part if r["n"] == n]) for n in SIZES]
        right = [np.mean([r["right"] for r in part if r["n"] == n]) for n in SIZES]
        (line,) = top.plot(SIZES, [np.median(b) for b in bits], marker="o", ms=3, label=label)
        low, high = ([np.quantile(b, q) for b in bits] for q in (0.1, 0.9))
        top.fill_between(SIZES, low, high, alpha=0.2, color=line.get_color(), lw=0)
        bottom.plot(SIZES, right, marker="o", ms=3, color=line.get_color(), label=label)
    same = [r["primed_bits"] for r in rows if r["kind"] == "delta" and r["n"] == LONGEST]
    if same:
        distance = 93.1 / (np.log2(27) - float(np.mean(same)))
        for axis in (top, bottom):
            axis.axvline(distance, color="grey", ls=":", lw=1)
        bottom.text(distance * 1.05, 0.05, f"unicity distance, {distance:.0f} letters", fontsize=8)
    top.axhline(0, color="black", lw=0.5)
    top.set(ylabel="Δ, bits (key paid)", yscale="symlog", xscale="log")
    bottom.set(xlabel="letters of Y", ylabel="letters decoded right", ylim=(0, 1.03), xscale="log")
    top.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", default="keys,delta,domain,controls,peers")
    parser.add_argument("--novels", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("docs/results/joint.json"))
    parser.add_argument("--plot", type=Path, default=Path("docs/results/joint.svg"))
    options = parser.parse_args()
    only = [kind for kind in options.only.split(",") if kind]
    rows = json.loads(options.out.read_text()) if options.out.exists() else []
    rows = [r for r in rows if r["kind"] not in only]
    for kind in only:
        rows += {
            "keys": lambda: key_rows(options.data, options.novels),
            "delta": lambda: cases(options.data, options.novels, "delta"),
            "domain": lambda: cases(options.data, options.novels, "domain"),
            "controls": lambda: control_rows(options.data),
            "peers": lambda: peer_rows(options.data),
        }[kind]()
        options.out.write_text(json.dumps(rows, indent=None).replace("}, {", "},\n{"))
    plot(rows, options.plot)
    print(*tables.joint(rows).values(), sep="\n\n")


if __name__ == "__main__":
    main()
