"""`compress`: the door to joint codes of files: look for an f, code with it, and report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from distmatch.compression.coders import Lengths, compress_files
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent


def compress(
    files: Sequence[tuple[str, bytes]],
    *,
    coder: str = "mix",
    map: str = "auto",
    brief: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[Lengths, dict[str, Any]]:
    """The archive of one or two files, and every figure of it as one JSON object.

    Args:
        files: name and contents of X, and of Y if there are two.
        coder: one of `compression.coders.NUMBERS`.
        map: f to look for, one of `joint.candidates.MAPS`; it is used only if it pays.
        brief: skip the other order, the controls and the classical compressors.
        seed: of the search and the controls.
    """
    from distmatch.matching.joint.candidates import find_maps
    from distmatch.matching.joint.figures import full_report, report

    begin = time.monotonic()
    contents = [data for _, data in files]
    matches: list[Match[Any]] = []
    if len(files) == 2 and coder == "mix":
        matches = find_maps(contents[0], contents[1], map, seed=seed, progress=progress)
    lengths = compress_files(
        list(files),
        coder=coder,
        maps=[match.map for match in matches],
        progress=_megabytes(progress),
    )
    result: dict[str, Any] = report(
        lengths, matches, [name for name, _ in files], [len(data) for data in contents], coder
    )
    if not brief:
        more = full_report(lengths, contents, coder=coder, seed=seed, progress=progress)
        result["bits"]["x_given_y"] = more.pop("x_given_y", None)
        result |= more
    result["seconds"] = time.monotonic() - begin
    return lengths, result


def _megabytes(progress: Progress) -> Progress:
    """Progress in bytes shown in MB and MB/s."""
    begin = time.monotonic()

    def shown(done: float, total: float | None = None, /, **figures: object) -> None:
        speed = done / 1e6 / max(time.monotonic() - begin, 1e-9)
        progress(round(done / 1e6, 2), total and round(total / 1e6, 2), MB_s=round(speed, 2))

    return shown
