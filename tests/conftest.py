"""Shared fixtures: the data folder beside the checkout, if it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from distmatch.planted import PROSE


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """A cache of the tests' own, unless the caller names one, so that first use is tested too."""
    if "DISTMATCH_CACHE" not in os.environ:
        os.environ["DISTMATCH_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def data() -> Path:
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no evaluation data at {folder}")
    return folder


@pytest.fixture(scope="session")
def text() -> str:
    return PROSE
