"""Kind `cipher`: a text enciphered with a hidden key; the answer is which letter each symbol stands for."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from distmatch.benchmark.kinds import cipher_periodic, cipher_words
from distmatch.benchmark.kinds.finiteclass import generalization
from distmatch.benchmark.kinds.kind import (
    Axis,
    DoesNotApply,
    Kind,
    MetricKind,
    Problem,
    Score,
    unmeasured,
)
from distmatch.benchmark.kinds.letters import letter_embeddings, letters_read, pair_counts
from distmatch.benchmark.kinds.plaintext import SOLVED_ACCURACY, Plain, alphabet_of, excerpt
from distmatch.benchmark.metrics import Metric, share
from distmatch.ciphers.reading import Ciphertext, from_symbols, read_ciphertext
from distmatch.compression.codelength import adaptive_bits
from distmatch.errors import InputError
from distmatch.languages.language import Language
from distmatch.maps.key import bijection_bits, emission_bits, homophonic_bits
from distmatch.matching.encipher import encipher
from distmatch.text.alphabet import fold

READ = 100_000
"""Letters of running text given to methods that learn from it."""


@dataclass(frozen=True)
class CipherProblem:
    """One ciphertext with its hidden key."""

    source: Ciphertext
    plain: Plain
    gold: np.ndarray = field(repr=False)
    """(n,) codes of the plaintext's letters."""
    cipher: str
    data_sha256: dict[str, str]
    context: dict[str, Any] = field(default_factory=dict)
    held: tuple[str, np.ndarray] | None = field(default=None, repr=False)
    """Further ciphertext under the same key, never shown, and its letters."""

    def view(self, name: str) -> tuple[Any, Any]:
        if name == "ciphertext":
            return self.source, self.plain
        if name not in CIPHER_VIEWS:
            raise DoesNotApply(f"a cipher is not given as {name}")
        if self.source.has_breaks:
            raise DoesNotApply(f"the view {name} knows no word breaks, and this cipher keeps them")
        if name == "sequences":
            return self.plain.letters(READ), self.source.symbols.astype(np.uint16)
        if name == "bytes":
            if not all(len(n) == 1 and n.isascii() for n in self.source.names):
                raise DoesNotApply("the symbols of this cipher are not bytes")
            text = alphabet_of(self.plain.language).decode(self.plain.letters(READ))
            return text.encode(), "".join(
                self.source.names[i] for i in self.source.symbols
            ).encode()
        if self.cipher != "simple":
            raise DoesNotApply(
                f"the view {name} matches one symbol to one letter; this is {self.cipher}"
            )
        counts = pair_counts(self.source.symbols, len(self.source.names))
        if name == "graph":
            size = len(alphabet_of(self.plain.language))
            padded = np.zeros((size, size))
            padded[: len(counts), : len(counts)] = counts / counts.sum()
            return padded, self.plain.bigrams()
        names = tuple(alphabet_of(self.plain.language).letters)
        dimension = min(len(self.source.names), len(names)) - 1
        return (
            letter_embeddings(self.source.names, counts, dimension),
            letter_embeddings(names, self.plain.bigrams(), dimension),
        )

    def score(self, match: Any) -> Score:
        letters, table = self._read(match)
        n = len(self.gold)
        right = int((letters == self.gold).sum()) if len(letters) == n else 0
        accuracy = share(right, n)
        solved = accuracy.value >= SOLVED_ACCURACY
        model = self.plain.load()
        bits = self._bits(letters, table, model)
        truth = self._bits(self.gold, self._true_table(), model)
        metrics = {
            "accuracy": accuracy,
            "solved": Metric(value=float(solved), n=1, higher_is_better=True),
            "excess": Metric(
                value=(sum(bits) - sum(truth)) / n,
                n=n,
                higher_is_better=False,
                unit="bits per letter",
            ),
        }
        if self.held is not None:
            key = {name: int(table[i]) for i, name in enumerate(self.source.names)}
            shown = "".join(self.source.names[i] for i in self.source.symbols), self.gold
            metrics |= generalization(key, shown, self.held, len(self.plain.known), model)
        found = {
            "data": bits[0], "map": bits[1], "truth": sum(truth), "saved": self.context["plain_bits"] - sum(bits),
            "control": getattr(getattr(match, "bits", None), "control", None),
            "reported": getattr(getattr(match, "bits", None), "total", None),
        }  # fmt: skip
        return Score(metrics=metrics, bits=found, right=solved, artefacts=self._drawing(table))

    def _read(self, match: Any) -> tuple[np.ndarray, np.ndarray]:
        """Letter codes of the decoded text (n,) and of each symbol (K,)."""
        answer, alphabet = match.map, alphabet_of(self.plain.language)
        table = letters_read(
            answer, self.source.names, alphabet.letters, lambda: self.view("embeddings")
        )
        if table is None:
            raise unmeasured(answer, "a key of the symbols")
        spare = len(alphabet)
        known = (table >= 0) & (table < spare)
        return np.where(known, table, spare)[self.source.symbols], np.where(known, table, 0)

    def _table(self, letters: Mapping[str, int]) -> np.ndarray:
        return np.array([letters.get(name, -1) for name in self.source.names], np.int64)

    def _true_table(self) -> np.ndarray:
        votes = np.zeros((len(self.source.names), len(alphabet_of(self.plain.language))), np.int64)
        np.add.at(votes, (self.source.symbols, self.gold), 1)
        return votes.argmax(axis=1)

    def _bits(self, letters: np.ndarray, table: np.ndarray, model: Language) -> tuple[float, float]:
        """Bits of the text, homophones named, and of the key: the same code for every method."""
        codes = np.minimum(letters, model.size - 1).astype(np.uint8)
        if self.plain.spaces:
            ends = np.flatnonzero(self.source.breaks[:-1]) + 1
            codes = np.insert(codes, ends, model.size - 1)
        data = model.total_bits(np.ascontiguousarray(codes, np.uint8))
        if self.cipher == "homophonic":
            data += emission_bits(table, self.source.symbols, model.size)
        return float(data), key_bits(self.cipher, len(self.source.names), len(model.alphabet))

    def _drawing(self, table: np.ndarray) -> dict[str, Any]:
        """The key found beside the true one, for small alphabets."""
        if len(self.source.names) > 60:
            return {}
        alphabet = alphabet_of(self.plain.language).letters
        truth = self._true_table()
        counts = np.bincount(self.source.symbols, minlength=len(self.source.names))
        rows = [
            {
                "symbol": name,
                "found": alphabet[table[i]],
                "true": alphabet[truth[i]],
                "count": int(counts[i]),
            }
            for i, name in enumerate(self.source.names)
        ]
        return {"key.json": {"letters": alphabet, "symbols": rows}}


