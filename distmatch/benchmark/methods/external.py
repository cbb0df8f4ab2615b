"""External programs as peers: VecMap and MUSE from a folder with their checkout.

Neither is on PyPI and their licences keep them out of this package. Clone one, then name the folder:
`{method: vecmap, settings: {checkout: ../vecmap}}`. Other programs fit by their own `command`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.benchmark.methods.answer import CENTRED, answer
from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.maps.linear import LinearMap
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent

VECMAP = "{python} map_embeddings.py --unsupervised --seed {seed} {x} {y} {out}/x.vec {out}/y.vec"
MUSE = (
    "{python} unsupervised.py --src_lang x --tgt_lang y --src_emb {x} --tgt_emb {y} --emb_dim {d} --cuda False "
    "--seed {seed} --exp_path {out} --exp_name run --exp_id one --export txt"
)


@dataclass(frozen=True, kw_only=True)
class External:
    """A program that reads two .vec files and writes them in a common space."""

    checkout: str
    """Folder that it is run in."""
    command: str = VECMAP
    """With places for {python}, {x}, {y}, {out}, {seed} and {d} (dimension)."""
    mapped: tuple[str, str] = ("x.vec", "y.vec")
    """What it writes below {out}."""

    def match(
        self, source: Embeddings, target: Embeddings, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The linear map of each side that its files amount to, and how far off linear they are.

        Raises:
            InputError: no such folder, or the program failed, with its last line.
        """
        if not Path(self.checkout).is_dir():
            raise InputError("no such checkout. Clone the program there", path=self.checkout)
        with tempfile.TemporaryDirectory() as folder:
            x, y = Path(folder) / "source.vec", Path(folder) / "target.vec"
            source.save(x)
            target.save(y)
            places = {
                "python": sys.executable,
                "x": x,
                "y": y,
                "out": folder,
                "seed": seed,
                "d": source.dimension,
            }
            command = [part.format(**places) for part in self.command.split()]
            done = subprocess.run(command, cwd=self.checkout, capture_output=True, text=True)
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise InputError(f"{command[1]} failed: {last}")
            found = [Embeddings.load(Path(folder) / name) for name in self.mapped]
        left, off_x = _linear(source, found[0])
        right, off_y = _linear(target, found[1])
        name = Path(self.checkout).name
        return answer(
            LinearMap(left, right, CENTRED), method=name, seed=seed, not_linear=max(off_x, off_y)
        )


def _linear(before: Embeddings, after: Embeddings) -> tuple[np.ndarray, float]:
    """(d, k) least-squares map of normalised rows to what was written, and the share that it leaves over."""
    place = {word: i for i, word in enumerate(after.words)}
    rows = [i for i, word in enumerate(before.words) if word in place]
    x = before.normalized(CENTRED).vectors[rows]
    y = after.vectors[[place[before.words[i]] for i in rows]]
    matrix = np.linalg.lstsq(x, y, rcond=None)[0]
    left_over = float(np.linalg.norm(x @ matrix - y) / max(np.linalg.norm(y), 1e-12))
    return matrix.astype(np.float32), left_over
