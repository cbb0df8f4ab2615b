"""`distmatch benchmark`: tasks x methods x seeds, one folder per run."""

from __future__ import annotations

import json as json_module
import shutil
from pathlib import Path
from typing import Literal

from distmatch.errors import InputError
from distmatch.processes import end_children
from distmatch.progress import ProgressLine, silent

Backend = Literal["loky", "dask"]


def benchmark(
    configs: list[str],
    *,
    out: str = "runs",
    seeds: int | None = None,
    jobs: int = 2,
    resume: bool = False,
    backend: Backend = "loky",
    scheduler: str | None = None,
    data: str | None = None,
    list: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Run every method on every task with every seed, one folder per run.

    Runs that have a record are skipped, so an interrupted sweep resumes where it stopped; a method of your own that was edited
    runs again. The YAML of a method names code and commands that run on this machine: run only what you trust.

    Exit codes: 0 every run is done
    or does not apply, 1 some failed or exceeded a limit (their records say why), 2 invalid input.

    Args:
        configs: YAML files, such as configs/smoke.yaml.
        out: Folder of the run folders.
        seeds: Number of seeds, instead of the configuration's.
        jobs: Concurrent runs; 0 runs them in this process, without hard limits.
        resume: Keep earlier failures and time-outs instead of retrying them.
        backend: loky (processes on this machine) or dask.
        scheduler: Address of a dask scheduler, such as tcp://host:8786.
        data: Folder of the data files; default: $DISTMATCH_DATA, data, shared/data, ../shared/data.
        list: Print the ids of the runs and stop.
        json: Print one JSON object and nothing else.
        quiet: Hide progress.
    """
    from distmatch.benchmark.configuration import load_config
    from distmatch.benchmark.data import identified
    from distmatch.benchmark.runner import Sweep

    if not configs:
        raise InputError("give one or more configurations, such as configs/smoke.yaml")
    if seeds is not None and seeds < 1:
        raise InputError(f"--seeds {seeds} is less than 1")
    chosen = None if seeds is None else range(seeds)
    loaded = [load_config(path) for path in configs]
    if list:
        for config in loaded:
            known = identified(config, None if data is None else Path(data))
            print("\n".join(run.id for run in known.runs(chosen)))
        return 0
    line = ProgressLine("running")
    sweep = Sweep(
        out=Path(out), jobs=jobs, resume=resume, backend=backend, scheduler=scheduler,
        data=None if data is None else Path(data),
    )  # fmt: skip
    try:
        counts = sweep.run(loaded, seeds=chosen, progress=silent if quiet or json else line)
    except KeyboardInterrupt as stop:
        end_children()
        told = f"Stopped. Finished runs are kept in {out}; rerun the same command to continue."
        raise type(stop)(told) from None
    finally:
        line.close()
    bad = sum(n for status, n in counts.items() if status not in ("done", "does not apply", "kept"))
    if json:
        print(
            json_module.dumps(
                {"out": out, "runs": sum(counts.values()), "failed": bad, "status": counts}
            )
        )
    else:
        if not quiet:
            _show(out, {task.name for config in loaded for task in config.tasks})
        told = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
        print(
            f"{sum(counts.values())} runs in {out}: {told}. Next: distmatch report {out} --out report.html"
        )
    return 1 if bad else 0


def _show(out: str, tasks: set[str]) -> None:
    """Print the primary metric of every task of a sweep."""
    from distmatch.benchmark.plaintables import terminal
    from distmatch.benchmark.plan import path_name
    from distmatch.benchmark.records import read_records, with_current_code
    from distmatch.benchmark.tables import tabulate

    entries, _ = with_current_code(
        read_records(*(Path(out) / path_name(task) for task in sorted(tasks)))
    )
    tables = tabulate(entries)
    print(terminal(tables, shutil.get_terminal_size((100, 24)).columns), end="")