def key_bits(cipher: str, symbols: int, letters: int) -> float:
    """Bits of a key of a kind."""
    return (bijection_bits if cipher == "simple" else homophonic_bits)(symbols, letters)


def build(axes: Mapping[str, Any], paths: Mapping[str, Path], seed: int) -> Problem:
    """Make the cipher of a seed, or take that line of a file of ciphers."""
    if axes["cipher"] == "word":
        return cipher_words.build(axes, paths, seed)
    if axes["cipher"] in cipher_periodic.scored_by_plaintext():
        return cipher_periodic.build(axes, paths, seed)
    if "ciphers" in paths:
        made = _from_file(paths["ciphers"], axes, seed)
    else:
        text = excerpt(paths.get("text"), axes, seed)
        made = encipher(
            text, axes["cipher"], seed=seed, spaces=axes["spaces"], symbols=axes["symbols"], noise=axes["noise"],
            alphabet=alphabet_of(axes["language"]),
        )  # fmt: skip
    written, plaintext = made["ciphertext"], fold(str(made["plaintext"]))
    alphabet = alphabet_of(axes["language"])
    held = None
    if axes["held_out"]:
        if axes["spaces"] or not isinstance(written, str):
            raise InputError("axis held_out goes with a simple cipher without spaces")
        n = int(axes["length"])
        held = written[n:], alphabet.encode(plaintext[n:], spaces=False)
        written, plaintext = written[:n], plaintext[:n]
    source = read_ciphertext(written) if isinstance(written, str) else from_symbols(written)  # type: ignore[arg-type]
    gold = alphabet.encode(plaintext, spaces=False).astype(np.int64)
    pairs = dict(zip(str(written), plaintext, strict=True)) if axes["known"] else {}
    known = tuple(sorted(pairs.items())[: int(axes["known"])])
    plain = Plain(axes["language"], source.has_breaks, paths.get("text"), known)
    digest = hashlib.sha256(
        json.dumps([written, plaintext], ensure_ascii=False).encode()
    ).hexdigest()
    problem = CipherProblem(source, plain, gold, axes["cipher"], {"cipher": digest}, held=held)
    problem.context.update(_context(problem))
    return problem


