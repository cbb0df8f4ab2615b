"""The sweep: finds missing runs, distributes them, and writes one folder per finished run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distmatch.benchmark.data import identified, locate
from distmatch.benchmark.execution import execute
from distmatch.benchmark.plan import Config, Run, path_name
from distmatch.benchmark.records import check_versions, read_record, record_paths
from distmatch.errors import InputError, missing_package, unknown
from distmatch.outputs import flocked
from distmatch.progress import Progress, silent

BACKENDS = ("loky", "dask")
_SCRATCH = ".scratch"
_LOCK = ".lock"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Settings of a sweep."""

    out: Path
    jobs: int = 2
    """Runs at a time; 0 runs them one by one in this process, without a watchdog."""
    resume: bool = False
    """Keep failures and time-outs of an earlier call too, instead of trying them again."""
    backend: str = "loky"
    scheduler: str | None = None
    """Address of a dask scheduler, such as tcp://host:8786."""
    data: Path | None = None
    """Folder of the data files; None looks for the usual places."""

    def run(
        self, configs: Sequence[Config], *, seeds: Sequence[int] | None = None, progress: Progress = silent
    ) -> dict[str, int]:  # fmt: skip
        """Do every run that has no record yet.

        Args:
            configs: what to run; a run named by two of them is done once.
            seeds: instead of those of the configurations.

        Returns:
            Status to number of runs, with `kept` for those that were there before.

        Raises:
            InputError: missing data or packages, versions that clash, a folder that cannot be written.
        """
        self._check_backend()
        known = [identified(config, self.data) for config in configs]
        runs = {run.id: run for config in known for run in config.runs(seeds)}
        check_tasks(runs.values())
        paths = self._data_paths(runs.values())
        with self._scratch() as scratch:
            done = self._done(runs)
            counts = {"kept": len(done)}
            todo = {name: run for name, run in runs.items() if name not in done}
            total = len(todo)
            for answer in self._answers(todo, paths, scratch):
                record = answer["record"]
                if todo.pop(answer["id"], None) is None:
                    continue
                self._write(runs[answer["id"]], record, answer["files"])
                counts[record["status"]] = counts.get(record["status"], 0) + 1
                progress(total - len(todo), total, last=answer["id"])
        return counts

    def _check_backend(self) -> None:
        if self.backend not in BACKENDS:
            raise unknown("backend", self.backend, BACKENDS)
        if self.jobs < 0:
            raise InputError(f"--jobs {self.jobs} is negative. Give 1 or more")
        if (self.scheduler is not None) != (self.backend == "dask"):
            raise InputError("--backend dask and --scheduler ADDRESS go together")

    def _data_paths(self, runs: Any) -> dict[str, dict[str, str]]:
        """Digest of each task to its data files, all of them there and with the right bytes."""
        found: dict[str, dict[str, str]] = {}
        for run in runs:
            if run.task.name not in found:
                found[run.task.name] = {
                    name: str(locate(file, self.data)) for name, file in run.task.data.items()
                }
        return found

    def _done(self, runs: Mapping[str, Run]) -> set[str]:
        """Ids of the runs whose records are there and need not be done again."""
        if not self.out.is_dir():
            return set()
        tasks = {run.task.name for run in runs.values()}
        done: set[str] = set()
        kept = []
        for name in sorted(tasks):
            for path in record_paths([self.out / path_name(name)]):
                try:
                    record = read_record(path)
                except InputError as error:
                    if "schema" in str(error):
                        raise
                    continue  # cut short by a crash of the machine: done again
                kept.append((path, record))
                final = self.resume or record["status"] in ("done", "does not apply")
                if record["id"] in runs and final:
                    done.add(record["id"])
        planned = [
            (self.out / run.id, {"task": run.task.name, "task_version": run.task.version})
            for run in runs.values()
        ]
        check_versions([*kept, *planned])
        return done

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        """An empty folder for unfinished runs, locked for this sweep; the lock ends with the process.

        Raises:
            InputError: the folder cannot be written, or another sweep writes there.
        """
        scratch = self.out / _SCRATCH
        with contextlib.ExitStack() as stack:
            try:
                self.out.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context(open(self.out / _LOCK, "w"))
                if not flocked(lock):
                    raise InputError(
                        "another sweep is writing here. Wait for it, or choose another --out",
                        path=self.out,
                    )
                shutil.rmtree(scratch, ignore_errors=True)
                scratch.mkdir()
            except OSError as error:
                raise InputError(
                    f"cannot write: {error.strerror or error}. Choose another --out", path=self.out
                ) from error
            stack.callback(shutil.rmtree, scratch, ignore_errors=True)
            yield scratch

    def _answers(
        self, todo: Mapping[str, Run], paths: Mapping[str, Mapping[str, str]], scratch: Path
    ) -> Iterator[dict[str, Any]]:
        if self.jobs == 0:
            for run in list(todo.values()):
                yield execute(run, paths[run.task.name], None)
            return
        try:
            from joblib.externals.loky.process_executor import BrokenProcessPool
        except ImportError as error:
            raise missing_package("joblib", "benchmark") from error
        idle = 0
        with self._workers():
            while todo and idle < 5:
                before = len(todo)
                suspects = [
                    run for run in todo.values() if (scratch / f"{run.digest}.json").exists()
                ]
                batches = [[run] for run in suspects] or [list(todo.values())]
                for batch in batches:  # alone, a suspect's death is its own doing
                    try:
                        yield from self._parallel(batch, paths, scratch)
                    except BrokenProcessPool:  # a run took its worker with it; its note says why
                        break
                idle = idle + 1 if len(todo) == before else 0
        if todo:
            raise InputError(f"workers die at start-up; {len(todo)} runs remain")

    def _parallel(
        self, runs: Sequence[Run], paths: Mapping[str, Mapping[str, str]], scratch: Path
    ) -> Iterator[dict[str, Any]]:
        from joblib import Parallel, delayed

        # One job is two workers that take turns: a worker of its own for the watchdog to kill.
        parallel = Parallel(
            n_jobs=max(self.jobs, 2), return_as="generator_unordered", pre_dispatch="1" if self.jobs == 1 else "2*n_jobs",
        )  # fmt: skip
        work = (delayed(execute)(run, paths[run.task.name], str(scratch)) for run in runs)
        yield from parallel(work)  # type: ignore[misc]

    @contextlib.contextmanager
    def _workers(self) -> Iterator[None]:
        from joblib import parallel_config

        if self.backend == "loky":
            with parallel_config(backend="loky"):
                yield
            return
        try:
            from distributed import Client
        except ImportError as error:
            raise missing_package("distributed", "cluster") from error
        try:
            client = Client(self.scheduler, timeout="10s", set_as_default=False)
        except OSError as error:
            raise InputError(
                f"no dask scheduler answers at {self.scheduler}. Start one: dask scheduler"
            ) from error
        with client, parallel_config(backend="dask", client=client):
            yield

    def _write(self, run: Run, record: Mapping[str, Any], files: Mapping[str, str]) -> None:
        """Write the run's folder elsewhere and move it into place as a whole.

        Raises:
            InputError: the disk is full or the folder cannot be written.
        """
        place = self.out / run.id
        part = self.out / _SCRATCH / f"{run.digest}.run"
        config, whole = _lines(run.to_config()), _lines(record)  # JSON is YAML
        texts = {**files, "config.yaml": config, "record.json": whole}
        try:
            os.mkdir(part)
            for name, text in texts.items():
                with open(part / name, "w", encoding="utf-8") as file:
                    file.write(text)
            try:
                os.rename(part, place)
            except OSError:  # the first run of its kind, or an earlier record stands there
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.is_dir() and not (place / "config.yaml").exists() and any(place.iterdir()):
                    raise InputError(
                        "holds files that are no run. Choose another --out", path=place
                    ) from None
                shutil.rmtree(place, ignore_errors=True)
                os.rename(part, place)
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            raise InputError(
                f"cannot write: {error.strerror or error}. Free space and run again: finished runs are kept",
                path=place,
            ) from error


