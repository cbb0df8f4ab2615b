"""`distmatch apply`: move vectors of any number through a map that `align` found."""

from __future__ import annotations

import itertools
import json as json_module
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from distmatch.errors import InputError, require_packages
from distmatch.outputs import check_file
from distmatch.progress import Progress, ProgressLine, silent

if TYPE_CHECKING:
    from distmatch.maps.linear import LinearMap
    from distmatch.maps.vectorstream import Block, VectorStream

Side = Literal["source", "target"]


def apply(
    directory: str | None = None,
    vectors: str | None = None,
    *,
    out: str | None = None,
    side: Side = "source",
    force: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Move vectors into the common space of an alignment, a block of rows at a time.

    Vectors that were not part of the alignment are centred by the means of those that were, so rows may be moved in any
    number and order. See docs/migration.md for moving a search index to another embedding model.

    Args:
        directory: Folder written by `distmatch align`: map.safetensors.
        vectors: Vectors to move: .npy, .safetensors, word2vec or GloVe text, or .parquet if pyarrow is installed.
        out: Output file: .npy, .safetensors or .vec.
        side: Which model the vectors are of: source (the old one) or target (the new one, for example queries).
        force: Replace an existing --out that distmatch did not write; an input is never replaced.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    require_packages("align", "safetensors")
    from distmatch.maps.linear import LinearMap
    from distmatch.maps.vectorstream import VectorStream, write_stream, writer

    if directory is None or vectors is None or out is None:
        raise InputError("give the folder that `distmatch align` wrote, a file of vectors, and --out FILE")  # fmt: skip
    path = Path(directory) / "map.safetensors"
    check_file(out, inputs=[path, vectors], force=force)
    writer(Path(out))
    f = LinearMap.load(path)
    if "center" in f.normalization and f.means is None:
        raise InputError(
            "this map lacks the means of the vectors that it was found with. Write it again with `distmatch align`",
            path=path,
        )
    stream = VectorStream.open(vectors)
    line = ProgressLine("moving")
    moved = _moved(f, stream, side, silent if quiet or json else line)
    first = next(moved)  # a wrong dimension is found before anything is written
    k = first[1].shape[1]
    write_stream(Path(out), itertools.chain([first], moved), stream.n, k, stream.words)
    line.close()
    result: dict[str, Any] = {"rows": stream.n, "from": stream.d, "to": k, "out": out}
    if json:
        print(json_module.dumps(result, ensure_ascii=False))
    else:
        print(f"{stream.n} vectors of {stream.d} dimensions moved to {k}: {out}")
    return 0


def _moved(f: LinearMap, stream: VectorStream, side: Side, progress: Progress) -> Iterator[Block]:
    done = 0
    for names, block in stream.checked_blocks():
        try:
            rows = f.mapped_rows(block, ("source", "target").index(side))
        except InputError as error:
            raise InputError(str(error), path=stream.path) from error
        done += len(rows)
        progress(done, stream.n)
        yield names, rows
