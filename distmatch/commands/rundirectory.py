"""Run directories of commands: the same records as the benchmark's."""

from distmatch.benchmark.records import versions, write_run

__all__ = ["versions", "write_run"]
