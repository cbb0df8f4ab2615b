"""A short stretch of the fuzz driver; `drive.py --inputs 3000 --seed N` is the long one."""

import importlib.util
from pathlib import Path

SPEC = importlib.util.spec_from_file_location("drive", Path(__file__).with_name("drive.py"))
assert SPEC is not None and SPEC.loader is not None
driver = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(driver)


def test_no_mutated_input_is_a_fault():
    result = driver.drive(inputs=1000, seed=0, seconds=40)
    assert result["inputs"] >= 3 and not result["faults"], result
