"""The archive file: one or two named files, their codes, and checksums that no flipped bit survives.

    magic "DMCA", version, length of the header (4 bytes), header, codes, 8 bytes of SHA-256 over all that

The header holds the coder's number, the number of files, and for each its name, length, CRC-32 and the
length of its code. Everything is checked before a symbol is decoded, and every file's CRC-32 before
anything is given back.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field

from distmatch.errors import InputError

MAGIC = b"DMCA"
VERSION = 3
READABLE = (2, VERSION)
"""Version 2 had another code of pairs; its archives of one file are read."""
DIGEST = 8
MIN_BYTE_BITS = 1e-4
"""No coder spends fewer bits than this on a byte: a longer file than that allows is a forged length."""


@dataclass(frozen=True)
class Entry:
    """One file of an archive."""

    name: str
    size: int
    checksum: int
    """CRC-32 of the file."""
    code: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, data: bytes, code: bytes) -> Entry:
        """The entry of a file and its code."""
        return cls(name, len(data), zlib.crc32(data), code)

    def check(self, data: bytes) -> bytes:
        """The data, if it is the file that was stored.

        Raises:
            InputError: it is not.
        """
        if len(data) != self.size or zlib.crc32(data) != self.checksum:
            raise InputError(
                f"{self.name} was decoded wrongly. The archive was made by another build of distmatch, or is damaged"
            )
        return data


def pack(coder: int, entries: list[Entry]) -> bytes:
    """The archive of the entries, coded by the coder of that number."""
    header = bytearray([coder, len(entries)])
    for entry in entries:
        name = entry.name.encode("utf-8", "surrogateescape")
        header += write_number(len(name)) + name + write_number(entry.size)
        header += entry.checksum.to_bytes(4, "big") + write_number(len(entry.code))
    body = MAGIC + bytes([VERSION]) + len(header).to_bytes(4, "big") + bytes(header)
    body += b"".join(entry.code for entry in entries)
    return body + hashlib.sha256(body).digest()[:DIGEST]


def unpack(archive: bytes, *, path: object = None) -> tuple[int, list[Entry]]:
    """Coder's number and entries of an archive, all checksums verified.

    Raises:
        InputError: foreign, of another version, cut short or damaged.
    """
    if len(archive) >= 4 and archive[:4] != MAGIC:
        raise InputError("not a distmatch archive. Make one with: distmatch compress", path=path)
    if len(archive) < len(MAGIC) + 5 + DIGEST:
        raise InputError("cut short, or not a distmatch archive. Fetch it again", path=path)
    if archive[4] not in READABLE:
        raise InputError(
            f"an archive of version {archive[4]}; this distmatch reads version {VERSION}. Use the distmatch that made it",
            path=path,
        )
    body, digest = archive[:-DIGEST], archive[-DIGEST:]
    if hashlib.sha256(body).digest()[:DIGEST] != digest:
        raise InputError("damaged or cut short: the checksum is wrong. Fetch it again", path=path)
    try:
        coder, entries = _read(body)
    except (ValueError, IndexError) as error:
        raise InputError(f"damaged: {error}. Fetch it again", path=path) from error
    if archive[4] != VERSION and len(entries) > 1:
        raise InputError(
            f"a pair in version {archive[4]} of the archive, and pairs are read in version {VERSION}. Use the distmatch "
            "that made it",
            path=path,
        )
    return coder, entries


def _read(body: bytes) -> tuple[int, list[Entry]]:
    start = len(MAGIC) + 5
    end = start + int.from_bytes(body[len(MAGIC) + 1 : start], "big")
    header, codes = body[start:end], body[end:]
    if len(header) != end - start or len(header) < 2:
        raise ValueError("the header is cut short")
    coder, count = header[0], header[1]
    cursor, offset = 2, 0
    entries: list[Entry] = []
    for _ in range(count):
        length, cursor = read_number(header, cursor)
        name = header[cursor : cursor + length].decode("utf-8", "surrogateescape")
        size, cursor = read_number(header, cursor + length)
        checksum = int.from_bytes(header[cursor : cursor + 4], "big")
        length, cursor = read_number(header, cursor + 4)
        code = codes[offset : offset + length]
        offset += length
        if not name or name in (".", "..") or {"/", "\\", "\0"} & set(name):
            raise ValueError(f"a file is called {name!r}")
        if len(code) != length or size * MIN_BYTE_BITS > 8 * length + 64:
            raise ValueError(f"the lengths of {name} cannot be")
        entries.append(Entry(name, size, checksum, code))
    if cursor != len(header) or offset != len(codes) or not 1 <= count <= 2:
        raise ValueError("the lengths do not add up")
    if len({entry.name for entry in entries}) < count:
        raise ValueError("two files have the same name")
    return coder, entries


def write_number(value: int) -> bytes:
    """Seven bits per byte, the last one without the top bit."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_number(data: bytes, cursor: int) -> tuple[int, int]:
    """A number that `write_number` wrote at `cursor`, and where it ends."""
    value = shift = 0
    while True:
        byte = data[cursor]
        cursor += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, cursor
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