def _lines(value: Mapping[str, Any]) -> str:
    """JSON with a line for each key: json's own indentation costs a third of a tiny run."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    return "{\n" + ",\n".join(f" {encode(k)}: {encode(v)}" for k, v in value.items()) + "\n}\n"


def run_benchmark(
    *configs: str, out: str | os.PathLike[str] = "runs", seeds: int | None = None, jobs: int = 2, **settings: Any
) -> dict[str, int]:  # fmt: skip
    """Run configurations into a folder, as `distmatch benchmark` does.

    Args:
        configs: paths of YAML files.
        out: folder of the run directories.
        seeds: number of seeds; those of the configurations otherwise.
        jobs: runs at a time.
        settings: further ones of `Sweep`.

    Returns:
        Status to number of runs, with `kept` for those that were there before.

    Raises:
        InputError: as `Sweep.run`.
    """
    from distmatch.benchmark.configuration import load_config

    sweep = Sweep(out=Path(out), jobs=jobs, **settings)
    chosen = None if seeds is None else range(seeds)
    return sweep.run([load_config(path) for path in configs], seeds=chosen)


def check_tasks(runs: Any) -> None:
    """Refuse two tasks of one name that differ.

    Raises:
        InputError: naming the task.
    """
    known: dict[str, Any] = {}
    for run in runs:
        task = run.task
        same = (task.version, task.kind, tuple(sorted((k, f.sha256) for k, f in task.data.items())))
        if known.setdefault(task.name, same) != same:
            raise InputError(
                f"two different tasks are named {task.name!r} (versions {known[task.name][0]} and {task.version}). "
                "Give each its own name"
            )
