"""Classical compressors as `Code`s, to stand beside ours: those of Python, and optional ones if installed."""

from __future__ import annotations

import bz2
import importlib.util
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from distmatch.errors import missing_package

PACKAGES = {"zstd": "zstandard", "brotli": "brotli", "ppmd": "pyppmd"}
PEERS = ("zlib", "bz2", "xz", "zstd", "brotli", "ppmd")
PPMD_ORDER, PPMD_MEMORY = 6, 64 << 20


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A classical compressor at its strongest setting (ppmd: order 6, 64 MiB). Implements `Code` for bytes.

    It gives no probabilities, so `bits` spreads the length of the archive evenly over the symbols, and what it
    is primed by comes before the data: the cost is what the data adds to the archive of both.
    """

    name: str
    size: int = 256

    def bits(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """(n,) float64 that sum to the bits of the archive."""
        total = 8.0 * len(self.encode(data, primed_by=primed_by))
        if primed_by is not None and len(primed_by):
            total = max(total - 8.0 * len(self.encode(primed_by)), 0.0)
        return np.full(len(data), total / max(len(data), 1))

    def encode(self, data: np.ndarray, *, primed_by: np.ndarray | None = None) -> bytes:
        """The archive; of the primer and the data if there is a primer."""
        raw = np.asarray(data, np.uint8).tobytes()
        if primed_by is not None:
            raw = np.asarray(primed_by, np.uint8).tobytes() + raw
        return _functions(self.name)[0](raw)

    def decode(self, code: bytes, n: int, *, primed_by: np.ndarray | None = None) -> np.ndarray:
        """The data, without what it was primed by."""
        raw = _functions(self.name)[1](code)
        return np.frombuffer(raw, np.uint8)[len(raw) - n :]


def installed() -> list[str]:
    """Names of the compressors at hand."""
    return [n for n in PEERS if n not in PACKAGES or importlib.util.find_spec(PACKAGES[n])]


def _functions(name: str) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]:
    if name == "zlib":
        return lambda raw: zlib.compress(raw, 9), zlib.decompress
    if name == "bz2":
        return lambda raw: bz2.compress(raw, 9), bz2.decompress
    if name == "xz":
        preset = 9 | lzma.PRESET_EXTREME
        return lambda raw: lzma.compress(raw, preset=preset), lzma.decompress
    if name not in PACKAGES:
        raise ValueError(f"no compressor is called {name!r}")
    if importlib.util.find_spec(PACKAGES[name]) is None:
        raise missing_package(PACKAGES[name], "peers")
    if name == "zstd":
        import zstandard

        return (
            zstandard.ZstdCompressor(level=22).compress,
            lambda code: zstandard.ZstdDecompressor().decompress(code),
        )
    if name == "brotli":
        import brotli

        return lambda raw: brotli.compress(raw, quality=11, lgwin=24), brotli.decompress
    import pyppmd

    def pack(raw: bytes) -> bytes:
        return pyppmd.compress(raw, max_order=PPMD_ORDER, mem_size=PPMD_MEMORY, variant="H")

    def unpack(code: bytes) -> bytes:
        raw = pyppmd.decompress(code, max_order=PPMD_ORDER, mem_size=PPMD_MEMORY, variant="H")
        return raw.encode() if isinstance(raw, str) else bytes(raw)

    return pack, unpack
