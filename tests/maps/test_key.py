import math

import numpy as np
import pytest

from distmatch.maps.key import bijection_bits, emission_bits, homophonic_bits


def test_bits_of_keys():
    assert bijection_bits(26, 26) == pytest.approx(math.log2(math.factorial(26)))
    assert bijection_bits(2, 26) == pytest.approx(math.log2(26 * 25))
    assert homophonic_bits(54, 32) == 54 * 5


def test_emission_counts_the_homophones():
    key = np.array([0, 0, 1])
    assert emission_bits(key, np.array([0, 1, 2, 2]), 2) == pytest.approx(2)
