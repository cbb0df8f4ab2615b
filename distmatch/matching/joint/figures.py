"""What `distmatch compress` says: figures as one JSON object, controls, peers, and the table for people."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from distmatch.compression.coders import Lengths
from distmatch.matching.calibration import percent
from distmatch.progress import Progress, silent

CONTROL = 1 << 16
"""Bytes of Y that controls are made of."""
MAX_PAIRS_SHOWN = 26
"""Pairs of a map that the table shows."""
SLOW_PEER = 8 << 20
"""Longest pair, in bytes, that the classical coders run on: brotli and xz take minutes beyond."""


def report(
    lengths: Lengths, found: list[Any], names: list[str], sizes: list[int], coder: str
) -> dict[str, Any]:
    """Figures of the archive itself."""
    bits: dict[str, Any] = {
        "x": lengths.x, "y": lengths.y, "y_given_x": lengths.y_given_x, "x_given_y": None,
        "xy": lengths.xy, "map": lengths.map, "container": lengths.container,
    }  # fmt: skip
    result: dict[str, Any] = {"files": names, "sizes": sizes, "coder": coder, "bits": bits}
    if lengths.y is not None:
        result["delta"] = lengths.delta
        result["delta_percent"] = 100 * lengths.delta / lengths.y if lengths.y else 0.0
        result["map"] = _map_json(lengths, found)
    return result


def _map_json(lengths: Lengths, found: list[Any]) -> dict[str, Any] | None:
    """The map that is used, else the last one that was found."""
    if not found:
        return None
    match = next((m for m in found if m.map is lengths.f), found[-1])
    used = match.map is lengths.f
    kind = match.method
    return {
        "kind": kind, "used": used, "bits": lengths.map, kind: match.extra.get("table") or match.map.to_json(),
        "confidence": match.confidence, "posterior": match.extra["posterior"] if used else 0.0, "reason": match.reason,
    }  # fmt: skip


def full_report(
    lengths: Lengths,
    contents: list[bytes],
    *,
    coder: str,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The other order, the controls and the classical coders."""
    result: dict[str, Any] = {"peers": peers(contents, progress or silent)}
    if len(contents) == 2 and coder == "mix":
        from distmatch.compression.pair import encode_pair

        x, y = (np.frombuffer(data, np.uint8) for data in contents)
        assert lengths.image is not None
        back = encode_pair(lengths.image, x, progress=progress or silent)
        # With f, Y is coded as f(Y) in this order: f is paid once here as there.
        given = back.y_given_x + lengths.map
        result["x_given_y"] = given
        assert lengths.y is not None and lengths.y_given_x is not None
        result["symmetric_gap"] = (lengths.x + lengths.y_given_x) - (lengths.y + given)
        result["controls"] = controls(x, y, seed)
    return result


def controls(x: np.ndarray, y: np.ndarray, seed: int) -> dict[str, dict[str, float]]:
    """Delta of X with what shares nothing with it, and with itself, on 64 KiB at most.

    Random bytes; a random walk, which has structure, but none of X's; Y's bytes shuffled; a piece of X.
    """
    from distmatch.compression.mixing import ContextMixing
    from distmatch.compression.pair import CHOICE_BITS, given_bits
    from distmatch.compression.states import copied

    rng = np.random.default_rng(seed)
    n = min(len(y), CONTROL)
    made = {
        "random": rng.integers(0, 256, n).astype(np.uint8),
        "unrelated": rng.integers(-1, 2, n).cumsum().astype(np.uint8),
        "shuffled": rng.permutation(np.array(y[:n])),
        "itself": x[:CONTROL],
    }
    coder = ContextMixing()
    primed = coder.start(CONTROL, primed_by=x)
    out = {}
    for name, data in made.items():
        given, alone = given_bits(coder, copied(primed), data)
        out[name] = {"bits": alone, "delta": alone - min(given, alone) - CHOICE_BITS}
    return out


