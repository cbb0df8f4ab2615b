"""What a batch asks for and what its output already holds, matched by the hash of a cipher and its settings."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distmatch.errors import InputError
from distmatch.files import atomic_write, stream_lines

DIGITS = 16
"""Hexadecimal digits of the hash of a cipher and its settings, kept as `input` in its result."""


def read_task(line: str, path: str, number: int, common: dict[str, Any]) -> dict[str, Any]:
    """The cipher of a line, with its number and the hash of it and of the settings of the batch.

    Raises:
        InputError: not JSON, or no cipher.
    """
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError("not JSON. Write one object per line", path=path, line=number) from error
    if not isinstance(item, dict) or not isinstance(item.get("ciphertext"), (str, list)):
        raise InputError("no 'ciphertext' (a string or a list of integers)", path=path, line=number)
    for name in ("kind", "lang"):
        if item.get(name) is not None and not isinstance(item[name], str):
            raise InputError(f"{name!r} is not a string", path=path, line=number)
    task = {"id": item.get("id", number)} | {k: item.get(k) for k in ("ciphertext", "kind", "lang")}
    try:
        whole = json.dumps([task, common], ensure_ascii=False, sort_keys=True).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"half a surrogate pair ({error.object[error.start]!a}) is no character. Write the whole character",
            path=path,
            line=number,
        ) from error
    return task | {"line": number, "input": hashlib.sha256(whole).hexdigest()[:DIGITS]}


@dataclass
class Plan:
    """What the input asks for: the hash of each cipher with its settings, in order."""

    keys: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    bad: int = 0

    @classmethod
    def of(cls, batch: str, common: dict[str, Any]) -> Plan:
        """The plan of an input; bad lines are reported and counted."""
        plan = cls()
        for number, line in stream_lines(batch):
            if not line.strip():
                continue
            try:
                task = read_task(line, batch, number, common)
            except InputError as error:
                plan.bad += 1
                print(f"distmatch: {error}", file=sys.stderr)
                continue
            plan.keys.append(task["input"])
            plan.ids.add(json.dumps(task["id"]))
        return plan


class Results:
    """The lines of the output by the hash of their input."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[str, int] = defaultdict(int)
        self.kept = self.unsolved = 0

    def keep(self, plan: Plan, force: bool) -> None:
        """Leave in the file only results of this input and these settings.

        Raises:
            InputError: it holds results of ciphers that are not in the input, and not `force`.
        """
        if not self.path.exists():
            return
        wanted: dict[str, int] = defaultdict(int)
        for key in plan.keys:
            wanted[key] += 1
        strange = dropped = 0
        good: list[str] = []
        for key, line in _lines(self.path):
            result = {} if key is None else json.loads(line)
            if key is None or json.dumps(result["id"]) not in plan.ids:
                strange += key is not None
                dropped += 1
            elif wanted[key] > 0 and "error" not in result:
                wanted[key] -= 1
                self.places[key] += 1
                self.kept += 1
                self.unsolved += not result["solved"]
                good.append(key)
            else:
                dropped += 1
        if strange and not force:
            raise InputError(
                f"holds results of {strange} ciphers that are not in this batch. Choose another --out, or drop them with "
                "--force",
                path=self.path,
            )
        if dropped:
            self._rewrite(good)

    def take(self, key: str) -> bool:
        """Whether a result of this input is there, each counted once."""
        if self.places[key] < 1:
            return False
        self.places[key] -= 1
        return True

    def sort(self, plan: Plan) -> None:
        """Bring the lines into the order of the input."""
        if [key for key, _ in _lines(self.path)] != plan.keys:
            self._rewrite(plan.keys)

    def _rewrite(self, keys: list[str]) -> None:
        """Replace the file by its lines of these hashes, in this order; the last of equal ones counts first."""
        offsets: dict[str, deque[int]] = defaultdict(deque)
        position = 0
        with open(self.path, "rb") as old:
            for line in old:
                key = _key(line)
                if key is not None:
                    offsets[key].append(position)
                position += len(line)
            with atomic_write(self.path, "wb") as new:
                for key in keys:
                    if offsets[key]:
                        old.seek(offsets[key].popleft())
                        new.write(old.readline())


def _lines(path: Path) -> Iterator[tuple[str | None, bytes]]:
    """(hash or None, line) of an output; "" for a result without a hash, None for what is no result."""
    with open(path, "rb") as file:
        for line in file:
            yield _key(line), line


def _key(line: bytes) -> str | None:
    if not line.endswith(b"\n"):
        return None
    try:
        result = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(result, dict) or not {"id", "solved"} <= result.keys():
        return None
    return str(result.get("input", ""))


def written_by_a_batch(path: Path) -> bool:
    """Whether a file holds results of a batch and nothing else; a run that was cut off leaves its lock and half a line."""
    lines = complete = 0
    for key, line in _lines(path):
        if key is None and (line.endswith(b"\n") or not line.startswith(b'{"id": ')):
            return False
        lines += 1
        complete += key is not None
    return complete > 0 or path.with_name(path.name + ".lock").is_file()
