"""Run folders: what a record says of the machine and the code."""

import re
from pathlib import Path

import pytest

from distmatch.runs import commit


def test_a_record_names_the_commit_of_this_checkout():
    if not (Path(__file__).parents[1] / ".git").exists():
        pytest.skip("not a checkout")
    assert re.fullmatch(r"[0-9a-f]{12}\+?", commit() or "")
