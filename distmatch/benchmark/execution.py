"""One run: build the task, give the method its view, measure, and make the record."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from distmatch.benchmark import limits as limiting
from distmatch.benchmark.kinds.kind import DoesNotApply, Problem, Score, WrongAnswer, load_kind
from distmatch.benchmark.owncode import forget_old, search_path
from distmatch.benchmark.plan import Method, Run
from distmatch.benchmark.records import check_record
from distmatch.errors import InputError, unknown
from distmatch.matching.match import Match
from distmatch.runs import SCHEMA, environment, finite, peak_memory

ATTEMPTS = 2
"""Number of crashes of its process after which a run is recorded as crashed."""
KEPT_STEPS = 400
"""Maximum number of history entries written; longer histories are thinned evenly."""

_WARM: set[tuple[str, str]] = set()


def execute(run: Run, paths: Mapping[str, str], scratch: str | None) -> dict[str, Any]:
    """Carry out one run and report its outcome; never raises for errors of the run.

    Args:
        run: what to do.
        paths: name of each data file to its path.
        scratch: folder for notes that outlive this process if the run kills it; None for no watchdog.

    Returns:
        `id`, `record` (checked against the schema) and `files` (name to text) for the run directory.
    """
    notes = _Notes(run, scratch)
    verdict = notes.verdict()
    if verdict is not None:
        return _answer(run, {}, verdict["status"], verdict["error"])
    notes.begin()
    try:
        return _carry_out(run, paths, notes)
    finally:
        notes.end()


class _Notes:
    """Notes on a run that survive a crash of its process, and the watchdog that writes them."""

    def __init__(self, run: Run, scratch: str | None) -> None:
        self.limits = limiting.Limits() if scratch is None else run.limits
        self.note = None if scratch is None else Path(scratch) / f"{run.digest}.json"

    def verdict(self) -> dict[str, str] | None:
        """Status and error of a run that was killed, or died too often; None if it may be tried."""
        if self.note is None or not os.path.exists(self.note):
            return None
        with contextlib.suppress(OSError, json.JSONDecodeError):
            said = json.loads(self.note.read_text())
            if said["status"] != "crashed":
                return said
            if said["deaths"] >= ATTEMPTS:
                error = f"the process died in {said['deaths']} attempts (killed by the system, or a fault in compiled code)"
                return {"status": "crashed", "error": error}
        return None

    def begin(self) -> None:
        """Record a crash if one happens; limits do not apply yet, as building a task is not the method's time."""
        if self.note is not None:
            limiting.WATCHDOG.begin(self.note, limiting.Limits())

    @contextlib.contextmanager
    def limited(self) -> Iterator[None]:
        """Enforce the limits within the block."""
        if self.note is None or not self.limits.given:
            yield
            return
        limiting.WATCHDOG.begin(self.note, self.limits)
        try:
            yield
        finally:
            self.begin()

    def end(self) -> None:
        if self.note is not None:
            limiting.WATCHDOG.end()


def _carry_out(run: Run, paths: Mapping[str, str], notes: _Notes) -> dict[str, Any]:
    facts: dict[str, Any] = {"started": datetime.now(UTC).isoformat(timespec="seconds")}
    status, error, trace = "done", None, None
    score: Score | None = None
    match: Any = None
    meter = _Meter()
    try:
        problem = build(run, paths)
        files = {name: file.sha256 for name, file in run.task.data.items()}
        facts["context"], facts["data_sha256"] = problem.context, files | problem.data_sha256
        source, target = problem.view(run.method.takes)
        matcher = make(run.method)
        warm = (run.method.matcher, run.task.kind)
        facts["warm"] = warm in _WARM
        with limiting.memory_ceiling(run.limits.memory_mib):
            with notes.limited(), limiting.alarm(run.limits.seconds), meter:
                match = matcher.match(source, target, seed=run.seed)
        _WARM.add(warm)
        score = problem.score(checked(match, run.method.matcher))
    except DoesNotApply as reason:
        status, error = "does not apply", str(reason)
    except limiting.TimeIsUp:
        status, error = "time-out", f"more than {run.limits.seconds:g} s"
    except MemoryError as reason:
        status, error = "out of memory", f"{reason or 'an allocation failed'}"
    except Exception as reason:
        status, error = _failure(reason)
        trace = traceback.format_exc()
    facts |= meter.figures()
    return _answer(run, facts, status, error, trace, match, score)


def checked(match: Any, matcher: str) -> Any:
    """What a method answered, if it is a `Match`.

    Raises:
        WrongAnswer: it is something else.
    """
    if not isinstance(match, Match):
        raise WrongAnswer(
            f"{matcher}.match returned {type(match).__name__}, not a Match. Wrap it: answer({type(match).__name__}, ...) of "
            "distmatch.benchmark.methods.answer"
        )
    return match


def _failure(reason: Exception) -> tuple[str, str]:
    """Status and one line for what a method raised."""
    text = " ".join(str(reason).split()) or "no message"
    if "allocate memory" in text or "out of memory" in text.lower():
        return "out of memory", text[:300]
    kind = "" if isinstance(reason, (InputError, WrongAnswer)) else f"{type(reason).__name__}: "
    return "failed", (kind + text)[:300]


