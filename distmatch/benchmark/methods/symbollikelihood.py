"""Maps between the symbols of two sequences by likelihood: annealed search, or a soft key by gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distmatch.benchmark.methods.answer import answer
from distmatch.errors import InputError
from distmatch.matching.match import Match
from distmatch.progress import Progress, silent

SEARCHES = ("annealing", "gradient")


@dataclass(frozen=True, kw_only=True)
class SymbolLikelihood:
    """`SymbolSearch` or `SoftKey` under n-gram counts of the running text that the task shows."""

    search: str = "annealing"
    """annealing (`SymbolSearch`, order 4) or gradient (`SoftKey`, order 3)."""
    kind: str = "bijection"
    order: int = 0
    """Order of the n-grams; 0 chooses 4 and 3."""
    restarts: int = 0
    """0 for the matcher's own."""

    def match(
        self, source: np.ndarray, target: np.ndarray, *, seed: int = 0, progress: Progress = silent
    ) -> Match[Any]:
        """The letter of each symbol of the second sequence; `source` is the text that the model is counted on."""
        from dataclasses import replace

        from distmatch.languages.symbols import SymbolModel
        from distmatch.matching.symbols.search import SymbolSearch
        from distmatch.matching.symbols.softkey import SoftKey

        if self.search not in SEARCHES:
            raise InputError(f"unknown search {self.search!r}. Known: {' '.join(SEARCHES)}")
        size = int(source.max()) + 1
        soft = self.search == "gradient"
        model = SymbolModel.fit(source, size, order=self.order or (3 if soft else 4))
        restarts: dict[str, Any] = {"restarts": self.restarts} if self.restarts else {}
        matcher = (SoftKey if soft else SymbolSearch)(kind=self.kind, **restarts)
        found = matcher.match(target, model, seed=seed, progress=progress)
        made = answer(found.map, method=found.method, seed=seed, data=found.bits.total)
        return replace(made, reason=found.reason, history=found.history, extra=found.extra)
