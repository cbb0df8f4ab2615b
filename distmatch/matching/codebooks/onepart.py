"""`DictionarySearch`: keys of codes whose numbers keep the alphabetical order of the words.

A key is then a monotone map for each numbered family, a much smaller set than all one-to-one maps. How many entries
lie between two codes says about how many words lie between theirs. Beliefs that sum the order out
(`matching.dictionarybelief`) begin. Then words are sampled one code at a time, each between those of its neighbours in
the family, in proportion to the likelihood of the trigrams that it takes part in (Gibbs sampling), while the
temperature falls; the samples around the best key vote on the word of every code.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from distmatch.languages.wordtrigram import WordTrigram
from distmatch.maps.relabelling import Relabelling
from distmatch.matching.codebooks.onepartbelief import Family, TokenTypes, settle
from distmatch.matching.codebooks.onepartkernel import sample_words
from distmatch.matching.codebooks.reading import Sampled
from distmatch.matching.symbols.reading import Reading

IN_THE_SMALLER = 0.9
"""Share of the words of a smaller book that are never written with a larger one."""
IN_ORDER = 0.99
"""Share of the words that a book is likely to have that stand in their place."""
RANKS_ASTRAY = 2_000.0
"""Words out of order are as likely as 1 / (rank + so many)."""
SWEEPS_PER_CALL = 2
"""Sweeps between two looks at the clock."""


@dataclass(frozen=True)
class DictionaryText:
    """A text of codes, ready for the sampler.

    Args:
        units: (n,) int32, code of each token, or -1 - id of a word left in clear.
        ending: (n,) int32, number of the ending that completes the token's word, 0 for none.
        forms: (E + 1, V + 1) int32, the word that a word makes with each ending; row 0 is the identity.
        family: (K,) int32, family of each code.
        place: (K,) float64, its place in the family.
    """

    units: np.ndarray
    ending: np.ndarray
    forms: np.ndarray
    family: np.ndarray
    place: np.ndarray


@dataclass(frozen=True)
class _Sampler:
    """What every sweep of the Gibbs sampler takes: see `sample_words`."""

    text: DictionaryText
    target: WordTrigram
    chains: np.ndarray
    starts: np.ndarray
    entries: np.ndarray
    use: np.ndarray
    held: np.ndarray
    common: np.ndarray
    seed: int

    def sweep(self, now: _State, best: _State, number: int, temperature: float) -> None:
        """Change `now` in place by a few sweeps, and `best` if one of them ends with fewer bits."""
        text = self.text
        sample_words(
            text.units, text.ending, text.forms, text.family, text.place, self.chains, self.starts, self.entries, self.use,
            now.key, now.stray, self.held, self.common, self.target.tables, SWEEPS_PER_CALL, temperature,
            self.seed * 1_000_000 + number, best.bits, best.key, best.stray,
        )  # fmt: skip

    def reading(self, state: _State) -> Reading[Relabelling]:
        """The state as a `Reading`; its letters are words of the model, one per token."""
        text, size = self.text, len(self.target.words)
        coded = np.maximum(text.units, 0)
        words = np.where(
            text.units >= 0, text.forms[text.ending, state.key[coded]], -1 - text.units
        )
        return Reading(
            map=Relabelling(state.key, size + 1, "homophonic"), letters=words, text=float(state.bits[0]),
            map_bits=float(state.bits[1]),
        )  # fmt: skip


class _State(NamedTuple):
    """Words of the codes (K,), which codes are out of order (K,), and the bits of text and key (2,)."""

    key: np.ndarray
    stray: np.ndarray
    bits: np.ndarray

    def copy(self, bits: float) -> _State:
        """The same key with other bits."""
        return _State(self.key.copy(), self.stray.copy(), np.array([bits, bits]))


@dataclass(frozen=True, kw_only=True)
class DictionarySearch:
    """Settings of the search."""

    steps: int = 10
    """Rounds of the beliefs at the start."""
    sweeps: int = 40
    """Sweeps per restart on texts of up to `short` tokens; longer ones get fewer, in proportion, but at least a fifth."""
    short: int = 1_000
    restarts: int = 2
    sampled: int = 40
    """Sweeps at temperature 1 from the best key found; their votes make the consensus."""
    hot: float = 1.2
    """First temperature of a restart."""
    cold: float = 0.4
    """Last temperature of a restart."""
    deadline: float = float("inf")

    def search(
        self, text: DictionaryText, target: WordTrigram, frequency: np.ndarray, *, seed: int = 0,
        fixed: dict[int, int] | None = None, report: Callable[[float, float], None] | None = None,
    ) -> list[Sampled]:  # fmt: skip
        """The best key of each restart, the fewest bits first; the first says how far its samples agree with it.

        Args:
            text: the codes.
            target: the model; its words in alphabetical order.
            frequency: (V,) relative frequencies, which say how likely a codebook has a word.
            seed: of the sampler.
            fixed: codes whose word is known.
            report: called with restarts done and in all.
        """
        sampler, first = self._begin(text, target, frequency, seed, fixed or {})
        # A fifth of the sweeps at least.
        share = min(max(self.short / max(len(text.units), 1), 0.2), 1.0)
        found: list[_State] = []
        interrupted = False
        for restart in range(self.restarts):
            best, interrupted = self._restart(sampler, first, restart, share * self.sweeps, report)
            found.append(best)
            if interrupted or time.monotonic() > self.deadline:
                break
        found.sort(key=lambda state: float(state.bits.sum()))
        samples = [] if interrupted else self._samples(sampler, found[0], share * self.sampled)
        belief = np.zeros(len(text.family))
        readings = [Sampled(sampler.reading(state), belief) for state in found]
        if samples:
            belief = (np.stack(samples) == found[0].key).mean(axis=0)
            readings[0] = readings[0]._replace(belief=belief)
        return readings

    def _begin(
        self, text: DictionaryText, target: WordTrigram, frequency: np.ndarray, seed: int, fixed: dict[int, int]
    ) -> tuple[_Sampler, _State]:  # fmt: skip
        """The sampler, and the key that the beliefs about the order prefer."""
        chains, starts = _chains(text)
        families = _families(text, chains, starts, frequency)
        # The beliefs may take 0.4 of the time; the sampler, which begins where they end, needs the larger part.
        share_of_time = time.monotonic() + 0.4 * (self.deadline - time.monotonic())
        belief, loose, scales = settle(
            families, TokenTypes.of(text.units, text.ending), text.forms, target, len(text.family), steps=self.steps,
            fixed=fixed, deadline=share_of_time,
        )  # fmt: skip
        key, stray = _first_key(belief, loose, families)
        held = np.zeros(len(text.family), bool)
        if fixed:
            for code, word in fixed.items():
                key[code], stray[code], held[code] = word, False, True
            stray |= _out_of_order(np.where(stray, -1, key), chains, starts, held)
        scaled = list(zip(scales, families, strict=True))
        use = np.stack([scale * family.use for scale, family in scaled])
        # Strays are drawn from the 2,000 most frequent words: rarer ones are hardly ever out of order.
        sampler = _Sampler(
            text, target, chains, starts, np.stack([scale * family.entries for scale, family in scaled]),
            -np.log2(np.maximum(use, 1e-6)), held, np.argsort(-frequency, kind="stable")[:2000].astype(np.int32), seed,
        )  # fmt: skip
        return sampler, _State(key, stray, np.zeros(2))

    def _restart(
        self, sampler: _Sampler, first: _State, restart: int, sweeps: float,
        report: Callable[[float, float], None] | None,
    ) -> tuple[_State, bool]:  # fmt: skip
        """The best key while the temperature falls, and whether an interrupt ended the search."""
        now, best = first.copy(0.0), first.copy(np.inf)
        begin, done, share = time.monotonic(), 0, 0.0
        budget = (self.deadline - begin) / (self.restarts - restart + 0.3)  # 0.3: the samples
        try:
            while share < 1.0 and (done == 0 or time.monotonic() < self.deadline):
                spent = (time.monotonic() - begin) / budget if budget < np.inf else 0.0
                share = min(max(done / sweeps, spent), 1.0)
                temperature = self.hot * (self.cold / self.hot) ** share
                sampler.sweep(now, best, restart * 10_000 + done, temperature)
                done += SWEEPS_PER_CALL
                if report is not None:
                    report(restart + share, self.restarts)
        except KeyboardInterrupt:
            if not np.isfinite(best.bits[0]):
                raise
            return best, True
        return best, False

    def _samples(self, sampler: _Sampler, leader: _State, sweeps: float) -> list[np.ndarray]:
        """Keys drawn at temperature 1 around the best one, by random numbers that no restart used (from 900,000 on)."""
        now, unbeaten = leader.copy(0.0), leader.copy(-np.inf)
        samples: list[np.ndarray] = []
        while len(samples) * SWEEPS_PER_CALL < sweeps:
            if samples and time.monotonic() > self.deadline:
                break
            try:
                sampler.sweep(now, unbeaten, 900_000 + len(samples), 1.0)
            except KeyboardInterrupt:
                break
            samples.append(now.key.copy())
        return samples


def _chains(text: DictionaryText) -> tuple[np.ndarray, np.ndarray]:
    """Codes by family and place, (K,) int32, and where each family begins, (F + 1,)."""
    order = np.lexsort((text.place, text.family)).astype(np.int32)
    families = int(text.family.max()) + 1
    return order, np.searchsorted(text.family[order], np.arange(families + 1)).astype(np.int64)


def _families(text, chains, starts, frequency) -> list[Family]:
    """The families with the words expected of their books.

    A codebook of so many numbers has the most frequent words; words that a smaller book is likely to have are seldom
    written with a larger one.
    """
    rank = np.empty(len(frequency))
    rank[np.argsort(-frequency, kind="stable")] = np.arange(len(frequency))
    made: list[tuple[float, np.ndarray, Family]] = []
    for a, b in itertools.pairwise(starts):
        members, place = chains[a:b], text.place[chains[a:b]]
        size = max(place[-1] - place[0], 2.0 * len(members)) if len(members) else 1.0
        likely = 1.0 / (1.0 + (rank / size) ** 2)
        weight = likely * size / likely.sum()
        entries = np.concatenate([[0.0], np.cumsum(weight)])
        made.append((size, likely, Family(members, place, entries, weight, weight)))
    astray = np.prod([1.0 - IN_ORDER * likely for _, likely, _ in made], axis=0) / (
        rank + RANKS_ASTRAY
    )
    astray /= astray.sum()
    families = []
    for size, _, family in made:
        use = family.use
        for other, likely, _ in made:
            if other < size:
                use = use * (1.0 - IN_THE_SMALLER * likely)
        families.append(replace(family, use=use, astray=astray))
    return families


def _first_key(
    belief: np.ndarray, loose: np.ndarray, families: list[Family]
) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest word of each code; of those against the order, the most probable stay in it."""
    key = belief.argmax(axis=1).astype(np.int32)
    stray = (loose > 0.5) | (key == belief.shape[1] - 1)
    for family in families:
        members = [c for c in family.members if not stray[c]]
        weight = [float(belief[c, key[c]]) for c in members]
        best: list[
            tuple[float, int]
        ] = []  # weight of the best rising run that ends here, and the place before it
        for i, c in enumerate(members):
            before = max(
                ((best[j][0], j) for j in range(i) if key[members[j]] < key[c]), default=(0.0, -1)
            )
            best.append((before[0] + weight[i], before[1]))
        kept = set()
        i = int(np.argmax([w for w, _ in best])) if best else -1
        while i >= 0:
            kept.add(members[i])
            i = best[i][1]
        for c in members:
            stray[c] = c not in kept
    return key, stray


def _out_of_order(key, chains, starts, held) -> np.ndarray:
    """Codes that a known word of another leaves no place in the order."""
    stray = np.zeros(len(key), bool)
    for a, b in itertools.pairwise(starts):
        members = chains[a:b]
        low = -1
        after = np.full(len(members) + 1, len(key) + 10**9)
        for i in range(len(members) - 1, -1, -1):
            after[i] = min(after[i + 1], key[members[i]]) if held[members[i]] else after[i + 1]
        for i, code in enumerate(members):
            if held[code]:
                low = max(low, int(key[code]))
            elif key[code] <= low or key[code] >= after[i + 1]:
                stray[code] = True
            else:
                low = int(key[code])
    return stray
