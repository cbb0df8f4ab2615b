"""Kind `texts`: two texts; the answer is how many bits they share, and the key if one of them is enciphered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.benchmark.kinds.kind import Axis, DoesNotApply, Kind, MetricKind, Score, unmeasured
from distmatch.benchmark.kinds.letters import letter_embeddings, letters_read, pair_counts
from distmatch.benchmark.kinds.plaintext import corpus, sampled_words
from distmatch.benchmark.metrics import Metric, share
from distmatch.maps.map import Map
from distmatch.text.alphabet import LATIN, Alphabet

_ALPHABET = Alphabet(LATIN)
SIZE = len(LATIN) + 1
NAMES = (*LATIN, " ")


@dataclass(frozen=True)
class TextsProblem:
    """Two sequences over 27 symbols (a-z and the space), the second maybe enciphered."""

    x: np.ndarray
    y: np.ndarray
    permutation: np.ndarray | None = field(repr=False)
    """(27,) symbol that each letter became; None if y is plain, random or unrelated."""
    data_sha256: dict[str, str]
    context: dict[str, Any]

    def view(self, name: str) -> tuple[Any, Any]:
        if name == "sequences":
            return self.x, self.y
        if name == "bytes":
            letters = np.frombuffer((LATIN + " ").encode(), np.uint8)
            return letters[self.x].tobytes(), letters[self.y].tobytes()
        if name in ("graph", "embeddings"):
            counts = [pair_counts(codes, SIZE) for codes in (self.y, self.x)]
            if name == "graph":
                return counts[0] / counts[0].sum(), counts[1] / counts[1].sum()
            source, target = (letter_embeddings(NAMES, c, SIZE - 1) for c in counts)
            return source, target
        raise DoesNotApply(f"two texts are not given as {name}")

    def score(self, match: Any) -> Score:
        table = self._table(match.map)
        bits = match.extra.get("bits") if isinstance(match.extra, dict) else None
        if not isinstance(bits, dict) or not {"x", "y", "xy"} <= set(bits):
            if table is None:
                raise unmeasured(
                    match.map, 'a key of Y\'s symbols, or `bits` with "x", "y" and "xy"'
                )
            bits = key_code(self.x, self.y, table)
        n = len(self.y)
        delta = bits["x"] + bits["y"] - bits["xy"]
        metrics = {
            "delta": Metric(value=delta, n=n, higher_is_better=True, unit="bits"),
            "delta_percent": Metric(
                value=100 * delta / bits["y"], n=n, higher_is_better=True, unit="% of C(Y)"
            ),
            "given": Metric(
                value=(bits["xy"] - bits["x"]) / n,
                n=n,
                higher_is_better=False,
                unit="bits per letter",
            ),
        }
        right = None
        if self.permutation is not None and table is not None:
            inverse = np.argsort(self.permutation)
            metrics["key_accuracy"] = share(int((table[self.y] == inverse[self.y]).sum()), n)
            right = metrics["key_accuracy"].value >= 0.95
        found = {
            "data": bits["xy"] - bits.get("map", 0.0),
            "map": bits.get("map", 0.0),
            "saved": delta,
        }
        return Score(metrics=metrics, bits=found, right=right)

    def _table(self, answer: Map) -> np.ndarray | None:
        """(27,) letter of each symbol of y."""
        return letters_read(answer, NAMES, NAMES, lambda: self.view("embeddings"))


def key_code(x: np.ndarray, y: np.ndarray, table: np.ndarray) -> dict[str, float]:
    """Code lengths with a given key, as `joint_code` has them with its own: so any mapper's answer has its Δ.

    Args:
        x, y: codes over 27 symbols.
        table: (27,) letter of X for each symbol of Y.

    Returns:
        x, y, xy (C(X∘Y), at most C(X) + C(Y) and the bits that say so) and map, in bits.
    """
    from distmatch.compression.pair import encode_pair
    from distmatch.maps.relabelling import Relabelling

    letters = np.frombuffer("".join(NAMES).encode(), np.uint8)
    names, order = np.unique(y), np.argsort(letters)
    names = names[np.argsort(letters[names])]
    known = letters[order][np.isin(order, x)]
    place = {int(byte): k for k, byte in enumerate(known)}
    found = [place.get(int(letters[max(min(table[name], SIZE - 1), 0)])) for name in names]
    if len(set(found)) == len(found):
        size = max(len(known), len(found))
        free = iter([k for k in reversed(range(size)) if k not in found])
        f = Relabelling(np.array([next(free) if k is None else k for k in found], np.int32), size)
    else:
        f = Relabelling(np.array([k or 0 for k in found], np.int32), len(known), "homophonic")
    pair = encode_pair(letters[x], letters[y], maps=[f])
    return {"x": pair.x, "y": pair.y, "xy": pair.x + pair.y_given_x, "map": pair.map}


def build(axes: Mapping[str, Any], paths: Mapping[str, Path], seed: int) -> TextsProblem:
    """X from the beginning of a text, Y from a place of its last half, as the axis `relation` says."""
    rng = np.random.default_rng([seed, 21])
    n, m = int(axes["size_x"]), int(axes["size"])
    x = _codes(paths.get("text"), 0.0, n, seed)
    other = paths.get("other", paths.get("text"))
    relation = axes["relation"]
    permutation = None
    if relation == "random":
        y = rng.integers(0, SIZE, m)
    elif relation == "same":
        y = x[:m]
    else:
        y = _codes(other, float(rng.uniform(0.5, 0.9)), m, seed + 1)
    if axes["enciphered"] and relation != "random":
        permutation = rng.permutation(SIZE)
        y = permutation[y]
    digest = hashlib.sha256(x.tobytes() + y.astype(np.uint8).tobytes()).hexdigest()
    context = {"letters": len(y), "letters_x": len(x)}
    return TextsProblem(
        x.astype(np.uint8), y.astype(np.uint8), permutation, {"texts": digest}, context
    )


def _codes(path: Path | None, place: float, n: int, seed: int) -> np.ndarray:
    text = sampled_words("en", n, seed) if path is None else corpus(path)
    start = 0 if path is None else int(place * len(text))
    return _ALPHABET.encode(text[start : start + 2 * n], spaces=True)[:n]


KIND = Kind(
    name="texts",
    hidden="whether and how the second text was enciphered",
    axes={
        "size": Axis(4096, "symbols of Y", low=16, high=5_000_000),
        "size_x": Axis(100_000, "symbols of X", low=16, high=5_000_000),
        "relation": Axis("author", "what Y is to X", choices=("author", "same", "random")),
        "enciphered": Axis(True, "true or false: Y's 27 symbols permuted"),
        "instance": Axis(None, "one pair for all seeds", low=0),
    },
    metrics={
        "delta_percent": MetricKind(True, "Δ as a share of C(Y), key included", "% of C(Y)"),
        "delta": MetricKind(True, "C(X) + C(Y) - C(X∘Y)", "bits"),
        "given": MetricKind(
            False, "(C(X∘Y) - C(X)) / |Y|: what Y costs beside X", "bits per letter"
        ),
        "key_accuracy": MetricKind(True, "share of Y's symbols that the key reads rightly"),
    },
    views={
        "sequences": "codes of X and of Y over 27 symbols, uint8",
        "bytes": "the same as bytes of a-z and space",
        "graph": "(27, 27) relative frequencies of pairs of symbols of Y, and of X",
        "embeddings": "Embeddings of the symbols of Y and of X, from which symbols are neighbours",
    },
    files={"text": "running text", "other": "text of another kind, for Y"},
    build=build,
)
