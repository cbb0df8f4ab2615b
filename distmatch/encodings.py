"""Encodings of text files: UTF-8 unless the bytes say otherwise, and a note of what was assumed."""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Iterable, Iterator

from distmatch.errors import InputError

MAGICS = {
    b"\x1f\x8b": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "Zstandard", b"PK\x03\x04": "zip",
    b"\x89PNG": "PNG", b"%PDF": "PDF", b"\x93NUMPY": "NumPy", b"DMCA": "distmatch archive",
}  # fmt: skip
"""First bytes of files that are no text, and what they are."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_SAMPLE = 1 << 16
_CONTROL = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f\x85")


def encoding_of(data: bytes, path: object, *, whole: bool = True) -> str:
    """The encoding of a text, by its byte-order mark, its zero bytes, or whether it is UTF-8.

    Args:
        data: the text or its beginning.
        path: for messages.
        whole: whether `data` is all of it; else its last bytes may be half a character.

    Returns:
        A name that `codecs` knows. What is neither UTF-8 nor UTF-16 is taken for Latin-1, in the Windows variant.

    Raises:
        InputError: packed or binary data.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            if name != "utf-8-sig":
                _note(path, name.upper())
            return name
    kind = next((kind for magic, kind in MAGICS.items() if data.startswith(magic)), None)
    if kind is not None:
        raise InputError(f"a {kind} file, not text. Give the text itself", path=path)
    sample = data[:_SAMPLE]
    if name := _without_mark(sample):
        _note(path, name.upper())
        return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
        return "utf-8"
    except UnicodeDecodeError as error:
        if len(sample.translate(None, _CONTROL)) < len(sample):
            raise InputError(
                f"byte 0x{data[error.start]:02x} is not UTF-8, and control bytes say that this is no text. Give a text file",
                path=path,
                line=data.count(b"\n", 0, error.start) + 1,
            ) from error
        line = data.count(b"\n", 0, error.start) + 1
        _note(f"{path}:{line}", "Latin-1 (Windows-1252)")
        return "cp1252"


def decode(data: bytes, encoding: str, path: object) -> str:
    """All of a text at once."""
    return "".join(decode_blocks([data], encoding, path))


def decode_blocks(blocks: Iterable[bytes], encoding: str, path: object) -> Iterator[str]:
    """The text of blocks of bytes.

    Raises:
        InputError: bytes that the encoding does not have.
    """
    errors = "distmatch-latin-1" if encoding == "cp1252" else "strict"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    line = 1
    try:
        for block in blocks:
            text = decoder.decode(block)
            line += text.count("\n")
            yield text
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte 0x{error.object[error.start]:02x} is not {encoding.upper()}, as the text before it is. Save it as UTF-8",
            path=path,
            line=line + error.object[: error.start].count(b"\n"),
        ) from error


def _without_mark(sample: bytes) -> str | None:
    """UTF-16 without a byte-order mark: most of every other byte is zero, and hardly any of the others."""
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    zeros = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    for name, high, low in (("utf-16-be", *zeros), ("utf-16-le", *reversed(zeros))):
        if high > 0.3 * pairs and low < 0.01 * pairs:
            return name
    return None


def _undefined(error: UnicodeError) -> tuple[str, int]:
    """Bytes that Windows-1252 leaves out, as Latin-1."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("distmatch-latin-1", _undefined)


def _note(path: object, name: str) -> None:
    warnings.warn(f"{path}: not UTF-8; read as {name}", stacklevel=2)
