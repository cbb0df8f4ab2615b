"""Small sweeps of planted matchers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def planted(monkeypatch):
    """`planted_method` can be imported here and in the workers."""
    monkeypatch.syspath_prepend(str(HERE))
    path = os.environ.get("PYTHONPATH", "")
    root = HERE.parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(HERE), str(root), path])))


@pytest.fixture
def write_config(tmp_path):
    """Write a configuration of one tiny task and planted methods; returns its path."""

    def write(name="sweep", *, seeds=3, methods=None, tasks=None, **more):
        config = {
            "benchmark": name,
            "seeds": seeds,
            "tasks": tasks
            or [
                {
                    "task": "tiny",
                    "version": 1,
                    "kind": "mapping",
                    "axes": {"size": [10, 12], "dimension": 2},
                    "metrics": [{"name": "precision@1", "higher_is_better": True}],
                }
            ],
            "methods": methods or [planted_method()],
        } | more
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return str(path)

    return write


def planted_method(name="planted", **settings):
    """A method of a configuration that is the planted matcher."""
    return {
        "method": name,
        "class": "planted_method.Planted",
        "takes": "embeddings",
        "settings": settings,
    }


@pytest.fixture
def records():
    """A function: id to record of every run directory below a folder."""

    def read(folder) -> dict[str, dict]:
        found = {}
        for path in sorted(Path(folder).rglob("record.json")):
            record = json.loads(path.read_text())
            assert record["id"] not in found, "a record twice"
            assert str(path.parent.relative_to(folder)) == record["id"]
            found[record["id"]] = record
        return found

    return read


VARYING = {"seconds", "cpu_seconds", "peak_memory_mib", "start_memory_mib", "started", "warm"}


@pytest.fixture
def lasting(records):
    """A function: the same without what may differ from one execution to the next."""

    def read(folder) -> dict[str, dict]:
        found = records(folder).items()
        return {k: {f: v for f, v in r.items() if f not in VARYING} for k, r in found}

    return read


@pytest.fixture
def method():
    """A function that makes a method of a configuration: the planted matcher with settings."""
    return planted_method
