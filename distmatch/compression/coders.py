"""Coders by name: what `--coder` may be, and how one or two files become sections of an archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distmatch.compression.archive import Entry, pack, unpack
from distmatch.errors import InputError
from distmatch.maps.map import Map
from distmatch.progress import Progress, silent

NUMBERS = {"mix": 1, "neural": 2}
"""Name of a coder and its number in an archive."""
MAX_DECODED, MIN_DECODED, MAX_EXPANSION = 4 << 30, 16 << 20, 1000
"""Bytes that are decoded unless more is asked for: at most, in any case, and times the size of the archive."""
MAX_NEURAL = 50_000
"""Bytes of both files that the network takes: it codes a few hundred a second."""


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Code lengths in bits of one file or two, and the archive that has them."""

    x: float
    y: float | None
    y_given_x: float | None
    map: float
    archive: bytes
    f: Map | None = None
    """The map in the archive."""
    image: np.ndarray | None = None
    """(m',) uint8 f(Y)."""

    @property
    def xy(self) -> int:
        """Bits of the archive."""
        return 8 * len(self.archive)

    @property
    def container(self) -> float:
        """Bits of the archive that are no code: names, lengths, checksums, rounding to bytes."""
        return self.xy - self.x - (self.y_given_x or 0.0)

    @property
    def delta(self) -> float:
        """C(X) + C(Y) - C(X∘Y), the container left out."""
        return 0.0 if self.y is None or self.y_given_x is None else self.y - self.y_given_x


def compress_files(
    files: list[tuple[str, bytes]],
    *,
    coder: str = "mix",
    maps: Sequence[Map] = (),
    progress: Progress = silent,
) -> Lengths:
    """The archive of one or two files and its code lengths.

    Args:
        files: name and contents; the second is coded given the first.
        coder: one of `NUMBERS`.
        maps: candidates for f, of the second file; one is used only if it pays.
    """
    arrays = [np.frombuffer(data, np.uint8) for _, data in files]
    if coder == "neural":
        return _compress_neural(files, arrays, progress)
    from distmatch.compression.mixing import ContextMixing
    from distmatch.compression.pair import encode_pair

    if len(files) == 1:
        bits, code = ContextMixing().measured(arrays[0], progress=progress)
        archive = pack(NUMBERS[coder], [Entry.of(*files[0], code)])
        return Lengths(x=bits, y=None, y_given_x=None, map=0.0, archive=archive)
    pair = encode_pair(arrays[0], arrays[1], maps=maps, progress=progress)
    entries = [Entry.of(*files[0], pair.x_code), Entry.of(*files[1], pair.y_code)]
    return Lengths(
        x=pair.x, y=pair.y, y_given_x=pair.y_given_x, map=pair.map, f=pair.f, image=pair.image,
        archive=pack(NUMBERS[coder], entries),
    )  # fmt: skip


def decompress(
    archive: bytes,
    *,
    only: str | None = None,
    path: object = None,
    max_size: int | None = None,
    progress: Progress = silent,
) -> dict[str, bytes]:
    """Name to contents of the files of an archive.

    Args:
        only: name of the one file wanted, or X or Y. X is decoded without Y's code; Y needs X decoded first.
        max_size: bytes that may be decoded; None is 4 GiB, and 1,000 times the archive if that is more than 16 MiB.

    Raises:
        InputError: a bad archive, or no such file in it.
    """
    number, entries = unpack(archive, path=path)
    if number not in NUMBERS.values():
        raise InputError(f"made by coder {number}, which this distmatch lacks", path=path)
    chosen = _chosen(entries, only, path)
    _check_size(sum(e.size for e in entries[: max(chosen) + 1]), len(archive), max_size, path)
    try:
        neural = number == NUMBERS["neural"]
        contents = (_decompress_neural if neural else _decompress_mixing)(entries, chosen, progress)
    except (ValueError, IndexError) as error:
        raise InputError(f"damaged: {error}. Fetch it again", path=path) from error
    return {entries[k].name: entries[k].check(contents[k]) for k in chosen}


def _check_size(size: int, packed: int, limit: int | None, path: object) -> None:
    """Refuse to decode more than was asked for: a few bytes may stand for gigabytes of hours."""
    allowed = min(MAX_DECODED, max(MIN_DECODED, MAX_EXPANSION * packed)) if limit is None else limit
    if size > allowed:
        raise InputError(
            f"claims {size:,} bytes, {size / packed:,.0f} times its size; the limit is {allowed:,}. If you trust it, pass "
            f"--max-size {size}",
            path=path,
        )


def _chosen(entries: list[Entry], only: str | None, path: object) -> list[int]:
    names = [entry.name for entry in entries]
    if only is None:
        return list(range(len(entries)))
    if only in names:
        return [names.index(only)]
    places = {"x": 0, "y": 1}
    place = places.get(only.lower(), 2)
    if place >= len(entries):
        raise InputError(f"no file {only!r} in the archive. It has: {', '.join(names)}", path=path)
    return [place]


def _decompress_mixing(entries: list[Entry], chosen: list[int], progress: Progress):
    from distmatch.compression.mixing import ContextMixing
    from distmatch.compression.pair import decode_pair

    first = entries[0]
    if len(entries) == 1:
        return [ContextMixing().decode(first.code, first.size, progress=progress).tobytes()]
    second = entries[1]
    code = second.code if 1 in chosen else None
    x, y = decode_pair(first.code, first.size, code, second.size, progress=progress)
    first.check(x.tobytes())
    return [x.tobytes(), b"" if y is None else y.tobytes()]


def _compress_neural(
    files: list[tuple[str, bytes]], arrays: list[np.ndarray], progress: Progress
) -> Lengths:
    """X by the network; Y by a fresh one or one that has learned X, whichever is shorter."""
    from distmatch.compression.neural import NeuralCode

    if sum(map(len, arrays)) > MAX_NEURAL:
        raise InputError(
            f"the neural coder takes {MAX_NEURAL:,} bytes at most: it is slow. Use --coder mix"
        )
    code = NeuralCode()
    x = code.encode(arrays[0], progress=progress)
    entries = [Entry.of(*files[0], x)]
    y = given = None
    if len(files) == 2:
        alone = code.encode(arrays[1], progress=progress)
        after = code.encode(arrays[1], primed_by=arrays[0], progress=progress)
        y, given = 8.0 * len(alone), 8.0 * min(len(alone), len(after)) + 8
        chosen = b"\1" + after if len(after) < len(alone) else b"\0" + alone
        entries.append(Entry.of(*files[1], chosen))
    return Lengths(
        x=8.0 * len(x), y=y, y_given_x=given, map=0.0, archive=pack(NUMBERS["neural"], entries)
    )


def _decompress_neural(entries: list[Entry], chosen: list[int], progress: Progress) -> list[bytes]:
    from distmatch.compression.neural import NeuralCode

    code = NeuralCode()
    first = entries[0]
    x = np.zeros(0, np.uint8)
    primed = len(entries) == 2 and 1 in chosen and entries[1].code[:1] == b"\1"
    if 0 in chosen or primed:
        x = code.decode(first.code, first.size, progress=progress)
        first.check(x.tobytes())
    out = [x.tobytes()]
    if 1 in chosen:
        second = entries[1]
        primer = x if primed else None
        y = code.decode(second.code[1:], second.size, primed_by=primer, progress=progress)
        out.append(y.tobytes())
    return out