def _context(problem: CipherProblem) -> dict[str, Any]:
    model = problem.plain.load()
    key = key_bits(problem.cipher, len(problem.source.names), len(model.alphabet))
    redundancy = max(math.log2(model.size) - model.text_bits, 0.3)
    counts = np.bincount(problem.source.symbols)
    return {
        "letters": len(problem.source), "symbols": len(problem.source.names), "key_bits": key,
        "unicity": round(key / redundancy, 2), "plain_bits": adaptive_bits(counts),
    }  # fmt: skip


def _from_file(path: Path, axes: Mapping[str, Any], seed: int) -> dict[str, Any]:
    wanted = {
        "lang": axes["language"],
        "kind": axes["cipher"],
        "length": axes["length"],
        "spaces": axes["spaces"],
    }
    found = [c for c in _lines(path) if all(c.get(k, v) == v for k, v in wanted.items())]
    if seed >= len(found):
        raise InputError(
            f"only {len(found)} ciphers with {wanted}; there is no number {seed}", path=path
        )
    return found[seed]


@functools.lru_cache(maxsize=2)
def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


CIPHER_VIEWS = {
    "ciphertext": "a Ciphertext, and a Plain: the language by name with its model and running text",
    "embeddings": "Embeddings of the symbols and of the letters, from which symbols are neighbours, one row more than dimensions",
    "graph": "(26, 26) relative frequencies of pairs of symbols, and of pairs of letters",
    "bytes": "running text of the language, and the ciphertext",
    "sequences": "codes of running text of the language, and of the ciphertext, uint",
}
KIND = Kind(
    name="cipher",
    hidden="the key and the plaintext",
    axes={
        "cipher": Axis(
            "simple",
            "kind of cipher",
            choices=(
                *cipher_periodic.SUBSTITUTIONS,
                "word",
                *cipher_periodic.scored_by_plaintext(),
            ),
        ),
        "length": Axis(128, "letters, or tokens of a word code", low=8, high=200_000),
        "language": Axis("en", "wordfreq code"),
        "spaces": Axis(False, "true or false: word breaks kept"),
        "noise": Axis(0.0, "share of symbols replaced", low=0, high=1),
        "symbols": Axis(54, "symbols of a homophonic key", low=2, high=1000),
        "period": Axis(7, "alphabets of a cipher that uses several in turn", low=1, high=40),
        "held_out": Axis(
            0, "further letters under the same key, for the generalisation gap", low=0, high=200_000
        ),
        "known": Axis(0, "symbols given away with their letters", low=0, high=25),
        "vocabulary": Axis(500, "words of a word code", low=2, high=50_000),
        "instance": Axis(None, "one cipher for all seeds", low=0),
    },
    metrics={
        "accuracy": MetricKind(True, "share of letters right"),
        "solved": MetricKind(True, "1 if at least 95 % of the letters are right"),
        "excess": MetricKind(
            False,
            "bits per letter more than the true key; below 0 the model errs",
            "bits per letter",
        ),
        "gap": MetricKind(False, "bits per letter on held-out text less those on the ciphertext"),
        "gap_true": MetricKind(False, "the same for the true key"),
        "bound": MetricKind(False, "what the finite-class bound allows for the gap"),
        "naive": MetricKind(False, "sqrt((log2 |F| + log2 1/δ) / n)"),
        "held_out": MetricKind(False, "bits per letter on held-out text"),
    },
    views=CIPHER_VIEWS,
    files={"text": "running text", "ciphers": "JSONL of ready ciphers with their solutions"},
    build=build,
)