def peers(contents: list[bytes], progress: Progress = silent) -> dict[str, dict[str, float]]:
    """Bits of X, Y and XY by every classical coder installed, and the delta of these."""
    from distmatch.compression.peers import Peer, installed

    out: dict[str, dict[str, float]] = {}
    if sum(map(len, contents)) > SLOW_PEER:
        return out
    names = installed()
    for number, name in enumerate(names):
        progress(number, len(names), peer=name)
        begin = time.process_time()
        peer = Peer(name=name)
        parts = [*contents, b"".join(contents)] if len(contents) == 2 else contents
        sizes = [8 * len(peer.encode(np.frombuffer(part, np.uint8))) for part in parts]
        out[name] = dict(zip(("x", "y", "xy"), sizes, strict=False))
        if len(sizes) == 3:
            out[name]["delta"] = sizes[0] + sizes[1] - sizes[2]
        out[name]["seconds"] = time.process_time() - begin
    return out


def describe(result: dict[str, Any]) -> str:
    """The figures as a table for people."""
    bits, names, sizes = result["bits"], result["files"], result["sizes"]

    def row(label: str, value: float, size: int) -> str:
        share = f"{value / (8 * size):8.2%} of the file" if size else ""
        return f"{label:<10}{value:>16,.0f} bits {share}"

    lines = [row(f"C({'X' if len(names) > 1 else names[0]})", bits["x"], sizes[0])]
    if len(names) == 2:
        lines[0] += f"   X = {names[0]}"
        lines.append(row("C(Y)", bits["y"], sizes[1]) + f"   Y = {names[1]}")
        lines.append(row("C(Y|X)", bits["y_given_x"], sizes[1]))
        if bits["x_given_y"] is not None:
            lines.append(row("C(X|Y)", bits["x_given_y"], sizes[0]))
        lines.append(row("C(X∘Y)", bits["xy"] - bits["container"], sum(sizes)))
        lines.append(
            f"{'Δ':<10}{result['delta']:>16,.0f} bits {result['delta_percent']:8.2f} % of C(Y)"
        )
        if "symmetric_gap" in result:
            lines.append(
                f"chain rule: the two orders differ by {result['symmetric_gap']:,.0f} bits"
            )
        lines.append(_map_line(result["map"]))
    lines.append(
        f"archive   {bits['xy']:>16,.0f} bits, of which container {bits['container']:,.0f}"
        + (f": {result['archive']}" if "archive" in result else " (not kept: add --out FILE.dm)")
    )
    for name, control in result.get("controls", {}).items():
        lines.append(
            f"control, Y = {name:<10} Δ {control['delta']:>12,.0f} of {control['bits']:,.0f} bits"
        )
    if result.get("peers"):
        lines.append(
            f"{'':<10}{'C(X)':>14}"
            + f"{'C(Y)':>14}{'C(XY)':>14}{'Δ':>12}  % of C(Y)" * (len(names) - 1)
        )
    for name, peer in result.get("peers", {}).items():
        columns = "".join(f"{peer[c]:>14,.0f}" for c in ("x", "y", "xy") if c in peer)
        delta = ""
        if "delta" in peer:
            delta = f"{peer['delta']:>12,.0f}{100 * peer['delta'] / (peer['y'] or 1):>11.2f}"
        lines.append(f"{name:<10}{columns}{delta}")
    lines.append(f"{result['seconds']:.1f} s")
    return "\n".join(lines)


def _map_line(found: dict[str, Any] | None) -> str:
    if found is None:
        return "map f     none looked for, or none found"
    verdict = f"used, {found['bits']:.0f} bits" if found["used"] else "not used: it does not pay"
    table = found[found["kind"]]
    # A capital that goes where its small letter goes is not worth a place.
    shown = [
        f"{a}→{b}"
        for a, b in table.items()
        if not (a.isupper() and table.get(a.lower()) == b.lower() and b.isupper())
    ]
    more = f"  and {len(shown) - MAX_PAIRS_SHOWN} more" if len(shown) > MAX_PAIRS_SHOWN else ""
    moved = "  ".join(shown[:MAX_PAIRS_SHOWN]) + more
    return f"map f     {found['kind']}, {verdict}; confidence {percent(found['confidence'])}; {found['reason']}\n          {moved}"
