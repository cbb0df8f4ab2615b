"""Joint compression as a matcher: the f that makes the archive of X and Y shortest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distmatch.benchmark.methods.answer import answer
from distmatch.maps.key import Key
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class JointCompression:
    """`joint_code` of two byte strings; the key is the relabelling that its search found, used or not."""

    map: str = "auto"
    """Kind of f: one of `candidates.MAPS`, but a lexicon."""

    def match(
        self, source: bytes, target: bytes, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """Key, Δ and its parts."""
        from dataclasses import replace

        from distmatch.matching.joint.jointcode import joint_code, table_of

        code = joint_code(source, target, map=self.map, seed=seed, progress=progress)
        letters: dict[str, str] = {}
        if code.match is not None:
            table = table_of(code.match.map, source, target)
            letters = {chr(symbol): chr(letter) for symbol, letter in table.items()}
        bits = {"x": code.x, "y": code.y, "xy": code.xy, "map": code.map}
        found = answer(Key(letters, "simple"), method="joint", seed=seed, data=code.xy, bits=bits)
        history = list(code.match.history) if code.match is not None else []
        return replace(
            found,
            extra=found.extra | {"posterior": code.posterior},
            reason="bits saved by the joint code",
            history=history,
        )