class _Meter:
    """Wall time, CPU time with children, and memory of a block."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self.start_memory = 0.0
        self.ran = False

    def __enter__(self) -> None:
        self.ran = True
        self.start_memory = limiting.resident_mib()
        limiting.reset_peak()
        self.wall, self.cpu = time.perf_counter(), _cpu_seconds()

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self.wall, _cpu_seconds() - self.cpu
        self.peak = peak_memory()

    def figures(self) -> dict[str, Any]:
        if not self.ran:
            return {}
        return {
            "seconds": round(self.wall, 6),
            "cpu_seconds": round(self.cpu, 6),
            "peak_memory_mib": round(self.peak, 1),
            "start_memory_mib": round(self.start_memory, 1),
        }


def _cpu_seconds() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _answer(
    run: Run, facts: Mapping[str, Any], status: str, error: str | None, trace: str | None = None, match: Any = None,
    score: Score | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The record and the files of a run."""
    metrics = {} if score is None else {k: m.to_json() for k, m in score.metrics.items()}
    strange = sorted(set(metrics) - set(run.task.metrics))
    record: dict[str, Any] = {
        "schema": SCHEMA, "id": run.id, "task": run.task.name, "task_version": run.task.version, "kind": run.task.kind,
        "axes": run.axes, "method": run.method.name, "class": run.method.matcher, "settings": run.method.settings,
        "seed": run.seed, "status": status, "error": error,
        "metrics": {k: metrics[k] for k in [*run.task.metrics, *strange] if k in metrics},
        "bits": None if score is None else score.bits,
        "confidence": _confidence(match), "right": None if score is None else score.right,
        "reason": getattr(match, "reason", None), "context": {}, "data_sha256": {},
        "seconds": None, "cpu_seconds": None, "peak_memory_mib": None, **environment(), **facts,
        "result": _result(match),
    }  # fmt: skip
    if run.method.code:
        record["code"] = run.method.code
    if trace:
        record["traceback"] = trace[-4000:]
    files: dict[str, str] = {}
    if score is not None and run.drawn:
        files = {k: json.dumps(finite(v)) for k, v in score.artefacts.items()}
    history = getattr(match, "history", None)
    if history and run.drawn:
        files["history.jsonl"] = "".join(json.dumps(finite(h)) + "\n" for h in thinned(history))
    return {"id": run.id, "record": check_record(finite(record)), "files": files}


def thinned(history: list[Any]) -> list[Any]:
    """At most `KEPT_STEPS` entries, the first and the last among them."""
    if len(history) <= KEPT_STEPS:
        return list(history)
    step = (len(history) - 1) / (KEPT_STEPS - 1)
    return [history[round(i * step)] for i in range(KEPT_STEPS)]


def _confidence(match: Any) -> float | None:
    value = getattr(match, "confidence", None)
    return None if value is None or value != value else min(max(float(value), 0.0), 1.0)


def _result(match: Any) -> dict[str, Any]:
    extra = dict(getattr(match, "extra", None) or {})
    return {k: v for k, v in extra.items() if isinstance(v, (str, int, float, bool, dict, list))}


def make(method: Method) -> Any:
    """The matcher of a method; its module may lie beside the method's YAML or in the current folder.

    Raises:
        InputError: no such module, class or setting, with the nearest name.
    """
    module_name, _, name = method.matcher.rpartition(".")
    sys.path[:] = search_path(method.folder)
    forget_old(method.matcher, method.folder, method.code)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name + ".").startswith(error.name + "."):
            raise InputError(
                f"method {method.name!r}: no module {error.name!r} is installed, beside its YAML or in the current folder"
            ) from error
        raise InputError(
            f"method {method.name!r} needs the package {error.name!r}. Run: pip install {error.name}"
        ) from error
    if not hasattr(module, name):
        public = [n for n in vars(module) if n[0].isupper()]
        raise unknown(f"class in {module_name}", name, public)
    matcher = getattr(module, name)
    if not (isinstance(matcher, type) and is_dataclass(matcher)) or not hasattr(matcher, "match"):
        raise InputError(f"{method.matcher} is not a matcher: a dataclass with a method `match`")
    return matcher(**_settings(matcher, method.settings))


def _settings(matcher: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as a dataclass takes them: lists as tuples, mappings as changes of a default that is a dataclass."""
    known = {f.name: f for f in fields(matcher)}
    settings: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise unknown(f"setting of {matcher.__name__}", name, known)
        default, make_default = known[name].default, known[name].default_factory
        if default is MISSING and make_default is not MISSING:
            default = make_default()
        if isinstance(value, Mapping) and is_dataclass(default) and not isinstance(default, type):
            value = replace(default, **_settings(type(default), value))
        settings[name] = tuple(value) if isinstance(value, list) else value
    return settings


def build(run: Run, paths: Mapping[str, str]) -> Problem:
    """The instance of a run's task; the last few of a process are kept."""
    seed = run.axes.get("instance")
    files = tuple(sorted(paths.items()))
    axes = tuple(run.axes.items())
    return _build(run.task.kind, axes, files, run.seed if seed is None else int(seed))


@functools.lru_cache(maxsize=4)
def _build(kind: str, axes: tuple, files: tuple, seed: int) -> Problem:
    return load_kind(kind).build(dict(axes), {name: Path(p) for name, p in files}, seed)
