"""Structure may change, numbers may not: the small set of `benchmarks/fixed_answers.py` against its stored answers.

The stored answers are of the code before the house was rebuilt, on Linux x86-64. A commit that changes a number on purpose stores
them anew: `python benchmarks/fixed_answers.py tests/fixed_answers.json --small`.
"""

import importlib.util
import json
from pathlib import Path

import pytest

STORED = Path(__file__).parent / "fixed_answers.json"
SCRIPT = Path(__file__).parent.parent / "benchmarks" / "fixed_answers.py"


def test_the_small_set_has_its_stored_answers():
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("fixed_answers", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    before = json.loads(STORED.read_text("utf-8"))
    answers = {f"small/{name}": answer for name, answer in script.small_set()}
    assert before.keys() == answers.keys()
    assert script.differences(before, json.loads(json.dumps(answers))) == []
