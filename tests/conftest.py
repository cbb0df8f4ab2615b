"""Shared fixtures: the data folder beside the checkout, if it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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


TEXT = (
    "It was late in the evening when the old fisherman came home from the harbour. His daughter had lit the lamp and "
    "put the supper on the table, and she asked him what the weather would be like in the morning. He looked at the "
    "sky for a while before he answered that the wind was turning to the north, and that no boat should leave the bay "
    "until the storm had passed. Then they sat together by the fire and listened to the sea, which was louder than on "
    "any other night of that long and bitter winter. In the morning the whole village stood on the shore and waited."
)


@pytest.fixture(scope="session")
def text() -> str:
    return TEXT
